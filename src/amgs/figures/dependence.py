"""How the answer depends on choices: the same difference by threshold, sleep, outliers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from amgs.figures.saving import DARK, LIGHT, MIDDLE, DrawnFigure, new_row_of_axes, value_title

COLUMNS = ("choice", "animals", "pair", "difference", "lower", "upper", "p")
_MOST_PAIRS = 4
_TITLE_LETTERS = 26


@dataclass(frozen=True, slots=True)
class Dependence:
    """The primary analysis with other choices, one at a time.

    Parameters
    ----------
    rows
        From `amgs.report.dependence.how_it_depends`, the reported one first.
    value
        The column that is compared.
    """

    rows: Sequence[Mapping[str, Any]]
    value: str


def fits(dependence: Dependence) -> bool:
    """Whether there is a result to vary."""
    return len(dependence.rows) > 1 and bool(dependence.rows[0]["rows"])


def caption(dependence: Dependence) -> str:
    """Return what the figure shows."""
    more = len(dependence.rows[0]["rows"]) > _MOST_PAIRS
    return (
        "The primary differences with their limits, as reported (filled) and with one choice made "
        f"otherwise; n is the number of animals.{' The first four pairs.' if more else ''}"
    )


def figure(dependence: Dependence) -> DrawnFigure:
    """Draw the difference of every pair with its limits, one line per choice."""
    rows = dependence.rows
    pairs = [(r["a"], r["b"]) for r in rows[0]["rows"]]
    shown = pairs[:_MOST_PAIRS]
    drawing, panels = new_row_of_axes(len(shown), 2.2 + 1.7 * len(shown), 0.9 + 0.2 * len(rows))
    for axes, (a, b) in zip(panels, shown, strict=True):
        axes.axvline(0, color=LIGHT, linewidth=1)
        for place, row in enumerate(rows):
            for r in row["rows"]:
                if (r["a"], r["b"]) == (a, b):
                    tone = MIDDLE if row["reported"] else DARK
                    axes.plot([r["lower"], r["upper"]], [-place, -place], color=tone, linewidth=1.2)
                    face = MIDDLE if row["reported"] else "white"
                    axes.plot(
                        r["difference"], -place, "o", color=tone, markerfacecolor=face, markersize=5
                    )
        axes.set_title(fill(f"{a} – {b}", _TITLE_LETTERS), fontsize=8)
        axes.set_ylim(-len(rows) + 0.4, 0.6)
        axes.tick_params(labelsize=7)
    names = [f"{row['choice']} (n = {row['animals']})" for row in rows]
    panels[0].set_yticks([-k for k in range(len(rows))], names, fontsize=7)
    drawing.supxlabel(f"difference of {value_title(dependence.value)}", fontsize=8)
    table = [
        [row["choice"], row["animals"], f"{r['a']} – {r['b']}"]
        + [r[k] for k in ("difference", "lower", "upper", "p")]
        for row in rows
        for r in row["rows"]
    ]
    return DrawnFigure(drawing, COLUMNS, table)
