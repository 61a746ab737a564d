"""How a model that was trained elsewhere does on the animals of another laboratory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.model.metrics import (
    area_under_curve,
    count_confusion,
    equal_class_weights,
    expected_calibration_error,
    pearson_r,
    reliability_table,
)
from amgs.model.over_units import bootstrap_interval, interval_over_units
from amgs.vocabulary import DEFAULT_THRESHOLD, EVEN_ODDS

Floats = npt.NDArray[np.float64]

ENOUGH_IMAGES = 100
"""With as many scored faces, drawn laboratories showed r to about ± 0.12 (docs/models.md)."""

ENOUGH_ANIMALS = 8
ENOUGH_PER_CLASS = 20


FIGURES = {
    "pearson_r": "r with MGS",
    "balanced_accuracy": "balanced accuracy",
    "accuracy": "accuracy",
    "auc": "AUC",
    "calibration_error": "calibration error",
}
"""What is shown of a check, and in which words."""


@dataclass(frozen=True, eq=False)
class Readings:
    """A model's readings beside people's scores, image by image.

    Parameters
    ----------
    p_pain
        What the model says, (images,).
    mgs
        The mean of the raters' sums, (images,).
    is_pain
        1 pain, 0 no pain by the rule for labels, NaN between, (images,).
    animals
        Whose face it is, (images,).
    """

    p_pain: Floats
    mgs: Floats
    is_pain: Floats
    animals: npt.NDArray[np.str_]

    def take(self, rows: npt.NDArray[np.bool_]) -> Readings:
        """Return some of the images."""
        return Readings(self.p_pain[rows], self.mgs[rows], self.is_pain[rows], self.animals[rows])


def prove(readings: Readings, parts: Mapping[str, npt.NDArray[np.str_]], seed: int = 0) -> Any:
    """Measure a model by people's scores, in all and in parts.

    Pearson's r of P(pain) and MGS over all scored images; accuracy, balanced accuracy and the area
    under the ROC curve over images that the rule labels; the expected calibration error with both
    classes weighing the same (Naeini et al. 2015). Intervals are 95 %, from drawing whole animals
    anew (percentile bootstrap), and missing with fewer than two animals.

    Parameters
    ----------
    readings
        What the model says, and what people do.
    parts
        Name of a column (laboratory, timepoint) → its value per image.
    seed
        Of the bootstrap.

    Returns
    -------
    dict
        ``all``, and ``parts``: column → value → the same figures.
    """
    return {
        "all": _measure(readings, seed),
        "parts": {
            column: {
                str(value): _measure(readings.take(values == value), seed)
                for value in dict.fromkeys(values.tolist())
            }
            for column, values in parts.items()
        },
    }


def _measure(readings: Readings, seed: int) -> dict[str, Any]:
    labelled = readings.take(~np.isnan(readings.is_pain))
    is_pain = labelled.is_pain == 1
    counts = count_confusion(is_pain, labelled.p_pain >= EVEN_ODDS)
    confidence = np.maximum(labelled.p_pain, 1 - labelled.p_pain)
    correct = (labelled.p_pain >= EVEN_ODDS) == is_pain
    sure = confidence >= DEFAULT_THRESHOLD
    table = reliability_table(correct, confidence, equal_class_weights(is_pain))

    def interval(statistic: str) -> tuple[float, float] | None:
        return bootstrap_interval(is_pain, labelled.p_pain, labelled.animals, statistic, seed)

    def correlation(rows: npt.NDArray[np.intp]) -> float | None:
        return pearson_r(readings.mgs[rows], readings.p_pain[rows])

    everything = np.arange(len(readings.mgs))
    return {
        "images": len(readings.mgs),
        "animals": len(np.unique(readings.animals)),
        "pain": int(is_pain.sum()),
        "no_pain": int((~is_pain).sum()),
        "pearson_r": correlation(everything),
        "pearson_r_interval": interval_over_units(readings.animals, correlation, seed),
        "accuracy": counts.accuracy,
        "accuracy_interval": interval("accuracy"),
        "balanced_accuracy": counts.balanced_accuracy,
        "balanced_accuracy_interval": interval("balanced_accuracy"),
        "auc": area_under_curve(is_pain, labelled.p_pain),
        "auc_interval": interval("auc"),
        "calibration_error": expected_calibration_error(table),
        "coverage": float(sure.mean()) if len(sure) else None,
        "accuracy_where_confident": float(correct[sure].mean()) if sure.any() else None,
    }


def advise(readings: Readings, all_animals: Mapping[str, int]) -> list[str]:
    """Say what else should be scored before the figures mean much.

    Parameters
    ----------
    readings
        What was scored.
    all_animals
        Animal → how many of its faces could be scored.
    """
    said = []
    images, scored = len(readings.mgs), np.unique(readings.animals)
    enough_animals = min(ENOUGH_ANIMALS, len(all_animals))
    if images < ENOUGH_IMAGES:
        said.append(f"{images} images are scored; {ENOUGH_IMAGES} say much more")
    if len(scored) < enough_animals:
        missing = [name for name in all_animals if name not in scored]
        said.append(f"only {len(scored)} animals have scored images; score some of {_few(missing)}")
    for name, value in (("pain", 1), ("no pain", 0)):
        found = int((readings.is_pain == value).sum())
        if found < ENOUGH_PER_CLASS:
            said.append(
                f"{found} of the scored images are {name}; at least {ENOUGH_PER_CLASS} are needed "
                "to judge accuracy"
            )
    return said


def _few(names: list[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} others"


def say_figure(measured: Mapping[str, Any], key: str) -> str:
    """Return one of `FIGURES` with its interval, as text; a dash where it is not defined."""
    value, interval = measured[key], measured.get(f"{key}_interval")
    if value is None:
        return "–"
    shown = "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"
    return f"{value:.2f}{shown}"
