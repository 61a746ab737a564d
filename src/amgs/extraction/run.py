"""One run over videos: opened one after the other, their intervals handed to an executor."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from amgs.errors import UnreadableVideoError, WorkLostError, count_of, list_faults
from amgs.extraction.checks import check_zones
from amgs.extraction.first_look import FirstLook, take_first_look
from amgs.extraction.interval import IntervalTask, extract_interval
from amgs.extraction.journal import JOURNALS, split_earlier_journals
from amgs.extraction.odd import ask_where_it_is, shows_no_face, tell_what_is_odd
from amgs.extraction.opened import (
    ExtractionOptions,
    OpenedVideo,
    open_source,
    soft_faces,
)
from amgs.extraction.preview import write_preview
from amgs.extraction.recordings import VideoToExtract
from amgs.extraction.tables import RecordingRows, describe_outcome
from amgs.faces.base import FaceDetector
from amgs.faces.detectors import describe_detector
from amgs.jobs import ProgressCallback, bounded_map, count_workers, no_progress, open_executor
from amgs.video.header import read_header
from amgs.video.sampling import cut_intervals

NO_FACES = "no_faces"
"""The folder with a frame of every video in which no face was found."""

TOGETHER = 12
"""So many intervals go to another machine at a time: two minutes of video, some seconds of work."""

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())


@dataclass(slots=True)
class ExtractionSummary:
    """What came out: videos, those that could not be used, images, and rows of the tables.

    ``earlier`` lists recordings whose images were made with other options or another detector, and
    were kept as they are.
    """

    videos: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    images: int = 0
    resumed_intervals: int = 0
    earlier: list[str] = field(default_factory=list)
    detector: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run over videos that has come to its end: what came of each, before tables are written."""

    summary: ExtractionSummary
    opened: list[OpenedVideo]
    rows: list[RecordingRows]
    failed: list[tuple[VideoToExtract, str]]


def run_extraction(
    videos: Sequence[VideoToExtract],
    folder: Path,
    options: ExtractionOptions,
    detector: FaceDetector,
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    keep_earlier: bool = False,
    progress: ProgressCallback = no_progress,
) -> FinishedRun:
    """Extract face images and return what the tables say; see `extract_faces`.

    Videos that cannot be used are listed in the summary, also where no other is left.
    """
    options = options.for_detector(detector)
    check_zones(videos)
    split_earlier_journals(folder / JOURNALS)
    extraction = _Extraction(folder, options, detector, keep_earlier=keep_earlier)
    total = sum(_expected_intervals(video, options) for video in videos)
    done = 0
    with open_executor(executor, jobs) as chosen:
        for count in extraction.run(chosen, videos):
            done += count
            progress("detecting faces (intervals)", done, max(total, done))
    if extraction.lost:
        msg = (
            f"Expected every interval to be done by some worker, found {len(extraction.lost)} that "
            f"none could do:\n{list_faults(extraction.lost)}\nAll else is kept; the same command "
            "does the rest, here without --on. A video on which workers end is best left out."
        )
        raise WorkLostError(msg)
    return extraction.finish()


def _look_at(
    options: ExtractionOptions, detector: FaceDetector, numbered: tuple[int, VideoToExtract]
) -> tuple[int, FirstLook | str]:
    number, video = numbered
    return number, take_first_look(video, options.candidates, detector)


