"""The report as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs.cohort.words import describe_test, p_text, p_value
from amgs.figures.saving import value_title
from amgs.files import atomic_file
from amgs.provenance import Provenance
from amgs.report.arrive import ArriveItem, arrive
from amgs.report.drawings import GalleryRow, ShownFigure, gallery, show_figures
from amgs.report.flow import FlowStep, exclusion_flow
from amgs.report.material import ReportMaterial
from amgs.report.model_words import on_these_animals
from amgs.report.words import methods

PAGE_OPENING = "<!doctype html>"
"""What every report begins with; another file is never replaced by one."""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """All that the template may show."""

    material: ReportMaterial
    figures: Mapping[str, Sequence[ShownFigure]]
    gallery: Sequence[GalleryRow]
    flow: Sequence[FlowStep]
    methods: Sequence[str]
    arrive: Sequence[ArriveItem]
    provenance: Provenance
    on_these_animals: str


def write_report(path: Path, material: ReportMaterial, provenance: Provenance) -> None:
    """Write the report: one HTML file without any request to elsewhere, whole or not at all."""
    page = ReportPage(
        material,
        show_figures(material),
        gallery(material),
        exclusion_flow(material),
        methods(material),
        arrive(material),
        provenance,
        on_these_animals(material),
    )
    text = _environment().get_template("report.html").render(page=page, m=material)
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("amgs", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "p": lambda value: "–" if value is None else p_value(value),
        "ptext": p_text,
        "value_title": value_title,
        "percent": lambda value: "–" if value is None else f"{100 * value:.1f} %",
        "test": describe_test,
        "sentence": lambda text: text[:1].upper() + text[1:],
    }
    return environment


def _number(value: float | None, decimals: int = 2) -> str:
    return "–" if value is None else f"{value:.{decimals}f}"
