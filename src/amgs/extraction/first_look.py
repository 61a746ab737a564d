"""What is read off a video before the work begins: its frames, and what some of them show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from amgs.errors import ImpossibleValueError, UnreadableVideoError
from amgs.extraction.bare import count_bare_frames
from amgs.extraction.candidates import CandidateOptions, FrameCandidate, Survey, SurveyedZone
from amgs.extraction.examine import sharpness_p75
from amgs.extraction.known_look import read_known_look
from amgs.extraction.recordings import VideoToExtract, fingerprint_session, fingerprint_video
from amgs.extraction.survey import Seen, shows_other_animal, survey_video
from amgs.faces.base import FaceDetector
from amgs.faces.detections import Box
from amgs.video import Video, open_video
from amgs.video.session import Session, open_session


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What is read off a video before the work begins: its frames, and what some of them show."""

    fingerprint: str
    session: Session
    period_s: tuple[float, float]
    boxes: tuple[Box, ...]
    surveys: tuple[Survey, ...]


def take_first_look(
    source: VideoToExtract, options: CandidateOptions, detector: FaceDetector
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
            session, period_s, boxes, detector, options
        )
    except UnreadableVideoError as error:
        return str(error)
    return FirstLook(fingerprint, session, period_s, tuple(boxes), tuple(surveys))


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
    *,
    bare: bool = True,
) -> list[Survey]:
    """Look at some frames of every file; how sharp faces are is said of all files together.

    With `bare`, zones in which no file shows a face are looked at in more frames.
    """
    nothing = Seen({}, ["ordinary"] * len(boxes), [[] for _ in boxes])
    seen = [nothing for _ in session.files]
    for number, video, part in _open_parts(session, period_s):
        seen[number] = survey_video(video, boxes, detector, options, part)
    frames = [found for s in seen for found in s.by_frame.values()]
    zones = [_surveyed(seen, frames, zone) for zone in range(len(boxes))]
    surveys = [Survey([zone[file] for zone in zones], s.by_frame) for file, s in enumerate(seen)]
    without = [zone for zone in range(len(boxes)) if not any(s.faces[zone] for s in seen)]
    if not bare or not without:
        return surveys
    for number, video, part in _open_parts(session, period_s):
        counts = count_bare_frames(video, boxes, seen[number], without, detector, options, part)
        known = surveys[number]
        surveys[number] = replace(
            known,
            zones=[
                replace(of_zone, bare_frames=counts.get(zone, 0))
                for zone, of_zone in enumerate(known.zones)
            ],
        )
    return surveys


def _open_parts(
    session: Session, period_s: tuple[float, float]
) -> Iterator[tuple[int, Video, tuple[float, float]]]:
    """Yield the files of a session of which a part lies in a period, open, with that part.

    By their numbers in the session; the part in times of the file. Each is closed before the next.
    """
    for number, file in enumerate(session.files):
        start_s = max(0.0, period_s[0] - file.offset_s)
        stop_s = min(file.table.duration_s, period_s[1] - file.offset_s)
        if stop_s > start_s:
            with closing(open_video(file.path, file.table)) as video:
                yield number, video, (start_s, stop_s)


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
