"""What raters do: sign in, see one face after the other, answer, take back, pass the course."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from amgs.errors import ConflictError, ImpossibleValueError
from amgs.scale import LEVELS
from amgs.scoring.assignment import plan_order
from amgs.scoring.course import (
    REFERENCE_FILE,
    CourseState,
    ReferenceFace,
    judge_course,
    read_reference,
)
from amgs.scoring.labels import NO_FACE
from amgs.store import Answer, CourseAnswer, Presentation, Rater
from amgs.store.base import now
from amgs.store.records import WHOLE_IMAGE
from amgs.study.entrance import Entrance, SignedIn
from amgs.study.folder import StudyFolder
from amgs.study.orders import OrderPlanner
from amgs.study.passing import PASSED, passed_course
from amgs.study.progress import Progress
from amgs.study.rater_names import tidy_note
from amgs.study.scales import shown_units, unit_keys
from amgs.study.settings import UNIT_BY_UNIT

REASONS = (
    "blurred",
    "too dark or too bright",
    "face turned away",
    "face covered",
    "asleep",
    NO_FACE,
    "other",
)
"""Why an image as a whole is not scorable."""

LONGEST_NOTE = 300
LONGEST_REQUEST = 40

LONGEST_LOOK_S = 24 * 3600.0
LONGEST_COUNTED_S = 120.0
"""A face left on the screen for longer, during a pause, counts as looked at for so long."""


class ScoringRoom:
    """One study's scoring room; used by several threads at once."""

    def __init__(self, study: StudyFolder, order_secret: int | None = None) -> None:
        self._study = study
        self._store = study.store.scoring
        self._raters = study.store.raters
        self.scale = study.scale
        self._keys = unit_keys(study)
        self._units = shown_units(self._keys)
        self.planner = OrderPlanner(study, self._keys.values(), order_secret)
        self.entrance = Entrance(study, self.planner)
        self._progress = Progress(study, self._keys)

    @property
    def unit_by_unit(self) -> bool:
        """Whether one unit is scored over all faces before the next one begins."""
        return self._study.settings.scoring.mode == UNIT_BY_UNIT

    # What the owner sees

    @property
    def raters(self) -> list[Rater]:
        """All raters, in the order in which they came."""
        return self._raters.all()

    @property
    def n_faces(self) -> int:
        """How many faces the study has."""
        return self._study.store.faces.count()

    @property
    def unblinded(self) -> bool:
        """Whether human scores were shown beside groups: answers are not blind any more."""
        return bool(self._study.unblindings)

    @property
    def course_pass(self) -> float:
        """The share of units that must equal the reference to pass the course."""
        return self._study.settings.scoring.course_pass

    # Coming and going

    def sign_in(self, name: str, code: str = "") -> SignedIn:
        """Let a rater in: with a code one who was here before, without one somebody new.

        Raises
        ------
        ImpossibleValueError
            See `Entrance.begin` and `Entrance.go_on`.
        """
        return self.entrance.go_on(name, code) if code else self.entrance.begin(name)

    def plan(self, rater: Rater) -> None:
        """Give a rater an order; faces that came since are mixed into what was not seen yet."""
        self.planner.plan(rater)

    # Scoring

    def at(self, rater: Rater, position: int) -> Presentation | None:
        """Return what stands at a place of the rater's own order."""
        return self._store.presentation(rater.id, position)

    def answers(self, shown: Presentation) -> dict[str, Answer]:
        """Return the rater's own answers to what is shown."""
        return {
            unit: replace(answer, unit=unit)
            for key, answer in self._store.answers(shown.id).items()
            if (unit := self._units.get(key, key if key == WHOLE_IMAGE else "")) != ""
        }

    def answer(
        self,
        shown: Presentation,
        unit: str,
        score: int | None,
        reason: str = "",
        *,
        seconds: float = 0,
        request: str = "",
    ) -> None:
        """Keep one answer; when this returns, it is on the disk.

        Parameters
        ----------
        shown
            What the rater saw.
        unit
            A unit of the scale, or `WHOLE_IMAGE`.
        score
            0, 1, 2, or ``None``: not scorable.
        reason
            For the whole image, why.
        seconds
            How long the face was looked at since the last answer to it.
        request
            What the page calls this answer; sent twice, it is kept once.

        Raises
        ------
        ImpossibleValueError
            If the unit is not of the scale, the score not 0, 1, 2 or ``None``, the reason not one
            of `REASONS`, or the time impossible.
        """
        whole = unit == WHOLE_IMAGE
        if not whole and unit not in self.scale.unit_names:
            raise ImpossibleValueError(f"Expected a unit of the scale, found {unit!r}.")
        if score not in {*LEVELS, None} or (whole and score is not None):
            raise ImpossibleValueError(f"Expected 0, 1, 2 or not scorable, found {score!r}.")
        if (reason not in REASONS) if whole else reason:
            raise ImpossibleValueError(f"Expected one of the reasons listed, found {reason!r}.")
        if not 0 <= seconds < LONGEST_LOOK_S or len(request) > LONGEST_REQUEST:
            raise ImpossibleValueError("The request is not one of this page's.")
        given = Answer(self._keys.get(unit, unit), score, reason)
        self._store.save(shown, given, now(), min(seconds, LONGEST_COUNTED_S), request)
        self._progress.count(shown, self.answers(shown))

    def undo(self, rater: Rater, request: str = "") -> Presentation | None:
        """Take back the rater's last answer; return where it was."""
        shown = self._store.undo(rater.id, now(), request)
        if shown is not None:
            self._progress.count(shown, self.answers(shown))
        return shown

    def undone_unit(self, rater: Rater) -> str:
        """Return the unit whose answer the rater took back last; empty for a whole image."""
        return self._units.get(self._store.undone_unit(rater.id), "")

    def remark(
        self, shown: Presentation, *, flagged: bool | None = None, note: str | None = None
    ) -> None:
        """Keep a flag to look again, a note, or both, beside the scores of a face.

        Raises
        ------
        ImpossibleValueError
            If the note is longer than `LONGEST_NOTE` characters.
        """
        plain = None if note is None else tidy_note(note)
        if plain is not None and len(plain) > LONGEST_NOTE:
            msg = f"Expected a note of at most {LONGEST_NOTE} characters, found {len(plain)}."
            raise ImpossibleValueError(msg)
        self._store.remark(shown, flagged=flagged, note=plain)

    def remarked(self, rater: Rater) -> list[Presentation]:
        """Return the places of a rater's order with a flag or a note."""
        return self._store.remarked(rater.id)

    def progress(self, rater: Rater) -> tuple[int, int, int]:
        """Return how many images are finished, how many there are, and the next one."""
        return self._progress.read(rater)

    def next_open(self, rater: Rater, position: int, unit: str = "") -> tuple[int, str] | None:
        """Return the next open place after one, and its unit where units are scored one by one."""
        return self._progress.next_open(rater, position, unit)

    def cannot_show(self, shown: Presentation) -> None:
        """Pass over a place whose image is missing, until the program is started again."""
        self._progress.cannot_show(shown)

    def counts(self, rater: Rater, unit: str = "") -> tuple[int, int]:
        """Return how many places are finished, of how many; for one unit, or for all.

        It is what this program knows: what the same rater does at the same time in another one is
        counted at the next `progress`.
        """
        return self._progress.counts(rater, unit)

    def open_places(self, rater: Rater, unit: str = "") -> list[int]:
        """Return the places before the furthest finished one that were left open."""
        return self._progress.left_open(rater, unit)

    # The training course

    @cached_property
    def reference(self) -> list[ReferenceFace]:
        """The faces of the course; empty when there is none."""
        return read_reference(self._study.folder / REFERENCE_FILE, self.scale)

    def course(self, rater: Rater) -> CourseState | None:
        """Return how far a rater is in the course; ``None`` when there is no course."""
        if not self.reference:
            return None
        equal = [a.score == a.reference for a in self._raters.course(rater.id)]
        state = judge_course(equal, len(self.reference), len(self.scale.units), self.course_pass)
        # Passed is for good, also when the reference or the mark is changed later.
        event = passed_course(self._study).get(rater.id)
        let_in = not state.passed and event is not None and bool(event.get("let_in_by"))
        return replace(state, passed=state.passed or event is not None, let_in=let_in)

    def may_score(self, rater: Rater) -> bool:
        """Whether a rater has passed the course, or there is none."""
        course = self.course(rater)
        return course is None or course.passed

    def let_in(self, name: str, who: str) -> None:
        """Let a rater score who has not passed the course; it is written down who said so.

        Raises
        ------
        ImpossibleValueError
            If there is no such rater.
        """
        rater = self.entrance.require(name)
        course = self.course(rater)
        if course is not None and not course.passed:
            detail = {"rater_id": rater.id, "agreement": course.agreement, "let_in_by": who}
            self._study.store.events.log(PASSED, rater.name, detail)

    def course_face(self, rater: Rater, seen: int) -> ReferenceFace:
        """Return the reference face that comes after so many; in an order of the rater's own."""
        lap, place = divmod(seen, len(self.reference))
        order = plan_order(range(len(self.reference)), 0, [rater.id, lap])
        return self.reference[order[place][0]]

    def last_course_answers(self, rater: Rater) -> dict[str, CourseAnswer]:
        """Return the answers to the last reference face, by unit, beside the reference."""
        return {a.unit: a for a in self._raters.course(rater.id)[-len(self.scale.units) :]}

    def answer_course(
        self, rater: Rater, seen: int, scores: dict[str, int | None]
    ) -> list[CourseAnswer]:
        """Keep the answers to the present reference face, and return them beside the reference.

        Parameters
        ----------
        rater
            Who.
        seen
            How many faces had been scored before this one.
        scores
            What was said of every unit.

        Raises
        ------
        ConflictError
            If another window has answered to this face in the meantime.
        ImpossibleValueError
            If a unit is missing or unknown, or a score is impossible.
        """
        state = self.course(rater)
        if state is None:
            raise ImpossibleValueError("There is no training course in this study.")
        if set(scores) != set(self.scale.unit_names) or any(
            score not in {*LEVELS, None} for score in scores.values()
        ):
            raise ImpossibleValueError("Expected 0, 1, 2 or not scorable for every unit.")
        face = self.course_face(rater, state.seen)
        answers = [
            CourseAnswer(face.name, unit, scores[unit], face.scores[unit])
            for unit in self.scale.unit_names
        ]
        if state.seen != seen:
            raise ConflictError("This face of the course has been scored already.")
        self._raters.save_course(rater.id, answers, now(), seen * len(self.scale.units))
        after = self.course(rater)
        if after is not None and after.passed and not state.passed:
            detail = {"rater_id": rater.id, "agreement": after.agreement}
            self._study.store.events.log(PASSED, rater.name, detail)
        return answers
