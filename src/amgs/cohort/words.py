"""Fixed words and how p values are written, light enough for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, isfinite, log10
from typing import Any, Literal, TypeAlias

ALPHA = 0.05
"""The level of every test."""

_SMALLEST_P = 0.0001


def p_value(p: float) -> str:
    """Write a p value with four decimals, never as zero."""
    return f"< {_SMALLEST_P}" if p < _SMALLEST_P else f"{p:.4f}"


def p_text(p: float) -> str:
    """Write ``p = 0.0123`` or ``p < 0.0001``."""
    return f"p {p_value(p)}" if p < _SMALLEST_P else f"p = {p:.4f}"


_MOST_DECIMALS = 6


def written(value: float, width: float) -> str:
    """Write a number with as many decimals as its interval of this width has two digits for.

    One at least, so that percentages look alike; never ``-0.0``.
    """
    decimals = 1 - floor(log10(width)) if isfinite(width) and width > 0 else 1
    decimals = min(max(decimals, 1), _MOST_DECIMALS)
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


_LETTERS = {"a_squared": "A²"}


def describe_test(result: Mapping[str, Any], statistic: str) -> str:
    """Write a test as ``F(2, 36) = 9.700, p = 0.0004``, or why there is none."""
    if not result.get("computed", True):
        return f"not computed: {result['reason']}"
    df = ""
    if "df_within" in result:
        df = f"({result['df_between']}, {result['df_within']:.4g})"
    elif "df" in result:
        df = f"({result['df']})"
    return (
        f"{_LETTERS.get(statistic, statistic)}{df} = {result[statistic]:.3f}, {p_text(result['p'])}"
    )


def levene_in_use(levene: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """Return Levene's test by the median where it could be made, else by the mean, and which."""
    by_median = levene.get("by_median", {})
    return (by_median, "median") if "p" in by_median else (levene, "mean")


AnalysisName: TypeAlias = Literal["ancova", "change"]
"""How the primary analysis takes the baseline into account."""

ANCOVA: AnalysisName = "ancova"
CHANGE: AnalysisName = "change"


def name_of_means(primary: Mapping[str, Any], baseline: str | None) -> str:
    """Return what a mean of the primary analysis is: of values or of changes, adjusted or not.

    The analysis of covariance has means of the values after, adjusted for the baseline; that of
    changes has mean changes.
    """
    changes = primary["analysis"] == CHANGE and baseline is not None
    name = "mean change" if changes else "mean"
    return f"adjusted {name}" if primary["covariates"] else name


OutlierRule: TypeAlias = Literal["report", "remove"]
"""What is done with animals that are outliers at baseline."""
