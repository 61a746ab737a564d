"""Animals against themselves: whether a group changed from its baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.cohort.effects import small_sample_correction
from amgs.cohort.oneway import CONFIDENCE, Result, Samples, is_constant
from amgs.cohort.robust import holm

_TWO = 2
_DECIMALS = 9


def paired_tests(changes: Samples) -> list[Result]:
    """Test every group's change from baseline against no change.

    Parameters
    ----------
    changes
        Group → differences (after minus baseline), one per animal.

    Returns
    -------
    list of dict
        ``group, n, mean, lower, upper`` (95 % limits), ``t, df, p`` of the paired t-test,
        ``p_holm`` over groups; ``wilcoxon`` (signed ranks: ``V, p``, exact up to 200
        animals also with ties, animals without change left out as Wilcoxon did); ``hedges_g`` of
        the change, ``mean / SD · J(n - 1)``. What cannot be computed says why.
    """
    rows: list[Result] = [{"group": name, **_paired(x)} for name, x in changes.items()]
    known = [row for row in rows if "p" in row]
    for row, p in zip(known, holm([row["p"] for row in known]), strict=True):
        row["p_holm"] = p
    return rows


def _paired(x: npt.NDArray[np.float64]) -> dict[str, Any]:
    from scipy.stats import t as t_distribution

    n = len(x)
    if n < _TWO:
        return {"n": n, "computed": False, "reason": "one animal only"}
    mean, sd = float(x.mean()), float(x.std(ddof=1))
    if is_constant(x):
        reason = f"all animals changed by the same ({mean:g})"
        return {"n": n, "mean": mean, "computed": False, "reason": reason}
    se, df = sd / np.sqrt(n), n - 1
    half = float(t_distribution.ppf(1 - (1 - CONFIDENCE) / 2, df)) * se
    return {
        "n": n,
        "mean": mean,
        "lower": mean - half,
        "upper": mean + half,
        "t": mean / se,
        "df": df,
        "p": float(2 * t_distribution.sf(abs(mean / se), df)),
        "hedges_g": mean / sd * small_sample_correction(df) if df > 1 else None,
        "wilcoxon": _signed_ranks(x),
    }


_EXACT_UP_TO = 200


def _signed_ranks(x: npt.NDArray[np.float64]) -> dict[str, Any]:
    from scipy.stats import rankdata, wilcoxon

    x = np.round(x, _DECIMALS)  # rounding errors are neither changes nor break ties
    kept = x[x != 0]
    n = len(kept)
    if n == 0:
        return {"computed": False, "reason": "no animal changed"}
    ranks = rankdata(abs(kept))
    v = float(ranks[kept > 0].sum())
    if n <= _EXACT_UP_TO:
        return {"V": v, "p": _exact_p(ranks, v), "exact": True}
    approximate: Any = wilcoxon  # its stubs do not know `asymptotic` yet
    found = approximate(kept, correction=True, method="asymptotic")
    return {"V": v, "p": float(found.pvalue), "exact": False}


def _exact_p(ranks: npt.NDArray[np.float64], v: float) -> float:
    """Return the two-sided p over all 2ⁿ ways of giving the ranks a sign, with ties as they are."""
    # Ranks of ties are halves: twice a rank is a whole number, and sums can be counted.
    doubled = np.round(2 * ranks).astype(int)
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1.0
    for rank in doubled.tolist():
        # Halved at every step, so that 2ⁿ never overflows.
        shifted = np.concatenate([np.zeros(rank), ways[: len(ways) - rank]])
        ways = (ways + shifted) / 2
    seen = round(2 * v)
    smaller = min(seen, len(ways) - 1 - seen)
    return float(min(1.0, 2 * ways[: smaller + 1].sum()))
