"""Videos whose every frame carries its own number, in the formats cameras write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 320, 192
BITS = 12
_CELL = 24


def numbered_frame(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Draw a moving scene with the number as a row of black and white blocks, top left."""
    ys, xs = np.mgrid[:height, :width]
    base = 110 + 50 * np.sin((xs + 3 * number) / 17.0) + 40 * np.cos((ys - number) / 11.0)
    rgb = np.repeat(base[..., None], 3, axis=2)
    rgb[..., 1] = rgb[..., 1] * 0.9
    for bit in range(BITS):
        value = 255 if number >> bit & 1 else 0
        rgb[8 : 8 + _CELL, 8 + bit * _CELL : 8 + (bit + 1) * _CELL] = value
    # Corners tell which way up the frame is.
    rgb[-40:, :40] = (255, 0, 0)
    rgb[-40:, -40:] = (0, 0, 255)
    return np.clip(rgb, 0, 255).astype(np.uint8)


def read_number(rgb: np.ndarray, width: int = WIDTH) -> int:
    """Read the number back from a frame, also from one that was made wider."""
    stretch = rgb.shape[1] / width
    number = 0
    for bit in range(BITS):
        x = round((8 + (bit + 0.5) * _CELL) * stretch)
        number |= int(rgb[8 + _CELL // 2, x].mean() > 127) << bit
    return number


@dataclass(frozen=True)
class VideoKind:
    """How a video is written."""

    suffix: str = ".mp4"
    codec: str = "libx264"
    container: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    gop: int = 15
    b_frames: int = 0
    times: Callable[[int], float] | None = None
    rotation: int = 0
    aspect: Fraction | None = None
    pixel_format: str = "yuv420p"


KINDS = {
    "mp4_gop15": VideoKind(b_frames=2),
    "mp4_gop250": VideoKind(gop=250, b_frames=3),
    "mp4_variable_rate": VideoKind(times=lambda n: n / 25 + 0.3 * (n // 20) + 0.01 * (n % 3)),
    "mov_mpeg4": VideoKind(".mov", "mpeg4", b_frames=2),
    "mkv_gop30": VideoKind(".mkv", gop=30, b_frames=2),
    "mts_open_gop": VideoKind(
        ".mts", container="mpegts", b_frames=3, options={"x264-params": "open-gop=1"}
    ),
    "mts_gop250": VideoKind(".mts", container="mpegts", gop=250, b_frames=2),
    "mpg_mpeg2": VideoKind(".mpg", "mpeg2video", container="mpeg", gop=12, b_frames=2),
    "avi_mjpeg": VideoKind(".avi", "mjpeg", pixel_format="yuvj420p"),
    "avi_mpeg4": VideoKind(".avi", "mpeg4"),
    "avi_mpeg4_b_frames": VideoKind(".avi", "mpeg4", b_frames=2),
    "avi_h264_b_frames": VideoKind(".avi", b_frames=2),
    "avi_h264_open_gop": VideoKind(
        ".avi", gop=30, b_frames=3, options={"x264-params": "open-gop=1:b-pyramid=2"}
    ),
    "raw_h264": VideoKind(".h264", container="h264", b_frames=2),
    "wmv": VideoKind(".wmv", "wmv2", container="asf"),
    "webm_vp9": VideoKind(".webm", "libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"}),
    "mp4_rotated_90": VideoKind(rotation=90),
    "mp4_rotated_180": VideoKind(rotation=180),
    "mp4_wide_pixels": VideoKind(aspect=Fraction(4, 3)),
    "mp4_interlaced": VideoKind(options={"x264-params": "interlaced=1:tff=1"}, gop=15),
}


def write_video(
    folder: Path,
    kind: VideoKind,
    n_frames_written: int = 120,
    rate: int = 25,
    draw_frame: Callable[[int], np.ndarray] = numbered_frame,
    name: str = "video",
) -> tuple[Path, Sequence[float]]:
    """Write a video; return its path and the time of every frame in seconds."""
    path = folder / f"{name}{kind.suffix}"
    times = [(kind.times or (lambda n: n / rate))(n) for n in range(n_frames_written)]
    time_base = Fraction(1, 1000) if kind.times else Fraction(1, rate)
    with av.open(str(path), "w", format=kind.container) as container:
        stream = container.add_stream(kind.codec, rate=rate)
        first = draw_frame(0)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = kind.pixel_format
        context = stream.codec_context
        context.gop_size = kind.gop
        context.max_b_frames = kind.b_frames
        context.time_base = time_base
        options = dict(kind.options)
        if kind.codec == "libx264":
            options |= {
                "preset": "veryfast",
                "crf": "18",
                "sc_threshold": "0",
                "keyint_min": str(kind.gop),
            }
        else:
            context.bit_rate = 4_000_000
        context.options = options
        if kind.aspect is not None:
            context.sample_aspect_ratio = kind.aspect
        if kind.rotation:
            stream.set_display_rotation(kind.rotation)
        for number, time_s in enumerate(times):
            frame = av.VideoFrame.from_ndarray(draw_frame(number), format="rgb24")
            frame.pts = round(time_s / time_base)
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path, times
