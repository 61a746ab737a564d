"""Decoded frames of a video, each proved to be the one it claims to be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import UnreadableVideoError
from amgs.video.decoder_log import Damage, damage_heard
from amgs.video.frame import RGB, Frame, VideoInfo, deinterlace
from amgs.video.frame_table import FrameTable, make_frame_table, raise_if_lost, read_packets

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

VIDEO_SUFFIXES = (
    ".mp4",
    ".mov",
    ".m4v",
    ".avi",
    ".mkv",
    ".webm",
    ".mts",
    ".m2ts",
    ".ts",
    ".mpg",
    ".mpeg",
    ".wmv",
)
"""Files with these endings are taken when a folder is searched for videos."""

_COUNTED_OTHERWISE = 2
"""So many frames more an AVI promises where B-frames wait for each other; none is missing."""

_BACK_OFF_S = (0.0, 1.0, 4.0, 16.0)
"""How long before the wanted keyframe the search begins, one try after the other."""


class Video:
    """An open video; used by one thread at a time.

    Use `open_video`. Frames are found by seeking before them and decoding on, and their times are
    compared with the table: a decoder that shows another frame is noticed.
    """

    def __init__(self, path: Path, container: InputContainer, table: FrameTable) -> None:
        self.path = path
        self.table = table
        self._container = container
        self._stream = container.streams.video[0]
        self._context: Any = self._stream.codec_context
        self._damage = Damage()
        self._coded: tuple[int, int] | None = None
        self.info = self._examine()
        self._twin: Video | None = None

    def close(self) -> None:
        """Close the file."""
        self._container.close()
        if self._twin is not None:
            self._twin.close()

    def twin(self) -> Video:
        """Return the same video with a decoder of its own, opened once.

        For looking elsewhere while `frames` of this one is being walked through: one decoder can
        only be in one place.
        """
        if self._twin is None:
            self._twin = open_video(self.path, self.table)
        return self._twin

    @property
    def promised_duration_s(self) -> float | None:
        """What the header says of the length; not believed, only compared."""
        import av

        duration = self._container.duration
        return None if duration is None else duration / av.time_base

    @property
    def lost_frames(self) -> int:
        """How many frames a file without times of its own promises more than it holds.

        In such a file (AVI) a frame has the time that its place gives it: where frames are missing
        in the middle, those behind them seem to come too early.
        """
        if "avi" not in self._container.format.name:
            return 0
        # Frames that a camera left out on purpose are empty there, and keep their place.
        places = int(self.table.pts[-1] - self.table.pts[0]) + 1
        lost = int(self._stream.frames) - max(places, len(self.table))
        return lost if lost > _COUNTED_OTHERWISE else 0

    @property
    def begun(self) -> datetime | None:
        """When the camera began this file, where it wrote that down; its clock may be wrong."""
        text = self._container.metadata.get("creation_time", "")
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        # Without a time zone two files of one camera still compare with each other.
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def frame(self, index: int) -> Frame:
        """Return one frame.

        Raises
        ------
        UnreadableVideoError
            If the file is damaged there.
        """
        return next(iter(self.frames(index, index + 1)))

    def frames(self, first: int, stop: int) -> Iterator[Frame]:
        """Yield the frames from `first` to before `stop`, in order, each decoded once.

        Raises
        ------
        UnreadableVideoError
            If the file is damaged there.
        """
        wanted = first
        for frame in self._decode_from(first, one=stop == first + 1):
            # Frames between the keyframe and the wanted one are decoded on the way and dropped.
            place = None if frame.pts is None else self.table.place_of(frame.pts)
            if place is None or place < wanted:
                continue
            # A later frame in its place means that the wanted one was damaged: never show another.
            if place != wanted or self._damage.reaches(self.table.stamp(place)):
                break
            if self._coded not in {None, (frame.width, frame.height)}:
                seconds = float(self.table.times_s[wanted])
                msg = (
                    f"{self.path}: its frames are {frame.width} × {frame.height} pixels at "
                    f"{seconds:.3f} s, not as at the beginning"
                )
                raise UnreadableVideoError(msg)
            yield self._frame(frame, wanted)
            wanted += 1
            if wanted == stop:
                return
        seconds = float(self.table.times_s[wanted])
        msg = f"{self.path}: the frame at {seconds:.3f} s (frame {wanted}) cannot be decoded"
        raise UnreadableVideoError(msg)

    def still(self, index: int) -> RGB:
        """Return one frame in full, upright, deinterlaced where the video is interlaced.

        Interlaced frames hold two moments; the lines of the second are made from the first and
        its neighbours in time (FFmpeg's yadif), so that the frame shows the one moment at which
        it begins.

        Raises
        ------
        UnreadableVideoError
            If the file is damaged there.
        """
        if not self.info.interlaced:
            return self.frame(index).rgb()
        first, stop = max(0, index - 1), min(len(self.table), index + 2)
        try:
            neighbours = [frame.decoded for frame in self.frames(first, stop)]
        except UnreadableVideoError:  # a neighbour is damaged: do without
            first, neighbours = index, [self.frame(index).decoded]
        frame = deinterlace(neighbours, index - first)
        return Frame(frame, index, float(self.table.times_s[index]), self.info).rgb()

    def _frame(self, frame: VideoFrame, index: int) -> Frame:
        return Frame(frame, index, float(self.table.times_s[index]), self.info)

    def _decode_from(self, index: int, *, one: bool) -> Iterator[VideoFrame]:
        """Decode from the keyframe before `index` on; earlier frames may come first."""
        key = self.table.key_before(index)
        # A keyframe needs no other packet; decoding on would cost the whole group.
        alone = one and key == index and (key > 0 or self.table.starts_alone)
        for packet in self._packets_from(key):
            yield from self._decode(packet)
            if alone:
                break
        yield from self._decode(None)

    def _decode(self, packet: Any) -> Iterator[VideoFrame]:
        import av

        try:
            with damage_heard() as heard:
                frames = self._context.decode(packet)
        except av.error.FFmpegError as error:
            raise_if_lost(error)
            return
        self._damage.note(packet, bool(heard))
        # The decoder conceals damage by copying from neighbours: such a frame shows no moment.
        yield from (frame for frame in frames if not frame.is_corrupt)

    def _packets_from(self, key: int) -> Iterator[Any]:
        """Yield the packets from a keyframe on, seeking ever further back."""
        import av

        stamp = self.table.stamp(key)
        if key == 0 and not self.table.starts_alone:
            # What the first frame is made from lies before it, hidden: from the very beginning.
            self._context.flush_buffers()
            self._damage = Damage()
            self._container.seek(0)
            yield from self._demux()
            return
        time_base = self.table.time_base
        # Seeking in MPEG-TS and PS goes by bitrate and may land behind the keyframe.
        for back_off in (*_BACK_OFF_S, None):
            self._context.flush_buffers()
            self._damage = Damage()
            try:
                if back_off is None:
                    self._container.seek(0)
                else:
                    target = max(self.table.stamp(0), stamp - round(back_off / time_base))
                    self._container.seek(target, stream=self._stream, backward=True)
            except av.error.FFmpegError as error:
                raise_if_lost(error)
                continue
            packets = self._demux()
            found = self._advance(packets, stamp)
            if found is not None:
                yield found
                yield from packets
                return
        msg = f"{self.path}: the frame at time stamp {stamp} cannot be reached; the file is damaged"
        raise UnreadableVideoError(msg)

    def _advance(self, packets: Iterator[Any], stamp: int) -> Any:
        """Read up to the packet with this stamp; ``None`` when it was passed already."""
        for packet in packets:
            if packet.pts == stamp:
                # A demuxer that landed inside a packet may put its time on what follows it.
                return packet if packet.is_keyframe or stamp == self.table.stamp(0) else None
            if packet.is_keyframe and packet.pts is not None and packet.pts > stamp:
                return None
        return None

    def _demux(self) -> Iterator[Any]:
        return read_packets(self._container)

    def _examine(self) -> VideoInfo:
        """Decode the first frame: turning, pixel aspect and interlacing are read from it."""
        unknown = VideoInfo(0, 0, 0, 0.0, 0, Fraction(1), interlaced=False, codec="")
        self.info = unknown
        frame = self.frame(0).decoded
        if frame.format.has_palette:
            # The palette is told once, in the first packet, and is lost when frames are searched.
            raise UnreadableVideoError(
                "its frames have a palette; write it once more with `amgs convert`"
            )
        self._coded = (frame.width, frame.height)
        aspect = self._stream.sample_aspect_ratio or Fraction(1)
        aspect = Fraction(aspect) if aspect > 0 else Fraction(1)
        width, height = round(frame.width * aspect), frame.height
        # Phones write 89.9…°; only quarters turn an image.
        rotation = int(round(frame.rotation / 90) * 90) % 360
        if rotation % 180:
            width, height = height, width
        return VideoInfo(
            width=width,
            height=height,
            n_frames=len(self.table),
            duration_s=self.table.duration_s,
            rotation_deg=rotation,
            pixel_aspect=aspect,
            interlaced=bool(frame.interlaced_frame),
            codec=str(self._context.name),
        )


def open_video(path: Path, table: FrameTable | None = None) -> Video:
    """Open a video and make the table of its frames.

    Parameters
    ----------
    path
        A file that FFmpeg's libraries can read (MP4, MOV, AVI, MKV, MPEG-TS/.mts, WMV …).
    table
        The table, where it is known already: another thread opens the same video.

    Raises
    ------
    UnreadableVideoError
        If the file is missing, empty, no video, holds sound only, or no frame can be decoded.
    """
    import av

    if not path.is_file():
        msg = f"Expected a video, found nothing at {path}. Check the spelling."
        raise UnreadableVideoError(msg)
    if path.stat().st_size == 0:
        raise UnreadableVideoError(f"{path} is empty (0 bytes): copy it again from the camera.")
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        msg = f"{path} is not a video that can be read: {_reason(error)}. Does a player show it?"
        raise UnreadableVideoError(msg) from error
    try:
        if not container.streams.video:
            msg = f"{path} holds no frames (sound only?)."
            raise UnreadableVideoError(msg)
        context: Any = container.streams.video[0].codec_context
        context.thread_count = 1  # several intervals are decoded side by side instead
        return Video(path, container, table or make_frame_table(container))
    except OSError:
        container.close()
        raise
    except UnreadableVideoError as error:
        container.close()
        text = str(error)
        raise UnreadableVideoError(text if str(path) in text else f"{path}: {text}.") from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()
