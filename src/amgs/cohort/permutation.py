"""What chance alone does: the groups' names dealt out again, in all ways or in many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import comb

import numpy as np

from amgs.cohort.differences import Change
from amgs.cohort.group_model import Analysis, centred_baseline, covariate_columns
from amgs.cohort.oneway import Floats, NotComputed, Result, is_constant

MOST_WAYS = 20_000
DRAWS = 9_999
_EQUAL = 1e-9


def permutation_test(
    changes: Sequence[Change],
    analysis: Analysis,
    covariates: Mapping[str, Mapping[str, str]] | None = None,
    seed: int = 0,
) -> Result:
    """Test whether groups differ, without any assumption about how values are distributed.

    Of changes, the groups' names are dealt out again: in all ways up to 20,000 of them, which makes
    p exact, else in 9,999 random ones, ``p = (1 + those as large) / (1 + 9,999)``. With covariates,
    the baseline among them, the residuals from these are permuted 9,999 times and the analysis is
    made again each time, with its F as the statistic (Freedman & Lane 1983). The order in which
    animals come makes no difference.

    Parameters
    ----------
    changes, analysis, covariates
        As in `amgs.cohort.group_model.fit_groups`.
    seed
        Of the random reassignments.

    Returns
    -------
    dict
        ``p``, ``ways`` (how many were looked at), ``exact``.
    """
    changes = sorted(changes, key=lambda c: c.animal)
    names = sorted({c.group for c in changes})
    member = np.array([names.index(c.group) for c in changes])
    if len(names) < 2 or len(changes) <= len(names) + 1:  # noqa: PLR2004
        return NotComputed("there are too few animals").as_dict()
    before, values = centred_baseline(changes, analysis)
    if is_constant(values):
        return NotComputed("all values are equal").as_dict()
    rng = np.random.default_rng(seed)
    try:
        further = covariate_columns(changes, covariates)
    except ArithmeticError as error:
        return NotComputed(str(error)).as_dict()
    if before is not None:
        further = [before[:, None], *further]
    if further:
        return _permute_residuals(values, np.hstack(further), member, rng)
    return _deal_groups(values - values.mean(), member, rng)


def _permute_residuals(
    values: Floats, covariates: Floats, member: np.ndarray, rng: np.random.Generator
) -> Result:
    n = len(values)
    reduced = np.column_stack([np.ones(n), covariates])
    full = np.column_stack([np.eye(int(member.max()) + 1)[member], covariates])
    if np.linalg.matrix_rank(full) < full.shape[1]:
        return NotComputed("groups and covariates cannot be told apart").as_dict()
    if n <= full.shape[1]:
        return NotComputed("there are too few animals").as_dict()
    off_reduced, off_full = (np.eye(n) - x @ np.linalg.pinv(x) for x in (reduced, full))
    residuals = off_reduced @ values
    if is_constant(residuals, like=values):
        return NotComputed("all values follow the covariates").as_dict()

    def statistic(rows: Floats) -> Floats:
        """Return the sum of squares of the groups over the residual one: F but for a factor."""
        rest = ((rows @ off_full) ** 2).sum(axis=1)
        found: Floats = ((rows @ off_reduced) ** 2).sum(axis=1) / np.maximum(rest, 1e-300)
        return found

    seen = float(statistic(residuals[None, :])[0])
    drawn = statistic(rng.permuted(np.tile(residuals, (DRAWS, 1)), axis=1))
    larger = int((drawn >= seen * (1 - _EQUAL)).sum())
    return {"p": (1 + larger) / (1 + DRAWS), "ways": DRAWS, "exact": False}


def _deal_groups(values: Floats, member: np.ndarray, rng: np.random.Generator) -> Result:
    sizes = np.bincount(member)
    seen = _between(values, member[None, :], sizes)[0]
    limit = seen - _EQUAL * max(abs(seen), float((values**2).sum()))
    ways = _count_ways(sizes)
    if ways <= MOST_WAYS:
        larger = sum(
            int((_between(values, part, sizes) >= limit).sum()) for part in _all_ways(sizes)
        )
        return {"p": larger / ways, "ways": ways, "exact": True}
    drawn = rng.permuted(np.tile(member, (DRAWS, 1)), axis=1)
    larger = int((_between(values, drawn, sizes) >= limit).sum())
    return {"p": (1 + larger) / (1 + DRAWS), "ways": DRAWS, "exact": False}


def _between(values: Floats, members: np.ndarray, sizes: np.ndarray) -> Floats:
    """Return the sum of squares between groups for every row of memberships."""
    total = np.zeros(len(members))
    for group, n in enumerate(sizes):
        total += ((members == group) @ values) ** 2 / n
    return total


def _count_ways(sizes: np.ndarray) -> int:
    ways, left = 1, int(sizes.sum())
    for n in sizes.tolist():
        ways *= comb(left, n)
        left -= n
    return ways


_AT_ONCE = 2_000


def _all_ways(sizes: np.ndarray) -> Iterator[np.ndarray]:
    rows: list[np.ndarray] = []
    for row in _deal(np.full(int(sizes.sum()), -1), sizes.tolist(), 0):
        rows.append(row)
        if len(rows) == _AT_ONCE:
            yield np.array(rows)
            rows = []
    if rows:
        yield np.array(rows)


def _deal(row: np.ndarray, sizes: list[int], group: int) -> Iterator[np.ndarray]:
    free = np.flatnonzero(row < 0)
    if group == len(sizes) - 1:
        last = row.copy()
        last[free] = group
        yield last
        return
    for chosen in combinations(free.tolist(), sizes[group]):
        taken = row.copy()
        taken[list(chosen)] = group
        yield from _deal(taken, sizes, group + 1)
