"""Two factors: adjusted means of every cell with limits, and every animal, levels as lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from amgs.cohort.words import name_of_means
from amgs.figures.saving import DrawnFigure, new_axes, value_title
from amgs.figures.time_course import STYLES, TONES

COLUMNS = ("first", "second", "n", "mean", "lower", "upper")
_SPREAD = 0.34


def fits(comparison: dict[str, Any]) -> bool:
    """Whether the plan names two factors, and they could be analysed."""
    return "cells" in comparison["primary"].get("factors", {})


def caption(comparison: dict[str, Any]) -> str:
    """Return what the figure shows."""
    first, second = comparison["primary"]["factors"]["factors"]
    primary = comparison["primary"]
    means = name_of_means(primary, comparison["baseline"])
    unit = " (from the means of cages)" if primary["unit"] == "cage" else ""
    return (
        f"{first} by {second} at {comparison['timepoint']}: every animal, and {means}s with 95 % "
        f"limits{unit}. Parallel lines: no interaction."
    )


def figure(comparison: dict[str, Any]) -> DrawnFigure:
    """Draw one line per level of the second factor over the levels of the first."""
    found = comparison["primary"]["factors"]
    first, second = found["factors"]
    places = list(dict.fromkeys(cell[first] for cell in found["cells"]))
    lines = list(dict.fromkeys(cell[second] for cell in found["cells"]))
    # Without a baseline as covariate, the means are of changes, and so are the animals' values.
    changes = found["covariate"] is None and comparison["baseline"] is not None
    drawing, axes = new_axes(2.0 + 1.1 * len(places), 3.4)
    for number, line in enumerate(lines):
        tone = TONES[number % len(TONES)]
        style, mark = STYLES[number % len(STYLES)]
        shift = _SPREAD * ((number + 0.5) / len(lines) - 0.5)
        mine = [cell for cell in found["cells"] if cell[second] == line]
        at = np.array([places.index(cell[first]) + shift for cell in mine])
        means = np.array([cell["mean"] for cell in mine])
        limits = np.array([[c["mean"] - c["lower"], c["upper"] - c["mean"]] for c in mine]).T
        for animal in comparison["animals"]:
            levels = found["levels"].get(animal["animal"])
            if levels is not None and levels[1] == line:
                value = animal["after"] - animal["baseline"] if changes else animal["after"]
                beside = places.index(levels[0]) + shift - 0.06
                axes.plot(beside, value, "o", color=tone, alpha=0.35, markersize=3)
        axes.errorbar(
            at + 0.02, means, limits, color=tone, linestyle=style, marker=mark, markersize=5,
            capsize=3, lw=1.4, label=line,
        )  # fmt: skip
    axes.set_xticks(range(len(places)), places, fontsize=8)
    axes.set_xlabel(first, fontsize=8)
    what = value_title(comparison["value"])
    axes.set_ylabel(f"change of {what}" if changes else what, fontsize=8)
    axes.legend(title=second, fontsize=7, title_fontsize=7, frameon=False)
    rows: list[list[object]] = [
        [cell[first], cell[second], *(cell[name] for name in COLUMNS[2:])]
        for cell in found["cells"]
    ]
    return DrawnFigure(drawing, COLUMNS, rows)
