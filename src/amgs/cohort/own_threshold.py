"""From which value on an animal is in pain, by a positive control of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.cohort.design import Cohort
from amgs.errors import DesignError, count_of
from amgs.model.metrics import wilson_interval
from amgs.model.over_units import Interval, interval_over_units

LEAST_ANIMALS = 4

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class OwnThreshold:
    """What separates animals in a known painful state from the same animals without pain.

    Parameters
    ----------
    value
        The column.
    threshold, interval
        From this value on an animal counts as in pain; 95 % by resampling animals (``None`` of
        fewer than eight).
    animals
        How many have both states.
    sensitivity, specificity
        Shares of painful and painless states on the right side, with Wilson's interval: by the
        threshold that was chosen for them, so too good.
    left_out_sensitivity, left_out_specificity
        The same, every animal by the threshold of the others: what to expect of new animals.
    """

    value: str
    threshold: float
    interval: Interval | None
    animals: int
    sensitivity: float
    sensitivity_interval: Interval | None
    specificity: float
    specificity_interval: Interval | None
    left_out_sensitivity: float
    left_out_specificity: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def best_threshold(painless: Floats, painful: Floats) -> float:
    """Return the value that separates two states best: Youden's J, sensitivity + specificity - 1.

    Thresholds lie half-way between neighbouring values; of those that are equally good the middle
    one is taken, of two the lower (Youden 1950).
    """
    values = np.unique(np.concatenate([painless, painful]))
    if len(values) == 1:
        return float(values[0])
    between = (values[1:] + values[:-1]) / 2
    above = np.searchsorted(np.sort(painful), between, side="left")
    below = np.searchsorted(np.sort(painless), between, side="left")
    gained = (len(painful) - above) / len(painful) + below / len(painless)
    best = np.flatnonzero(np.isclose(gained, gained.max()))
    return float(between[best[(len(best) - 1) // 2]])


def find_own_threshold(
    cohort: Cohort, painless: str, painful: str, groups: Sequence[str], seed: int = 0
) -> OwnThreshold:
    """Find the threshold of a positive control: animals filmed without pain and in known pain.

    Parameters
    ----------
    cohort
        From `read_cohort`.
    painless, painful
        Timepoints of the same animals.
    groups
        Which groups were in pain at `painful`.
    seed
        Of the resampling.

    Raises
    ------
    DesignError
        If a name is not there, both timepoints are the same, or fewer than four animals have both
        states.
    """
    _require("timepoint", [painless, painful], cohort.timepoints)
    _require("group", groups, cohort.groups)
    if painless == painful:
        msg = f"Expected two timepoints, without pain and in pain, found {painful} for both."
        raise DesignError(msg)
    known: dict[str, dict[str, float]] = {}
    for cell in cohort.cells:
        if cell.group in groups and cell.value is not None and not cell.excluded_because:
            known.setdefault(cell.animal, {})[cell.timepoint] = cell.value
    pairs = np.array(
        # By name, so that what is drawn does not depend on the order of rows.
        [
            (v[painless], v[painful])
            for _, v in sorted(known.items())
            if {painless, painful} <= set(v)
        ]
    ).reshape(-1, 2)
    n = len(pairs)
    if n < LEAST_ANIMALS:
        msg = (
            f"Expected at least {LEAST_ANIMALS} animals of {_list(groups)} with a value at "
            f"{painless} and at {painful}, found {n}."
        )
        raise DesignError(msg)
    threshold = best_threshold(pairs[:, 0], pairs[:, 1])
    others = [np.delete(pairs, k, axis=0) for k in range(n)]
    left_out = np.array([best_threshold(o[:, 0], o[:, 1]) for o in others])
    right = int((pairs[:, 1] >= threshold).sum())
    quiet = int((pairs[:, 0] < threshold).sum())
    interval = interval_over_units(
        np.arange(n).astype(str), lambda rows: best_threshold(pairs[rows, 0], pairs[rows, 1]), seed
    )
    return OwnThreshold(
        cohort.value,
        threshold,
        interval,
        n,
        right / n,
        wilson_interval(right, n),
        quiet / n,
        wilson_interval(quiet, n),
        float((pairs[:, 1] >= left_out).mean()),
        float((pairs[:, 0] < left_out).mean()),
    )


def count_above(cohort: Cohort, threshold: float) -> list[dict[str, Any]]:
    """Count the animals from a threshold on, by group and timepoint, with Wilson's interval."""
    found: dict[tuple[str, str], list[bool]] = {}
    for cell in cohort.cells:
        if cell.value is not None and not cell.excluded_because:
            found.setdefault((cell.group, cell.timepoint), []).append(cell.value >= threshold)
    return [
        {
            "group": group,
            "timepoint": timepoint,
            "animals": len(above),
            "above": sum(above),
            "interval": wilson_interval(sum(above), len(above)),
        }
        for group in cohort.groups
        for timepoint in cohort.timepoints
        if (above := found.get((group, timepoint), []))
    ]


def _require(what: str, wanted: Sequence[str], known: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in known]
    if missing:
        msg = f"Expected {what}s out of {_list(known)}, found {_list(missing)}."
        raise DesignError(msg)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)


def say_own_threshold(found: OwnThreshold) -> list[str]:
    """Say how far the threshold can be trusted."""
    texts = []
    if found.left_out_sensitivity + found.left_out_specificity <= 1:
        texts.append(
            f"{found.value} does not separate the two states: with each animal left out, no more "
            "of them are on the right side than by chance. Use no threshold."
        )
    if found.interval is None:
        texts.append(
            f"{count_of(found.animals, 'animal')} are too few to say how exact the threshold is: "
            "film at least eight."
        )
    return texts


def as_document(
    found: OwnThreshold, above: Sequence[Mapping[str, Any]], states: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the document of `amgs threshold --json`."""
    return {
        **found.as_dict(),
        **states,
        "above": [dict(row) for row in above],
        "notes": say_own_threshold(found),
    }
