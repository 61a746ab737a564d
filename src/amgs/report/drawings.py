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
from amgs.figures.saving import DrawnFigure, svg_text
from amgs.images import read_image
from amgs.report.material import ReportMaterial
from amgs.vocabulary import PART_COLUMN, TRAINED_PARTS

if TYPE_CHECKING:
    import pandas as pd

THUMBNAIL_PX = 132
FACES_PER_RECORDING = 6
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

    picture: str
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


def draw_figures(material: ReportMaterial) -> dict[str, list[ShownFigure]]:
    """Return the figures of every section."""
    found: dict[str, list[ShownFigure]] = {"results": [], "human": [], "raters": [], "sets": []}
    found["results"] += _comparison_figures(material.comparison, material.summary, material)
    found["human"] += _comparison_figures(material.human_comparison, (), material)
    found["human"] += _machine_against_human(material)
    if material.agreement:
        from amgs.figures import agreement_by_unit, rater_matrix

        document = dict(material.agreement)
        found["raters"].append(_shown(agreement_by_unit.figure(document), "Agreement by unit."))
        if document.get("rater_pairs"):
            found["raters"].append(_shown(rater_matrix.figure(document), "Rater against rater."))
    if material.image_sets:
        from amgs.figures import image_similarity

        found["sets"] += [
            _shown(image_similarity.figure(result), f"Images of {result['a']} and {result['b']}.")
            for result in material.image_sets["similarity"][:3]
        ]
    return found


def _comparison_figures(
    comparison: Mapping[str, Any] | None,
    summary: Sequence[Mapping[str, Any]],
    material: ReportMaterial,
) -> list[ShownFigure]:
    from amgs.figures import estimation, group_difference, time_course

    if comparison is None:
        return []
    document = dict(comparison)
    found = [
        _shown(
            group_difference.figure(document),
            "Every animal (dots), mean ± SEM of its group; stars by Tukey's test: "
            "* p < 0.05, ** p < 0.01, *** p < 0.001.",
        )
    ]
    if isinstance(document["tukey"], list):
        caption = "Differences between groups with simultaneous 95 % limits, and Hedges' g."
        found.append(_shown(estimation.figure(document), caption))
    if len(material.timepoints) > 1 and summary:
        value = document["value"]
        rows = [
            {
                **row,
                "time": row["timepoint"],
                value: row[value] if row["included"] == "yes" else None,
            }
            for row in summary
        ]
        drawn = time_course.figure(rows, value, material.timepoints)
        found.append(_shown(drawn, "Every animal over the timepoints, mean ± SEM of each group."))
    return found


def _machine_against_human(material: ReportMaterial) -> list[ShownFigure]:
    """Draw the paper's Figure 2 over scored images that the model was not trained with."""
    from amgs.figures import mgs_signed_score
    from amgs.model.evaluate import compare_with_mgs

    table = material.predictions
    if table is None or "mgs" not in table or "signed_score" not in table:
        return []
    unseen = table[table["mgs"].notna()]
    if PART_COLUMN in unseen:
        unseen = unseen[~unseen[PART_COLUMN].isin(TRAINED_PARTS)]
    if len(unseen) < 4:  # noqa: PLR2004
        return []
    mgs = unseen["mgs"].to_numpy(float).round()
    agreement = compare_with_mgs(mgs, unseen["signed_score"].to_numpy(float))
    shown = "" if agreement.pearson_r is None else f" r = {agreement.pearson_r:.2f}."
    caption = (
        f"The model's signed score by human MGS (rounded), {len(unseen)} images of animals it was "
        f"not trained with.{shown} Stars: different from a guess (Bonferroni); as in the paper, "
        "images are taken for independent here, which they are not."
    )
    return [_shown(mgs_signed_score.figure(agreement), caption)]


def _shown(figure: DrawnFigure, caption: str) -> ShownFigure:
    return ShownFigure(svg_text(figure), caption)


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
        faces = _faces(inside, material.images_at, float(material.settings.get("threshold", 0)))
        if faces:
            rows.append(GalleryRow(str(animal), str(group), str(timepoint), _says(inside), faces))
    return rows


def _says(inside: pd.DataFrame) -> str:
    return f"{len(inside)} images"


def _faces(inside: pd.DataFrame, place: Path, threshold: float) -> list[ShownFace]:
    chosen = np.unique(np.linspace(0, len(inside) - 1, FACES_PER_RECORDING).round().astype(int))
    found = []
    for row in inside.iloc[chosen].to_dict("records"):
        try:
            picture = thumbnail(place / str(row["image"]))
        except UnreadableImageError:
            continue
        if "predicted" in row:
            says = f"{row['predicted']} {row['confidence']:.2f}"
            found.append(ShownFace(picture, says, bool(row["confidence"] >= threshold)))
        else:
            found.append(ShownFace(picture, f"MGS {row['mgs']:.1f}", confident=True))
    return found


def thumbnail(path: Path, longest_px: int = THUMBNAIL_PX) -> str:
    """Return a small copy of an image as a data URL."""
    picture = Image.fromarray(read_image(path))
    picture.thumbnail((longest_px, longest_px))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
