"""Differences between groups with their intervals, beside each other."""

from __future__ import annotations

from typing import Any

from amgs.figures.saving import DARK, LIGHT, MIDDLE, DrawnFigure, new_axes, value_title

COLUMNS = ("pair", "difference", "lower", "upper", "hedges_g", "g_lower", "g_upper", "p")


def fits(comparison: dict[str, Any]) -> bool:
    """Whether pairs of groups could be tested."""
    return isinstance(comparison["tukey"], list)


def caption(comparison: dict[str, Any]) -> str:
    """Return what the figure shows."""
    compared = "changes" if comparison["baseline"] is not None else "values"
    return (
        f"Differences of {compared} between groups with Tukey's simultaneous 95 % limits, and "
        "Hedges' g with the 95 % interval of the pair alone."
    )


def figure(comparison: dict[str, Any]) -> DrawnFigure:
    """Draw every pair's difference with Tukey's simultaneous 95 % limits, and Hedges' g in words.

    Parameters
    ----------
    comparison
        The document of `amgs.cohort.comparison.compare_groups`.
    """
    pairs = comparison["tukey"] if isinstance(comparison["tukey"], list) else []
    drawing, axes = new_axes(5.2, 1.0 + 0.45 * max(1, len(pairs)))
    axes.axvline(0, color=LIGHT, linewidth=1)
    rows: list[list[object]] = []
    for place, row in enumerate(reversed(pairs)):
        name = f"{row['a']} – {row['b']}"
        axes.plot([row["lower"], row["upper"]], [place, place], color=DARK, linewidth=1.4)
        axes.plot(row["difference"], place, "o", color=MIDDLE, markersize=6)
        interval = row["hedges_g_interval"] or (None, None)
        known = row["hedges_g"] is not None and interval[0] is not None
        says = (
            f"g = {row['hedges_g']:.2f} ({interval[0]:.2f} to {interval[1]:.2f})" if known else ""
        )
        axes.annotate(
            says or "g: not computed",
            (row["upper"], place),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
        rows.append(
            [
                name,
                *(row[k] for k in ("difference", "lower", "upper", "hedges_g")),
                *interval,
                row["p"],
            ]
        )
    axes.set_yticks(
        range(len(pairs)), [f"{r['a']} – {r['b']}" for r in reversed(pairs)], fontsize=8
    )
    axes.set_ylim(-0.6, max(1, len(pairs)) - 0.4)
    axes.margins(x=0.25)
    axes.set_xlabel(
        f"difference of {value_title(comparison['value'])} (Tukey's 95 % limits)", fontsize=8
    )
    return DrawnFigure(drawing, COLUMNS, rows)
