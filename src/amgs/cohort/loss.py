"""Whether groups lost animals unequally: a bias that no later test can see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import comb, prod

from amgs.cohort.differences import Change, Exclusion
from amgs.cohort.oneway import NotComputed, Result
from amgs.cohort.words import ALPHA

_MOST_TABLES = 200_000
_EQUAL = 1e-9


def loss_by_group(changes: Sequence[Change], excluded: Sequence[Exclusion]) -> Result:
    """Return how many animals every group lost, and the p of Fisher's exact test.

    Where mice in pain show their face less, more of them are left out of the group with pain, and
    what is left of it looks better than it is.

    Returns
    -------
    dict
        ``groups``: ``group, lost, of``; ``p`` by Freeman & Halton's (1951) extension of Fisher's
        test to several groups; ``too_few`` where no loss of so many animals could have a p below
        0.05. Not computed where no animal was left out, or there is one group.
    """
    groups = list(dict.fromkeys([c.group for c in changes] + [e.group for e in excluded]))
    lost = [sum(e.group == g for e in excluded) for g in groups]
    of = [n + sum(c.group == g for c in changes) for g, n in zip(groups, lost, strict=True)]
    rows = [{"group": g, "lost": n, "of": m} for g, n, m in zip(groups, lost, of, strict=True)]
    reason = ""
    if not excluded:
        reason = "no animal was left out"
    elif len(groups) < 2:  # noqa: PLR2004
        reason = "there is one group"
    if reason:
        return {"groups": rows, **NotComputed(reason).as_dict()}
    p = fisher_exact(lost, of)
    if p is None:
        return {"groups": rows, **NotComputed("there are too many animals to count").as_dict()}
    return {"groups": rows, "p": p, "too_few": least_p(lost, of) > ALPHA}


def least_p(lost: Sequence[int], of: Sequence[int]) -> float:
    """Return the smallest p that Fisher's test can have with so many animals lost."""
    total = sum(lost)
    whole = comb(sum(of), total)
    chances = [
        prod(comb(n, k) for k, n in zip(table, of, strict=True)) / whole
        for table in _tables(of, total)
    ]
    least = min(chances)
    return sum(c for c in chances if c <= least * (1 + _EQUAL))


def fisher_exact(lost: Sequence[int], of: Sequence[int]) -> float | None:
    """Return p of Fisher's exact test of several shares; ``None`` for too many tables."""
    total = sum(lost)
    tables = 1
    for n in of:
        tables *= min(n, total) + 1
    if tables > _MOST_TABLES * (total + 1):
        return None
    whole = comb(sum(of), total)

    def chance(table: Sequence[int]) -> float:
        ways = 1
        for k, n in zip(table, of, strict=True):
            ways *= comb(n, k)
        return ways / whole

    seen = chance(lost)
    # As likely as what was seen counts too; a tiny share absorbs the rounding of the quotient.
    return min(1.0, sum(c for t in _tables(of, total) if (c := chance(t)) <= seen * (1 + _EQUAL)))


def _tables(of: Sequence[int], total: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways in which the groups could have lost as many animals together."""
    if len(of) == 1:
        if total <= of[0]:
            yield (total,)
        return
    for k in range(max(0, total - sum(of[1:])), min(of[0], total) + 1):
        for rest in _tables(of[1:], total - k):
            yield (k, *rest)
