"""What raters do: sign in, see one face after the other, answer, take back, pass the course."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from functools import cached_property

from amgs.errors import ConflictError, ImpossibleValueError, UnreadableImageError
from amgs.images.reading import read_content
from amgs.scale import LEVELS
from amgs.scoring.assignment import choose_faces, plan_order
from amgs.scoring.course import (
    REFERENCE_FILE,
    CourseState,
    ReferenceFace,
    judge_course,
    read_reference,
)
from amgs.scoring.labels import NO_FACE
from amgs.store import Answer, CourseAnswer, Presentation, Rater
from amgs.store.base import first_unfinished, next_unfinished, now
from amgs.store.records import WHOLE_IMAGE
from amgs.study.consistency import require_same_scoring
from amgs.study.folder import StudyFolder
from amgs.study.present import faces_to_score
from amgs.study.rater_codes import hash_code, hash_token, make_code, same_code
from amgs.study.rater_names import tidy_name
from amgs.study.scales import shown_units, unit_keys

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

PASSED = "course passed"
"""The kind of event that passing the course is."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A rater who has just come in; ``code`` is shown once, ``token`` is the browser's."""

    rater: Rater
    token: str
    code: str | None


class ScoringRoom:
    """One study's scoring room; used by several threads at once."""

    def __init__(self, study: StudyFolder) -> None:
        self._study = study
        self._store = study.store.scoring
        self._raters = study.store.raters
        self.scale = study.scale
        self._keys = unit_keys(study)
        self._units = shown_units(self._keys)
        # Counting finished places takes longer the more there are; a page asks at every answer.
        self._finished: dict[int, set[int]] = {}
        self._contents: dict[int, str] = {}

    @property
    def _stored(self) -> list[str]:
        """The names under which the store keeps answers to the units of the scale."""
        return list(self._keys.values())

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
    def course_pass(self) -> float:
        """The share of units that must equal the reference to pass the course."""
        return self._study.settings.scoring.course_pass

    # Coming and going

    def sign_in(self, name: str, code: str = "") -> SignedIn:
        """Let a rater in: a new name gets a code; a known name needs its code.

        Raises
        ------
        ImpossibleValueError
            If the name is empty or too long, or the code is not the one of this name.
        """
        plain = tidy_name(name)
        known = self._raters.find(plain)
        if known is None:
            new_code = make_code()
            try:
                rater = self._raters.add(plain, hash_code(new_code))
            except ConflictError:  # the same name at the same moment, in another window
                return self.sign_in(name, code)
            return SignedIn(rater, self._open(rater), new_code)
        if not code or not same_code(code, known.code_hash):
            msg = (
                f"{plain} has scored here before. Enter the code that was shown then; whoever "
                "keeps the study can give you a new one."
            )
            raise ImpossibleValueError(msg)
        return SignedIn(known, self._open(known), None)

    def _open(self, rater: Rater) -> str:
        token = secrets.token_urlsafe(32)
        self._raters.open_session(rater.id, hash_token(token))
        self.plan(rater)
        return token

    def who(self, token: str) -> Rater | None:
        """Return who holds a browser's token."""
        return self._raters.of_session(hash_token(token)) if token else None

    def sign_out(self, token: str) -> None:
        """Forget a browser's token."""
        self._raters.close_session(hash_token(token))

    def new_code(self, name: str) -> str:
        """Give a rater a new code; open windows must sign in again.

        Raises
        ------
        ImpossibleValueError
            If there is no such rater.
        """
        rater = self._raters.find(tidy_name(name))
        if rater is None:
            raise ImpossibleValueError(f"Expected a rater of this study, found {name!r}.")
        code = make_code()
        self._raters.set_code(rater.id, hash_code(code))
        return code

    def plan(self, rater: Rater) -> None:
        """Give a rater an order; faces that came since are mixed into what was not seen yet."""
        settings = self._study.settings.scoring
        require_same_scoring(self._study)
        recordings: dict[str, list[int]] = {}
        for face in faces_to_score(self._study):
            recordings.setdefault(face.recording, []).append(face.id)
        seed = settings.seed
        order = self._store.order(rater.id)
        chosen = choose_faces(recordings, settings.images_per_recording, seed)
        wanted = self._without_scored_before(rater, order, chosen)
        if {p.face_id for p in order} == set(wanted):
            return
        keep = self._keep(rater, order)
        if {p.face_id for p in order[keep:]} == set(wanted) - {p.face_id for p in order[:keep]}:
            return  # what differs was seen before: it is excluded by now, and is not asked again
        # What was shown keeps its place: raters may go back, and repeats refer to first showings.
        seen = {p.face_id for p in order[:keep]}
        rest = [face for face in wanted if face not in seen]
        share = settings.repeat_percent / 100
        repeats = round(len(wanted) * share) - sum(p.repeat for p in order[:keep])
        self._store.plan(rater.id, keep, plan_order(rest, repeats, [seed, rater.id, keep]))

    def _without_scored_before(
        self, rater: Rater, order: list[Presentation], chosen: list[int]
    ) -> list[int]:
        """Leave out faces whose place in the same frame the rater has scored in another image."""
        root = {face.id: face.root for face in self._study.store.faces.all(retired=True)}
        finished = set(self._store.finished(rater.id, self._stored))
        done = {
            root[p.face_id]: p.face_id for p in order if p.position in finished and not p.repeat
        }
        return [face for face in chosen if done.get(root[face], face) == face]

    def _keep(self, rater: Rater, order: list[Presentation]) -> int:
        """Return the place behind what the rater has answered, and the face that is due now.

        A window that is open elsewhere may show a later one; its answers are refused by their mark.
        """
        touched = self._store.last_touched(rater.id)
        first = self._store.progress(rater.id, self._stored)[2]
        return min(len(order), max(-1 if touched is None else touched, first) + 1) if order else 0

    # Scoring

    def at(self, rater: Rater, position: int) -> Presentation | None:
        """Return what stands at a place of the rater's own order."""
        return self._store.presentation(rater.id, position)

    def read_face_bytes(self, shown: Presentation) -> bytes | None:
        """Return the bytes of what is shown; ``None`` if it is not the image taken up."""
        try:
            content = read_content(self._study.folder / shown.image)
        except UnreadableImageError:
            return None
        known = self._contents.get(shown.face_id)
        if known is None:
            faces = self._study.store.faces.all(retired=True)
            self._contents = {face.id: face.content for face in faces}
            known = self._contents[shown.face_id]
        return content if hashlib.sha256(content).hexdigest() == known else None

    def answers(self, shown: Presentation) -> dict[str, Answer]:
        """Return the rater's own answers to what is shown."""
        return {
            unit: replace(answer, unit=unit)
            for key, answer in self._store.answers(shown.id).items()
            if (unit := self._units.get(key, key if key == WHOLE_IMAGE else "")) != ""
        }

    def answer(self, shown: Presentation, unit: str, score: int | None, reason: str = "") -> None:
        """Keep one answer; when this returns, it is on the disk.

        Raises
        ------
        ImpossibleValueError
            If the unit is not of the scale, the score not 0, 1, 2 or ``None``, or the reason not
            one of `REASONS`.
        """
        whole = unit == WHOLE_IMAGE
        if not whole and unit not in self.scale.unit_names:
            raise ImpossibleValueError(f"Expected a unit of the scale, found {unit!r}.")
        if score not in {*LEVELS, None} or (whole and score is not None):
            raise ImpossibleValueError(f"Expected 0, 1, 2 or not scorable, found {score!r}.")
        if (reason not in REASONS) if whole else reason:
            raise ImpossibleValueError(f"Expected one of the reasons listed, found {reason!r}.")
        self._store.save(shown, Answer(self._keys.get(unit, unit), score, reason), now())
        self._count(shown)

    def undo(self, rater: Rater) -> Presentation | None:
        """Take back the rater's last answer; return where it was."""
        shown = self._store.undo(rater.id, now())
        if shown is not None:
            self._count(shown)
        return shown

    def progress(self, rater: Rater) -> tuple[int, int, int]:
        """Return how many images are finished, how many there are, and the next one."""
        finished = set(self._store.finished(rater.id, self._stored))
        self._finished[rater.id] = finished
        total = self._store.places(rater.id)
        return len(finished), total, first_unfinished(finished, total)

    def counts(self, rater: Rater, position: int) -> tuple[int, int, int | None]:
        """Return how many images are finished, of how many, and the next open place after one.

        It is what this program knows: what the same rater does at the same time in another one is
        counted at the next `progress`.
        """
        if rater.id not in self._finished:
            self.progress(rater)
        finished, total = self._finished[rater.id], self._store.places(rater.id)
        return len(finished), total, next_unfinished(finished, total, position)

    def _count(self, shown: Presentation) -> None:
        known = self._finished.get(shown.rater_id)
        if known is None:
            return
        answers = self.answers(shown)
        if WHOLE_IMAGE in answers or set(self.scale.unit_names) <= set(answers):
            known.add(shown.position)
        else:
            known.discard(shown.position)

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
        passed = rater.name in {event["who"] for event in self._study.store.events.all(PASSED)}
        return replace(state, passed=state.passed or passed)

    def may_score(self, rater: Rater) -> bool:
        """Whether a rater has passed the course, or there is none."""
        course = self.course(rater)
        return course is None or course.passed

    def course_face(self, rater: Rater, seen: int) -> ReferenceFace:
        """Return the reference face that comes after so many; in an order of the rater's own."""
        lap, place = divmod(seen, len(self.reference))
        order = plan_order(range(len(self.reference)), 0, [rater.id, lap])
        return self.reference[order[place][0]]

    def answer_course(self, rater: Rater, scores: dict[str, int | None]) -> list[CourseAnswer]:
        """Keep the answers to the present reference face, and return them beside the reference.

        Raises
        ------
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
        self._raters.save_course(rater.id, answers, now())
        after = self.course(rater)
        if after is not None and after.passed and not state.passed:
            self._study.store.events.log(PASSED, rater.name, {"agreement": after.agreement})
        return answers
