"""From videos to face images: one per interval and animal, the best that was seen, none twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from amgs.errors import ImpossibleValueError, UnreadableVideoError
from amgs.extraction.candidates import CandidateOptions, Survey
from amgs.extraction.checks import MARKER, check_zones, require_all_earlier_recordings
from amgs.extraction.examine import survey_video
from amgs.extraction.interval import IntervalTask, extract_interval
from amgs.extraction.journal import JOURNALS, Journal
from amgs.extraction.recordings import (
    VideoToExtract,
    fingerprint_video,
    recording_code,
    refuse_copies,
)
from amgs.extraction.tables import VideoOutcome, write_tables
from amgs.faces.base import FaceDetector
from amgs.faces.crop import DEFAULT_MARGIN
from amgs.faces.detections import Box
from amgs.faces.detectors import describe_detector, open_detector
from amgs.files import write_json
from amgs.jobs import ProgressCallback, bounded_map, no_progress, open_executor
from amgs.provenance import record_provenance
from amgs.video import Video, open_video
from amgs.video.frame_table import FrameTable
from amgs.video.reader import read_header
from amgs.video.sampling import DEFAULT_INTERVAL_S, DEFAULT_SKIP_START_S, Interval, cut_intervals

_HEADER_MAY_LIE_BY_S = 2.0


@dataclass(frozen=True, slots=True)
class ExtractionOptions:
    """How faces are taken from videos; the same for every recording."""

    interval_s: float = DEFAULT_INTERVAL_S
    skip_start_s: float = DEFAULT_SKIP_START_S
    margin: float = DEFAULT_MARGIN
    candidates: CandidateOptions = field(default_factory=CandidateOptions)

    def __post_init__(self) -> None:
        """Refuse an interval that is over before it begins."""
        cut_intervals(self.interval_s, self.interval_s, self.skip_start_s)


@dataclass(slots=True)
class ExtractionSummary:
    """What came out: videos, those that could not be used, images, and tables written.

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


@dataclass(slots=True)
class _OpenedVideo:
    """A video whose frames are known, and what has been written down of it."""

    source: VideoToExtract
    fingerprint: str
    table: FrameTable
    boxes: list[Box]
    codes: list[str]
    survey: Survey
    intervals: list[Interval]
    journal: Journal


def extract_faces(
    videos: Sequence[VideoToExtract],
    folder: Path,
    options: ExtractionOptions | None = None,
    *,
    detector: FaceDetector | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
    archived: Sequence[str] = (),
    keep_earlier: bool = False,
    progress: ProgressCallback = no_progress,
) -> ExtractionSummary:
    """Extract face images from videos into a folder; goes on where an earlier run stopped.

    Parameters
    ----------
    videos
        From `list_videos`.
    folder
        Gets ``faces.csv``, ``extraction.csv``, ``possible_sleep.csv``, ``extraction.json`` and the
        images under ``faces/``, named by a neutral code and their time.
    options
        How often, and from when on a face is good enough.
    detector
        The face detector; the default of amgs if not given.
    executor
        Works on several intervals at a time; threads of this process if not given.
    jobs
        How many threads, where no executor is given; one per core if not given.
    archived
        Recordings of an earlier run whose videos are elsewhere now: their rows are kept.
    keep_earlier
        Keep what an earlier run made with other options or another detector as it is, rather than
        stopping; it is listed in the summary.
    progress
        Told how many intervals are done.

    Raises
    ------
    UnreadableVideoError
        If there is one video and it cannot be used; of several videos such are listed instead.
    TableError
        If two videos are copies of each other: one animal would count as two.
    ImpossibleValueError
        If zones reach beyond the frame; all of them are told before the first frame is examined.
    OutputExistsError
        If the folder holds recordings that are not among the videos, or a changed ``faces.csv``.
    ResumeError
        If the folder holds results made with other options and `keep_earlier` is false.
    """
    options = options or ExtractionOptions()
    detector = detector or open_detector()
    refuse_copies(videos)
    named = [r.name for video in videos for r in video.recordings]
    require_all_earlier_recordings(folder, [*named, *archived])
    check_zones(videos)
    extraction = _Extraction(
        folder, options, detector, single=len(videos) == 1, keep_earlier=keep_earlier
    )
    total = sum(_expected_intervals(video.path, options) for video in videos)
    done = 0
    with open_executor(executor, jobs) as chosen:
        for count in extraction.run(chosen, videos):
            done += count
            progress("detecting faces", done, max(total, done))
    return extraction.finish(videos, archived)


