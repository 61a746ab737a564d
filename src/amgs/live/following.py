"""A recording that is followed while it is written: every interval examined as `extract` will.

What is read is the file, never the camera. An interval is examined as soon as nothing that comes
later can change what `extract` would take from it: half an interval after its end, as a last one
that is too short joins the one before. What a first look knows of a file (`FirstLook`) is written
beside it, and `extract` takes it from there, so that both choose the same frames.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, inf
from pathlib import Path
from typing import Any

from amgs.errors import UnreadableVideoError
from amgs.extraction.candidates import Survey, SurveyedZone
from amgs.extraction.first_look import survey_files
from amgs.extraction.interval import IntervalTask, close_video_of_this_thread, extract_interval
from amgs.extraction.known_look import write_known_look
from amgs.extraction.opened import ExtractionOptions
from amgs.faces.base import FaceDetector
from amgs.faces.detections import Box
from amgs.processes import give_back_memory
from amgs.video import open_video
from amgs.video.frame_table import FrameTable
from amgs.video.sampling import Interval, cut_intervals
from amgs.video.session import Session, SessionFile, pause_between
from amgs.video.zones import Zone

FIRST_LOOK_S = 60.0
"""Of the first file, so much is looked at before its first interval is examined."""

MOST_WAITING = 6
"""With more intervals waiting, the oldest are left out of the reading, never of the recording."""

UNREADABLE_S = 30.0
"""A file from which no frame can be read for so long is told; every recorder has written some."""

_FILES_KEPT = 6


@dataclass(frozen=True, slots=True)
class Examined:
    """One interval of one zone: when it was, and its entry as in a journal."""

    number: int
    zone: int
    start_s: float
    stop_s: float
    entry: dict[str, Any]


class FollowedRecording:
    """The files of one source, one after the other, and what is still to be examined.

    ``paths`` are all that were begun, ``sizes`` the width and height of those with a frame.

    Parameters
    ----------
    folder
        Where the recording and the images go.
    name
        Of the source; images are named by it.
    zones
        Where the animals are.
    detector, options
        As for `amgs.extraction.extract.extract_faces`.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        zones: Sequence[Zone],
        detector: FaceDetector,
        options: ExtractionOptions,
    ) -> None:
        self.folder = folder
        self.name = name
        self.zones = tuple(zones)
        self.detector = detector
        self.options = options.for_detector(detector)
        self.left_out = 0
        self.paths: list[Path] = []
        self.sizes: dict[Path, tuple[int, int]] = {}
        self._files: deque[SessionFile] = deque(maxlen=_FILES_KEPT)
        self._begun: datetime | None = None
        self._surveys: dict[Path, Survey] = {}
        self._boxes: tuple[Box, ...] = ()
        self._size = (0, 0)
        self._next = 0
        self._open: Path | None = None
        self._refreshed_s = float("-inf")
        self._begun_reading_s = float("inf")

    @property
    def duration_s(self) -> float:
        """From the first frame to the last that was read."""
        return self._files[-1].stop_s if self._files else 0.0

    def begin_file(self, path: Path) -> None:
        """Take notice of a file that was begun; the one before is complete now."""
        try:
            self.refresh()
        finally:  # whatever was wrong with the last one, this one is followed now
            self.paths.append(path)
            self._open, self._refreshed_s = path, float("-inf")
            self._begun_reading_s = time.monotonic()
            give_back_memory()

    def refresh(self) -> None:
        """Read how far the file that is written has come."""
        if self._open is None or not self._open.is_file():
            return
        self._refreshed_s = time.monotonic()
        try:
            video = open_video(self._open)
        except UnreadableVideoError as error:
            if time.monotonic() - self._begun_reading_s > UNREADABLE_S:
                raise UnreadableVideoError(f"{self._open.name} cannot be read: {error}") from error
            return  # not one whole frame yet
        self._begun_reading_s = float("inf")
        try:
            table, begun = video.table, video.begun
            size = (video.info.width, video.info.height)
        finally:
            video.close()
        self._take_file(self._open, table, begun, size)

    def _take_file(
        self, path: Path, table: FrameTable, begun: datetime | None, size: tuple[int, int]
    ) -> None:
        self.sizes[path] = size
        if self._files and self._files[-1].path == path:
            self._files[-1] = SessionFile(path, table, self._files[-1].offset_s)
            return
        if not self._boxes:
            self._size = size
            self._boxes = tuple(zone.box(*size) for zone in self.zones)
        if size != self._size:
            msg = (
                f"Expected images of {self._size[0]} × {self._size[1]} pixels from {self.name}, as "
                f"at the beginning, found {size[0]} × {size[1]}. Was the camera set anew?"
            )
            raise UnreadableVideoError(msg)
        offset_s = 0.0
        if self._files:
            before = self._files[-1]
            pause = pause_between(self._begun, begun, before.table.duration_s, inf)
            offset_s = before.stop_s + (pause or 0.0)
        self._begun = begun
        self._files.append(SessionFile(path, table, offset_s))

    def examine(self, *, ended: bool = False) -> Iterator[Examined]:
        """Yield what is found in the intervals that can be examined now.

        Parameters
        ----------
        ended
            Whether the recording is complete: then the rest is examined, too.
        """
        # All packets of the file are read for it: not at every tick, as often as it can matter.
        if ended or time.monotonic() - self._refreshed_s >= self.options.interval_s / 4:
            self.refresh()
        waiting = list(self._waiting(ended=ended))
        most = MOST_WAITING
        if not self._surveys:  # those of the first minute wait for the first look
            most = max(most, ceil(FIRST_LOOK_S / self.options.interval_s))
        if len(waiting) > most:
            late = waiting[: len(waiting) - 2]
            self.left_out += len(late)
            self._next = late[-1].number + 1
            waiting = waiting[len(late) :]
        for interval in waiting:
            found = list(self._examine(interval))
            # Before anything is done with it: whatever fails then, it is not examined twice.
            self._next = interval.number + 1
            yield from found
        if ended:
            close_video_of_this_thread()

    def _waiting(self, *, ended: bool) -> Iterator[Interval]:
        if not self._files:
            return
        step, duration_s = self.options.interval_s, self.duration_s
        if self._next == 0 and not ended and duration_s < FIRST_LOOK_S:
            return
        if ended:
            everything = cut_intervals(duration_s, step, self.options.skip_start_s)
            yield from (i for i in everything if i.number >= self._next)
            return
        number = self._next
        while duration_s >= (number + 1.5) * step:
            yield Interval(
                number,
                max(self.options.skip_start_s, number * step),
                (number + 1) * step,
            )
            number += 1

    def _session(self) -> Session:
        return Session(tuple(self._files), *self._size)

    def _examine(self, interval: Interval) -> Iterator[Examined]:
        placed = self._session().place(interval)
        if placed is None:
            return
        place, local = placed
        file = self._files[place]
        survey = self._survey_of(place)
        task = IntervalTask(
            number=0,
            path=file.path,
            table=file.table,
            file=1,
            shift_s=file.offset_s,
            interval=local,
            zones=tuple(range(len(self.zones))),
            boxes=self._boxes,
            codes=tuple(f"{self.name}-{zone.name}".replace("%", "") for zone in self.zones),
            survey=survey,
            detector=self.detector,
            options=self.options.candidates,
            margin=self.options.margin,
            folder=self.folder,
        )
        for zone, entry in extract_interval(task)[1].items():
            yield Examined(interval.number, zone, interval.start_s, interval.stop_s, entry)

    def _survey_of(self, place: int) -> Survey:
        """Return what is known of a file before it is examined, and write it down beside it.

        Of the first file, its beginning is looked at; of every other the file before, which is
        complete. Where that shows nothing of a zone, what was known before stays: an animal that
        left for ten minutes comes back.
        """
        file = self._files[place]
        if file.path in self._surveys:
            return self._surveys[file.path]
        first = not self._surveys
        before = None if first else next(reversed(self._surveys.values()))
        looked_at = file if first or place == 0 else self._files[place - 1]
        whole = Session((SessionFile(looked_at.path, looked_at.table, 0.0),), *self._size)
        stop_s = min(looked_at.table.duration_s, FIRST_LOOK_S if first else float("inf"))
        (found,) = survey_files(
            whole, (0.0, stop_s), self._boxes, self.detector, self.options.candidates, bare=False
        )
        zones = [
            _without_emptiness(now, before.zones[zone] if before else SurveyedZone())
            for zone, now in enumerate(found.zones)
        ]
        survey = Survey(zones, {})
        write_known_look(file.path, [zone.name for zone in self.zones], survey, self.detector)
        self._surveys = {file.path: survey}
        return survey


def _without_emptiness(now: SurveyedZone, before: SurveyedZone) -> SurveyedZone:
    """Return what is known of a zone, from the last time that it showed faces."""
    known = before if now.is_empty or now.sharpness_p75 is None else now
    return SurveyedZone(known.sharpness_p75, known.look, fixtures=known.fixtures)
