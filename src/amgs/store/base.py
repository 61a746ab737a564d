"""The contract of a store: what it keeps, what it promises, which errors it raises.

Every method is one transaction: when it returns, what was written is on the disk, and when the
process dies in it, nothing was written. Methods may be called from several threads, and from
several processes at once. What a method raises besides the errors named is `StoreError`.

A new kind of store subclasses these contracts and passes ``tests/contracts/test_store.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from amgs.store.places import first_unfinished
from amgs.store.records import (
    Activity,
    Answer,
    CourseAnswer,
    FaceRecord,
    Presentation,
    Rater,
    RatingRow,
    SourceRecord,
    StoredPrediction,
)


def now() -> str:
    """Return the present time, UTC, in milliseconds, as text that sorts."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class SourceStore(ABC):
    """Where the faces of a study come from, and whose they are."""

    @abstractmethod
    def put(self, sources: Sequence[SourceRecord]) -> None:
        """Register sources; of those that are there (by their code) everything is replaced."""

    @abstractmethod
    def assign(self, recordings: Mapping[str, tuple[str, bool]]) -> None:
        """Say by code whose sources are (recording, kept); those not named belong to nobody."""

    @abstractmethod
    def all(self) -> list[SourceRecord]:
        """Return all sources, in the order in which they came."""


class FaceStore(ABC):
    """The face images of a study."""

    @abstractmethod
    def add(self, faces: Sequence[FaceRecord], provenance: Mapping[str, Any]) -> int:
        """Register faces that are not there yet; return how many were new.

        Raises
        ------
        StoreError
            If an image is there with another content or from another source, or its source is not
            known: nothing is added.
        """

    @abstractmethod
    def all(self, *, retired: bool = False) -> list[FaceRecord]:
        """Return the faces that belong to a recording, in the order in which they came.

        With `retired`, also those that no row of the table wants any more.
        """

    @abstractmethod
    def find(self, face_id: int) -> FaceRecord | None:
        """Return the face of a key, if it belongs to a recording."""

    @abstractmethod
    def count(self) -> int:
        """Return how many faces belong to a recording."""

    @abstractmethod
    def move(self, sources: Mapping[int, str]) -> None:
        """Say by their keys from which source (by its code) faces are."""

    @abstractmethod
    def describe(self, details: Mapping[int, Mapping[str, Any]]) -> None:
        """Say by their keys what is known of faces besides; what was said before is replaced."""

    @abstractmethod
    def clear(self) -> None:
        """Forget all faces and sources, and the raters' orders, if nothing was said of any face.

        Raises
        ------
        StoreError
            If a face was scored or classified: nothing changes.
        """


class RaterStore(ABC):
    """Raters, who of them is signed in, and how far they are in the training course."""

    @abstractmethod
    def add(self, name: str, code_hash: str) -> Rater:
        """Register a rater.

        Raises
        ------
        ConflictError
            If there is one of that name, in whatever case.
        """

    @abstractmethod
    def find(self, name: str) -> Rater | None:
        """Return the rater of that name, in whatever case; ``None`` if there is none."""

    @abstractmethod
    def all(self) -> list[Rater]:
        """Return all raters, in the order in which they came."""

    @abstractmethod
    def rename(self, rater_id: int, name: str) -> None:
        """Give a rater another name.

        Raises
        ------
        ConflictError
            If there is one of that name, in whatever case.
        """

    @abstractmethod
    def merge(self, rater_id: int, into: int | None) -> None:
        """Say that two raters are one person; ``None`` takes it back."""

    @abstractmethod
    def set_code(self, rater_id: int, code_hash: str) -> None:
        """Give a rater another code; sessions that are open end."""

    @abstractmethod
    def open_session(self, rater_id: int, token_hash: str) -> None:
        """Remember that a rater is signed in."""

    @abstractmethod
    def of_session(self, token_hash: str, since: str = "") -> Rater | None:
        """Return who signed in with a token, at `since` or later; ``None`` if nobody did."""

    @abstractmethod
    def close_session(self, token_hash: str) -> None:
        """Sign out; nothing happens where nobody is signed in."""

    @abstractmethod
    def save_course(
        self, rater_id: int, answers: Sequence[CourseAnswer], time: str, known: int | None = None
    ) -> None:
        """Keep a rater's answers to one image of the training course.

        Raises
        ------
        ConflictError
            If the rater has not given `known` answers before: another window was quicker.
        """

    @abstractmethod
    def course(self, rater_id: int) -> list[CourseAnswer]:
        """Return all answers of a rater in the training course, oldest first."""


