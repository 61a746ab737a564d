"""Brightness, contrast, sharpness and size of images, compared animal by animal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from amgs.cohort.oneway import Result
from amgs.cohort.robust import holm, kruskal_wallis_test
from amgs.errors import UnreadableImageError, count_of
from amgs.faces.quality import measure_sharpness
from amgs.images import read_image
from amgs.jobs import ProgressCallback, bounded_map, no_progress, open_executor

MEASURES = ("brightness", "contrast", "sharpness", "width", "height")
_TWO = 2


@dataclass(frozen=True, slots=True)
class ImageOfSet:
    """An image and what is known of it; unknown is empty."""

    path: Path
    name: str
    known: Mapping[str, str] = field(default_factory=dict)


def measure_image(path: Path) -> dict[str, float]:
    """Return brightness and contrast (mean and SD of grey, 0–255), sharpness, width and height."""
    rgb = read_image(path)
    grey = np.asarray(Image.fromarray(rgb).convert("L"), np.float64)
    height, width = grey.shape
    return {
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
        "sharpness": measure_sharpness(rgb, (0, 0, width, height)),
        "width": float(width),
        "height": float(height),
    }


def measure_images(
    images: Sequence[ImageOfSet],
    *,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Measure every image; return rows with what is known of them, and what cannot be read."""
    rows: list[dict[str, Any]] = []
    problems: list[tuple[str, str]] = []
    with open_executor(executor) as chosen:
        results = bounded_map(
            chosen, _measure_or_reason, (image.path for image in images), together=50
        )
        for done, (image, found) in enumerate(zip(images, results, strict=True), start=1):
            if isinstance(found, str):
                problems.append((image.name, found))
            else:
                rows.append({"image": image.name, **image.known, **found})
            progress("measuring images", done, len(images))
    return rows, problems


def _measure_or_reason(path: Path) -> dict[str, float] | str:
    try:
        return measure_image(path)
    except UnreadableImageError as error:
        return str(error)


def compare_measures(rows: Sequence[Mapping[str, Any]], column: str) -> list[Result]:
    """Compare every measure between the values of a column, such as groups or timepoints.

    The animal is the unit: where animals are known, the mean of each animal (within each value of
    the column) enters a Kruskal–Wallis test; for timepoints, of the same animals, Friedman's test
    (Wilcoxon's for two). Without animals, only means are given. p values are adjusted over
    measures by Holm's method.

    Parameters
    ----------
    rows
        From `measure_images`, with the column.
    column
        ``group``, ``timepoint`` or another.

    Returns
    -------
    list of dict
        ``measure, by, means`` (value → mean), ``largest_difference`` (between means, as a share of
        the overall mean), ``test``, ``n`` (animals), ``p, p_holm``; or why there is no test.
    """
    results = [_compare_measure(rows, column, measure) for measure in MEASURES]
    tested = [r for r in results if "p" in r]
    for result, p in zip(tested, holm([r["p"] for r in tested]), strict=True):
        result["p_holm"] = p
    return results


def _compare_measure(rows: Sequence[Mapping[str, Any]], column: str, measure: str) -> Result:
    values = list(dict.fromkeys(str(row[column]) for row in rows))
    by_animal: dict[str, dict[str, list[float]]] = {value: {} for value in values}
    for row in rows:
        animal = str(row.get("animal") or "")
        by_animal[str(row[column])].setdefault(animal, []).append(float(row[measure]))
    means = {
        value: {animal: float(np.mean(x)) for animal, x in inside.items()}
        for value, inside in by_animal.items()
    }
    overall = {value: float(np.mean(list(inside.values()))) for value, inside in means.items()}
    centre = float(np.mean(list(overall.values())))
    return {
        "measure": measure,
        "by": column,
        "means": overall,
        "largest_difference": (max(overall.values()) - min(overall.values())) / (centre or 1.0),
        **_test(means, paired=column == "timepoint"),
    }


def _test(means: Mapping[str, Mapping[str, float]], *, paired: bool) -> dict[str, Any]:
    if len(means) < _TWO:
        return {"reason": "there is one value only"}
    if any("" in inside for inside in means.values()):
        return {"reason": "animals are not known, and images are no independent units"}
    if paired:
        return _test_same_animals(means)
    samples = {value: np.array(list(inside.values())) for value, inside in means.items()}
    found = kruskal_wallis_test(samples)
    if "p" not in found:
        return {"reason": found["reason"]}
    return {"test": "Kruskal–Wallis", "n": sum(map(len, samples.values())), "p": found["p"]}


def _test_same_animals(means: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    from scipy.stats import friedmanchisquare, wilcoxon

    common = [
        a for a in next(iter(means.values())) if all(a in inside for inside in means.values())
    ]
    columns = [[inside[animal] for animal in common] for inside in means.values()]
    if len(common) < 3 or all(column == columns[0] for column in columns):  # noqa: PLR2004
        return {
            "reason": f"{count_of(len(common), 'animal')} have every timepoint, or nothing varies"
        }
    if len(columns) == _TWO:
        p = float(wilcoxon(columns[0], columns[1]).pvalue)
        return {"test": "Wilcoxon, paired", "n": len(common), "p": p}
    p = float(friedmanchisquare(*columns).pvalue)
    return {"test": "Friedman", "n": len(common), "p": p}
