"""The process that records one source: ``python -m amgs.live.recorder``.

It reads what to do from the first line of its standard input, says what happens in lines of JSON on
its standard output, and ends in order when its standard input does. It does nothing else, so that
no frame is lost to the reading of images.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from amgs.errors import CameraError
from amgs.live.cameras import open_camera, parse_source
from amgs.live.segments import SegmentWriter, Stamp
from amgs.live.steady_clock import SteadyClock
from amgs.processes import first_line

JUMP_S = 1.0
"""When the camera's clock moves by so much more than the computer's, it was set."""

LATE_S, STAYS_LATE_S = 5.0, 30.0
"""Frames that come so late, and stay so for half a minute, are of a clock that stood still."""

REORDERED_S = 0.5
"""Frames of a camera that sends B-frames without saying when each is decoded go back no further."""

_RETRY_S = (1.0, 2.0, 5.0, 10.0)
STEADY_S = 10.0
"""After a source that sent frames for so long the pauses begin anew with the shortest."""

_SAY_EVERY_S = 2.0
_NO_FRAME = (
    "ended without a frame that could be read. A usual MP4 can be read only when it is complete; "
    "have the program write MPEG-TS, Matroska (MKV) or a fragmented MP4."
)
_RAW = {"rawvideo", "wrapped_avframe"}


class Recorder:
    """Records one source into files, and waits for it when it is lost.

    Parameters
    ----------
    spec
        ``source``, ``folder``, ``name``, ``segment_s``, ``patience_s`` (of files).
    channel
        Where it says what happens.
    """

    def __init__(self, spec: Mapping[str, Any], channel: TextIO) -> None:
        self.source = parse_source(spec["source"])
        self.folder = Path(spec["folder"])
        self.name = str(spec["name"])
        self.segment_s = float(spec["segment_s"])
        self.patience_s = float(spec["patience_s"])
        self.stopping = threading.Event()
        self._channel = channel
        self._writer: SegmentWriter | None = None
        self._lost_at: float | None = None
        self._any = False
        self._said = 0.0
        self._late_since: float | None = None
        self._reordered_s = 0.0
        self._clock = SteadyClock()
        self._fault = ""
        self._wait_until = 0.0

    def run(self) -> None:
        """Record until it is told to stop, or a file has ended."""
        tries = 0
        while not self.stopping.is_set():
            steady = False
            try:
                container = open_camera(self.source, self.stopping.is_set, self.patience_s)
            except CameraError as error:
                reason = self._fault = str(error)
            else:
                reason, steady = self._record(container)
            if self.source.kind == "file":
                self._say_how_it_ended()
                break
            if not self.stopping.is_set():
                tries = 0 if steady else tries
                self._lose(reason)
                self.stopping.wait(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
                tries += 1
        self.say("finished")

    def _record(self, container: Any) -> tuple[str, bool]:
        """Record what a source sends; return why it ended, and whether it sent for a while."""
        import av

        reason, opened = "it ended", time.monotonic()
        reorders = container.streams.video[0].codec_context.has_b_frames
        self._reordered_s = REORDERED_S if reorders else 0.0
        steady = False
        try:
            for item, stamp, stream, encode in _received(
                container, self._clock, self.stopping.is_set
            ):
                steady = time.monotonic() - opened > STEADY_S
                self._take_or_wait(item, stamp, stream, encode=encode)
        except (av.error.FFmpegError, OSError) as error:
            # One that says nothing for long ends as well: it is asked for again.
            reason = str(error)
        finally:
            self._end_segment()
            with suppress(Exception):  # a lost stream may not close in order
                container.close()
        return reason, steady

    def _say_how_it_ended(self) -> None:
        """Say of a file whether its end, or anything of it, is missing."""
        if self._fault and self._any:
            self.say("failed", reason=f"its end was not recorded: {self._fault}")
        elif self._fault:
            self.say("failed", reason=self._fault)
        elif not self._any:
            self.say("failed", reason=f"{self.source.text} {_NO_FRAME}")

    def say(self, what: str, **facts: Any) -> None:
        """Say what happens."""
        self._channel.write(json.dumps({"what": what, **facts}) + "\n")
        self._channel.flush()

    def _take_or_wait(self, item: Any, stamp: Stamp, stream: Any, *, encode: bool) -> None:
        """Take a packet; of a file, which cannot be asked for again, go on when a disk is full."""
        import av

        if time.monotonic() < self._wait_until:
            return
        try:
            self._take(item, stamp, stream, encode=encode)
        except (av.error.FFmpegError, OSError) as error:
            if self.source.kind != "file":
                raise
            self._fault = str(error)
            self._end_segment()
            self._lose(self._fault)
            self._wait_until = time.monotonic() + _RETRY_S[0]

    def _take(self, item: Any, stamp: Stamp, stream: Any, *, encode: bool) -> None:
        writer = self._writer
        starts = encode or bool(item.is_keyframe)
        begun_s = stamp.computer_s
        if writer is not None and writer.last is not None and writer.first is not None:
            jumped = self._clock_was_set(writer.first, writer.last, stamp)
            full = stamp.clock_s - writer.first.clock_s > self.segment_s - 1e-3 and starts
            if jumped:
                self.say(
                    "jump",
                    camera_s=round(stamp.clock_s - writer.last.clock_s, 3),
                    computer_s=round(stamp.computer_s - writer.last.computer_s, 3),
                )
            elif full:
                # It goes on without a pause: by the camera's clock, not by when packets came.
                begun_s = writer.begun_s + stamp.camera_s - writer.first.camera_s
            if jumped or full:
                self._end_segment()
        if self._writer is None:
            if not starts:
                return  # what hangs on a frame that was lost cannot be shown
            self._begin_segment(begun_s, stream, encode=encode)
        assert self._writer is not None  # noqa: S101 - begun above
        self._any = True
        self._writer.write(item, stamp)
        if time.monotonic() - self._said > _SAY_EVERY_S:
            self._said = time.monotonic()
            ahead_s = self._clock.was_set_by()
            if ahead_s is not None:
                self.say(
                    "note",
                    reason=f"the computer's clock was set by {ahead_s:+.1f} s; the times of this "
                    "recording go on by the clock as it was",
                )
            self.say("recording", frames=self._writer.n_frames, length_s=self._writer.length_s)

    def _clock_was_set(self, first: Stamp, last: Stamp, now: Stamp) -> bool:
        """Whether the camera's clock went back, leapt ahead, or stood still.

        A stream that stalls is none of these: its frames come late, but with their own times.
        """
        by_camera = now.clock_s - last.clock_s
        if by_camera <= 0:
            # A camera that sends frames in another order, and does not say so, goes back a little.
            known = now.sent_s is not None or not self._reordered_s
            return known or by_camera < -self._reordered_s
        if self.source.kind == "file":
            return False  # when its frames are read says nothing
        if by_camera - (now.computer_s - last.computer_s) > JUMP_S:
            return True
        late_s = (now.computer_s - first.computer_s) - (now.clock_s - first.clock_s)
        if late_s < LATE_S:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now.computer_s
        return self._late_since is not None and now.computer_s - self._late_since > STAYS_LATE_S

    def _begin_segment(self, begun_s: float, stream: Any, *, encode: bool) -> None:
        begun = datetime.fromtimestamp(begun_s, UTC)
        path = self.folder / f"{self.name}_{begun:%Y%m%dT%H%M%S}.mkv"
        number = 2
        while path.exists():
            path = path.with_name(f"{self.name}_{begun:%Y%m%dT%H%M%S}_{number}.mkv")
            number += 1
        self._late_since = None
        try:
            self._writer = SegmentWriter(path, stream, begun_s, encode=encode)
        except BaseException:
            path.unlink(missing_ok=True)  # an empty file is no part of a recording
            raise
        if self._lost_at is not None:
            self.say("back", lost_s=round(self._clock.now() - self._lost_at, 1))
            self._lost_at, self._fault = None, ""
        self.say("segment", file=path.name, begun_s=begun_s)

    def _end_segment(self) -> None:
        import av

        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.close()
        except (av.error.FFmpegError, OSError) as error:
            # A disk that is full for a while must not end days of recording.
            self.say("note", reason=f"{writer.path.name} could not be ended in order: {error}")
        self.say("closed", file=writer.path.name, frames=writer.n_frames)

    def _lose(self, reason: str) -> None:
        if self._lost_at is None:
            self._lost_at = self._clock.now()
            self.say("lost", reason=reason)


def _received(
    container: Any, clock: SteadyClock, stopping: Any
) -> Iterator[tuple[Any, Stamp, Any, bool]]:
    """Yield packets (or frames, where the source sends none that are encoded) with their times."""
    stream = container.streams.video[0]
    encode = stream.codec_context.name in _RAW
    base = float(stream.time_base)
    for packet in container.demux(stream):
        if stopping():
            return
        now = clock.now()
        if not encode:
            # Damaged, or the empty one at the end.
            if packet.size and packet.pts is not None:
                sent_s = None if packet.dts is None else packet.dts * base
                yield packet, Stamp(packet.pts * base, now, sent_s), stream, False
            continue
        for frame in packet.decode():
            if frame.pts is not None:
                yield frame, Stamp(frame.pts * base, now), stream, True


def main() -> None:
    """Do the work."""
    # What FFmpeg prints must not come between the lines that are read.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    recorder = Recorder(json.loads(first_line()), channel)

    def stop_at_the_end() -> None:
        with suppress(OSError):
            while os.read(0, 1024):
                pass
        recorder.stopping.set()

    threading.Thread(target=stop_at_the_end, daemon=True).start()
    try:
        recorder.run()
    except Exception as error:  # noqa: BLE001 - whoever watches must learn why nothing is recorded
        # A camera is asked for again in a new process; of a file the beginning would come again.
        what = "failed" if recorder.source.kind == "file" else "died"
        recorder.say(what, reason=f"{type(error).__name__}: {error}")
    channel.flush()
    # A read that waits for a camera would keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
