"""How large a difference is, and how many animals it would take to see it."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import f as f_distribution
from scipy.stats import ncf, nct

from amgs.cohort.oneway import (
    CONFIDENCE,
    Floats,
    NotComputed,
    Result,
    Samples,
    is_constant,
    one_way_anova,
    why_no_test,
)

_STEP = 0.5
MOST_ANIMALS = 10_000


def hedges_g(x: Floats, y: Floats) -> Result:
    """Return Hedges' g of x against y with its 95 % confidence interval.

    ``g = J · (mean x - mean y) / s`` with the pooled standard deviation and the exact correction
    ``J = Γ(m/2) / (√(m/2) Γ((m-1)/2))``, m degrees of freedom (Hedges 1981); limits by inverting
    the noncentral t distribution.
    """
    n, m = len(x), len(y)
    df = n + m - 2
    if min(n, m) < 2:  # noqa: PLR2004
        return NotComputed("one of the groups has only one animal").as_dict()
    pooled = sqrt(((n - 1) * x.var(ddof=1) + (m - 1) * y.var(ddof=1)) / df)
    if is_constant(x) and is_constant(y):
        return NotComputed("all values within both groups are equal").as_dict()
    per_unit = sqrt(n * m / (n + m))
    t = float((x.mean() - y.mean()) / pooled * per_unit)
    tail = (1 - CONFIDENCE) / 2
    # The larger the effect, the smaller the share below t: the lower limit has the upper tail.
    lower, upper = (_noncentrality(t, df, share) for share in (1 - tail, tail))
    factor = small_sample_correction(df) / per_unit
    return {
        "hedges_g": factor * t,
        "lower": None if lower is None else factor * lower,
        "upper": None if upper is None else factor * upper,
    }


def small_sample_correction(df: int) -> float:
    """Return the exact J of Hedges (1981), by which a standardised mean is too large; df ≥ 2."""
    # In logarithms: Γ overflows from 172 on.
    return float(exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / sqrt(df / 2))


def _noncentrality(t: float, df: int, share: float) -> float | None:
    """Return the noncentrality at which `share` of the distribution lies below t.

    ``None`` for a t so large that the distribution cannot be computed.
    """

    def beyond(noncentrality: float) -> float:
        return float(nct.cdf(t, df, noncentrality)) - share

    # The limit lies near t; far from it the distribution function underflows, so go step by step.
    low = high = t
    while beyond(low) < 0:
        low -= _STEP
    while beyond(high) > 0:
        high += _STEP
    if not np.isfinite([beyond(low), beyond(high)]).all():
        return None
    return float(brentq(beyond, low, high, xtol=1e-12))


def animals_needed(
    samples: Samples, power: float = 0.8, alpha: float = 0.05, wanted: float | None = None
) -> Result:
    """Return how many animals per group a one-way ANOVA needs to find the pilot's effect.

    With `wanted`, also how many two groups need to show that difference between them, given the
    pilot's pooled standard deviation: ``f = wanted / (2 · SD)`` (a two-sided t-test).

    The effect is Cohen's ``f`` of the pilot, once as it is and once by the less optimistic ω²:
    ``f² = ω² / (1 - ω²)``. Power from the noncentral F distribution with noncentrality ``f² · N``
    (Cohen 1988). Effects of small pilots are too large as a rule.
    """
    reason = why_no_test(samples)
    if reason:
        return NotComputed(reason).as_dict()
    anova = one_way_anova(samples)
    found: Result = {"power": power, "alpha": alpha}
    if wanted is not None:
        sd = sqrt(anova["ss_within"] / anova["df_within"])
        f_squared = (wanted / sd) ** 2 / 4
        found["wanted"] = {
            "difference": wanted,
            "sd": sd,
            "per_group": _per_group(f_squared, 2, power, alpha) if f_squared > 0 else None,
        }
    for name, share in (
        ("eta_squared", anova["eta_squared"]),
        ("omega_squared", anova["omega_squared"]),
    ):
        if share <= 0:
            found[name] = NotComputed("the pilot shows no effect by this measure").as_dict()
            continue
        squared = share / (1 - share)
        found[name] = {
            "f": sqrt(squared),
            "per_group": _per_group(squared, len(samples), power, alpha),
        }
    return found


def anova_power(f_squared: float, groups: int, per_group: int, alpha: float = 0.05) -> float:
    """Return the power of a one-way ANOVA with equal groups."""
    between, within = groups - 1, groups * (per_group - 1)
    critical = f_distribution.isf(alpha, between, within)
    return float(ncf.sf(critical, between, within, f_squared * groups * per_group))


def _per_group(f_squared: float, groups: int, power: float, alpha: float) -> int | None:
    """Return the smallest number that reaches the power; ``None`` above ten thousand."""
    # Power rises with n, so doubling and halving finds the smallest n in few steps.
    low, high = 1, 2
    while anova_power(f_squared, groups, high, alpha) < power:
        low, high = high, high * 2
        if high > MOST_ANIMALS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if anova_power(f_squared, groups, middle, alpha) < power:
            low = middle
        else:
            high = middle
    return high


def mean_difference_interval(x: Floats, y: Floats) -> Result:
    """Return the difference of means with Welch's 95 % interval."""
    from scipy.stats import t

    u, v = x.var(ddof=1) / len(x), y.var(ddof=1) / len(y)
    difference = float(x.mean() - y.mean())
    if not np.isfinite(u + v) or u + v == 0:
        return {"difference": difference, "lower": None, "upper": None}
    df = (u + v) ** 2 / (u**2 / (len(x) - 1) + v**2 / (len(y) - 1))
    half = float(t.ppf(0.5 + CONFIDENCE / 2, df) * np.sqrt(u + v))
    return {"difference": difference, "lower": difference - half, "upper": difference + half}
