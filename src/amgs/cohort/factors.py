"""Two factors at once: surgery and drug, or treatment and sex, with their interaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from amgs.cohort.differences import Change
from amgs.cohort.group_model import (
    Analysis,
    centred_baseline,
    covariate_columns,
    sum_coded,
)
from amgs.cohort.linear import LinearFit, fit_linear
from amgs.cohort.oneway import Floats, NotComputed, Result
from amgs.cohort.robust import holm


def two_factors(
    changes: Sequence[Change],
    factors: Mapping[str, Mapping[str, str]],
    analysis: Analysis,
    covariates: Mapping[str, Mapping[str, str]] | None = None,
) -> Result:
    """Analyse two factors: effects of type III, cell means, and the interaction.

    Parameters
    ----------
    changes
        One per animal.
    factors
        Two of them: name → animal → level.
    analysis
        ``ancova`` adjusts for the baseline.
    covariates
        Further ones, name → animal → level.

    Returns
    -------
    dict
        ``levels``: animal → its levels of both factors. ``effects``: F of either factor and of
        their interaction, each adjusted for the others (type III, contrasts that sum to zero).
        ``cells``: adjusted means with 95 % limits.
        ``simple``: pairs of levels of the first factor within every level of the second, p by
        Holm's method. ``interaction``: with two levels each, the difference of differences with
        its limits.
    """
    first, second = factors
    levels = {name: [factors[name].get(c.animal, "") for c in changes] for name in factors}
    missing = sum(not level for texts in levels.values() for level in texts)
    if missing:
        what = f"{missing} animals have no {' or '.join(factors)}"
        return NotComputed(what).as_dict()
    a, b = (list(dict.fromkeys(levels[name])) for name in (first, second))
    empty = [
        f"{i}, {j}"
        for i in a
        for j in b
        if not any(x == i and y == j for x, y in zip(levels[first], levels[second], strict=True))
    ]
    if empty:
        return NotComputed(f"there is no animal with {'; '.join(empty)}").as_dict()
    try:
        before, y = centred_baseline(changes, analysis)
        further = covariate_columns(changes, covariates)
        if before is not None:
            further.append(before[:, None])
        n_further = sum(column.shape[1] for column in further)
        x, parts = _design(levels, (first, second), further)
        fit = fit_linear(y, x)
    except ArithmeticError as error:
        return NotComputed(str(error)).as_dict()
    grid = {
        (i, j): _row_of(i, j, levels, (first, second), x, n_further=n_further) for i in a for j in b
    }
    return {
        "factors": [first, second],
        "levels": {c.animal: [levels[first][k], levels[second][k]] for k, c in enumerate(changes)},
        "covariate": None if before is None else "baseline",
        "effects": {
            name: fit.joint_test(_selecting(cols, x.shape[1])) for name, cols in parts.items()
        },
        "cells": [
            {first: i, second: j, "n": _count(levels, (first, second), i, j), **_mean(fit, row)}
            for (i, j), row in grid.items()
        ],
        "simple": _simple(fit, grid, a, b, second),
        **_interaction(fit, grid, a, b),
    }


def _design(
    levels: Mapping[str, Sequence[str]], names: tuple[str, str], further: Sequence[Floats]
) -> tuple[Floats, dict[str, list[int]]]:
    one, two = (sum_coded(levels[name], name) for name in names)
    both = np.hstack(
        [one[:, [i]] * two[:, [j]] for i in range(one.shape[1]) for j in range(two.shape[1])]
    )
    columns, at = [np.ones((len(one), 1))], 1
    parts: dict[str, list[int]] = {}
    for name, block in zip((*names, " × ".join(names)), (one, two, both), strict=True):
        parts[name] = list(range(at, at + block.shape[1]))
        at += block.shape[1]
        columns.append(block)
    return np.hstack([*columns, *further]), parts


def _row_of(
    i: str,
    j: str,
    levels: Mapping[str, Sequence[str]],
    names: tuple[str, str],
    x: Floats,
    *,
    n_further: int,
) -> Floats:
    """Return the row of the design of a cell, in the middle of the last columns."""
    where = [
        k
        for k, (one, two) in enumerate(zip(levels[names[0]], levels[names[1]], strict=True))
        if one == i and two == j
    ]
    row: Floats = x[where[0]].copy()
    row[len(row) - n_further :] = 0.0
    return row


def _selecting(columns: Sequence[int], width: int) -> Floats:
    rows = np.zeros((len(columns), width))
    rows[np.arange(len(columns)), list(columns)] = 1.0
    return rows


def _count(levels: Mapping[str, Sequence[str]], names: tuple[str, str], i: str, j: str) -> int:
    return sum(
        one == i and two == j for one, two in zip(levels[names[0]], levels[names[1]], strict=True)
    )


def _mean(fit: LinearFit, row: Floats) -> Result:
    found = fit.contrast(row)
    return {"mean": found["estimate"], **{k: found[k] for k in ("se", "lower", "upper")}}


def _simple(
    fit: LinearFit,
    grid: Mapping[tuple[str, str], Floats],
    a: Sequence[str],
    b: Sequence[str],
    second: str,
) -> list[Result]:
    rows: list[Result] = []
    for level in b:
        for place, upper in enumerate(a):
            for lower in a[:place]:
                found = fit.contrast(grid[upper, level] - grid[lower, level])
                said = {second: level, "a": upper, "b": lower, "difference": found.pop("estimate")}
                rows.append({**said, **found})
    adjusted = holm([row["p"] for row in rows])
    return [{**row, "p_holm": p} for row, p in zip(rows, adjusted, strict=True)]


def _interaction(
    fit: LinearFit, grid: Mapping[tuple[str, str], Floats], a: Sequence[str], b: Sequence[str]
) -> Result:
    if (len(a), len(b)) != (2, 2):
        return {}
    weights = (grid[a[1], b[1]] - grid[a[0], b[1]]) - (grid[a[1], b[0]] - grid[a[0], b[0]])
    return {"interaction": {"of": [a[1], a[0], b[1], b[0]], **fit.contrast(weights)}}
