"""The paper's statistics: outliers, normality, equal variances, one-way ANOVA, Tukey's test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Samples: TypeAlias = Mapping[str, Floats]
"""Values of the animals by group."""

OUTLIER_FROM = 3.0
"""Animals whose studentised residual is larger are outliers (Tuttle et al. 2018)."""

CONFIDENCE = 0.95
_ROUNDING = 1e-10
_SMALLEST_FOR_NORMALITY = 8
_SMALLEST_NORMALITY_P = 3.7e-24


@dataclass(frozen=True, slots=True)
class NotComputed:
    """A number that does not exist, and why."""

    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"computed": False, "reason": self.reason}


Result: TypeAlias = dict[str, Any]


def describe_groups(samples: Samples) -> list[Result]:
    """Return n, mean, standard deviation and standard error of every group."""
    rows = []
    for name, x in samples.items():
        sd = float(x.std(ddof=1)) if len(x) > 1 else None
        sem = None if sd is None else sd / len(x) ** 0.5
        rows.append({"group": name, "n": len(x), "mean": float(x.mean()), "sem": sem, "sd": sd})
    return rows


def studentised_residuals(samples: Samples) -> dict[str, Floats] | NotComputed:
    """Return each animal's externally studentised residual from its group's mean.

    ``t_i = e_i / (s_(i) √(1 - 1/n_g))`` with ``s_(i)`` the residual standard deviation without
    animal i (Cook & Weisberg 1982); R calls it `rstudent`.
    """
    n = sum(map(len, samples.values()))
    k = len(samples)
    if n - k - 1 < 1:
        return NotComputed("there are too few animals to leave one out")
    residuals = {name: x - x.mean() for name, x in samples.items()}
    total = sum(float((e**2).sum()) for e in residuals.values())
    if all(is_constant(x) for x in samples.values()):
        return NotComputed("all values within every group are equal")
    found = {}
    for name, e in residuals.items():
        free = 1 - 1 / len(e)
        if free == 0:
            found[name] = np.full(len(e), np.nan)  # alone in its group: it is its own mean
            continue
        # Leaving one animal out lowers the sum of squares by e² / (1 - 1/n): no refit is needed.
        without = (total - e**2 / free) / (n - k - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[name] = np.where(without > 0, e / np.sqrt(without * free), np.inf * np.sign(e))
    return found


def anderson_darling_test(samples: Samples) -> Result:
    """Anderson–Darling test of the residuals from the groups' means, normality as hypothesis.

    A² with Stephens' correction for estimated mean and variance (D'Agostino & Stephens 1986).
    """
    from scipy.stats import norm

    residuals = np.concatenate([x - x.mean() for x in samples.values()])
    if len(residuals) < _SMALLEST_FOR_NORMALITY:
        reason = f"needs at least {_SMALLEST_FOR_NORMALITY} animals, found {len(residuals)}"
        return NotComputed(reason).as_dict()
    if all(is_constant(x) for x in samples.values()):
        return NotComputed("all values within every group are equal").as_dict()
    n = len(residuals)
    z = np.sort((residuals - residuals.mean()) / residuals.std(ddof=1))
    rank = np.arange(1, n + 1)
    # Logarithms of the tails, not of 1 - cdf: that would be ln 0 for a far outlier.
    a2 = float(-n - ((2 * rank - 1) * (norm.logcdf(z) + norm.logsf(z[::-1]))).mean())
    corrected = a2 * (1 + 0.75 / n + 2.25 / n**2)
    return {"a_squared": a2, "p": _stephens_p(corrected), "of": "residuals from the group means"}


def _stephens_p(a2: float) -> float:
    """Return p of the corrected A²: D'Agostino & Stephens (1986), table 4.9."""
    for below, from_top, constant, linear, square in (
        (0.2, True, -13.436, 101.14, -223.73),
        (0.34, True, -8.318, 42.796, -59.938),
        (0.6, False, 0.9177, -4.279, -1.38),
        (10.0, False, 1.2937, -5.709, 0.0186),
    ):
        if a2 < below:
            tail = float(np.exp(constant + linear * a2 + square * a2**2))
            return 1 - tail if from_top else tail
    return _SMALLEST_NORMALITY_P