class _Extraction:
    """One run: opens videos one after the other and hands their intervals to the executor."""

    def __init__(
        self,
        folder: Path,
        options: ExtractionOptions,
        detector: FaceDetector,
        *,
        keep_earlier: bool,
    ) -> None:
        self.folder = folder
        self.options = options
        self.detector = detector
        self.keep_earlier = keep_earlier
        self.summary = ExtractionSummary(detector=describe_detector(detector))
        self.opened: list[OpenedVideo] = []
        self.failed: list[tuple[VideoToExtract, str]] = []
        self.lost: list[str] = []
        self.pictures: dict[str, str] = {}

    def run(self, executor: Executor, videos: Sequence[VideoToExtract]) -> Iterator[int]:
        """Yield how many intervals were finished or found finished, each time some were."""
        # Tasks are made while results come in, so counts of finished intervals go through here.
        skipped: list[int] = []
        by_number: dict[int, OpenedVideo] = {}
        looks = bounded_map(
            executor,
            partial(_look_at, self.options, self.detector),
            enumerate(videos),
            count_workers(executor),
            lost=lambda item, error: self.lost.append(f"{item[1].name}: {error}"),
        )
        tasks = self._tasks(videos, looks, skipped, by_number)
        done = bounded_map(executor, extract_interval, tasks, together=TOGETHER, lost=self._lose)
        for number, entries in done:
            for zone, entry in entries.items():
                by_number[number].journals[zone].add(entry)
            yield 1 + sum(skipped)
            skipped.clear()
        yield sum(skipped)

    def _lose(self, task: IntervalTask, error: WorkLostError) -> None:
        minutes = (task.interval.start_s + task.shift_s) / 60
        self.lost.append(f"{task.path.name}, minute {minutes:.1f}: {error}")

    def _tasks(
        self,
        videos: Sequence[VideoToExtract],
        looks: Iterable[tuple[int, FirstLook | str]],
        skipped: list[int],
        by_number: dict[int, OpenedVideo],
    ) -> Iterator[IntervalTask]:
        for number, look in looks:
            video = videos[number]
            self.summary.videos += 1
            if isinstance(look, str):
                self.summary.problems.append((video.name, look))
                self.failed.append((video, look))
                continue
            opened = open_source(
                video,
                look,
                self.folder,
                self.options,
                self.detector,
                keep_earlier=self.keep_earlier,
            )
            self.opened.append(opened)
            by_number[number] = opened
            self.summary.warnings += opened.session.warnings
            self.summary.warnings += soft_faces(
                video.recordings, opened.sharpness, self.options.candidates.min_sharpness
            )
            self.summary.resumed_intervals += opened.n_finished
            skipped.append(opened.n_finished)
            self.summary.earlier += [
                recording.name
                for recording, journal in zip(video.recordings, opened.journals, strict=True)
                if journal.is_earlier
            ]
            self._say_early(opened)
            yield from opened.tasks(number, self.detector, self.options, self.folder)

    def _say_early(self, opened: OpenedVideo) -> None:
        """Warn before the long work where the first frames looked at show no face."""
        if opened.n_finished:
            return
        for recording, n_frames in opened.faceless:
            _log.warning(
                "%s: no face in the first %s looked at. %s",
                recording.name,
                count_of(n_frames, "frame"),
                ask_where_it_is(self._picture(opened.source)),
            )

    def _picture(self, video: VideoToExtract) -> str | None:
        """Draw the zones of a video on one of its frames, once; return where."""
        if video.name not in self.pictures:
            try:
                drawn = write_preview(video, self.folder / NO_FACES, self.detector)
            except UnreadableVideoError:
                return None
            self.pictures[video.name] = str(drawn)
        return self.pictures[video.name]

    def finish(self) -> FinishedRun:
        """Return what the tables say."""
        rows = [r for opened in self.opened for r in describe_outcome(opened.outcome())]
        self.summary.recordings = [r.row for r in rows]
        self.summary.images = sum(int(r.row["kept"]) for r in rows)
        least_px = self.options.candidates.min_face_px or 0.0
        pictures = {
            r.recording.name: picture
            for opened in self.opened
            for r in rows
            if r.recording in opened.source.recordings and shows_no_face(r)
            if (picture := self._picture(opened.source))
        }
        self.summary.warnings += tell_what_is_odd(rows, least_px, pictures)
        return FinishedRun(self.summary, self.opened, rows, self.failed)


def _expected_intervals(video: VideoToExtract, options: ExtractionOptions) -> int:
    """Return how many intervals the headers promise; only the progress bar believes it."""
    headers = [read_header(path) for path in video.paths]
    seconds = sum(header.duration_s or 0.0 for header in headers if header is not None)
    seconds = min(seconds, video.period.stop_s) - video.period.start_s
    return len(cut_intervals(max(0.0, seconds), options.interval_s, options.skip_start_s))