class _Extraction:
    """One run: opens videos one after the other and hands their intervals to the executor."""

    def __init__(
        self,
        folder: Path,
        options: ExtractionOptions,
        detector: FaceDetector,
        *,
        single: bool,
        keep_earlier: bool,
    ) -> None:
        if options.candidates.min_score is None:
            candidates = replace(options.candidates, min_score=detector.min_score)
            options = replace(options, candidates=candidates)
        self.folder = folder
        self.options = options
        self.detector = detector
        self.single = single
        self.keep_earlier = keep_earlier
        self.identity = describe_detector(detector)
        self.summary = ExtractionSummary(detector=self.identity)
        self.opened: list[_OpenedVideo] = []

    def run(self, executor: Executor, videos: Sequence[VideoToExtract]) -> Iterator[int]:
        """Yield how many intervals were finished or found finished, each time some were."""
        # Tasks are made while results come in, so counts of finished intervals go through here.
        skipped: list[int] = []
        by_number: dict[int, _OpenedVideo] = {}
        tasks = self._tasks(videos, skipped, by_number)
        for number, entry in bounded_map(executor, extract_interval, tasks):
            by_number[number].journal.add(entry)
            yield 1 + sum(skipped)
            skipped.clear()
        yield sum(skipped)

    def _tasks(
        self,
        videos: Sequence[VideoToExtract],
        skipped: list[int],
        by_number: dict[int, _OpenedVideo],
    ) -> Iterator[IntervalTask]:
        for number, video in enumerate(videos):
            self.summary.videos += 1
            try:
                opened = self._open(video)
            except UnreadableVideoError as error:
                if self.single:
                    raise
                self.summary.problems.append((video.name, str(error)))
                continue
            self.opened.append(opened)
            by_number[number] = opened
            finished = len(opened.journal.entries)
            self.summary.resumed_intervals += finished
            skipped.append(finished)
            if opened.journal.is_earlier:
                self.summary.earlier += [r.name for r in video.recordings]
                continue  # half of a video with other options would be neither one nor the other
            for interval in opened.intervals:
                if interval.number not in opened.journal.entries:
                    yield self._task(number, opened, interval)

    def _task(self, number: int, opened: _OpenedVideo, interval: Interval) -> IntervalTask:
        times = opened.table.times_s
        inside = (
            index
            for index in opened.survey.by_frame
            if interval.start_s <= times[index] < interval.stop_s
        )
        return IntervalTask(
            number=number,
            path=opened.source.path,
            table=opened.table,
            interval=interval,
            boxes=tuple(opened.boxes),
            codes=tuple(opened.codes),
            survey=opened.survey.within(inside),
            detector=self.detector,
            options=self.options.candidates,
            margin=self.options.margin,
            folder=self.folder,
        )

    def _open(self, source: VideoToExtract) -> _OpenedVideo:
        video = open_video(source.path)
        try:
            info = video.info
            boxes = _boxes(source, info.width, info.height)
            survey = survey_video(video, boxes, self.detector, self.options.candidates)
            self._compare_with_header(source, video)
        finally:
            video.close()
        self._warn_of_soft_faces(source, survey.sharpness_p75)
        fingerprint = fingerprint_video(source.path)
        identity = {
            "video": fingerprint,
            "zones": [r.zone.name for r in source.recordings],
            "options": asdict(self.options),
            "detector": self.identity,
        }
        name = recording_code(fingerprint, source.recordings[0].zone)
        path = self.folder / JOURNALS / f"{name}.jsonl"
        return _OpenedVideo(
            source,
            fingerprint,
            video.table,
            boxes,
            [recording_code(fingerprint, r.zone) for r in source.recordings],
            survey,
            cut_intervals(info.duration_s, self.options.interval_s, self.options.skip_start_s),
            Journal(path, identity, keep_earlier=self.keep_earlier),
        )

    def _compare_with_header(self, source: VideoToExtract, video: Video) -> None:
        """Say so when the header promises more than the video shows."""
        promised = video.promised_duration_s
        found = video.info.duration_s
        if promised is not None and promised - found > _HEADER_MAY_LIE_BY_S:
            self.summary.warnings.append(
                f"{source.name}: the header gives a length of {promised:.1f} s, but the frames end "
                f"after {found:.1f} s. The file may be cut off; only the part present is used."
            )

    def _warn_of_soft_faces(self, source: VideoToExtract, p75: Sequence[float | None]) -> None:
        """Say so when even the sharper faces of a recording are soft."""
        for recording, sharpness in zip(source.recordings, p75, strict=True):
            if sharpness is not None and sharpness < self.options.candidates.min_sharpness:
                self.summary.warnings.append(
                    f"{recording.name}: even its sharper faces are soft (sharpness "
                    f"{sharpness:.2f}): soft fur, or a video out of focus. Look at the images."
                )

    def finish(
        self, videos: Sequence[VideoToExtract], archived: Sequence[str]
    ) -> ExtractionSummary:
        """Write the tables."""
        if not self.opened:
            details = "; ".join(problem for _, problem in self.summary.problems)
            msg = f"Not one of {len(videos)} videos could be used: {details}"
            raise UnreadableVideoError(msg)
        outcomes = [
            VideoOutcome(o.source, o.table.duration_s, o.survey.sharpness_p75, o.journal.entries)
            for o in self.opened
        ]
        self.summary.recordings = write_tables(self.folder, outcomes, archived)
        self.summary.images = sum(int(row["kept"]) for row in self.summary.recordings)
        made_earlier = {
            r.name: o.journal.identity
            for o in self.opened
            if o.journal.is_earlier
            for r in o.source.recordings
        }
        options = {**asdict(self.options), "detector": self.identity}
        if made_earlier:
            options["made_earlier"] = made_earlier
        inputs = {r.name: o.fingerprint for o in self.opened for r in o.source.recordings}
        provenance = record_provenance(
            options, {"face_detector": self.identity["sha256"], **inputs}
        )
        write_json(self.folder / MARKER, provenance.as_dict())
        return self.summary


def _boxes(source: VideoToExtract, width: int, height: int) -> list[Box]:
    try:
        return [r.zone.box(width, height) for r in source.recordings]
    except ImpossibleValueError as error:
        raise ImpossibleValueError(f"{source.name}: {error}") from error


def _expected_intervals(path: Path, options: ExtractionOptions) -> int:
    """Return how many intervals the header promises; only the progress bar believes it."""
    header = read_header(path)
    seconds = None if header is None else header.duration_s
    return len(cut_intervals(seconds or 0.0, options.interval_s, options.skip_start_s))
