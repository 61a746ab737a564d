"""Change from baseline by group, every animal drawn: the paper's Figure 3."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np

from amgs.cohort.words import p_text
from amgs.figures.mgs_signed_score import stars
from amgs.figures.saving import (
    DARK,
    LIGHT,
    MIDDLE,
    DrawnFigure,
    half_interval_of,
    new_axes,
    value_title,
)

COLUMNS = ("group", "animal", "baseline", "after", "difference")
_SPREAD = 0.22
_STEP = 0.07
_TITLE_LETTERS = 36


def fits(comparison: dict[str, Any]) -> bool:
    """Whether there are groups to draw."""
    return bool(comparison["groups"])


def caption(comparison: dict[str, Any]) -> str:
    """Return what the figure shows."""
    del comparison
    return (
        "Every animal (dots), mean of its group with 95 % limits (shown for 3 animals or "
        "more); stars by Tukey's test: * p < 0.05, ** p < 0.01, *** p < 0.001."
    )


def figure(comparison: dict[str, Any]) -> DrawnFigure:
    """Draw each animal, the mean of its group with 95 % limits, and stars by Tukey's test.

    Parameters
    ----------
    comparison
        The document of `amgs.cohort.comparison.compare_groups`.
    """
    groups = [row["group"] for row in comparison["groups"]]
    drawing, axes = new_axes(max(3.0, 1.1 + 0.95 * len(groups)), 3.4)
    axes.axhline(0, color=LIGHT, linewidth=1)
    highest, lowest = 0.0, 0.0
    for place, row in enumerate(comparison["groups"]):
        values = [a["difference"] for a in comparison["animals"] if a["group"] == row["group"]]
        axes.bar(place, row["mean"], 0.7, color="white", edgecolor=DARK, linewidth=1, zorder=1)
        sideways = _side_by_side(np.array(values))
        axes.plot(place + sideways, values, "o", color=MIDDLE, markersize=3, alpha=0.8, zorder=3)
        if row["sem"] is not None:
            half = half_interval_of(values)
            axes.errorbar(place, row["mean"], half, color=DARK, capsize=3, lw=1.2, zorder=4)
        highest, lowest = max(highest, *values), min(lowest, *values)
    _draw_stars(axes, comparison["tukey"], groups, highest, highest - lowest)
    axes.set_xticks(
        range(len(groups)),
        [f"{row['group']}\nn = {row['n']}" for row in comparison["groups"]],
        fontsize=8,
    )
    what = value_title(comparison["value"])
    if comparison["baseline"] is not None:
        what = f"{what}, {comparison['timepoint']} minus {comparison['baseline']}"
    axes.set_ylabel(what, fontsize=8)
    axes.set_title(_title(comparison["anova"]), fontsize=8, loc="left")
    rows = [[animal[name] for name in COLUMNS] for animal in comparison["animals"]]
    return DrawnFigure(drawing, COLUMNS, rows)


def _side_by_side(values: np.ndarray) -> np.ndarray:
    """Move equal or close values apart, always in the same way."""
    order = np.argsort(values, kind="stable")
    shift = np.zeros(len(values))
    if len(values) > 1:
        pattern = np.array([0.0, 1.0, -1.0, 0.5, -0.5])
        shift[order] = _SPREAD * pattern[np.arange(len(values)) % len(pattern)]
    return shift


def _draw_stars(axes: Any, tukey: Any, groups: list[str], highest: float, extent: float) -> None:
    """Draw a bracket over every pair whose p is below 0.05."""
    if not isinstance(tukey, list):
        return
    level = highest + _STEP * (extent or 1)
    for row in sorted(tukey, key=lambda r: abs(groups.index(r["a"]) - groups.index(r["b"]))):
        marks = stars(row["p"])
        if not marks:
            continue
        left, right = sorted((groups.index(row["a"]), groups.index(row["b"])))
        axes.plot([left + 0.03, right - 0.03], [level, level], color=DARK, linewidth=0.8)
        axes.annotate(marks, ((left + right) / 2, level), ha="center", va="bottom", fontsize=8)
        level += 1.3 * _STEP * (extent or 1)


def _title(anova: dict[str, Any]) -> str:
    if not anova.get("computed", True):
        return fill(f"no ANOVA: {anova['reason']}", _TITLE_LETTERS)
    shown = p_text(anova["p"])
    return f"F({anova['df_between']}, {anova['df_within']}) = {anova['F']:.2f}, {shown}"
