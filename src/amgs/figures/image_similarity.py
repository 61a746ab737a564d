"""Structural similarity of images within and between two sets, every pair of images drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from amgs.cohort.words import p_text
from amgs.figures.saving import DARK, MIDDLE, DrawnFigure, new_axes

COLUMNS = ("pairs", "ssim")
_SPREAD = 0.28


def fits(result: dict[str, Any]) -> bool:
    """Whether similarities were computed."""
    return bool(result["values"]["between"])


def caption(result: dict[str, Any]) -> str:
    """Return what the figure shows."""
    return (
        f"Images of {result['a']} and {result['b']}; p by Holm's method for all pairs of sets that "
        "were compared."
    )


def figure(result: dict[str, Any]) -> DrawnFigure:
    """Draw three columns of dots with their means.

    Parameters
    ----------
    result
        One pair of sets from `amgs.image_check.sets.compare_similarity`.
    """
    drawing, axes = new_axes(3.6, 3.2)
    rng = np.random.default_rng(0)
    names = {
        "within_a": f"within\n{result['a']}",
        "within_b": f"within\n{result['b']}",
        "between": "between",
    }
    rows: list[list[object]] = []
    for place, (key, name) in enumerate(names.items()):
        values = np.array(result["values"][key])
        sideways = rng.uniform(-_SPREAD, _SPREAD, len(values))
        axes.plot(place + sideways, values, "o", color=MIDDLE, markersize=2, alpha=0.45)
        axes.plot([place - 0.35, place + 0.35], [values.mean()] * 2, color=DARK, linewidth=2)
        rows += [[name.replace("\n", " "), value] for value in values.tolist()]
    axes.set_xticks(range(len(names)), list(names.values()), fontsize=8)
    axes.set_ylabel("structural similarity (SSIM)", fontsize=8)
    axes.set_title(
        f"within − between = {result['difference']:.3f}{_p(result)}",
        fontsize=8,
        loc="left",
    )
    return DrawnFigure(drawing, COLUMNS, rows)


def _p(result: dict[str, Any]) -> str:
    return "" if result["p"] is None else f", {p_text(result['p_holm'])} (Holm)"
