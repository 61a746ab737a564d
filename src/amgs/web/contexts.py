"""All that a page may know. A scoring page has no field for animal, group, time or file name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SignInContext:
    """The page where raters sign in."""

    csrf: str
    key_needed: bool
    problem: str = ""
    name: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class CodeContext:
    """The page that shows a new rater the code for other machines, once."""

    rater: str
    code: str
    next: str


@dataclass(frozen=True, slots=True)
class UnitContext:
    """One action unit as the page explains it."""

    name: str
    label: str
    description: str
    levels: Sequence[str]


@dataclass(frozen=True, slots=True)
class ScoreContext:
    """The page on which faces are scored; also that of the course."""

    csrf: str
    rater: str
    scale: str
    units: Sequence[UnitContext]
    reasons: Sequence[str]
    begin_at: int


@dataclass(frozen=True, slots=True)
class FaceState:
    """What the page learns of a face: its place in the rater's order, and the rater's answers.

    ``face_token`` proves that an answer is for this face: places may be planned anew. ``next_open``
    is the next unfinished place, ``None`` when every other one is finished.
    """

    position: int
    face_token: str
    total: int
    done: int
    answers: Mapping[str, int | None]
    reason: str | None
    next_open: int | None


@dataclass(frozen=True, slots=True)
class CourseFeedback:
    """A unit of a reference face: what the rater said, and the reference."""

    unit: str
    score: int | None
    reference: int | None


@dataclass(frozen=True, slots=True)
class CoursePageState:
    """How far a rater is in the course."""

    seen: int
    needed: int
    pass_mark: float
    agreement: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class OwnerSignInContext:
    """The page where the owner's key is asked for."""

    csrf: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RaterRow:
    """One rater as the owner sees them; nothing of it tells a group."""

    name: str
    done: int
    total: int
    not_scorable: str
    course: str
    with_self: str
    drift: Sequence[str]
    trend: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    """Agreement in one unit."""

    name: str
    images: int
    alpha: str
    icc: str
    not_scorable: str


@dataclass(frozen=True, slots=True)
class OwnerContext:
    """The owner's page: counts and agreement, never scores of groups."""

    csrf: str
    study: str
    faces: int
    raters: Sequence[RaterRow]
    units: Sequence[UnitRow]
    unblindings: Sequence[Mapping[str, Any]]
    message: str = ""