def levene_test(samples: Samples) -> Result:
    """Levene's test by the mean, and by the median (Brown & Forsythe 1974)."""
    from scipy.stats import levene

    reason = why_no_test(samples)
    if reason:
        return NotComputed(reason).as_dict()
    n, k = sum(map(len, samples.values())), len(samples)
    found: dict[str, Result] = {}
    for center in ("mean", "median"):
        middle = np.mean if center == "mean" else np.median
        if all(is_constant(np.abs(x - middle(x)), like=x) for x in samples.values()):
            reason = f"all distances from the group {center} are equal (very few animals?)"
            found[center] = NotComputed(reason).as_dict()
            continue
        test = levene(*samples.values(), center=center)
        found[center] = {"F": float(test.statistic), "p": float(test.pvalue)}
    degrees = {"df_between": k - 1, "df_within": n - k}
    return found["mean"] | degrees | {"by_median": found["median"]}


def one_way_anova(samples: Samples) -> Result:
    """One-way analysis of variance with η² = SS_b / SS_t and ω² (Hays 1963)."""
    from scipy.stats import f

    reason = why_no_test(samples)
    if reason:
        return NotComputed(reason).as_dict()
    everything = np.concatenate(list(samples.values()))
    grand = everything.mean()
    between = sum(len(x) * float((x.mean() - grand) ** 2) for x in samples.values())
    # From deviations, not Σx² - (Σx)²/n, which loses all digits where means are large.
    within = sum(float(((x - x.mean()) ** 2).sum()) for x in samples.values())
    df_between, df_within = len(samples) - 1, len(everything) - len(samples)
    mean_square = within / df_within
    statistic = between / df_between / mean_square
    total = between + within
    return {
        "F": statistic,
        "df_between": df_between,
        "df_within": df_within,
        "p": float(f.sf(statistic, df_between, df_within)),
        "eta_squared": between / total,
        "omega_squared": (between - df_between * mean_square) / (total + mean_square),
        "ss_between": between,
        "ss_within": within,
    }


def tukey_test(samples: Samples) -> list[Result] | Result:
    """Tukey's honestly significant differences, Tukey–Kramer for unequal groups.

    ``difference`` is the mean of ``a`` minus that of ``b``; limits are simultaneous 95 % limits.
    """
    reason = why_no_test(samples)
    if reason:
        return NotComputed(reason).as_dict()
    df = sum(map(len, samples.values())) - len(samples)
    mean_square = sum(float(((x - x.mean()) ** 2).sum()) for x in samples.values()) / df
    return [
        compare_pair(
            samples,
            a,
            b,
            (mean_square / 2 * (1 / len(samples[a]) + 1 / len(samples[b]))) ** 0.5,
            df,
        )
        for a, b in pairs(list(samples))
    ]


def compare_pair(samples: Samples, a: str, b: str, error: float, df: float) -> Result:
    """Compare two of the groups by the studentised range, with simultaneous 95 % limits.

    Parameters
    ----------
    samples
        All groups.
    a, b
        The pair; ``difference`` is the mean of ``a`` minus that of ``b``.
    error, df
        What the difference is divided by, and its degrees of freedom.
    """
    from scipy.stats import studentized_range

    difference = float(samples[a].mean() - samples[b].mean())
    half = critical_range(len(samples), df) * error
    return {
        "a": a,
        "b": b,
        "difference": difference,
        "lower": difference - half,
        "upper": difference + half,
        "p": float(studentized_range.sf(abs(difference) / error, len(samples), df)),
    }


@cache
def critical_range(groups: int, df: float) -> float:
    """Return the 95 % quantile of the studentised range; slow to find, and the same for pairs."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(CONFIDENCE, groups, df))


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return all pairs, later name first, as R does: (b, a), (c, a), (c, b)."""
    return [(names[j], names[i]) for i in range(len(names)) for j in range(i + 1, len(names))]


def is_constant(x: Floats, like: Floats | None = None) -> bool:
    """Say whether values are equal but for rounding, as small as that of `like`."""
    scale = float(np.abs(x if like is None else like).max(initial=0.0))
    return bool(np.ptp(x) <= _ROUNDING * max(1.0, scale))


def why_no_test(samples: Samples) -> str:
    """Say why groups cannot be compared; empty if they can."""
    if len(samples) < 2:  # noqa: PLR2004
        return f"there is one group ({', '.join(samples)}), a comparison needs two"
    alone = [name for name, x in samples.items() if len(x) < 2]  # noqa: PLR2004
    if alone:
        return f"one animal only in {', '.join(alone)}: its group has no variance"
    if all(is_constant(x) for x in samples.values()):
        return "all values within every group are equal: there is no variance to compare with"
    return ""
