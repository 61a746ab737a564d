"""`amgs watch`: sources are recorded, animals read, the state told, messages sent."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from amgs._version import __version__
from amgs.errors import OutputExistsError
from amgs.live.alerts import Alarm, Messenger
from amgs.live.following import Examined, FollowedRecording
from amgs.live.notes import ALERTS, WatchNotes, clock
from amgs.live.plan import CAUTION, WatchedAnimal, WatchOptions, WatchTools, check_animals
from amgs.live.recording import RecorderProcess
from amgs.live.rolling import LiveImage, RollingWindow
from amgs.live.source import WatchedSource
from amgs.prediction.readers import ImageToClassify

_TICK_S = 0.5
_STATUS_EVERY_S = 2.0
_END_S = 15.0


class Watch:
    """Watches animals until it is stopped, or all sources have ended.

    Parameters
    ----------
    sources
        As `amgs.live.cameras.parse_source` reads them.
    animals
        Who is where.
    folder
        A new or empty one: gets the recording, the images, and all tables.
    tools
        See `WatchTools`.
    options
        See `WatchOptions`.

    Raises
    ------
    OutputExistsError
        If the folder holds something.
    ImpossibleValueError
        If an animal is of a source that is not there, or named twice.
    """

    def __init__(
        self,
        sources: Sequence[str],
        animals: Sequence[WatchedAnimal],
        folder: Path,
        tools: WatchTools,
        options: WatchOptions,
    ) -> None:
        check_animals(sources, animals)
        if folder.exists() and any(folder.iterdir()):
            msg = f"Expected a new or empty folder, found things at {folder}. Choose another --out."
            raise OutputExistsError(msg)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.absolute()
        self.tools = tools
        self.reader = tools.reader
        self.options = options
        self._messages: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
        self._messenger = Messenger(self.folder / ALERTS, options.webhook, self._note)
        self._log: IO[bytes] = (self.folder / "recorder.log").open("ab")
        self.notes = WatchNotes(self.folder, self.reader.outputs)
        self._windows = {
            a.animal: RollingWindow(options.minutes, options.threshold, self.reader.outputs)
            for a in animals
        }
        self._alarms = {a.animal: Alarm(options.rule) for a in animals if options.rule}
        self._told_at = 0.0
        self._ending = False
        self._listed: list[tuple[str, str, str, str, str]] = []
        self._started_s = time.time()
        self._sources = [
            self._begin(number, text, [a for a in animals if a.source == number])
            for number, text in enumerate(sources)
        ]
        self._tell(last=True)

    def run(self, stop: threading.Event) -> None:
        """Watch; returns when told to stop, or when every source has ended."""
        try:
            while not stop.is_set() and not all(source.ended for source in self._sources):
                self._hear()
                for source in self._sources:
                    source.recorder.begin_again_if_due()
                    self._look(source)
                self._tell()
                stop.wait(_TICK_S)
        finally:
            self._finish()

    def status(self) -> dict[str, Any]:
        """Return how everything is, as ``status.json`` says it."""
        return {
            "amgs": __version__,
            "model": self.reader.name,
            "caution": CAUTION,
            "started_s": self._started_s,
            "now_s": time.time(),
            "sources": [s.facts() for s in self._sources],
            "animals": [
                {
                    "animal": a.animal,
                    "source": s.name,
                    "zone": a.zone.name,
                    **self._windows[a.animal].summary(),
                    "course": [
                        [round(i.computer_s, 1), _p_pain(i), i.possible_sleep, i.image]
                        for i in self._windows[a.animal].images
                    ],
                }
                for s in self._sources
                for a in s.animals
            ],
            "events": self.notes.events,
            "alerts": self.notes.alerts,
        }

    def _begin(self, number: int, text: str, animals: list[WatchedAnimal]) -> WatchedSource:
        name = f"cam{number + 1}"
        zones = [a.zone for a in animals]
        detector, extraction = self.tools.detector, self.tools.extraction
        following = FollowedRecording(self.folder, name, zones, detector, extraction)
        spec = {
            "source": text,
            "folder": str(self.folder),
            "name": name,
            "segment_s": self.options.segment_s,
            "patience_s": self.options.patience_s,
        }
        recorder = RecorderProcess(spec, self._log, lambda said: self._messages.put((number, said)))
        return WatchedSource(name, text, recorder, following, animals)

    def _hear(self) -> None:
        """Take in what the recorders say."""
        while True:
            try:
                number, said = self._messages.get_nowait()
            except queue.Empty:
                return
            self._take(self._sources[number], said)

    def _take(self, source: WatchedSource, said: dict[str, Any]) -> None:
        what = said["what"]
        if what == "segment":
            self._follow(source, said)
        elif what == "recording":
            source.recorder.works()
        elif what == "lost":
            source.state, source.lost_since_s = "lost", time.time()
        elif what == "died":
            source.recorder.said_why = True
        elif what == "gone" and self._is_begun_again(source):
            if not source.recorder.said_why:
                said = {"what": "died", "reason": "the process that records it ended"}
            source.recorder.begin_again_later()
            source.state, source.lost_since_s = "lost", source.lost_since_s or time.time()
        elif what in {"finished", "failed", "gone"} and not source.ended:
            source.state = "ended" if what == "finished" else "failed"
            source.ended = True
            self._look(source, ended=True)
        if said["what"] not in {"recording", "closed", "gone"}:
            self.notes.event(source.name, **said)

    def _follow(self, source: WatchedSource, said: dict[str, Any]) -> None:
        """Follow a file that was begun."""
        source.state, source.lost_since_s = "recording", None
        if source.begun_s is None:
            source.begun_s = said["begun_s"]
        try:
            source.following.begin_file(self.folder / said["file"])
        except Exception as error:  # noqa: BLE001 - of one camera; the others go on as well
            self._note_failure(source, error)

    def _is_begun_again(self, source: WatchedSource) -> bool:
        """Whether the recorder of a source that ended without a word is begun again."""
        return not source.ended and not self._ending and source.recorder.can_begin_again

    def _look(self, source: WatchedSource, *, ended: bool = False) -> None:
        if source.ended and not ended:
            return
        before = source.following.left_out
        try:
            for found in source.following.examine(ended=ended):
                try:
                    self._judge(source, found)
                except Exception as error:  # noqa: BLE001 - the other zones are read all the same
                    self._note_failure(source, error)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in it, the recording goes on
            self._note_failure(source, error)
        if source.following.left_out > before:
            n = source.following.left_out - before
            self.notes.event(source.name, what="behind", intervals_left_out=n)

    def _note_failure(self, source: WatchedSource, error: Exception) -> None:
        reason = f"the reading failed: {error}"
        if reason != source.failed_reading:
            source.failed_reading = reason
            self.notes.event(source.name, what="note", reason=reason)

    def _judge(self, source: WatchedSource, found: Examined) -> None:
        """Read the image of an interval, if it has one, and look at the rule."""
        animal = source.animals[found.zone].animal
        window, entry = self._windows[animal], found.entry
        sleep = window.note_candidates(entry)
        kept = entry["kept"]
        at = (found.start_s + found.stop_s) / 2 if kept is None else kept["time_s"]
        asleep = any(a <= at <= b for a, b in sleep)
        reading, problem = None, "" if kept else "no face worth keeping"
        if kept is not None:
            image = ImageToClassify(self.folder / entry["image"], entry["image"])
            (answer,) = self.reader.answer([image])
            problem = answer.problem
            reading = None if problem else answer.reading
        when = self._computer_time(source, at)
        live = LiveImage(
            at, when, entry["image"] or "", reading, kept and kept["quality"], possible_sleep=asleep
        )
        window.add(live)
        try:
            self.notes.reading(animal, found.number, live, problem)
        except OSError as error:  # the line waits in its buffer; a message must not
            self._note_failure(source, error)
        alarm = self._alarms.get(animal)
        summary = window.summary()
        if alarm is not None and alarm.look(summary, when):
            self._alert(animal, source, summary, window, when)

    def _alert(
        self,
        animal: str,
        source: WatchedSource,
        summary: dict[str, Any],
        window: RollingWindow,
        when: float,
    ) -> None:
        assert self.options.rule is not None  # noqa: S101 - there is an alarm
        message = {
            "computer_time": clock(when),
            "animal": animal,
            "source": source.name,
            "text": (
                f"{animal}: pain in {summary['pct_pain']:.0f} % of {summary['confident_images']} "
                f"confident images of the last {summary['minutes']:g} minutes. {CAUTION}"
            ),
            "rule": asdict(self.options.rule),
            "saw": summary,
            "images": [[i.image, _p_pain(i)] for i in window.images if i.image],
            "model": {"name": self.reader.name, "sha256": self.reader.sha256},
        }
        self.notes.alert(message)
        self._messenger.send(message)

    def _write_recordings(self) -> None:
        """Write the table that `amgs extract` takes, anew with every file."""
        rows = [row for source in self._sources for row in source.recordings()]
        if rows != self._listed:
            self.notes.recordings(rows)
            self._listed = rows

    def _computer_time(self, source: WatchedSource, time_s: float) -> float:
        """Return when a moment of the recording was, by the clock of the computer."""
        return (self._started_s if source.begun_s is None else source.begun_s) + time_s

    def _note(self, text: str) -> None:
        self.notes.event("amgs", what="note", reason=text)

    def _tell(self, *, last: bool = False) -> None:
        if last or time.monotonic() - self._told_at > _STATUS_EVERY_S:
            self._told_at = time.monotonic()
            for source in self._sources:
                if source.lost_since_s is not None:
                    for animal in source.animals:
                        self._windows[animal.animal].forget(time.time())
            # A full disk, or a file that somebody reads: it is written at a later turn.
            with suppress(OSError):
                self.notes.status(self.status())
            with suppress(OSError):
                self._write_recordings()

    def _finish(self) -> None:
        """End the recorders in order, and examine what they still gave."""
        self._ending = True
        for source in self._sources:
            source.recorder.ask_to_end()
        deadline = time.monotonic() + _END_S
        while time.monotonic() < deadline and not all(
            s.ended or s.recorder.is_waiting for s in self._sources
        ):
            self._hear()
            time.sleep(0.05)
        for source in self._sources:
            source.recorder.end()
            if not source.ended:
                source.ended, source.state = True, "failed"
                self._look(source, ended=True)
        self._hear()
        self._tell(last=True)
        with suppress(OSError):
            self.notes.close()
        self._log.close()


def _p_pain(image: LiveImage) -> float | None:
    return None if image.reading is None else image.reading.number("p_pain")
