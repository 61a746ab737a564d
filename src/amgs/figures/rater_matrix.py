"""Rater against rater: quadratic-weighted κ over all units together."""

from __future__ import annotations

from typing import Any

import numpy as np

from amgs.figures.saving import DrawnFigure, new_axes

COLUMNS = ("a", "b", "weighted_kappa", "n_scores")
_DARK_FROM = 0.6


def fits(document: dict[str, Any]) -> bool:
    """Whether there are several pairs of raters; of one pair a number says as much."""
    return len(document.get("rater_pairs") or ()) > 1


def caption(document: dict[str, Any]) -> str:
    """Return what the figure shows."""
    del document
    return "Agreement of every pair of raters."


def figure(document: dict[str, Any]) -> DrawnFigure:
    """Draw one square per pair of raters, darker the better they agree, with the number in it.

    Parameters
    ----------
    document
        From `amgs.scoring.agreement.measure_agreement`; pairs without common images stay empty.
    """
    raters = [row["rater"] for row in document["raters"]]
    place = {name: number for number, name in enumerate(raters)}
    matrix = np.full((len(raters), len(raters)), np.nan)
    rows: list[list[object]] = []
    for pair in document["rater_pairs"]:
        i, j = place[pair["a"]], place[pair["b"]]
        matrix[i, j] = matrix[j, i] = pair["kappa"]
        rows.append([pair["a"], pair["b"], pair["kappa"], pair["n"]])
    side = max(2.6, 1.2 + 0.42 * len(raters))
    drawing, axes = new_axes(side, side)
    axes.imshow(np.ma.masked_invalid(matrix), cmap="Greys", vmin=0, vmax=1)
    for i, j in np.argwhere(np.isfinite(matrix)).tolist():
        tone = "white" if matrix[i, j] > _DARK_FROM else "black"
        axes.text(j, i, f"{matrix[i, j]:.2f}", ha="center", va="center", fontsize=7, color=tone)
    axes.set_xticks(range(len(raters)), raters, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(raters)), raters, fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("Weighted κ of pairs of raters, all units", fontsize=8)
    return DrawnFigure(drawing, COLUMNS, rows)
