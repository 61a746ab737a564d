"""Which action units changed in which group: a profile over the units, every animal one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amgs.figures.saving import LIGHT, DrawnFigure, half_interval_of, new_axes
from amgs.figures.time_course import STYLES, TONES

COLUMNS = ("unit", "group", "n", "mean", "sem")


@dataclass(frozen=True, slots=True)
class UnitProfile:
    """What a profile is drawn from.

    Parameters
    ----------
    rows
        Of a summary: ``animal, group, timepoint`` and ``mean_UNIT``.
    units
        Names of the units, in the order of the scale.
    timepoint
        What is shown.
    baseline
        What is subtracted, animal by animal; empty to show the values as they are.
    """

    rows: Sequence[Mapping[str, Any]]
    units: Sequence[str]
    timepoint: str
    baseline: str = ""


def fits(profile: UnitProfile) -> bool:
    """Whether there are two units and an animal to show."""
    return len(profile.units) > 1 and any(_values(profile, u, None) for u in profile.units)


def caption(profile: UnitProfile) -> str:
    """Return what the figure shows."""
    change = f", change from {profile.baseline}" if profile.baseline else ""
    return (
        f"Action units at {profile.timepoint}{change} (scores of the model, 0 to 2; mean with "
        "95 % limits over animals)."
    )


def figure(profile: UnitProfile) -> DrawnFigure:
    """Draw one line of marks per group over the units."""
    groups = list(dict.fromkeys(str(row["group"]) for row in profile.rows))
    drawing, axes = new_axes(1.8 + 0.75 * len(profile.units), 3.2)
    shown: list[list[object]] = []
    for number, group in enumerate(groups):
        x, means, limits = [], [], []
        for place, unit in enumerate(profile.units):
            values = np.array(_values(profile, unit, group))
            if not len(values):
                continue
            sem = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
            x.append(place + 0.1 * (number - (len(groups) - 1) / 2))
            means.append(float(values.mean()))
            limits.append(half_interval_of(values))
            shown.append([unit, group, len(values), means[-1], sem])
        line, mark = STYLES[number % len(STYLES)]
        axes.errorbar(
            x, means, limits, color=TONES[number % len(TONES)], linestyle=line, marker=mark,
            markersize=5, linewidth=1.2, capsize=2, label=group,
        )  # fmt: skip
    axes.axhline(0, color=LIGHT, linewidth=0.6, zorder=0)
    names = [unit.replace("_", "\n") for unit in profile.units]
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.set_ylabel("change of score" if profile.baseline else "score (0–2)", fontsize=8)
    axes.legend(fontsize=7, frameon=False, loc="best")
    return DrawnFigure(drawing, COLUMNS, shown)


def _values(profile: UnitProfile, unit: str, group: str | None) -> list[float]:
    """Return one value per animal of a group (or of all): the score, or its change."""
    column = f"mean_{unit}"
    at: dict[str, dict[str, float]] = {}
    for row in profile.rows:
        value = row.get(column)
        if value is not None and group in {None, row["group"]}:
            at.setdefault(str(row["animal"]), {})[str(row["timepoint"])] = float(value)
    found = []
    for times in at.values():
        if profile.timepoint not in times or (profile.baseline and profile.baseline not in times):
            continue
        before = times[profile.baseline] if profile.baseline else 0.0
        found.append(times[profile.timepoint] - before)
    return found
