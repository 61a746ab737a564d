"""What a store keeps, as plain records."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from amgs.vocabulary import Reading


class StoredDetail(Mapping[str, Any]):
    """Details as the database keeps them, read when somebody asks for one.

    Most who go through the faces of a study ask for none: reading twenty thousand would take them
    half a second and some fifty megabytes.

    Parameters
    ----------
    text
        A JSON object.
    """

    __slots__ = ("_text", "_values")

    def __init__(self, text: str) -> None:
        self._text = text
        self._values: dict[str, Any] | None = None

    def _read(self) -> dict[str, Any]:
        if self._values is None:
            self._values = json.loads(self._text)
        return self._values

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"StoredDetail({self._text})"


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """Where faces were taken from: a zone and a period of a video, or a folder of images.

    Which recording, and so which animal, that is may be corrected; the faces stay what they are.

    Parameters
    ----------
    code
        The neutral name under which its images are filed.
    base
        What is the same for the same video, zone and period, whatever the settings.
    generation
        Of the settings of extraction; from 1.
    recording
        Whose faces they are by ``recordings.csv``, as last applied; empty when no row wants them.
    kept
        Whether it was kept although the settings of extraction are others by now.
    detail
        What extraction said of it: see `amgs.study.sources`.
    """

    code: str
    base: str
    generation: int = 1
    recording: str = ""
    kept: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A face image of the study; ``image`` is its path from the study's folder.

    Parameters
    ----------
    image
        The path of the file, from the study's folder.
    source
        Code of where it was taken from.
    content
        SHA-256 of the file.
    time_s, frame
        ``None`` for single images.
    possible_sleep
        ``yes``, ``no`` or unknown.
    id
        Its key, given by the store.
    recording
        Whose face it is at present, given by the store; empty when it is not counted.
    same_as
        Key of the first face that was taken from the same place of the same frame; its scores
        are also those of this one.
    detail
        Where in the frame it is and how good it is, as the columns of ``faces.csv``.
    """

    image: str
    source: str
    content: str
    time_s: float | None = None
    frame: int | None = None
    possible_sleep: str = ""
    id: int = 0
    recording: str = ""
    same_as: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def root(self) -> int:
        """The key under which scores of the same place of the same frame come together."""
        return self.id if self.same_as is None else self.same_as


def fold_name(name: str) -> str:
    """Return the form in which names of raters are compared: one width, no capital letters."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


@dataclass(frozen=True, slots=True)
class Rater:
    """A person who scores; ``code_hash`` lets them in on another machine.

    ``merged_into`` is the key of the rater who is the same person.
    """

    id: int
    name: str
    code_hash: str
    created: str
    merged_into: int | None = None


@dataclass(frozen=True, slots=True)
class Presentation:
    """A face at one place of a rater's own order; ``repeat`` marks a hidden second showing.

    ``mark`` is random and belongs to this showing alone: the page proves with it which face an
    answer is for, and it says nothing of the face. ``flagged`` (to look again) and ``note`` are
    what the rater set down beside the scores.
    """

    id: int
    rater_id: int
    position: int
    face_id: int
    image: str
    repeat: bool
    mark: str
    flagged: bool = False
    note: str = ""


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
class Activity:
    """What a rater has done: answers in force, when the last one came, seconds of every face."""

    answers: int = 0
    last: str = ""
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class RatingRow:
    """One answer with all that is known of it, for tables.

    ``seconds`` is how long the face was looked at, in all; ``flagged`` and ``note`` are what the
    rater set down beside the scores.
    """

    image: str
    recording: str
    rater: str
    unit: str
    score: int | None
    reason: str
    repeat: bool
    position: int
    answered_at: str
    face_id: int = 0
    seconds: float | None = None
    flagged: bool = False
    note: str = ""


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
