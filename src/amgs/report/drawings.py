"""What a report shows: figures as SVG, and faces by animal with their confidences."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from amgs.errors import UnreadableImageError
from amgs.figures.dependence import Dependence
from amgs.figures.saving import svg_text
from amgs.figures.table import DataKind, draw_figures
from amgs.figures.time_course import TimeCourse
from amgs.figures.unit_profile import UnitProfile
from amgs.images import read_image
from amgs.report.beside_people import compare_with_people
from amgs.report.material import ReportMaterial

if TYPE_CHECKING:
    import pandas as pd

THUMBNAIL_PX = 132
FACES_PER_RECORDING = 6
MOST_SETS = 3
PRIMARY = ("primary", "factors")
MOST_ROWS = 60
"""More animals × timepoints are not shown, so that the page can be sent by e-mail."""


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure of the page with what it says."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class ShownFace:
    """One face of the gallery."""

    image: str
    says: str
    confident: bool


@dataclass(frozen=True, slots=True)
class GalleryRow:
    """Faces of one animal at one timepoint."""

    animal: str
    group: str
    timepoint: str
    says: str
    faces: Sequence[ShownFace]


def show_figures(material: ReportMaterial) -> dict[str, list[ShownFigure]]:
    """Return the figures of every section: those of the table that fit the material."""
    sets = (material.image_sets or {}).get("similarity", [])[:MOST_SETS]
    return {
        "primary": _shown("comparison", material.comparison, only=PRIMARY),
        "dependence": _shown("dependence", _dependence_of(material)),
        "results": [
            *_shown("comparison", material.comparison, without=PRIMARY),
            *_shown("time course", _course_of(material)),
            *_shown("unit profile", _profile_of(material)),
        ],
        **{
            f"further {place}": _shown("comparison", document, only=PRIMARY)
            for place, document in enumerate(material.further)
        },
        "human": [
            *_shown("comparison", material.human_comparison, only=PRIMARY),
            *_human_against_model(material),
        ],
        "raters": _shown("agreement", material.agreement),
        "sets": [shown for result in sets for shown in _shown("image sets", result)],
    }


def _shown(
    kind: DataKind, data: Any, *, only: Sequence[str] = (), without: Sequence[str] = ()
) -> list[ShownFigure]:
    if not data:
        return []
    return [
        ShownFigure(svg_text(d.figure), d.caption)
        for d in draw_figures(kind, data)
        if d.name not in without and (not only or d.name in only)
    ]


def _dependence_of(material: ReportMaterial) -> Dependence | None:
    return Dependence(material.dependence, material.value) if material.dependence else None


def _profile_of(material: ReportMaterial) -> UnitProfile | None:
    """Return the graded units of the timepoint that is compared; ``None`` of a model without."""
    names = {output.name for output in material.outputs}
    units = [name for name in names if f"{name}_p0" in names]
    if material.comparison is None or not units:
        return None
    ordered = [output.name for output in material.outputs if output.name in units]
    baseline = str(material.comparison.get("baseline") or "")
    timepoint = str(material.comparison["timepoint"])
    rows = [row for row in material.summary if row["included"] == "yes"]
    return UnitProfile(rows, ordered, timepoint, "" if baseline == timepoint else baseline)


def _course_of(material: ReportMaterial) -> TimeCourse | None:
    if material.comparison is None:
        return None
    value = material.comparison["value"]
    rows = [
        {
            **row,
            "time": row["timepoint"],
            value: row[value] if row["included"] == "yes" else None,
        }
        for row in material.summary
    ]
    return TimeCourse(rows, value, material.timepoints)


def _human_against_model(material: ReportMaterial) -> list[ShownFigure]:
    agreement, says = compare_with_people(material)
    return [
        ShownFigure(shown.svg, f"{shown.caption} {says}".strip())
        for shown in _shown("human against model", agreement)
    ]


def gallery(material: ReportMaterial) -> list[GalleryRow]:
    """Return some faces of every animal and timepoint, evenly over the recording."""
    table = material.predictions
    if table is None or material.images_at is None or "animal" not in table:
        return []
    rows: list[GalleryRow] = []
    order = {name: place for place, name in enumerate(material.timepoints)}
    units = table.groupby(["animal", "group", "timepoint"], sort=False)
    by_animal = sorted(units, key=lambda unit: (str(unit[0][0]), order.get(str(unit[0][2]), 0)))
    for (animal, group, timepoint), inside in by_animal:
        if len(rows) == MOST_ROWS:
            break
        faces = _faces(inside, material)
        if faces:
            rows.append(GalleryRow(str(animal), str(group), str(timepoint), _says(inside), faces))
    return rows


def _says(inside: pd.DataFrame) -> str:
    return f"{len(inside)} images"


def _faces(inside: pd.DataFrame, material: ReportMaterial) -> list[ShownFace]:
    chosen = np.unique(np.linspace(0, len(inside) - 1, FACES_PER_RECORDING).round().astype(int))
    place = material.images_at or Path()
    found = []
    for row in inside.iloc[chosen].to_dict("records"):
        try:
            image = thumbnail(place / str(row["image"]))
        except UnreadableImageError:
            continue
        says, confident = _caption(row, material)
        found.append(ShownFace(image, says, confident))
    return found


def _caption(row: Mapping[Any, Any], material: ReportMaterial) -> tuple[str, bool]:
    """Return what was said of an image, and whether it counts."""
    if "predicted" in row:
        threshold = float(material.settings.get("threshold", 0))
        return f"{row['predicted']} {row['confidence']:.2f}", bool(row["confidence"] >= threshold)
    numbers = [output.name for output in material.outputs if output.is_number]
    if numbers:
        value = row[numbers[0]]
        said = "–" if np.isnan(value) else f"{value:.2f}"
        return f"{numbers[0].replace('_', ' ')} {said}", not np.isnan(value)
    return f"MGS {row['mgs']:.1f}", True


def thumbnail(path: Path, longest_px: int = THUMBNAIL_PX) -> str:
    """Return a small copy of an image as a data URL."""
    image = Image.fromarray(read_image(path))
    image.thumbnail((longest_px, longest_px))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
