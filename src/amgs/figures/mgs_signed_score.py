"""Mean signed score per human MGS: the paper's Figure 2."""

from __future__ import annotations

from itertools import pairwise

from amgs.figures.saving import DARK, LIGHT, DrawnFigure, new_axes
from amgs.model.evaluate import MgsAgreement

COLUMNS = ("mgs", "n", "mean", "sem", "t", "p", "p_bonferroni")
_STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))


def fits(agreement: MgsAgreement) -> bool:
    """Whether there are enough scored images for a correlation."""
    return agreement.n > 3  # noqa: PLR2004


def caption(agreement: MgsAgreement) -> str:
    """Return what the figure shows."""
    shown = "" if agreement.pearson_r is None else f" r = {agreement.pearson_r:.2f}."
    return (
        f"The model's signed score by human MGS, {agreement.n} images.{shown}"
        " Stars: different from a guess (Bonferroni); as in the paper, images are taken as "
        "independent here, which they are not."
    )


def figure(agreement: MgsAgreement) -> DrawnFigure:
    """Draw mean ± SEM of the signed score per MGS; stars mark a difference from a guess."""
    drawing, axes = new_axes()
    axes.axhline(0, color=LIGHT, linewidth=1)
    scores = [row.mgs for row in agreement.by_score]
    # The mean of several raters falls between whole scores, and bars must not cover each other.
    width = 0.7 * min((b - a for a, b in pairwise(scores)), default=1.0)
    for row in agreement.by_score:
        axes.bar(row.mgs, row.mean, width=width, color="white", edgecolor=DARK, linewidth=1)
        if row.sem is not None:
            axes.errorbar(row.mgs, row.mean, yerr=row.sem, color=DARK, capsize=2, linewidth=1)
        above = row.mean >= 0
        tip = row.mean + (row.sem or 0) * (1 if above else -1)
        axes.annotate(
            f"{stars(row.p_bonferroni)}\n{row.n}"
            if above
            else f"{row.n}\n{stars(row.p_bonferroni)}",
            (row.mgs, tip),
            (0, 2 if above else -2),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            fontsize=6,
        )
    axes.set_ylim(-1.1, 1.15)
    axes.set_xlabel("MGS by humans (sum of the action units)", fontsize=9)
    axes.set_ylabel("signed score (mean ± SEM)", fontsize=9)
    if agreement.pearson_r is not None:
        axes.set_title(
            f"r = {agreement.pearson_r:.2f}, n = {agreement.n} images", fontsize=8, loc="left"
        )
    rows = [[getattr(row, name) for name in COLUMNS] for row in agreement.by_score]
    return DrawnFigure(drawing, COLUMNS, rows)


def stars(p: float | None) -> str:
    """Return the stars of a p value: * below 0.05, ** below 0.01, *** below 0.001."""
    return next((mark for limit, mark in _STARS if p is not None and p < limit), "")
