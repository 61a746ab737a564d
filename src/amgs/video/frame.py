"""One decoded frame, turned upright, with square pixels and without the comb of interlacing."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

RGB = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video is, from its frames and not from its header.

    ``width`` and ``height`` are those of the upright frame with square pixels.
    """

    width: int
    height: int
    n_frames: int
    duration_s: float
    rotation_deg: int
    pixel_aspect: Fraction
    interlaced: bool
    codec: str


class Frame:
    """One decoded frame with its index in the video and its time.

    Parameters
    ----------
    decoded
        What the decoder gave.
    index
        Its place in the order of display, from 0.
    time_s
        Its presentation time; the first frame of the video is at 0.
    info
        Of the video, for turning the frame upright.
    """

    def __init__(self, decoded: VideoFrame, index: int, time_s: float, info: VideoInfo) -> None:
        self.decoded = decoded
        self.index = index
        self.time_s = time_s
        self._info = info

    @property
    def key(self) -> bool:
        """Whether it was decoded without any other."""
        return bool(self.decoded.key_frame)

    def rgb(self, scale: float = 1.0) -> RGB:
        """Return the frame upright with square pixels, uint8 height × width × 3.

        Parameters
        ----------
        scale
            Makes it smaller while it is converted, which is faster than converting all of it.
        """
        info = self._info
        width, height = round(info.width * scale), round(info.height * scale)
        if info.rotation_deg % 180:
            width, height = height, width
        smaller = self.decoded.reformat(
            width=max(2, width), height=max(2, height), format="rgb24", interpolation="AREA"
        )
        pixels = smaller.to_ndarray()
        turned: RGB = np.rot90(pixels, info.rotation_deg // 90 % 4)
        return np.ascontiguousarray(turned)


def deinterlace(frames: list[VideoFrame], wanted: int) -> VideoFrame:
    """Make one frame of one moment from frames in a row, of which `wanted` is the place."""
    import av
    import av.filter

    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frames[0].width,
        height=frames[0].height,
        format=frames[0].format,
        time_base=Fraction(1, 1000),
    )
    filtered = graph.add("yadif", "mode=send_frame")
    sink = graph.add("buffersink")
    source.link_to(filtered)
    filtered.link_to(sink)
    graph.configure()
    for number, frame in enumerate(frames):
        frame.pts, frame.time_base = number, Fraction(1, 1000)
        graph.push(frame)
    graph.push(None)
    results = []
    while True:
        try:
            results.append(graph.pull())
        except (av.error.EOFError, av.error.BlockingIOError):
            break
    return results[wanted]  # type: ignore[return-value]
