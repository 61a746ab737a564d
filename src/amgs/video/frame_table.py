"""Every frame of a video: its place in the order of display, its time, and if it stands alone.

Headers are not believed: number of frames, frame rate and duration in them are often missing or
wrong. The table is made from the packets of the file, which is as fast as reading it, and proved
against the decoder at the beginning, where videos that were cut have frames that cannot be
decoded. Where packets say too little (no time, two alike), the whole video is decoded once instead.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from amgs.errors import UnreadableVideoError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

PROVED_FRAMES = 40
"""At least so many frames are decoded from the beginning to prove the table."""

MAX_PROVED_FRAMES = 400

LEAST_GAP_S = 5.0
"""Frames that are no further apart are a slow camera's, not two stretches of filming."""

_GAP_STEPS = 20

CANNOT_BE_SEARCHED = (
    "its frames carry no times, or times that go backwards; write it once more with `amgs convert`"
)

LOST = {
    getattr(errno, name)
    for name in (
        "EIO",
        "ENOENT",
        "ENODEV",
        "ENXIO",
        "ESTALE",
        "ETIMEDOUT",
        "ECONNRESET",
        "ENOTCONN",
    )
    if hasattr(errno, name)
}
"""Errors of the system, not of the video; FFmpeg says EPERM where a video cannot be searched."""


@dataclass(frozen=True, eq=False)
class FrameTable:
    """All frames of a video in the order of display.

    Parameters
    ----------
    pts
        Presentation times in units of `time_base`, strictly ascending; the index of a frame is
        its place here.
    key
        Which frames can be decoded without any other.
    time_base
        Seconds per unit.
    made_by
        ``packets`` or, where those said too little, ``decoding`` the whole video.
    starts_alone
        Whether the first frame is a key; not so where an edit list hides the frames that it is
        made from, as in videos that were trimmed without being encoded again.
    stamps
        What the decoder calls each frame, where that is not its time: the number of its packet, in
        an AVI whose packets lie in another order than they are shown in.
    """

    pts: npt.NDArray[np.int64]
    key: npt.NDArray[np.bool_]
    time_base: Fraction
    made_by: Literal["packets", "decoding"]
    starts_alone: bool = True
    stamps: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.pts)

    def stamp(self, index: int) -> int:
        """Return what the decoder calls a frame."""
        return int((self.pts if self.stamps is None else self.stamps)[index])

    def place_of(self, stamp: int) -> int | None:
        """Return which frame the decoder calls so; ``None`` if none of the table."""
        return self._places.get(stamp)

    @cached_property
    def _places(self) -> dict[int, int]:
        stamps = self.pts if self.stamps is None else self.stamps
        return {int(stamp): place for place, stamp in enumerate(stamps)}

    @cached_property
    def times_s(self) -> npt.NDArray[np.float64]:
        """Presentation time of every frame in seconds; the first one is at 0."""
        seconds: npt.NDArray[np.float64] = (self.pts - self.pts[0]) * float(self.time_base)
        return seconds

    @property
    def duration_s(self) -> float:
        """From the first frame to the end of the last, taking the median step for its length."""
        times = self.times_s
        step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        return float(times[-1]) + step

    def gaps(self) -> list[tuple[float, float]]:
        """Return from when to when there are no frames, by times of the file, in seconds.

        Motion starts and stops some cameras, and others lose their network for a while. A gap is
        longer than `LEAST_GAP_S` and than 20 usual steps.
        """
        times = self.times_s
        if len(times) < 2:  # noqa: PLR2004
            return []
        steps = np.diff(times)
        usual = float(np.median(steps))
        places = np.flatnonzero(steps > max(LEAST_GAP_S, _GAP_STEPS * usual))
        return [(float(times[k]) + usual, float(times[k + 1])) for k in places]

    @property
    def longest_group_s(self) -> float:
        """The longest time from one keyframe to the next, or to the end."""
        begins = np.append(self.times_s[self.key], self.duration_s)
        return float(np.diff(begins).max())

    def key_before(self, index: int) -> int:
        """Return the last frame up to `index` that can be decoded without any other."""
        return int(np.flatnonzero(self.key[: index + 1])[-1])


