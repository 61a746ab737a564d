"""Videos that cannot be searched, written once more as ones that can be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import UnreadableVideoError
from amgs.files import atomic_file
from amgs.jobs import ProgressCallback, no_progress
from amgs.video.decoder_log import log_unheard
from amgs.video.frame_table import decode_from_start, read_packets

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

CRF = 12
"""Quality of H.264: lower is better; at 12 a copy can hardly be told from its original."""

_KEYFRAME_EVERY_S = 2.0
_LONGEST_STEP_S = 3600
_PROBED_PACKETS, _PROBED_FRAMES = 400, 50
_USUAL_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class Converted:
    """What came of a conversion.

    Parameters
    ----------
    path
        The new file.
    frames
        How many frames it holds.
    times
        Where their times come from, in words.
    quality
        How they were encoded, in words.
    """

    path: Path
    frames: int
    times: str
    quality: str


def needs_conversion(path: Path) -> str:
    """Return why a video cannot be searched, as far as its beginning shows; empty if it can.

    Raises
    ------
    UnreadableVideoError
        If it is no video.
    """
    import av

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if not container.streams.video:
                raise UnreadableVideoError(f"{path} holds no frames (sound only?).")
            for packet in islice(read_packets(container), _PROBED_PACKETS):
                if packet.pts is None and not packet.is_discard:
                    return "its frames carry no times"
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise UnreadableVideoError(f"{path} is not a video that can be read: {error}.") from error
    return ""


def convert_video(
    source: Path,
    target: Path,
    *,
    lossless: bool = False,
    rate: float | None = None,
    progress: ProgressCallback = no_progress,
) -> Converted:
    """Decode a video from its first frame to its last and write it as one that can be searched.

    Parameters
    ----------
    source
        The video; it is only read.
    target
        The new file; ``.mkv`` for lossless (FFV1), else ``.mp4`` (H.264).
    lossless
        Keep every pixel as it was decoded; files are many times larger.
    rate
        Frames per second, where the video carries no times; what its header says if not given.
    progress
        Told how many frames are done.

    Raises
    ------
    UnreadableVideoError
        If no frame can be decoded, or frames change their size.
    """
    import av

    with log_unheard(), av.open(str(source), metadata_errors="replace") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_type = "AUTO"
        chosen = Fraction(rate).limit_denominator(1001) if rate else stream.average_rate
        frames = decode_from_start(container)
        first = list(islice(frames, _PROBED_FRAMES))
        timeless = not _in_order([frame.pts for frame in first])
        assert stream.time_base is not None  # noqa: S101 - every video stream has one
        timed = _Timed(
            Fraction(chosen or _USUAL_RATE),
            stream.time_base,
            stream.sample_aspect_ratio,
            constant=rate is not None or timeless,
        )
        total = stream.frames or None
        with atomic_file(target) as temporary:
            count = _write(
                temporary, target, timed, chain(first, frames), lossless, progress, total
            )
    if count == 0:
        raise UnreadableVideoError(f"{source}: no frame in it can be decoded.")
    quality = "lossless (FFV1)" if lossless else f"H.264, CRF {CRF}: not lossless"
    return Converted(target, count, timed.words, quality)


def _in_order(times: list[int | None]) -> bool:
    known = [time for time in times if time is not None]
    return len(known) == len(times) and all(a < b for a, b in pairwise(known))


class _Timed:
    """Gives every frame a time that is later than the one before; knows the shape of its pixels."""

    def __init__(
        self, rate: Fraction, time_base: Fraction, aspect: Fraction | None, *, constant: bool
    ) -> None:
        self.rate = rate
        self.aspect = aspect
        self._time_base = time_base
        self._constant = constant
        self._last: Fraction | None = None
        self._shift = Fraction(0)
        self._jumps = 0

    def time_of(self, frame: VideoFrame) -> Fraction:
        """Return the time of a frame in seconds."""
        step = 1 / self.rate
        if self._last is None:
            self._last = Fraction(0)
            self._shift = -(frame.pts or 0) * self._time_base
        elif self._constant or frame.pts is None:
            self._last += step
        else:
            time = frame.pts * self._time_base + self._shift
            if time <= self._last or time > self._last + _LONGEST_STEP_S:
                # The clock began anew, as where two files were joined: it goes on from here.
                self._jumps += 1
                self._shift += self._last + step - time
                time = self._last + step
            self._last = time
        return self._last

    @property
    def words(self) -> str:
        """Where times come from."""
        if self._constant:
            return f"a constant {float(self.rate):g} frames/s"
        if self._jumps:
            times = "once" if self._jumps == 1 else f"{self._jumps} times"
            return f"those of the video, whose clock began anew {times}"
        return "those of the video"


def _write(  # noqa: PLR0917
    temporary: Path,
    target: Path,
    timed: _Timed,
    frames: Iterator[VideoFrame],
    lossless: bool,
    progress: ProgressCallback,
    total: int | None,
) -> int:
    import av

    base = Fraction(1, 90_000)
    count = 0
    form = "matroska" if lossless else "mp4"
    with av.open(str(temporary), "w", format=form) as out:
        stream: Any = None
        last = -1
        for frame in frames:
            if frame.is_corrupt:
                continue
            if stream is None:
                stream = _add_stream(out, frame, timed.rate, timed.aspect, lossless=lossless)
                stream.codec_context.time_base = base
            if (frame.width, frame.height) != (stream.width, stream.height):
                msg = (
                    f"{target.stem}: expected frames of one size, found {frame.width} × "
                    f"{frame.height} after {stream.width} × {stream.height} pixels. Cut the video "
                    "there with the program that joined it."
                )
                raise UnreadableVideoError(msg)
            # Brightness keeps its range: made narrower, grey 64 would be read as 55.
            picture = frame.reformat(
                format=stream.pix_fmt,
                src_color_range=frame.color_range,
                dst_color_range=frame.color_range,
            )
            picture.pts = max(last + 1, round(timed.time_of(frame) / base))
            picture.time_base = base
            last = picture.pts
            out.mux(stream.encode(picture))
            count += 1
            progress(f"converting {target.stem} (frames)", count, total)
        if stream is not None:
            out.mux(stream.encode(None))
    return count


def _lossless_format(frame: VideoFrame) -> str:
    """Return the form of pixels of FFV1 that keeps all of a frame."""
    import av

    name = frame.format.name.replace("yuvj", "yuv")  # the range is said beside it
    possible = {form.name for form in av.codec.Codec("ffv1", "w").video_formats or ()}
    if name in possible:
        return name
    is_rgb = frame.format.is_rgb or frame.format.has_palette
    return _KEPT_IN.get(name) or ("bgr0" if is_rgb else "yuv444p16le")


_KEPT_IN = {
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "uyvy422": "yuv422p",
    "yuyv422": "yuv422p",
    "yvyu422": "yuv422p",
    "p010le": "yuv420p10le",
}
"""Forms of pixels that hold the same numbers in another order than FFV1 does."""


def _add_stream(
    out: Any, frame: VideoFrame, rate: Fraction, aspect: Fraction | None, *, lossless: bool
) -> Any:
    stream = out.add_stream("ffv1" if lossless else "libx264", rate=rate)
    stream.width, stream.height = frame.width, frame.height
    stream.pix_fmt = _lossless_format(frame) if lossless else "yuv420p"
    context = stream.codec_context
    # What the numbers mean as colours; a player would else take its own guess.
    context.color_range = frame.color_range
    context.colorspace = frame.colorspace
    context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc
    context.gop_size = max(1, round(float(rate) * _KEYFRAME_EVERY_S))
    if aspect is not None and aspect > 0:
        context.sample_aspect_ratio = aspect
    if frame.rotation:
        stream.set_display_rotation(frame.rotation)
    if not lossless:
        context.max_b_frames = 0  # each frame is in the file where it is shown
        context.options = {"crf": str(CRF), "preset": "veryfast"}
        if frame.interlaced_frame:
            context.options |= {"x264-params": "interlaced=1:tff=1"}
    return stream
