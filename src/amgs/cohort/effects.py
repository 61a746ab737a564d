"""How large a difference is, and how many animals it would take to see it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import exp, isfinite, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import f as f_distribution
from scipy.stats import ncf, nct, studentized_range

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
from amgs.errors import ImpossibleValueError

_STEP = 0.5
_STEPS_PER_SE = 40
SD_CONFIDENCE = 0.8
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
    # Where t is large limits are far from it, by about its standard error, and so are steps.
    step = max(_STEP, sqrt(1 + t**2 / (2 * df)) / _STEPS_PER_SE)
    low = high = t
    while beyond(low) < 0:
        low -= step
    while beyond(high) > 0:
        high += step
    if not np.isfinite([beyond(low), beyond(high)]).all():
        return None
    try:
        return float(brentq(beyond, low, high, xtol=1e-12))
    except ValueError:  # it is no number somewhere between
        return None


def animals_needed(
    samples: Samples, power: float = 0.8, alpha: float = 0.05, wanted: float | None = None
) -> Result:
    """Return how many animals per group are needed, given the spread of a pilot.

    With `wanted`, how many every group needs so that Tukey's test of all groups shows this
    difference between two of them: ``P(|t| > q / √2)`` with t noncentral with ``k (n - 1)`` degrees
    of freedom and noncentrality ``wanted / SD · √(n / 2)``; ``per_group`` with the pilot's pooled
    SD, ``per_group_sd_upper`` with the upper limit of the one-sided 80 % interval of that SD, as a
    small pilot does not know it well (Browne 1995).

    Without, how many a one-way ANOVA needs to find the pilot's own effect: Cohen's ``f`` as it is
    and by the less optimistic ω², ``f² = ω² / (1 - ω²)``, noncentrality ``f² · N`` (Cohen 1988).
    Effects of small pilots are too large as a rule, and numbers from them too small.
    """
    reason = why_no_test(samples)
    if reason:
        return NotComputed(reason).as_dict()
    anova = one_way_anova(samples)
    found: Result = {"power": power, "alpha": alpha}
    if wanted is not None:
        found["wanted"] = _for_difference(anova, len(samples), wanted, power, alpha)
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
            "per_group": least_animals(
                partial(anova_power, squared, len(samples), alpha=alpha), power
            ),
        }
    return found


def _for_difference(
    anova: Result, groups: int, wanted: float, power: float, alpha: float
) -> Result:
    from scipy.stats import chi2

    if wanted == 0 or not isfinite(wanted):
        msg = f"Expected a difference other than 0 to plan for, found {wanted:g}."
        raise ImpossibleValueError(msg)
    df = anova["df_within"]
    sd = sqrt(anova["ss_within"] / df)
    upper = sd * sqrt(df / float(chi2.ppf(1 - SD_CONFIDENCE, df)))
    found: Result = {"difference": wanted, "test": "Tukey", "groups": groups, "sd": sd}
    found["sd_upper"] = upper
    for name, spread in (("per_group", sd), ("per_group_sd_upper", upper)):
        effect = abs(wanted) / spread
        found[name] = least_animals(partial(pair_power, effect, groups, alpha=alpha), power)
    return found


def pair_power(effect: float, groups: int, per_group: int, alpha: float = 0.05) -> float:
    """Return the power of Tukey's test for two of the groups that differ by `effect` SDs."""
    df = groups * (per_group - 1)
    critical = float(studentized_range.isf(alpha, groups, df)) / sqrt(2)
    shift = effect * sqrt(per_group / 2)
    return float(nct.sf(critical, df, shift) + nct.cdf(-critical, df, shift))


def anova_power(f_squared: float, groups: int, per_group: int, alpha: float = 0.05) -> float:
    """Return the power of a one-way ANOVA with equal groups."""
    between, within = groups - 1, groups * (per_group - 1)
    critical = f_distribution.isf(alpha, between, within)
    return float(ncf.sf(critical, between, within, f_squared * groups * per_group))


def least_animals(power_of: Callable[[int], float], power: float) -> int | None:
    """Return the smallest number of animals per group that reaches the power.

    ``None`` above ten thousand.
    """
    # Power rises with n, so doubling and halving finds the smallest n in few steps.
    low, high = 1, 2
    while power_of(high) < power:
        if high == MOST_ANIMALS:
            return None
        low, high = high, min(2 * high, MOST_ANIMALS)
    while high - low > 1:
        middle = (low + high) // 2
        if power_of(middle) < power:
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