def make_frame_table(container: InputContainer) -> FrameTable:
    """Make the table of a video that has just been opened; it may be read from anywhere after.

    Raises
    ------
    UnreadableVideoError
        If no frame can be decoded, or frames have no times that order them.
    """
    stream = container.streams.video[0]
    time_base = stream.time_base
    assert time_base is not None  # noqa: S101 - every video stream has one
    from_packets = _read_packets(container)
    # Reading the packets has moved to the end of the file.
    _rewind(container)
    decoded = decode_from_start(container)
    beginning: list[tuple[int, bool]] = []
    for frame in decoded:
        if frame.pts is None:
            from_packets = None
            break
        beginning.append((frame.pts, bool(frame.key_frame)))
        # Up to the second keyframe at least: what cut videos get wrong lies before it.
        keys = sum(key for _, key in beginning)
        if (len(beginning) >= PROVED_FRAMES and keys > 1) or (len(beginning) >= MAX_PROVED_FRAMES):
            break
    if not beginning:
        raise UnreadableVideoError("no frame in it can be decoded")
    if from_packets is not None:
        proved = _prove(from_packets, beginning)
        if proved is not None:
            return FrameTable(*proved[:2], time_base, "packets", starts_alone=proved[2])
    return _decode_all(container, time_base)


def _rewind(container: InputContainer) -> None:
    import av

    try:
        container.seek(0)
    except av.error.FFmpegError as error:
        raise_if_lost(error)
        raise UnreadableVideoError(CANNOT_BE_SEARCHED) from error


def decode_from_start(container: InputContainer) -> Iterator[VideoFrame]:
    """Decode every frame from here on; damaged packets and what follows from them are skipped."""
    import av

    stream = container.streams.video[0]
    for packet in read_packets(container):
        try:
            yield from stream.decode(packet)
        except av.error.FFmpegError as error:
            raise_if_lost(error)
    try:
        yield from stream.decode(None)
    except av.error.FFmpegError as error:
        raise_if_lost(error)


def raise_if_lost(error: Exception) -> None:
    """Raise an error again that says that the file cannot be reached any more.

    A network drive that drops out is no damage to the video: what was asked must be asked again.
    """
    if isinstance(error, OSError) and error.errno in LOST:
        raise error


def read_packets(container: InputContainer) -> Iterator[Any]:
    """Yield the packets of the video up to where the file ends or breaks off."""
    import av

    packets: Any = container.demux(container.streams.video[0])
    try:
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError as error:
                raise_if_lost(error)
                return
            if packet.size:
                yield packet
    finally:
        packets.close()  # PyAV frees what it reads with only then


def _read_packets(
    container: InputContainer,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]] | None:
    """Read times and kinds of all packets; ``None`` where they cannot order the frames."""
    found: list[tuple[int, bool]] = []
    for packet in read_packets(container):
        pts = packet.pts
        if packet.is_discard:
            continue
        if pts is None or packet.is_corrupt:
            return None
        found.append((pts, packet.is_keyframe))
    # Packets come in the order of decoding; B-frames are shown in another one.
    found.sort()
    pts_array = np.array([pts for pts, _ in found], np.int64)
    # Two frames with one time cannot be told apart by a seek, which knows nothing else.
    if not found or (np.diff(pts_array) == 0).any():
        return None
    return pts_array, np.array([key for _, key in found], bool)


def _prove(
    packets: tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]],
    beginning: list[tuple[int, bool]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], bool] | None:
    """Drop frames before the first decoded one; ``None`` when the decoder shows others."""
    pts, key = packets
    # An edit list or an open first group hides the frames before this one from every player.
    start = int(np.searchsorted(pts, beginning[0][0]))
    pts, key = pts[start:], key[start:].copy()
    shown = np.array([p for p, _ in beginning], np.int64)
    if not np.array_equal(pts[: len(shown)], shown):
        return None
    # A container may call frames keys that the decoder cannot start from, never at the start.
    for index, (_, is_key) in enumerate(beginning):
        if key[index] and not is_key:
            return None
    # Decoding from the start always reaches the first frame, whatever the container calls it.
    starts_alone = bool(key[0])
    key[0] = True
    return pts, key, starts_alone


def _decode_all(container: InputContainer, time_base: Fraction) -> FrameTable:
    """Decode the whole video once and note what the decoder shows.

    A decoder always shows frames in their order. The packets of an AVI have no times but numbers,
    and a frame is called by that of its packet: these say which frame it is, and, sorted, the times
    of the frames, as an AVI has one frame in each of its equal steps.
    """
    _rewind(container)
    # Frames of the proof still wait in the decoder and would come first.
    container.streams.video[0].codec_context.flush_buffers()
    shown = [(frame.pts, bool(frame.key_frame)) for frame in decode_from_start(container)]
    stamps = [stamp for stamp, _ in shown if stamp is not None]
    ascending = all(earlier < later for earlier, later in pairwise(stamps))
    numbered = "avi" in container.format.name and len(set(stamps)) == len(shown)
    if len(stamps) < len(shown) or not (ascending or numbered):
        raise UnreadableVideoError(CANNOT_BE_SEARCHED)
    key = np.array([is_key for _, is_key in shown], bool)
    key[:1] = True
    called = np.array(stamps, np.int64)
    if ascending:
        return FrameTable(called, key, time_base, "decoding")
    return FrameTable(np.sort(called), key, time_base, "decoding", stamps=called)
