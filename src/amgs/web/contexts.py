"""All that a page may know. A scoring page has no field for animal, group, time or file name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorContext:
    """The page that says what went wrong."""

    message: str


@dataclass(frozen=True, slots=True)
class SignInContext:
    """The page where raters sign in: somebody new, or with a code somebody who was here before.

    ``signed_in`` is who scored here last and did not sign out.
    """

    csrf: str
    key_needed: bool
    problem: str = ""
    name: str = ""
    notice: str = ""
    back: bool = False
    signed_in: str = ""


@dataclass(frozen=True, slots=True)
class CodeContext:
    """The page that shows a new rater the code for other machines, until the first answer."""

    rater: str
    code: str


@dataclass(frozen=True, slots=True)
class UnitContext:
    """One action unit as the page explains it."""

    name: str
    label: str
    description: str
    levels: Sequence[str]
    images: bool


@dataclass(frozen=True, slots=True)
class ScoreContext:
    """The page on which faces are scored; also that of the course."""

    csrf: str
    rater: str
    scale: str
    units: Sequence[UnitContext]
    reasons: Sequence[str]
    begin_at: int
    begin_unit: str
    unit_by_unit: bool
    unblinded: bool
    longest_note: int


@dataclass(frozen=True, slots=True)
class NextPlace:
    """Where scoring goes on: a place of the rater's order, and a unit where one is scored alone."""

    position: int
    unit: str


@dataclass(frozen=True, slots=True)
class FaceState:
    """What the page learns of a face: its place in the rater's order, and what the rater said.

    ``face_token`` proves that an answer is for this face: places may be planned anew. It is empty
    when the face cannot be shown: then it cannot be scored. ``next_open`` is the next unfinished
    place, ``None`` when every other one is finished. Where units are scored one by one, ``unit`` is
    the one that is scored, and ``done`` counts its faces.
    """

    position: int
    unit: str
    face_token: str
    total: int
    done: int
    answers: Mapping[str, int | None]
    reason: str | None
    flagged: bool
    note: str
    next_open: NextPlace | None


@dataclass(frozen=True, slots=True)
class PlacesState:
    """Which places of the rater's order were left open, and which have a flag or a note.

    ``left`` is how many places are not finished in all units.
    """

    open: Sequence[int]
    left: int
    remarks: Sequence[Mapping[str, Any]]


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
    last: str
    seconds: str
    flagged: int
    not_scorable: str
    course: str
    may_be_let_in: bool
    with_self: str
    drift: Sequence[float | None]
    trend: str
    same_as: str
    excluded: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    """Agreement in one unit."""

    name: str
    images: int
    alpha: str
    icc: str
    not_scorable: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into the form for unblinding, to be shown again when it was refused."""

    who: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OwnerContext:
    """The owner's page: counts and agreement, never scores of groups."""

    csrf: str
    study: str
    faces: int
    course: bool
    raters: Sequence[RaterRow]
    units: Sequence[UnitRow]
    why_no_icc: str
    measured_at: str
    up_to_date: bool
    unfinished: Sequence[str]
    unblindings: Sequence[Mapping[str, Any]]
    done: int
    total: int
    message: str = ""
    problem: str = ""
    code: str = ""
    code_of: str = ""
    typed: Typed = field(default_factory=Typed)
