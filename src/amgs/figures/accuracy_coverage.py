"""Accuracy against coverage: what is gained by setting uncertain images aside."""

from __future__ import annotations

from collections.abc import Sequence

from amgs.figures.saving import DARK, LIGHT, MIDDLE, DrawnFigure, new_axes
from amgs.model.evaluate import CurvePoint, Evaluation
from amgs.vocabulary import DEFAULT_THRESHOLD

CURVE_COLUMNS = ("threshold", "n", "coverage", "accuracy", "sensitivity", "specificity")


def fits(evaluation: Evaluation) -> bool:
    """Whether there is a curve."""
    return bool(evaluation.curve)


def caption(evaluation: Evaluation) -> str:
    """Return what the figure shows."""
    del evaluation
    return "Accuracy gained by excluding uncertain images."


def figure(evaluation: Evaluation) -> DrawnFigure:
    """Draw accuracy, sensitivity and specificity over the share of images kept."""
    drawing, axes = new_axes()
    curve = evaluation.curve
    kept = [point for point in curve if point.counts.n > 0]
    lines = (
        ("specificity", LIGHT, "--", "s"),
        ("sensitivity", MIDDLE, ":", "^"),
        ("accuracy", DARK, "-", "o"),
    )
    for name, colour, style, marker in lines:
        drawn = [(100 * p.coverage, getattr(p.counts, name)) for p in kept]
        x = [coverage for coverage, value in drawn if value is not None]
        y = [100 * value for _, value in drawn if value is not None]
        axes.plot(x, y, color=colour, linestyle=style, marker=marker, markersize=4, label=name)
    for point in kept:
        if point.threshold == DEFAULT_THRESHOLD and point.counts.accuracy is not None:
            place = (100 * point.coverage, 100 * point.counts.accuracy)
            axes.annotate(
                f"≥ {DEFAULT_THRESHOLD}",
                place,
                xytext=(-27, 4),
                textcoords="offset points",
                fontsize=7,
            )
    axes.set_xlim(103, 0)
    axes.set_xlabel("images kept (%), most confident to the right", fontsize=9)
    axes.set_ylabel("%", fontsize=9)
    axes.legend(frameon=False, fontsize=8, loc="best")
    return DrawnFigure(drawing, CURVE_COLUMNS, curve_rows(curve))


def curve_rows(curve: Sequence[CurvePoint]) -> list[list[object]]:
    """Return the points of the curve as rows of `CURVE_COLUMNS`."""
    return [
        [p.threshold, p.counts.n, p.coverage, *(getattr(p.counts, n) for n in CURVE_COLUMNS[3:])]
        for p in curve
    ]
