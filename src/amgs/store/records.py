"""What a store keeps, as plain records."""

from __future__ import annotations

from dataclasses import dataclass, field

from amgs.vocabulary import Reading


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A face image of the study; ``image`` is its path from the study's folder.

    ``content`` is the SHA-256 of the file; ``time_s`` and ``frame`` are ``None`` for single
    images.
    """

    image: str
    recording: str
    content: str
    time_s: float | None = None
    frame: int | None = None
    possible_sleep: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Rater:
    """A person who scores; ``code_hash`` lets them in on another machine."""

    id: int
    name: str
    code_hash: str
    created: str


@dataclass(frozen=True, slots=True)
class Presentation:
    """A face at one place of a rater's own order; ``repeat`` marks a hidden second showing."""

    id: int
    rater_id: int
    position: int
    face_id: int
    image: str
    repeat: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rater said of one unit: a score, or ``None`` for "not scorable".

    The unit ``WHOLE_IMAGE`` says that nothing of the image can be scored, and why.
    """

    unit: str
    score: int | None
    reason: str = ""


WHOLE_IMAGE = "image"
"""The unit of an answer that holds for the whole image: not scorable, with a reason."""


@dataclass(frozen=True, slots=True)
class RatingRow:
    """One answer with all that is known of it, for tables."""

    image: str
    recording: str
    rater: str
    unit: str
    score: int | None
    reason: str
    repeat: bool
    position: int
    answered_at: str


@dataclass(frozen=True, slots=True)
class CourseAnswer:
    """One answer in the training course beside the reference; ``None`` is "not scorable"."""

    image: str
    unit: str
    score: int | None
    reference: int | None


@dataclass(frozen=True, slots=True)
class StoredPrediction:
    """What a model said about a face; the reading is empty where there is a problem."""

    image: str
    reading: Reading = field(default_factory=Reading)
    content: str = ""
    part: str = ""
    problem: str = ""
