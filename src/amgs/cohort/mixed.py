"""A linear mixed model over all timepoints: animal (and cage) as random effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from amgs.cohort.clusters import share_cages
from amgs.cohort.design import Cell, Cohort
from amgs.cohort.oneway import Floats, NotComputed, Result, pairs
from amgs.cohort.robust import holm
from amgs.cohort.variance import VarianceFit, fit_variances

MOST_CELLS = 4000
"""Larger cohorts are not modelled: memory grows with the square of animals × timepoints."""


def mixed_model(cohort: Cohort, baseline: str | None) -> Result:
    """Return the model of all cells, and the groups' changes from baseline against each other.

    Fixed effects are the means of every group at every timepoint. ``interaction`` is the test of
    group × time: whether the groups' courses differ at all. A contrast is the difference of two
    groups' changes from baseline, p adjusted by Holm's method over all contrasts and timepoints.
    Animals that lack a timepoint count with what they have. Where the cage of every animal is known
    and cages hold several animals, the cage and the cage at each timepoint are further random
    effects. ``singular`` says that a variance is estimated as zero.
    """
    cells = [c for c in cohort.cells if c.value is not None and not c.excluded_because]
    reason = _why_not(cells, cohort, baseline)
    if reason:
        return NotComputed(reason).as_dict()
    keys = list(dict.fromkeys((c.group, c.timepoint) for c in cells))
    column = {key: number for number, key in enumerate(keys)}
    x = np.zeros((len(cells), len(keys)))
    # One column per group and timepoint, so every fixed effect is a mean that can be read off.
    x[np.arange(len(cells)), [column[c.group, c.timepoint] for c in cells]] = 1.0
    y = np.array([c.value for c in cells], float)
    effects = {"animal": _numbered([c.animal for c in cells])}
    cages = cohort.clusters
    caged = share_cages((c.animal for c in cells), cages)
    if caged:
        # What a cage shares at one timepoint, such as treated water, is in every change from
        # baseline; what it shares at all of them is in none.
        effects["cage"] = _numbered([cages[c.animal] for c in cells])
        effects["cage_at_timepoint"] = _numbered(
            [f"{cages[c.animal]}\0{c.timepoint}" for c in cells]
        )
    try:
        fit = fit_variances(y, x, effects)
        rows = _contrasts(fit, cohort, baseline, column)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        return NotComputed(str(error) or "the variances cannot be told apart").as_dict()
    adjusted = holm([row["p"] for row in rows])
    return {
        "n_animals": len(set(effects["animal"].tolist())),
        "n_cells": len(cells),
        **({"n_cages": len(set(effects["cage"].tolist()))} if caged else {}),
        **{f"var_{name}": value for name, value in fit.variances.items()},
        "singular": fit.singular,
        "interaction": _interaction(fit, cohort, column),
        "contrasts": [{**row, "p_holm": p} for row, p in zip(rows, adjusted, strict=True)],
    }


def _numbered(names: Sequence[str]) -> npt.NDArray[np.intp]:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.intp)


def _contrasts(
    fit: VarianceFit, cohort: Cohort, baseline: str | None, column: dict[tuple[str, str], int]
) -> list[Result]:
    rows: list[Result] = []
    # A group that nobody saw at the baseline has no change from it.
    groups = [g for g in cohort.groups if (g, baseline) in column]
    for timepoint in (t for t in cohort.timepoints if t != baseline):
        for a, b in pairs([g for g in groups if (g, timepoint) in column]):
            weights = np.zeros(len(column))
            for group, sign in ((a, 1.0), (b, -1.0)):
                weights[column[group, timepoint]] += sign
                weights[column[group, str(baseline)]] -= sign
            rows.append({"timepoint": timepoint, "a": a, "b": b} | fit.contrast(weights))
    return rows


def _interaction(fit: VarianceFit, cohort: Cohort, column: dict[tuple[str, str], int]) -> Result:
    """Test group × time: every group's change from the first timepoint against the first group's.

    With all cells filled this is the type III test, whichever group and timepoint come first.
    """
    groups, times = cohort.groups, cohort.timepoints
    if len(column) < len(groups) * len(times):
        return NotComputed("a group has no animal at one of the timepoints").as_dict()
    rows: list[Floats] = []
    for group in groups[1:]:
        for timepoint in times[1:]:
            row = np.zeros(len(column))
            row[column[group, timepoint]] += 1
            row[column[group, times[0]]] -= 1
            row[column[groups[0], timepoint]] -= 1
            row[column[groups[0], times[0]]] += 1
            rows.append(row)
    try:
        return fit.joint_test(np.array(rows))
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        return NotComputed(str(error)).as_dict()


def _why_not(cells: list[Cell], cohort: Cohort, baseline: str | None) -> str:
    if baseline is None or len(cohort.timepoints) < 2:  # noqa: PLR2004
        return "there is one timepoint; a mixed model needs several"
    if len(cohort.groups) < 2:  # noqa: PLR2004
        return "there is one group"
    keys = {(c.group, c.timepoint) for c in cells}
    animals = {c.animal for c in cells}
    if len(cells) <= len(keys) or len(animals) <= len({c.group for c in cells}):
        return "there are too few animals"
    if len(cells) > MOST_CELLS:
        return f"there are more than {MOST_CELLS} animals × timepoints"
    values: dict[tuple[str, str], set[float | None]] = {}
    for cell in cells:
        values.setdefault((cell.group, cell.timepoint), set()).add(cell.value)
    if all(len(v) == 1 for v in values.values()):
        return "all values within every group and timepoint are equal"
    return ""
