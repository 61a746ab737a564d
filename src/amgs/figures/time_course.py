"""How animals change over time: every animal a thin line, means of groups with 95 % limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amgs.figures.saving import (
    DARK,
    LIGHT,
    MIDDLE,
    DrawnFigure,
    half_interval_of,
    new_axes,
    value_title,
)

COLUMNS = ("group", "animal", "time", "value")
STYLES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"), ((0, (5, 1)), "v"), ((0, (1, 1)), "P"))
TONES = (DARK, MIDDLE, "#d55e00", "#6a6a6a", "#009e73", "#cc79a7")
"""Groups differ in line, mark and brightness, so that they can be told apart on a grey print."""


@dataclass(frozen=True, slots=True)
class TimeCourse:
    """What a time course is drawn from.

    Parameters
    ----------
    rows
        ``animal, group, time`` (one of `times`, as text) and `value`; missing values are ``None``.
    value
        The column to draw.
    times
        The order of the times.
    what
        What the times are called.
    """

    rows: Sequence[Mapping[str, Any]]
    value: str
    times: Sequence[str]
    what: str = "timepoint"


def fits(course: TimeCourse) -> bool:
    """Whether there are two times and a value to draw."""
    values = (row[course.value] for row in course.rows)
    return len(course.times) > 1 and any(value is not None for value in values)


def caption(course: TimeCourse) -> str:
    """Return what the figure shows."""
    limits = "mean with 95 % limits of each group (shown for 3 animals or more)"
    return f"Every animal over the {course.what}s, {limits}."


def figure(course: TimeCourse) -> DrawnFigure:
    """Draw values of animals over timepoints, or over minutes within a recording."""
    rows, value, times = course.rows, course.value, course.times
    groups = list(dict.fromkeys(str(row["group"]) for row in rows if row[value] is not None))
    drawing, axes = new_axes(max(4.2, 1.6 + 0.55 * len(times)), 3.4)
    place = {name: number for number, name in enumerate(times)}
    shown: list[list[object]] = []
    for number, group in enumerate(groups):
        tone = TONES[number % len(TONES)]
        inside = [r for r in rows if r["group"] == group and r[value] is not None]
        shift = 0.06 * (number - (len(groups) - 1) / 2)
        for animal in dict.fromkeys(r["animal"] for r in inside):
            mine = sorted((place[r["time"]], r[value]) for r in inside if r["animal"] == animal)
            x, y = np.array(mine).T
            axes.plot(x + shift, y, color=tone, alpha=0.28, linewidth=0.7, zorder=1)
            shown += [[group, animal, times[int(t)], v] for t, v in mine]
        counts = [sum(r["time"] == time for r in inside) for time in times]
        least, most = min(c for c in counts if c), max(counts)
        n = f"{most}" if least == most else f"{least} to {most}"
        _draw_means(axes, inside, value, place, shift, number, f"{group} (n = {n})")
    axes.axhline(0, color=LIGHT, linewidth=0.6, zorder=0)
    slant = max(len(name) for name in times) * len(times) > 45  # noqa: PLR2004
    axes.set_xticks(
        range(len(times)), list(times), fontsize=8,
        rotation=35 if slant else 0, ha="right" if slant else "center",
    )  # fmt: skip
    axes.set_xlabel(course.what, fontsize=8)
    axes.set_ylabel(value_title(value), fontsize=8)
    axes.legend(fontsize=7, frameon=False, loc="best")
    return DrawnFigure(drawing, COLUMNS, shown)


def _draw_means(  # noqa: PLR0917
    axes: Any,
    rows: Sequence[Mapping[str, Any]],
    value: str,
    place: dict[str, int],
    shift: float,
    number: int,
    label: str,
) -> None:
    line, mark = STYLES[number % len(STYLES)]
    x, means, limits = [], [], []
    for time, where in place.items():
        values = np.array([r[value] for r in rows if r["time"] == time], float)
        if len(values) == 0:
            continue
        x.append(where + shift)
        means.append(float(values.mean()))
        limits.append(half_interval_of(values))
    axes.errorbar(
        x, means, limits, color=TONES[number % len(TONES)], linestyle=line, marker=mark,
        markersize=5, linewidth=1.6, capsize=2, label=label, zorder=3,
    )  # fmt: skip
