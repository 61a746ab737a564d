"""The primary analysis: every animal before and after, means with limits, and the differences."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np

from amgs.cohort.words import ANCOVA, name_of_means
from amgs.figures.saving import DARK, LIGHT, MIDDLE, DrawnFigure, new_row_of_axes, value_title

COLUMNS = ("group", "animal", "baseline", "after")
_GROUP_LETTERS = 14
_SHIFT = 0.28


def fits(comparison: dict[str, Any]) -> bool:
    """Whether the primary analysis could be made."""
    return "rows" in comparison["primary"]


def caption(comparison: dict[str, Any]) -> str:
    """Return what the figure shows."""
    primary = comparison["primary"]
    before = comparison["baseline"]
    unit = " (limits from the means of cages)" if primary["unit"] == "cage" else ""
    values = f"Every animal at {before} and {comparison['timepoint']}"
    means = (
        f", {name_of_means(primary, before)} with 95 % limits{unit}"
        if _shows_means(comparison)
        else ""
    )
    if before is None:
        values = f"Every animal at {comparison['timepoint']}"
    return f"Left: {values}{means}. Right: differences with 95 % limits, {primary['comparisons']}."


def figure(comparison: dict[str, Any]) -> DrawnFigure:
    """Draw animals before and after by group, and the differences between groups beside."""
    primary = comparison["primary"]
    means, pairs = primary["means"], primary["rows"]
    tall = max(3.2, 1.2 + 0.36 * len(pairs))
    drawing, (left, right) = new_row_of_axes(2, 3.6 + 0.85 * len(means), tall, same_y=False)
    _draw_animals(left, comparison, means)
    right.axvline(0, color=LIGHT, linewidth=1)
    for place, row in enumerate(reversed(pairs)):
        right.plot([row["lower"], row["upper"]], [place, place], color=DARK, linewidth=1.4)
        right.plot(row["difference"], place, "o", color=MIDDLE, markersize=6)
    names = [fill(f"{r['a']} – {r['b']}", 24) for r in reversed(pairs)]
    right.set_yticks(range(len(pairs)), names, fontsize=7)
    right.set_ylim(-0.6, len(pairs) - 0.4)
    margin = (primary.get("equivalence") or [{}])[0].get("margin")
    if margin:
        right.axvspan(-margin, margin, color=LIGHT, alpha=0.2, linewidth=0)
    right.set_xlabel(f"difference of {value_title(comparison['value'])}", fontsize=8)
    rows = [[animal[name] for name in COLUMNS] for animal in comparison["animals"]]
    return DrawnFigure(drawing, COLUMNS, rows)


def _shows_means(comparison: dict[str, Any]) -> bool:
    """Whether the means are of the values drawn; those of changes stand in the table alone."""
    return comparison["primary"]["analysis"] == ANCOVA or comparison["baseline"] is None


def _draw_animals(axes: Any, comparison: dict[str, Any], means: list[dict[str, Any]]) -> None:
    with_baseline = comparison["baseline"] is not None
    for place, mean in enumerate(means):
        mine = [a for a in comparison["animals"] if a["group"] == mean["group"]]
        at = np.array([place - _SHIFT, place + _SHIFT])
        for animal in mine:
            if with_baseline:
                values = [animal["baseline"], animal["after"]]
                axes.plot(at, values, "-", color=LIGHT, linewidth=0.7, zorder=1)
                axes.plot(at[0], animal["baseline"], "o", color=LIGHT, markersize=3, zorder=2)
            axes.plot(at[1], animal["after"], "o", color=MIDDLE, markersize=3, zorder=2)
        if _shows_means(comparison):
            low, high = mean["mean"] - mean["lower"], mean["upper"] - mean["mean"]
            axes.errorbar(
                at[1] + 0.12,
                mean["mean"],
                [[low], [high]],
                fmt="_",
                color=DARK,
                capsize=3,
                lw=1.3,
                markersize=9,
                zorder=3,
            )
    labels = [f"{fill(m['group'], _GROUP_LETTERS)}\nn = {m['n']}" for m in means]
    axes.set_xticks(range(len(means)), labels, fontsize=7)
    what = value_title(comparison["value"])
    if with_baseline:
        what += f" ({comparison['baseline']}, {comparison['timepoint']})"
    axes.set_ylabel(what, fontsize=8)