class ScoringStore(ABC):
    """The raters' orders of faces, and what they answered."""

    @abstractmethod
    def plan(self, rater_id: int, keep: int, order: Sequence[tuple[int, bool]]) -> None:
        """Replace a rater's order behind place `keep` by faces and whether each is a repeat.

        Raises
        ------
        StoreError
            If a place behind `keep` has answers already: nothing changes.
        """

    @abstractmethod
    def order(self, rater_id: int) -> list[Presentation]:
        """Return a rater's own order, first to last."""

    @abstractmethod
    def presentation(self, rater_id: int, position: int) -> Presentation | None:
        """Return what stands at one place of a rater's order, from 0."""

    @abstractmethod
    def answers(self, presentation_id: int) -> dict[str, Answer]:
        """Return the answers given so far, by unit."""

    @abstractmethod
    def save(
        self,
        presentation: Presentation,
        answer: Answer,
        time: str,
        seconds: float = 0,
        request: str = "",
    ) -> None:
        """Keep an answer; a later one for the same unit takes its place, the log keeps both.

        An answer for the whole image takes away those for units, and the other way round. An answer
        that changes nothing is not written down again.

        Parameters
        ----------
        presentation
            What was shown.
        answer
            What was said.
        time
            When.
        seconds
            How long the face was looked at since the last answer to it.
        request
            What a page calls this answer: sent again after a break of the line, it is kept once.

        Raises
        ------
        ConflictError
            If this place of the rater's order shows another face by now: nothing is kept.
        """

    @abstractmethod
    def undo(self, rater_id: int, time: str, request: str = "") -> Presentation | None:
        """Take back the rater's last answer that was not taken back; return where it was.

        The same `request` sent twice takes back one answer.
        """

    @abstractmethod
    def remark(
        self, presentation: Presentation, *, flagged: bool | None = None, note: str | None = None
    ) -> None:
        """Keep a flag, a note, or both beside the scores of what was shown.

        Raises
        ------
        ConflictError
            If this place of the rater's order shows another face by now: nothing is kept.
        """

    @abstractmethod
    def remarked(self, rater_id: int) -> list[Presentation]:
        """Return the places of a rater's order with a flag or a note, first to last."""

    @abstractmethod
    def activity(self) -> dict[int, Activity]:
        """Return what every rater has done, by key."""

    @abstractmethod
    def finished(self, rater_id: int, units: Sequence[str]) -> list[int]:
        """Return the finished places: every unit has an answer, or the whole image has."""

    @abstractmethod
    def places(self, rater_id: int) -> int:
        """Return how many places a rater's order has."""

    def progress(self, rater_id: int, units: Sequence[str]) -> tuple[int, int, int]:
        """Return how many places are finished, how many there are, and the first unfinished one."""
        finished, total = set(self.finished(rater_id, units)), self.places(rater_id)
        return len(finished), total, first_unfinished(finished, total)

    @abstractmethod
    def last_touched(self, rater_id: int) -> int | None:
        """Return the furthest place that ever had an answer, also one taken back, or a remark."""

    @abstractmethod
    def undone_unit(self, rater_id: int) -> str:
        """Return the unit whose answer the rater took back last; empty if there is none."""

    @abstractmethod
    def all(self) -> list[RatingRow]:
        """Return every answer in force, by rater and place, also to faces that do not count."""

    @abstractmethod
    def count_log(self) -> int:
        """Return how many answers and undos were ever written down."""


class PredictionStore(ABC):
    """What models said about faces."""

    @abstractmethod
    def add_model(self, name: str, folder: str, sha256: str, provenance: Mapping[str, Any]) -> None:
        """Register a model; one that is there is left, but gets its folder if it had none."""

    @abstractmethod
    def models(self) -> list[tuple[str, str, str]]:
        """Return name, folder and SHA-256 of every model, oldest first."""

    @abstractmethod
    def add(
        self, model: str, rows: Iterable[StoredPrediction], provenance: Mapping[str, Any]
    ) -> int:
        """Keep predictions of the model with that SHA-256; return how many were new.

        What had only a problem before is replaced; a prediction never is.

        Raises
        ------
        StoreError
            If the model or an image is not known.
        """

    @abstractmethod
    def all(self, model: str) -> list[StoredPrediction]:
        """Return all predictions of a model, in the order of the faces."""

    @abstractmethod
    def count(self, model: str) -> int:
        """Return how many predictions of a model there are."""


class EventStore(ABC):
    """What people did that must be found again, such as unblinding; and secrets of the study."""

    @abstractmethod
    def log(self, kind: str, who: str, detail: Mapping[str, Any]) -> None:
        """Write down an event with the present time."""

    @abstractmethod
    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a kind: ``who``, ``at`` and the details, oldest first."""

    @abstractmethod
    def secret(self, name: str) -> str:
        """Return a random text that stays the same; it is made when first asked for."""
