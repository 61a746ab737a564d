"""A recording in files of ten minutes that survive a power cut, with two clocks for every frame.

Matroska, written through at every packet: a file that was cut off is read up to there. What the
camera sends encoded is kept as it is; images without encoding (USB cameras) become H.264.
"""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import IO, Any

SEGMENT_S = 600.0
SYNC_S = 5.0
"""The system writes a file through to the disk at least so often."""

TIMES = "frame,camera_s,computer\n"
_KEYFRAME_S = 2
_TICK = Fraction(1, 1000)
"""Of Matroska, in seconds."""

_REORDERED = 64
"""More packets than a codec ever shows in another order than it sends them in."""

_MUXER = {"flush_packets": "1", "cluster_time_limit": "1000", "live": "0"}


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a frame was: by the camera's clock in seconds, and by the computer's since 1970."""

    camera_s: float
    computer_s: float


class SegmentWriter:
    """Writes one file; times in it begin at its first frame.

    Parameters
    ----------
    path
        The file; its times go beside it, as ``NAME_times.csv``.
    stream
        The stream of the source, whose packets are kept; or whose images are encoded.
    begun_s
        When it begins, in seconds since 1970.
    encode
        Whether images are encoded.
    """

    def __init__(self, path: Path, stream: Any, begun_s: float, *, encode: bool) -> None:
        import av

        self.path = path
        self.begun_s = begun_s
        self.n_frames = 0
        self.last: Stamp | None = None
        self.first: Stamp | None = None
        self._encode = encode
        self._first_pts: int | None = None
        self._ticks: deque[int] = deque(maxlen=_REORDERED)
        self._container = av.open(str(path), "w", format="matroska", options=_MUXER)
        begun = datetime.fromtimestamp(begun_s, UTC)
        self._container.metadata["creation_time"] = begun.isoformat(timespec="microseconds")
        self._out: Any = self._encoder(stream) if encode else self._copy_of(stream)
        self._times: IO[str] = _times_beside(path).open("w", encoding="utf-8", newline="\n")
        self._times.write(TIMES)
        self._synced = time.monotonic()

    def _copy_of(self, stream: Any) -> Any:
        return self._container.add_stream_from_template(stream)

    def _encoder(self, stream: Any) -> Any:
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        # No frames out of order: the file is read while it is written.
        options = {"preset": "veryfast", "crf": "20", "tune": "zerolatency"}
        out: Any = self._container.add_stream("libx264", rate=rate, options=options)
        out.width, out.height, out.pix_fmt = stream.width, stream.height, "yuv420p"
        out.gop_size = max(1, round(float(rate) * _KEYFRAME_S))
        out.codec_context.time_base = stream.time_base
        return out

    def write(self, item: Any, stamp: Stamp) -> None:
        """Write a packet, or a frame where images are encoded."""
        if self._first_pts is None:
            self._first_pts, self.first = item.pts, stamp
        pts = self._apart(item.pts - self._first_pts, item.time_base)
        if self._encode:
            item.pts = pts
            item.pict_type = 0
            packets = self._out.encode(item)
        else:
            item.dts = None if item.dts is None else min(item.dts - self._first_pts, pts)
            item.pts = pts
            item.stream = self._out
            packets = [item]
        for packet in packets:
            self._container.mux(packet)
        self._times.write(f"{self.n_frames},{stamp.camera_s:.4f},{stamp.computer_s:.4f}\n")
        self.n_frames += 1
        self.last = stamp
        if time.monotonic() - self._synced > SYNC_S:
            self.sync()

    def _apart(self, pts: int, time_base: Fraction) -> int:
        """Return a time that no frame of late has, in whole ticks of the file.

        Matroska knows no less than a millisecond. Frames that a network delivers in a burst may be
        nearer, and two frames with one time could not be told apart by anybody who reads the file.
        """
        tick = wanted = round(pts * time_base / _TICK)
        while tick in self._ticks:
            tick += 1
        self._ticks.append(tick)
        return pts if tick == wanted else ceil(tick * _TICK / time_base)

    def sync(self) -> None:
        """Have the system write the file through to the disk."""
        self._synced = time.monotonic()
        self._times.flush()
        number = os.open(self.path, os.O_RDWR)
        try:
            os.fsync(number)
        finally:
            os.close(number)

    @property
    def length_s(self) -> float:
        """How long it is by the camera's clock."""
        return (
            0.0
            if self.first is None or self.last is None
            else (self.last.camera_s - self.first.camera_s)
        )

    def close(self) -> None:
        """End the file in order."""
        try:
            if self._encode and self.n_frames:
                for packet in self._out.encode(None):
                    self._container.mux(packet)
        finally:
            try:
                self._container.close()
            finally:
                self._times.close()


def _times_beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}_times.csv")
