"""A video about to be extracted: its frames, what a first look showed, what was done before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from amgs.errors import ImpossibleValueError, UnreadableVideoError
from amgs.extraction.candidates import CandidateOptions, FrameCandidate, Survey, SurveyedZone
from amgs.extraction.examine import sharpness_p75
from amgs.extraction.interval import IntervalTask
from amgs.extraction.journal import JOURNALS, Journal
from amgs.extraction.known_look import read_known_look
from amgs.extraction.recordings import (
    Recording,
    VideoToExtract,
    fingerprint_session,
    fingerprint_video,
    recording_code,
)
from amgs.extraction.survey import Seen, shows_other_animal, survey_video
from amgs.extraction.tables import VideoOutcome
from amgs.faces.base import FaceDetector
from amgs.faces.crop import DEFAULT_MARGIN
from amgs.faces.detections import Box
from amgs.faces.detectors import describe_detector
from amgs.video import open_video
from amgs.video.sampling import DEFAULT_INTERVAL_S, DEFAULT_SKIP_START_S, Interval, cut_intervals
from amgs.video.session import Session, open_session


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

    def for_detector(self, detector: FaceDetector) -> ExtractionOptions:
        """Return the options with the detector's own limit where none is given."""
        known = self.candidates
        candidates = replace(
            known,
            min_score=detector.min_score if known.min_score is None else known.min_score,
            min_face_px=detector.min_face_px if known.min_face_px is None else known.min_face_px,
        )
        return replace(self, candidates=candidates)


LEAST_TO_SAY = 8
"""With fewer frames looked at, nothing is said before the work begins."""


def describe_settings(options: ExtractionOptions, detector: FaceDetector) -> dict[str, Any]:
    """Return all that decides which images come out of a video, as plain values."""
    return {
        "options": asdict(options.for_detector(detector)),
        "detector": describe_detector(detector),
    }


