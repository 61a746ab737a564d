"""The table of figures: which there are, and which fit the data at hand.

Adding a figure is one file here with three functions, and one line in `FIGURES`: ``fits(data)``
says whether the data allow it, ``figure(data)`` draws it (`amgs.figures.saving.DrawnFigure`), and
``caption(data)`` says in a sentence what it shows. Commands and report draw whatever the table says
fits the data, in this order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias

from amgs.figures.saving import DrawnFigure, save_figure

DataKind: TypeAlias = Literal[
    "comparison",
    "dependence",
    "time course",
    "unit profile",
    "agreement",
    "evaluation",
    "human against model",
    "image sets",
]
"""What a figure is drawn from.

``comparison``: the document of `amgs.cohort.comparison.compare_groups`. ``dependence``: an
`amgs.figures.dependence.Dependence`. ``time course``: an
`amgs.figures.time_course.TimeCourse`. ``unit profile``: an
`amgs.figures.unit_profile.UnitProfile`. ``agreement``: the document of
`amgs.scoring.agreement.measure_agreement`. ``evaluation``: an `amgs.model.evaluate.Evaluation`.
``human against model``: an `amgs.model.evaluate.MgsAgreement`. ``image sets``: one result of
`amgs.image_check.sets.compare_similarity`.
"""

FIGURES: dict[str, tuple[str, DataKind]] = {
    "primary": ("amgs.figures.primary", "comparison"),
    "factors": ("amgs.figures.factors", "comparison"),
    "group_difference": ("amgs.figures.group_difference", "comparison"),
    "estimation": ("amgs.figures.estimation", "comparison"),
    "dependence": ("amgs.figures.dependence", "dependence"),
    "time_course": ("amgs.figures.time_course", "time course"),
    "unit_profile": ("amgs.figures.unit_profile", "unit profile"),
    "agreement_by_unit": ("amgs.figures.agreement_by_unit", "agreement"),
    "rater_matrix": ("amgs.figures.rater_matrix", "agreement"),
    "accuracy_coverage": ("amgs.figures.accuracy_coverage", "evaluation"),
    "reliability": ("amgs.figures.reliability", "evaluation"),
    "mgs_signed_score": ("amgs.figures.mgs_signed_score", "human against model"),
    "image_similarity": ("amgs.figures.image_similarity", "image sets"),
}
"""Name → module and what it is drawn from."""


@dataclass(frozen=True, slots=True)
class NamedFigure:
    """A figure with its name in the table and its caption."""

    name: str
    figure: DrawnFigure
    caption: str


def draw_figures(kind: DataKind, data: Any) -> Iterator[NamedFigure]:
    """Draw every figure of the table that is drawn from this kind of data and fits it."""
    for name, (home, wanted) in FIGURES.items():
        if wanted != kind:
            continue
        module = import_module(home)
        if module.fits(data):
            yield NamedFigure(name, module.figure(data), module.caption(data))


def write_figures(folder: Path, kind: DataKind, data: Any, suffix: str = "") -> list[Path]:
    """Write every figure that fits as PNG, SVG, PDF and CSV; return the paths of the PNGs.

    Parameters
    ----------
    folder
        Where to.
    kind, data
        As for `draw_figures`.
    suffix
        Added to the names, where there are several of one kind.
    """
    return [
        save_figure(folder / f"{drawn.name}{suffix}", drawn.figure)
        for drawn in draw_figures(kind, data)
    ]
