"""A video about to be extracted: its frames, what a first look showed, what was done before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from amgs.extraction.candidates import CandidateOptions, Survey
from amgs.extraction.first_look import FirstLook
from amgs.extraction.interval import IntervalTask
from amgs.extraction.journal import JOURNALS, Journal
from amgs.extraction.recordings import (
    Recording,
    VideoToExtract,
    recording_code,
)
from amgs.extraction.tables import VideoOutcome
from amgs.faces.base import FaceDetector
from amgs.faces.crop import DEFAULT_MARGIN
from amgs.faces.detections import Box
from amgs.faces.detectors import describe_detector
from amgs.video.sampling import DEFAULT_INTERVAL_S, DEFAULT_SKIP_START_S, Interval, cut_intervals
from amgs.video.session import Session


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
    def faceless(self) -> list[tuple[Recording, int]]:
        """The recordings of which none of so many frames shows a face, where they are enough."""
        if self.n_surveyed < LEAST_TO_SAY:
            return []
        found = []
        for zone, recording in enumerate(self.source.recordings):
            bare = sum(survey.zones[zone].bare_frames for survey in self.surveys)
            if not any(c[zone].face for s in self.surveys for c in s.by_frame.values()):
                found.append((recording, max(bare, self.n_surveyed)))
        return found

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