@dataclass(frozen=True, slots=True)
class OpenedVideo:
    """A video whose frames are known, and what has been written down of its recordings.

    ``boxes``, ``codes``, ``journals`` and the entries of ``sharpness`` are in the order of its
    recordings; ``surveys`` in that of its files.
    """

    source: VideoToExtract
    fingerprint: str
    session: Session
    period_s: tuple[float, float]
    boxes: tuple[Box, ...]
    codes: tuple[str, ...]
    surveys: tuple[Survey, ...]
    intervals: tuple[Interval, ...]
    journals: tuple[Journal, ...]

    @property
    def sharpness(self) -> Sequence[float | None]:
        """The 75th percentile of sharpness of every recording."""
        return [zone.sharpness_p75 for zone in self.surveys[0].zones]

    @property
    def n_surveyed(self) -> int:
        """How many frames were looked at before the work began."""
        return sum(len(survey.by_frame) for survey in self.surveys)

    @property
    def faceless(self) -> list[Recording]:
        """The recordings of which none of these frames shows a face, where they are enough."""
        if self.n_surveyed < LEAST_TO_SAY:
            return []
        return [
            recording
            for zone, recording in enumerate(self.source.recordings)
            if not any(sum(1 for c in s.by_frame.values() if c[zone].face) for s in self.surveys)
        ]

    @property
    def n_finished(self) -> int:
        """How many intervals were done by an earlier run, in all its recordings."""
        return min(len(journal.entries) for journal in self.journals)

    def outcome(self) -> VideoOutcome:
        """Return what came of it."""
        start_s, stop_s = self.period_s
        pauses = [
            (max(a, start_s) - start_s, min(b, stop_s) - start_s)
            for a, b in self.session.pauses
            if a < stop_s and b > start_s
        ]
        results = [journal.results() for journal in self.journals]
        looks = [
            ", ".join(dict.fromkeys(survey.zones[zone].look for survey in self.surveys))
            for zone in range(len(self.boxes))
        ]
        return VideoOutcome(self.source, self.period_s, pauses, self.sharpness, looks, results)

    def tasks(
        self, number: int, detector: FaceDetector, options: ExtractionOptions, folder: Path
    ) -> Iterator[IntervalTask]:
        """Yield what is still to be done: of every interval the recordings that lack it."""
        start_s = self.period_s[0]
        for interval in self.intervals:
            # What was made with other options stays whole; half of it would be neither.
            pending = tuple(
                zone
                for zone, journal in enumerate(self.journals)
                if not journal.is_earlier and interval.number not in journal.entries
            )
            in_session = Interval(
                interval.number, interval.start_s + start_s, interval.stop_s + start_s
            )
            placed = self.session.place(in_session)
            if not pending or placed is None:
                continue
            place, local = placed
            file, survey = self.session.files[place], self.surveys[place]
            times = file.table.times_s
            inside = [i for i in survey.by_frame if local.start_s <= times[i] < local.stop_s]
            yield IntervalTask(
                number=number,
                path=file.path,
                table=file.table,
                file=place + 1,
                shift_s=file.offset_s - start_s,
                interval=local,
                zones=pending,
                boxes=tuple(self.boxes[zone] for zone in pending),
                codes=tuple(self.codes[zone] for zone in pending),
                survey=survey.within(inside, pending),
                detector=detector,
                options=options.candidates,
                margin=options.margin,
                folder=folder,
            )


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What is read off a video before the work begins: its frames, and what some of them show."""

    fingerprint: str
    session: Session
    period_s: tuple[float, float]
    boxes: tuple[Box, ...]
    surveys: tuple[Survey, ...]


def take_first_look(
    source: VideoToExtract, options: ExtractionOptions, detector: FaceDetector
) -> FirstLook | str:
    """Read the frames of a video and look at some; return the reason where it cannot be used.

    A unit of work like the intervals: on a cluster it is done where they are.

    Raises
    ------
    ImpossibleValueError
        If a zone reaches beyond the frame.
    """
    try:
        session = open_session(source.paths)
        period_s = session.clip(source.period)
        boxes = _boxes(source, session)
        fingerprint = fingerprint_session([fingerprint_video(path) for path in source.paths])
        surveys = _known_surveys(source, session, detector) or survey_files(
            session, period_s, boxes, detector, options.candidates
        )
    except UnreadableVideoError as error:
        return str(error)
    return FirstLook(fingerprint, session, period_s, tuple(boxes), tuple(surveys))


def open_source(
    source: VideoToExtract,
    look: FirstLook,
    folder: Path,
    options: ExtractionOptions,
    detector: FaceDetector,
    *,
    keep_earlier: bool,
) -> OpenedVideo:
    """Open what was done before of a video that was looked at.

    Raises
    ------
    ResumeError
        If it was begun with other options and `keep_earlier` is false.
    """
    session, period_s, fingerprint = look.session, look.period_s, look.fingerprint
    codes = [
        r.code or recording_code(fingerprint, r.zone, source.period) for r in source.recordings
    ]
    settings = describe_settings(options, detector)
    known = detector.known_of(source.paths)
    journals = [
        Journal(
            folder / JOURNALS / f"{code}.jsonl",
            {
                "video": fingerprint,
                "zone": r.zone.name,
                **_period(source),
                **_known(known),
                **settings,
            },
            keep_earlier=keep_earlier,
        )
        for code, r in zip(codes, source.recordings, strict=True)
    ]
    duration_s = period_s[1] - period_s[0]
    intervals = cut_intervals(
        duration_s,
        options.interval_s,
        # The camera is touched at the start of a video, not where a period begins.
        0.0 if period_s[0] else options.skip_start_s,
        ends_there=period_s[1] >= session.duration_s,
    )
    return OpenedVideo(
        source,
        fingerprint,
        session,
        period_s,
        look.boxes,
        tuple(codes),
        look.surveys,
        tuple(intervals),
        tuple(journals),
    )


def _known(sha256: str) -> dict[str, str]:
    # Journals of detectors that know nothing beforehand stay what they were.
    return {"key_points": sha256} if sha256 else {}


def _period(source: VideoToExtract) -> dict[str, str]:
    # Journals of whole videos stay what they were before there were periods.
    return {} if source.period.is_whole else {"period": source.period.name}


def _boxes(source: VideoToExtract, session: Session) -> list[Box]:
    try:
        return [r.zone.box(session.width, session.height) for r in source.recordings]
    except ImpossibleValueError as error:
        raise ImpossibleValueError(f"{source.name}: {error}") from error


def _known_surveys(
    source: VideoToExtract, session: Session, detector: FaceDetector
) -> list[Survey] | None:
    """Return what a live recording knew of every file, where it wrote that down of all."""
    zones = [r.zone.name for r in source.recordings]
    surveys: list[Survey] = []
    for file in session.files:
        known = read_known_look(file.path, zones, detector)
        if known is None:
            # Files in which nothing was left to examine have none; the last that has one counts.
            if not surveys:
                return None
            known = list(surveys[-1].zones)
        surveys.append(Survey(known, {}))
    return surveys


def survey_files(
    session: Session,
    period_s: tuple[float, float],
    boxes: Sequence[Box],
    detector: FaceDetector,
    options: CandidateOptions,
) -> list[Survey]:
    """Look at some frames of every file; how sharp faces are is said of all files together."""
    seen: list[Seen] = []
    for file in session.files:
        start_s = max(0.0, period_s[0] - file.offset_s)
        stop_s = min(file.table.duration_s, period_s[1] - file.offset_s)
        if stop_s <= start_s:
            seen.append(Seen({}, ["ordinary"] * len(boxes), [[] for _ in boxes]))
            continue
        video = open_video(file.path, file.table)
        try:
            seen.append(survey_video(video, boxes, detector, options, (start_s, stop_s)))
        finally:
            video.close()
    frames = [found for s in seen for found in s.by_frame.values()]
    zones = [_surveyed(seen, frames, zone) for zone in range(len(boxes))]
    return [Survey([zone[file] for zone in zones], s.by_frame) for file, s in enumerate(seen)]


def _surveyed(
    seen: Sequence[Seen], frames: Sequence[list[FrameCandidate]], zone: int
) -> list[SurveyedZone]:
    """Return what is known of a zone, for every file of the session."""
    is_other = shows_other_animal(frames, zone)
    if is_other:
        for candidate in (found[zone] for found in frames):
            if candidate.face is not None:
                candidate.rejected = "other animal"
    p75 = sharpness_p75(found[zone] for found in frames)
    is_empty = all(s.is_empty(zone) for s in seen)
    return [
        SurveyedZone(p75, s.looks[zone], is_empty, tuple(s.fixtures[zone]), is_other) for s in seen
    ]


def soft_faces(
    recordings: Sequence[Recording], p75: Sequence[float | None], limit: float
) -> Iterator[str]:
    """Say so when even the sharper faces of a recording are soft."""
    for recording, sharpness in zip(recordings, p75, strict=True):
        if sharpness is not None and sharpness < limit:
            yield (
                f"{recording.name}: even its sharper faces are soft (sharpness {sharpness:.2f}): "
                "soft fur, or a video out of focus. Look at the images."
            )
