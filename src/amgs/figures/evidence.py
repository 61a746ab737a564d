"""What carried the calls, as figures: by region, by place, and face by face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from amgs.figures.saving import (
    LIGHT,
    DrawnFigure,
    half_interval_of,
    new_axes,
    new_row_of_axes,
    save_figure,
)
from amgs.figures.time_course import STYLES, TONES
from amgs.files import write_json
from amgs.prediction.evidence import GRID, REGIONS, FaceEvidence, describe_evidence
from amgs.prediction.evidence_sets import EvidenceSet, mean_map
from amgs.prediction.explaining import Evidence
from amgs.tables import write_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

COLUMNS = ("set", "region", "animals", "mean_effect")
MAP_COLUMNS = ("set", "row", "column", "mean_effect")
FACE_COLUMNS = ("image", "p_pain")

_FOR_AND_AGAINST = "RdBu_r"
"""Red speaks for pain, blue against it; both are told apart by nearly everybody, and on grey paper
the text tells."""

_OPACITY = 0.62


def by_region(sets: Sequence[EvidenceSet]) -> DrawnFigure:
    """Draw the mean effect of every region, one mark per set, with 95 % limits over animals."""
    drawing, axes = new_axes(7.4, 3.2)
    shown: list[list[object]] = []
    for number, one in enumerate(sets):
        x, means, limits = [], [], []
        for place, region in enumerate(REGIONS):
            values = one.by_animal[region]
            if not values:
                continue
            x.append(place + 0.12 * (number - (len(sets) - 1) / 2))
            means.append(float(np.mean(values)))
            limits.append(half_interval_of(values))
            shown.append([one.name, region, len(values), means[-1]])
        _, mark = STYLES[number % len(STYLES)]
        axes.errorbar(
            x, means, limits, color=TONES[number % len(TONES)], linestyle="none", marker=mark,
            markersize=5, linewidth=1.2, capsize=2, label=f"{one.name} (n = {one.animals})",
        )  # fmt: skip
    axes.axhline(0, color=LIGHT, linewidth=0.6, zorder=0)
    axes.set_xticks(range(len(REGIONS)), [r.replace(" the ", "\nthe ") for r in REGIONS])
    axes.tick_params(labelsize=8)
    axes.set_ylabel("Shapley value (log odds of pain)", fontsize=8)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return DrawnFigure(drawing, COLUMNS, shown)


def by_place(sets: Sequence[EvidenceSet]) -> DrawnFigure:
    """Draw the mean map of every set over the mean of its faces."""
    drawing, found = new_row_of_axes(len(sets), 2.0 * len(sets) + 0.7, 2.5)
    limit = _limit([one.by_place for one in sets])
    shown: list[list[object]] = []
    image = None
    for axes, one in zip(found, sets, strict=True):
        image = _draw_map(axes, one.aligned, one.by_place, limit)
        axes.set_title(f"{one.name}\n{one.images} images, n = {one.animals}", fontsize=7)
        shown += [
            [one.name, row + 1, column + 1, _number(one.by_place[row, column])]
            for row in range(GRID)
            for column in range(GRID)
        ]
    _draw_scale(drawing, found, image)
    return DrawnFigure(drawing, MAP_COLUMNS, shown)


def face_by_face(faces: Sequence[FaceEvidence], usual: npt.NDArray[np.floating]) -> DrawnFigure:
    """Draw single faces, each beside its map compared with the usual one, the call above."""
    from matplotlib.figure import Figure

    across = min(4, len(faces))
    down = -(-len(faces) // across)
    drawing = Figure(figsize=(2.3 * across + 0.6, 1.35 * down), dpi=200)
    grid = drawing.subplots(down, 2 * across, squeeze=False)
    drawing.subplots_adjust(0.01, 0.02, 0.91, 0.94, wspace=0.05, hspace=0.2)
    limit = _limit([face.by_place - usual for face in faces if face.by_place is not None])
    image = None
    for axes in grid.flat:
        axes.axis("off")
    for number, face in enumerate(faces):
        row, column = divmod(number, across)
        plain, mapped = grid[row, 2 * column], grid[row, 2 * column + 1]
        if face.aligned is None or face.by_place is None:
            continue
        plain.imshow(face.aligned, cmap="gray", vmin=0, vmax=255)
        image = _draw_map(mapped, face.aligned, face.by_place - usual, limit)
        plain.set_title(f"P(pain) {face.p_pain:.2f}", fontsize=7, loc="left", pad=2)
    _draw_scale(drawing, None, image)
    return DrawnFigure(drawing, FACE_COLUMNS, [[f.image.name, f.p_pain] for f in faces])


def _limit(maps: Sequence[npt.NDArray[np.floating]]) -> float:
    """Return one scale for all maps, so that their colours compare."""
    sizes = np.abs(np.concatenate([m.ravel() for m in maps]))
    return max(float(np.nanquantile(sizes, 0.99)), 1e-6)


def _draw_map(
    axes: Axes, aligned: npt.NDArray[Any], by_place: npt.NDArray[np.floating], limit: float
) -> AxesImage:
    axes.imshow(aligned, cmap="gray", vmin=0, vmax=255, extent=(0, GRID, GRID, 0))
    image = axes.imshow(
        np.ma.masked_invalid(by_place), cmap=_FOR_AND_AGAINST, vmin=-limit, vmax=limit,
        alpha=_OPACITY * np.clip(np.abs(np.nan_to_num(by_place)) / limit, 0, 1),
        extent=(0, GRID, GRID, 0), interpolation="nearest",
    )  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return image


def _draw_scale(drawing: Figure, axes: Sequence[Axes] | None, image: AxesImage | None) -> None:
    """Draw the scale of colours beside all axes, or at the right edge where those have places."""
    if image is None:
        return
    from matplotlib.cm import ScalarMappable

    opaque = ScalarMappable(image.norm, image.cmap)
    if axes is None:
        bar = drawing.colorbar(opaque, cax=drawing.add_axes((0.93, 0.2, 0.012, 0.6)))
    else:
        bar = drawing.colorbar(opaque, ax=axes, shrink=0.8, aspect=25, pad=0.02)
    bar.ax.tick_params(labelsize=6)
    bar.set_label("more for pain (+), more against (−)", fontsize=7)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 5)


def write_evidence(folder: Path, evidence: Evidence, origin: Mapping[str, Any]) -> list[Path]:
    """Write table, summary and figures into a folder; return their paths, the summary first.

    Parameters
    ----------
    folder
        Made if it is not there.
    evidence
        From `amgs.prediction.explaining.explain`.
    origin
        Provenance: model, options, versions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [describe_evidence(face) for face in evidence.faces]
    table = folder / "evidence.csv"
    write_table(table, list(rows[0]), [list(row.values()) for row in rows])
    summary = folder / "evidence.json"
    write_json(summary, {**evidence.as_dict(), "provenance": dict(origin)})
    figures = {
        "evidence_by_region": by_region(evidence.sets),
        "evidence_by_place": by_place(evidence.sets),
        "evidence_faces": face_by_face(evidence.shown, mean_map(evidence.faces, evidence.animals)),
    }
    written = [save_figure(folder / name, drawn) for name, drawn in figures.items()]
    return [summary, table, *written]
