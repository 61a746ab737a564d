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
from heapq import heappop, heappush
from math import ceil, inf
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
    """When a frame was: by the camera's clock in seconds, and by the computer's since 1970.

    ``sent_s`` is when it was sent by the camera's clock, where that is not the order in which
    frames are shown: B-frames follow one that is shown after them.
    """

    camera_s: float
    computer_s: float
    sent_s: float | None = None

    @property
    def clock_s(self) -> float:
        """The camera's clock as it runs from frame to frame."""
        return self.camera_s if self.sent_s is None else self.sent_s


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
        self._last_dts: int | None = None
        self._unwritten: list[tuple[int, int, Stamp]] = []
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
        if item.pts < self._first_pts:
            return  # made from the file before, too: nobody could decode it
        pts = self._apart(item.pts - self._first_pts, item.time_base)
        if self._encode:
            item.pts = pts
            item.pict_type = 0
            packets = self._out.encode(item)
        else:
            item.dts = self._in_order(item.dts, pts, item.time_base)
            item.pts = pts
            item.stream = self._out
            packets = [item]
        for packet in packets:
            self._container.mux(packet)
        heappush(self._unwritten, (pts, len(self._unwritten), stamp))
        self._write_times(pts if self._encode else item.dts)
        self.last = stamp
        if time.monotonic() - self._synced > SYNC_S:
            self.sync()

    def _in_order(self, dts: int | None, pts: int, time_base: Fraction) -> int:
        """Return when a packet is to be decoded, seen from the first frame.

        Some cameras do not say it; then any order will do that goes up and stays before the times
        of the frames.
        """
        if dts is not None:
            assert self._first_pts is not None  # noqa: S101 - set before
            found = min(dts - self._first_pts, pts)
        elif self._last_dts is None:
            found = pts - ceil(1 / time_base)
        else:
            found = min(self._last_dts + 1, pts)
        self._last_dts = found
        return found

    def _write_times(self, until: float) -> None:
        """Write the times of frames in the order in which they are shown.

        Nothing that comes later is shown before the moment at which a packet is decoded.
        """
        while self._unwritten and self._unwritten[0][0] <= until:
            _, _, stamp = heappop(self._unwritten)
            self._times.write(f"{self.n_frames},{stamp.camera_s:.4f},{stamp.computer_s:.4f}\n")
            self.n_frames += 1

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
            else (self.last.clock_s - self.first.clock_s)
        )

    def close(self) -> None:
        """End the file in order."""
        try:
            self._write_times(inf)
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
