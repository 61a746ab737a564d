"""Confidence against how often it is right."""

from __future__ import annotations

from amgs.figures.saving import DARK, LIGHT, DrawnFigure, new_axes
from amgs.model.evaluate import Evaluation
from amgs.model.metrics import wilson_interval

COLUMNS = ("lower", "upper", "n", "mean_confidence", "accuracy", "accuracy_low", "accuracy_high")


def fits(evaluation: Evaluation) -> bool:
    """Whether there are bins of confidence."""
    return any(b.n for b in evaluation.reliability)


def caption(evaluation: Evaluation) -> str:
    """Return what the figure shows."""
    del evaluation
    return "How often calls of a given confidence are right."


def figure(evaluation: Evaluation) -> DrawnFigure:
    """Draw accuracy per bin of confidence with 95 % Wilson intervals; the diagonal is perfect."""
    drawing, axes = new_axes()
    axes.plot([0.5, 1], [0.5, 1], color=LIGHT, linestyle="--", label="perfectly calibrated")
    rows: list[list[object]] = []
    for b in evaluation.reliability:
        interval = None
        if b.accuracy is not None and b.mean_confidence is not None:
            interval = wilson_interval(round(b.accuracy * b.n), b.n)
            axes.plot(b.mean_confidence, b.accuracy, "o", color=DARK, markersize=4)
            axes.annotate(
                str(b.n),
                (b.mean_confidence, b.accuracy),
                (5, -9),
                textcoords="offset points",
                fontsize=6,
            )
        if interval is not None and b.mean_confidence is not None:
            axes.plot([b.mean_confidence] * 2, interval, color=DARK, linewidth=1)
        rows.append(
            [b.lower, b.upper, b.n, b.mean_confidence, b.accuracy, *(interval or (None, None))]
        )
    axes.set_xlim(0.48, 1.02)
    axes.set_ylim(min(0.4, axes.get_ylim()[0]), 1.03)
    axes.set_xlabel("confidence (mean of the bin; numbers are images)", fontsize=9)
    axes.set_ylabel("share called rightly", fontsize=9)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return DrawnFigure(drawing, COLUMNS, rows)
