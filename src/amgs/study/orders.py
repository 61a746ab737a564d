"""Which faces a rater sees, and in which order: their own, and not to be computed from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from amgs.scoring.assignment import choose_faces, mix_in, plan_order
from amgs.store import Presentation, Rater
from amgs.study.actions import who_acts
from amgs.study.consistency import require_same_scoring
from amgs.study.folder import StudyFolder
from amgs.study.present import faces_to_score

ASKED = "faces-asked-for"
"""The kind of event that keeps which faces somebody wants scored before all others."""

AGAIN = "faces-shown-again"
"""The kind of event that keeps which faces their raters are to see once more (`second_look`)."""

ORDER_SECRET = "order"  # noqa: S105 - its name
"""The study's secret from which, besides its seed, all orders follow."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The faces that are scored, by key, and which faces share their scores: by key their root.

    ``first`` are those that were asked for, and come before the others; ``again`` those that
    whoever has scored them sees once more.
    """

    faces: tuple[int, ...]
    root: Mapping[int, int]
    first: frozenset[int] = frozenset()
    again: frozenset[int] = frozenset()


def ask_for_faces(study: StudyFolder, faces: Iterable[int], why: Mapping[str, str]) -> None:
    """Have faces scored before all others, by whoever scores next; an earlier wish is replaced.

    Parameters
    ----------
    study
        The study.
    faces
        Their keys.
    why
        For whom, for the record.
    """
    study.store.events.log(ASKED, who_acts(), {**why, "faces": sorted(faces)})


def asked_faces(study: StudyFolder, **why: str) -> set[int]:
    """Return the keys of the faces that were last asked for; with `why`, for that reason."""
    wishes = [e for e in study.store.events.all(ASKED) if why.items() <= e.items()]
    return set(wishes[-1]["faces"]) if wishes else set()


class OrderPlanner:
    """Plans the orders of a study's raters.

    Parameters
    ----------
    study
        The study.
    units
        Names under which the store keeps answers to the units of the scale.
    secret
        Makes the orders known beforehand: for drawn mice, whose study is to come out the same
        every time. By default the study's own secret, which nobody knows.
    """

    def __init__(self, study: StudyFolder, units: Iterable[str], secret: int | None = None) -> None:
        self._study = study
        self._store = study.store.scoring
        self._units = list(units)
        self._secret = secret

    def choose(self) -> Chosen:
        """Return the faces that are scored; the same for all raters."""
        settings = self._study.settings.scoring
        require_same_scoring(self._study)
        recordings: dict[str, list[int]] = {}
        for face in faces_to_score(self._study):
            recordings.setdefault(face.recording, []).append(face.id)
        faces = choose_faces(recordings, settings.images_per_recording, settings.seed)
        everything = self._study.store.faces.all(retired=True)
        # Faces that were asked for are scored also where the sample of a recording lacks them.
        asked = asked_faces(self._study) & {k for keys in recordings.values() for k in keys}
        return Chosen(
            tuple(sorted({*faces, *asked})),
            {face.id: face.root for face in everything},
            frozenset(asked),
            frozenset(self._asked_again()),
        )

    def _asked_again(self) -> set[int]:
        events = self._study.store.events.all(AGAIN)
        return {*events[-1]["doubtful"], *events[-1]["others"]} if events else set()

    def plan(self, rater: Rater, chosen: Chosen | None = None) -> None:
        """Give a rater an order; faces that came since are mixed into what was not seen yet."""
        settings = self._study.settings.scoring
        order = self._store.order(rater.id)
        chosen = self.choose() if chosen is None else chosen
        wanted = self._without_scored_before(rater, order, chosen) if order else chosen.faces
        keep = self._keep(rater, order)
        again = self._scored_once(rater, order[:keep], chosen.again)
        in_order = _asked_come_first(order[keep:], chosen.first)
        in_order = in_order and again <= {p.face_id for p in order[keep:] if p.repeat}
        if order and {p.face_id for p in order} == set(wanted) and in_order:
            return
        rest_there = {p.face_id for p in order[keep:]} - again
        if order and in_order and rest_there == set(wanted) - {p.face_id for p in order[:keep]}:
            return  # what differs was seen before: it is excluded by now, and is not asked again
        # What was shown keeps its place: raters may go back, and repeats refer to first showings.
        seen = {p.face_id for p in order[:keep]}
        rest = [face for face in wanted if face not in seen]
        share = settings.repeat_percent / 100
        usual = sum(p.repeat and p.face_id not in chosen.again for p in order[:keep])
        repeats = round(len(wanted) * share) - usual
        seed = [settings.seed, rater.id, keep, self._order_secret()]
        turn = _plan_in_turn(rest, chosen.first, repeats, seed)
        self._store.plan(rater.id, keep, mix_in(turn, sorted(again), seed))

    def _order_secret(self) -> int:
        # The seed of a study is one of a million at most, and its raters are counted from 1: from
        # these alone an order could be found by trying.
        if self._secret is None:
            self._secret = int(self._study.store.events.secret(ORDER_SECRET), 16)
        return self._secret

    def _without_scored_before(
        self, rater: Rater, order: list[Presentation], chosen: Chosen
    ) -> Sequence[int]:
        """Leave out faces whose place in the same frame the rater has scored in another image."""
        root = chosen.root
        finished = set(self._store.finished(rater.id, self._units))
        done = {
            root[p.face_id]: p.face_id for p in order if p.position in finished and not p.repeat
        }
        return [face for face in chosen.faces if done.get(root[face], face) == face]

    def _scored_once(
        self, rater: Rater, kept: list[Presentation], again: frozenset[int]
    ) -> frozenset[int]:
        """Return which faces of a second look the rater has scored, and not seen a second time."""
        if not again or not kept:
            return frozenset()
        finished = set(self._store.finished(rater.id, self._units))
        scored = {p.face_id for p in kept if p.position in finished and not p.repeat}
        return (again & scored) - {p.face_id for p in kept if p.repeat}

    def _keep(self, rater: Rater, order: list[Presentation]) -> int:
        """Return the place behind what the rater has answered, and the face that is due now.

        A window that is open elsewhere may show a later one; its answers are refused by their mark.
        """
        touched = self._store.last_touched(rater.id)
        first = self._store.progress(rater.id, self._units)[2]
        return min(len(order), max(-1 if touched is None else touched, first) + 1) if order else 0


def _asked_come_first(order: Sequence[Presentation], first: frozenset[int]) -> bool:
    """Tell whether no face that was asked for stands behind one that was not."""
    others = False
    for shown in order:
        if shown.face_id in first and not shown.repeat and others:
            return False
        others = others or shown.face_id not in first
    return True


def _plan_in_turn(
    faces: Sequence[int], first: frozenset[int], n_repeats: int, seed: Sequence[int]
) -> list[tuple[int, bool]]:
    """Plan the faces that were asked for, then the others; repeats are spread over both."""
    asked = [face for face in faces if face in first]
    if not asked:
        return plan_order(faces, n_repeats, seed)
    others = [face for face in faces if face not in first]
    early = round(max(0, n_repeats) * len(asked) / len(faces))
    return plan_order(asked, early, seed) + plan_order(others, n_repeats - early, seed)
