"""Change from baseline: one number per animal, and why an animal has none."""

from __future__ import annotations

from dataclasses import dataclass

from amgs.cohort.design import Cohort
from amgs.errors import DesignError
from amgs.vocabulary import BASELINE


@dataclass(frozen=True, slots=True)
class Change:
    """An animal's value after minus its value at baseline."""

    animal: str
    group: str
    baseline: float | None
    after: float
    difference: float


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An animal that is left out, and why."""

    animal: str
    group: str
    reason: str


def choose_baseline(cohort: Cohort, baseline: str | None) -> str | None:
    """Return the baseline: the one named, else the timepoint called `baseline`, else none.

    An empty name says that there is none, however many timepoints there are.

    Raises
    ------
    DesignError
        If the one named is not there, or there are several timepoints and none is the baseline.
    """
    there = cohort.timepoints
    if baseline == "":
        return None
    if baseline is not None:
        if baseline not in there:
            msg = f"Expected the baseline to be one of {', '.join(there)}, found {baseline!r}."
            raise DesignError(msg)
        return baseline
    if len(there) == 1:
        return None
    named = [name for name in there if name.lower() == BASELINE]
    if named:
        return named[0]
    msg = (
        f"Expected a timepoint called {BASELINE!r}, found {', '.join(there)}. Say which is the "
        "baseline with --baseline NAME."
    )
    raise DesignError(msg)


def choose_after(cohort: Cohort, baseline: str | None, after: str | None) -> str:
    """Return the timepoint compared with the baseline.

    Raises
    ------
    DesignError
        If the one named is not there, or several are and none was named.
    """
    there = [name for name in cohort.timepoints if name != baseline]
    if after is not None:
        if after not in there:
            msg = f"Expected --timepoint to be one of {', '.join(there)}, found {after!r}."
            raise DesignError(msg)
        return after
    if len(there) == 1:
        return there[0]
    found = ", ".join(there) or "none besides the baseline"
    msg = f"Expected one timepoint to compare, found {found}. Name one with --timepoint."
    raise DesignError(msg)


def changes_from_baseline(
    cohort: Cohort, baseline: str | None, after: str
) -> tuple[list[Change], list[Exclusion]]:
    """Subtract every animal's baseline; without a baseline, take the values as they are.

    An animal without a baseline, without the later value, or with either excluded is left out with
    the reason; nothing is filled in.
    """
    by_animal: dict[str, dict[str, tuple[float | None, str]]] = {}
    groups: dict[str, str] = {}
    for cell in cohort.cells:
        by_animal.setdefault(cell.animal, {})[cell.timepoint] = (cell.value, cell.excluded_because)
        groups[cell.animal] = cell.group
    changes, excluded = [], []
    for animal, known in by_animal.items():
        asked = ([] if baseline is None else [baseline]) + [after]
        reason = "; ".join(filter(None, (_why_missing(known, t) for t in asked)))
        becauses = {known[t][1] for t in asked if t in known}
        if len(asked) > 1 and len(becauses) == 1 and all(becauses) and asked[0] in known:
            reason = becauses.pop()  # the whole animal: it need not be said of every timepoint
        if reason:
            excluded.append(Exclusion(animal, groups[animal], reason))
            continue
        later = known[after][0]
        before = None if baseline is None else known[baseline][0]
        assert later is not None  # noqa: S101 - else there were a reason
        changes.append(Change(animal, groups[animal], before, later, later - (before or 0.0)))
    return changes, excluded


def _why_missing(known: dict[str, tuple[float | None, str]], timepoint: str) -> str:
    if timepoint not in known:
        return f"no row at {timepoint}"
    value, because = known[timepoint]
    if because:
        return f"{timepoint}: {because}"
    return f"no value at {timepoint}" if value is None else ""
