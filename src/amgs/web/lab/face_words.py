"""What the pages of the faces show.

Contexts have numbers for recordings while the study is blinded, and no field for animal, group,
timepoint or what a model says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from amgs.study import Study
from amgs.study.curation import CuratedFace, CuratedRecording, FaceNames
from amgs.web.lab.plots import Point, clock, time_line


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A recording in the list: its neutral name, counts, and what was not kept."""

    code: str
    name: str
    where: str
    faces: int
    set_aside: int
    intervals: int
    minutes: str
    rejections: str
    sleep: str
    problem: str


@dataclass(frozen=True, slots=True)
class FacesContext:
    """All recordings, and the work of extraction."""

    recordings: Sequence[RecordingRow]
    planned: int
    faces: int
    blinded: bool
    last: dict[str, Any] | None
    told: Sequence[str]
    problem: str
    begun: bool


@dataclass(frozen=True, slots=True)
class FaceTile:
    """A face in the gallery."""

    id: str
    time: str
    reason: str
    sleep: bool


@dataclass(frozen=True, slots=True)
class RecordingContext:
    """The faces of one recording."""

    row: RecordingRow
    blinded: bool
    line: Markup
    faces: Sequence[FaceTile]
    page: int
    pages: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FaceContext:
    """One face: what was measured of it, why it was set aside, and its neighbours."""

    id: str
    code: str
    name: str
    where: str
    time: str
    facts: Sequence[tuple[str, str]]
    reason: str
    reasons: Sequence[str]
    candidates: Sequence[tuple[str, str, bool]]
    moments: Sequence[tuple[str, float, bool]]
    before: str | None
    after: str | None


def describe_recording(recording: CuratedRecording, *, blinded: bool) -> RecordingRow:
    """Return a recording as pages show it; by its number alone to whoever must not know more."""
    minutes = recording.duration_s
    asleep = sum(stop - start for start, stop in recording.sleep)
    return RecordingRow(
        recording.code,
        f"Recording {recording.number}" if blinded else recording.recording,
        "" if blinded else recording.place,
        recording.faces,
        recording.set_aside,
        recording.intervals,
        "" if minutes is None else f"{minutes / 60:.1f}",
        ", ".join(f"{n} {reason}" for reason, n in recording.rejections.items()),
        f"{asleep / 60:.1f} min" if asleep else "",
        "see the design" if blinded and recording.problem else recording.problem,
    )


def describe_tile(one: CuratedFace, names: FaceNames) -> FaceTile:
    """Return a face as the gallery shows it."""
    face = one.face
    return FaceTile(
        names.of(face),
        "" if face.time_s is None else clock(face.time_s),
        one.reason,
        face.possible_sleep == "yes",
    )


def draw_line(
    mark: str,
    recording: CuratedRecording,
    faces: Sequence[CuratedFace],
    study: Study,
    names: FaceNames,
) -> Markup:
    """Draw the images of a recording over its time; nothing for folders of images."""
    if recording.duration_s is None or not faces:
        return Markup("")
    points = [
        Point(
            0.5,
            f"image at {clock(one.face.time_s)}"
            + (f", set aside: {one.reason}" if one.reason else ""),
            f"/study/{mark}/faces/face/{names.of(one.face)}",
            "out" if one.reason else "",
            one.face.time_s,
        )
        for one in faces
        if one.face.time_s is not None
    ]
    step = study.settings.extract.interval_s
    gaps = _gaps([p.time for p in points], recording.duration_s, step)
    return time_line(
        recording.duration_s, points, "Images over the recording", sleep=recording.sleep, gaps=gaps
    )


def _gaps(times: Sequence[float], duration_s: float, step: float) -> list[tuple[float, float]]:
    """Return stretches of more than two intervals in which no image was kept."""
    edges = [0.0, *times, duration_s]
    return [(a, b) for a, b in pairwise(edges) if b - a > 2 * step]


def list_facts(one: CuratedFace) -> list[tuple[str, str]]:
    """Return what was measured of a face, in words."""
    detail = one.face.detail
    names = (
        ("view", "view"),
        ("eyes", "eyes seen"),
        ("ears", "ears seen"),
        ("sharpness", "sharpness (0–1)"),
        ("motion", "motion"),
        ("quality", "quality (0–1)"),
        ("score", "detector's score"),
    )
    found = [(says, f"{detail[key]}") for key, says in names if detail.get(key) not in {None, ""}]
    if one.face.possible_sleep:
        found.append(("possible sleep", one.face.possible_sleep))
    return found
