"""The report as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs.cohort.sentences import describe_factors, describe_primary, list_questions
from amgs.cohort.words import describe_test, name_of_means, p_text, p_value
from amgs.errors import count_of
from amgs.figures.saving import value_title
from amgs.files import atomic_file
from amgs.provenance import Provenance
from amgs.report.arrive import ArriveItem, arrive
from amgs.report.beside_people import people_rows
from amgs.report.dependence import say_dependence, say_sleep
from amgs.report.drawings import GalleryRow, ShownFigure, gallery, show_figures
from amgs.report.flow import FlowStep, exclusion_flow
from amgs.report.material import ReportMaterial
from amgs.report.model_words import on_these_animals
from amgs.report.plan_words import (
    describe_plan,
    place_of_primary,
    plan_is_sound,
    title_of_primary,
)
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
    plan: Sequence[str]
    plan_is_sound: bool
    title_of_primary: str
    place_of_primary: str
    questions: Sequence[tuple[str, str, str]]
    people: Sequence[tuple[str, str]]
    depends: Sequence[str]
    confident: Sequence[tuple[str, Sequence[str]]]


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
        describe_plan(material),
        plan_is_sound(material),
        title_of_primary(material),
        place_of_primary(material),
        list_questions((material.comparison or {}).get("baseline")),
        people_rows(material),
        [*say_sleep(material.dependence), *say_dependence(material.dependence)],
        _confident_images(material),
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
        "count_of": count_of,
        "p": lambda value: "–" if value is None else p_value(value),
        "ptext": p_text,
        "name_of_means": name_of_means,
        "value_title": value_title,
        "percent": lambda value: "–" if value is None else f"{100 * value:.1f} %",
        "test": describe_test,
        "shares": lambda limits: "" if not limits else f" ({_shares(limits)})",
        "primary_words": _primary_words,
        "sentence": lambda text: text[:1].upper() + text[1:],
    }
    return environment


def _primary_words(comparison: Mapping[str, Any]) -> list[str]:
    primary = comparison["primary"]
    found = describe_primary(primary, comparison["baseline"])
    return found + (describe_factors(primary["factors"]) if "factors" in primary else [])


def _confident_images(material: ReportMaterial) -> list[tuple[str, list[str]]]:
    """Return confident images of all by group and timepoint; nothing of a model without calls."""
    if not any(row.get("confident_images") is not None for row in material.summary):
        return []
    found = []
    for group in material.groups:
        cells = []
        for timepoint in material.timepoints:
            rows = [
                row
                for row in material.summary
                if (row["group"], row["timepoint"]) == (group, timepoint)
            ]
            sure = sum(int(row.get("confident_images") or 0) for row in rows)
            n = sum(int(row.get("images") or 0) for row in rows)
            cells.append(f"{sure} of {n}" + (f" ({100 * sure / n:.0f} %)" if n else ""))
        found.append((group, cells))
    return found


def _shares(limits: Sequence[float]) -> str:
    return f"{100 * limits[0]:.0f} to {100 * limits[1]:.0f} %"


def _number(value: float | None, decimals: int = 2) -> str:
    if value is None:
        return "–"
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text
