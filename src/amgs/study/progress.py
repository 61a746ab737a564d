"""How far raters are, counted once and kept up to date: a page asks at every answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from amgs.store import Answer, Presentation, Rater
from amgs.store.places import first_unfinished, next_unfinished
from amgs.store.records import WHOLE_IMAGE
from amgs.study.folder import StudyFolder
from amgs.study.settings import UNIT_BY_UNIT

ALL_UNITS = ""
"""Stands for all units of the scale."""

PASSED_OVER_S = 60.0
"""So long a face whose image is missing is passed over."""


class Progress:
    """Finished places of every rater, of the whole scale and of single units.

    Parameters
    ----------
    study
        The study.
    keys
        By unit of the scale the name under which the store keeps its answers.
    """

    def __init__(self, study: StudyFolder, keys: Mapping[str, str]) -> None:
        self._store = study.store.scoring
        self._keys = keys
        self._one_by_one = study.settings.scoring.mode == UNIT_BY_UNIT
        self._finished: dict[tuple[int, str], set[int]] = {}
        self._not_shown: dict[int, dict[int, float]] = {}
        self._lock = threading.Lock()

    def read(self, rater: Rater) -> tuple[int, int, int]:
        """Return how many places are finished, how many there are, and the first unfinished one."""
        with self._lock:
            for unit in (ALL_UNITS, *self._keys):
                self._finished.pop((rater.id, unit), None)
        finished, total = self._of(rater.id, ALL_UNITS), self._store.places(rater.id)
        return len(finished), total, first_unfinished(finished, total)

    def counts(self, rater: Rater, unit: str) -> tuple[int, int]:
        """Return how many places are finished, of how many."""
        return len(self._of(rater.id, unit)), self._store.places(rater.id)

    def next_open(self, rater: Rater, position: int, unit: str) -> tuple[int, str] | None:
        """Return the next open place after one, and its unit where units are scored one by one.

        After the last face of a unit comes the first face of the next unit; ``None`` when all is
        finished but the place itself.
        """
        total, not_shown = self._store.places(rater.id), self._passed_over(rater.id)
        if not self._one_by_one:
            closed = self._of(rater.id, ALL_UNITS) | not_shown
            place = next_unfinished(closed, total, position)
            return None if place is None else (place, ALL_UNITS)
        names = list(self._keys)
        at = names.index(unit) if unit in names else 0
        for name in (*names[at:], *names[:at]):
            finished = self._of(rater.id, name) | not_shown
            if name == unit:
                place = next_unfinished(finished, total, position)
            else:
                first = first_unfinished(finished, total)
                place = first if first not in finished and first < total else None
            if place is not None:
                return place, name
        return None

    def cannot_show(self, shown: Presentation) -> None:
        """Pass over a place whose image is missing for a minute, not to lead to it for ever."""
        self._not_shown.setdefault(shown.rater_id, {})[shown.position] = time.monotonic()

    def _passed_over(self, rater_id: int) -> set[int]:
        # A network drive comes back: a face is looked for again before all is said to be done.
        since = time.monotonic() - PASSED_OVER_S
        return {place for place, at in self._not_shown.get(rater_id, {}).items() if at > since}

    def left_open(self, rater: Rater, unit: str) -> list[int]:
        """Return the places before the furthest finished one that are not finished."""
        finished = self._of(rater.id, unit if unit in self._keys else ALL_UNITS)
        return [place for place in range(max(finished, default=0)) if place not in finished]

    def count(self, shown: Presentation, answers: Mapping[str, Answer]) -> None:
        """Take up what stands at a place by now."""
        with self._lock:
            for (rater, unit), finished in self._finished.items():
                if rater == shown.rater_id:
                    wanted = set(self._keys) if unit == ALL_UNITS else {unit}
                    if WHOLE_IMAGE in answers or wanted <= set(answers):
                        finished.add(shown.position)
                    else:
                        finished.discard(shown.position)

    def _of(self, rater_id: int, unit: str) -> set[int]:
        # Read and kept under the lock: an answer that is saved meanwhile is counted afterwards.
        with self._lock:
            known = self._finished.get((rater_id, unit))
            if known is None:
                keys = list(self._keys.values()) if unit == ALL_UNITS else [self._keys[unit]]
                known = self._finished[rater_id, unit] = set(self._store.finished(rater_id, keys))
            return set(known)
