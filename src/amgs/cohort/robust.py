"""The same question without equal variances, and without normality."""

from __future__ import annotations

from typing import Any

import numpy as np

from amgs.cohort.oneway import (
    CONFIDENCE,
    NotComputed,
    Result,
    Samples,
    is_constant,
    pairs,
    why_no_test,
)


def welch_anova(samples: Samples) -> Result:
    """Welch's one-way analysis of variance (Welch 1951), for unequal variances, by SciPy."""
    from scipy.stats import f_oneway

    reason = why_no_test(samples) or _why_no_weights(samples)
    if reason:
        return NotComputed(reason).as_dict()
    found = f_oneway(*samples.values(), equal_var=False)
    return {
        "F": float(found.statistic),
        "df_between": len(samples) - 1,
        "df_within": _welch_df(samples),
        "p": float(found.pvalue),
    }


def _welch_df(samples: Samples) -> float:
    """Return the denominator's degrees of freedom, which SciPy does not tell."""
    n = np.array([len(x) for x in samples.values()], float)
    weights = n / np.array([x.var(ddof=1) for x in samples.values()])
    k = len(samples)
    spread = ((1 - weights / weights.sum()) ** 2 / (n - 1)).sum()
    return float((k**2 - 1) / (3 * spread))


def games_howell_test(samples: Samples) -> list[Result] | Result:
    """Games & Howell's pairwise test (1976), for unequal variances, by SciPy.

    The limits are simultaneous 95 % limits of the differences.
    """
    from scipy.stats import tukey_hsd

    reason = why_no_test(samples) or _why_no_weights(samples)
    if reason:
        return NotComputed(reason).as_dict()
    names = list(samples)
    found: Any = tukey_hsd(*samples.values(), equal_var=False)
    limits = found.confidence_interval(CONFIDENCE)
    rows = []
    for a, b in pairs(names):
        i, j = names.index(a), names.index(b)
        x, y = samples[a], samples[b]
        u, v = x.var(ddof=1) / len(x), y.var(ddof=1) / len(y)
        rows.append(
            {
                "a": a,
                "b": b,
                "difference": float(found.statistic[i, j]),
                "lower": float(limits.low[i, j]),
                "upper": float(limits.high[i, j]),
                "p": float(found.pvalue[i, j]),
                "df": float((u + v) ** 2 / (u**2 / (len(x) - 1) + v**2 / (len(y) - 1))),
            }
        )
    return rows


def kruskal_wallis_test(samples: Samples) -> Result:
    """Kruskal & Wallis' test of ranks (1952), corrected for ties."""
    from scipy.stats import kruskal

    reason = _why_no_ranks(samples)
    if reason:
        return NotComputed(reason).as_dict()
    found = kruskal(*samples.values())
    return {"H": float(found.statistic), "df": len(samples) - 1, "p": float(found.pvalue)}


def dunn_test(samples: Samples) -> list[Result] | Result:
    """Dunn's pairwise test of mean ranks (1964), corrected for ties; p also by Holm's method."""
    from scipy.stats import norm, rankdata

    reason = _why_no_ranks(samples)
    if reason:
        return NotComputed(reason).as_dict()
    everything = np.concatenate(list(samples.values()))
    n = len(everything)
    ranks = rankdata(everything)
    mean_ranks, start = {}, 0
    for name, x in samples.items():
        mean_ranks[name] = ranks[start : start + len(x)].mean()
        start += len(x)
    _, counts = np.unique(everything, return_counts=True)
    ties = float((counts**3 - counts).sum()) / (12 * (n - 1))
    rows: list[Result] = []
    for a, b in pairs(list(samples)):
        error = ((n * (n + 1) / 12 - ties) * (1 / len(samples[a]) + 1 / len(samples[b]))) ** 0.5
        z = float((mean_ranks[a] - mean_ranks[b]) / error)
        rows.append({"a": a, "b": b, "z": z, "p_unadjusted": float(2 * norm.sf(abs(z)))})
    adjusted = holm([row["p_unadjusted"] for row in rows])
    return [{**row, "p": p} for row, p in zip(rows, adjusted, strict=True)]


def holm(p_values: list[float]) -> list[float]:
    """Adjust p values by Holm's method (1979)."""
    order = np.argsort(p_values, kind="stable")
    adjusted, highest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order.tolist()):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def _why_no_weights(samples: Samples) -> str:
    equal = [name for name, x in samples.items() if is_constant(x)]
    return f"all values are equal in {', '.join(equal)}" if equal else ""


def _why_no_ranks(samples: Samples) -> str:
    if len(samples) < 2:  # noqa: PLR2004
        return f"there is one group ({', '.join(samples)}), a comparison needs two"
    if is_constant(np.concatenate(list(samples.values()))):
        return "all values are equal"
    return ""
