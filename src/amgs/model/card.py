"""The numbers of a model's card: what it was trained on and how well it does, with intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.model.backbones.table import NETWORK_OF_THE_PAPER, Backbone
from amgs.model.metrics import (
    area_under_curve,
    count_confusion,
    equal_class_weights,
    expected_calibration_error,
    pearson_r,
    reliability_table,
    wilson_interval,
)
from amgs.model.over_units import bootstrap_interval
from amgs.model.training.splits import PartsOfData
from amgs.provenance import hash_file
from amgs.vocabulary import (
    CLASSES,
    DEFAULT_THRESHOLD,
    EVEN_ODDS,
    PAIN,
    SPLITS,
    LabelledImage,
    RecipeName,
)

MAX_LISTED_ANIMALS = 500


def describe_data(
    images: Sequence[LabelledImage], unreadable: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """Count the images per class and animal, and list what could not be read."""
    animals = [image.animal for image in images if image.animal is not None]
    shown = sorted(set(animals))[:MAX_LISTED_ANIMALS]
    per_animal: dict[str, dict[str, int]] = {name: dict.fromkeys(CLASSES, 0) for name in shown}
    for image in images:
        if image.animal is not None and image.animal in per_animal:
            per_animal[image.animal][image.label] += 1
    return {
        "images": len(images),
        "per_class": {label: sum(image.label == label for image in images) for label in CLASSES},
        "animals": len(set(animals)) if animals else None,
        "per_animal": per_animal,
        "unreadable": list(unreadable),
    }


def describe_parts(images: Sequence[LabelledImage], parts: PartsOfData) -> dict[str, Any]:
    """Say what was kept whole and how many images and units each part holds."""
    described = {}
    for part in SPLITS:
        rows = parts.rows(part)
        labels = Counter(images[row].label for row in rows.tolist())
        described[part] = {
            "images": len(rows),
            **{str(label): labels[label] for label in CLASSES},
            "units": len(np.unique(parts.units[rows])),
        }
    return {"kept_whole": parts.unit_name, "parts": described}


def measure_parts(
    images: Sequence[LabelledImage],
    parts: PartsOfData,
    p_pain: npt.NDArray[np.floating],
    seed: int,
) -> dict[str, Any]:
    """Measure the model on every part; only the test part says something about new images."""
    is_pain = np.array([image.label == PAIN for image in images])
    mgs = np.array([np.nan if image.mgs is None else image.mgs for image in images])
    measured: dict[str, Any] = {}
    for part in SPLITS:
        rows = parts.rows(part)
        measured[part] = _measure(is_pain[rows], p_pain[rows], parts.units[rows], seed)
        correlation = pearson_r(mgs[rows], p_pain[rows])
        if correlation is not None:
            measured[part]["mgs_pearson_r"] = correlation
    return measured


def _measure(
    is_pain: npt.NDArray[np.bool_],
    p_pain: npt.NDArray[np.floating],
    units: npt.NDArray[np.str_],
    seed: int,
) -> dict[str, Any]:
    confidence = np.maximum(p_pain, 1 - p_pain)
    correct = (p_pain >= EVEN_ODDS) == is_pain
    table = reliability_table(correct, confidence)
    even = reliability_table(correct, confidence, equal_class_weights(is_pain))
    sure = confidence >= DEFAULT_THRESHOLD
    return {
        "all": _rates(is_pain, p_pain),
        f"confidence_at_least_{DEFAULT_THRESHOLD}": _rates(is_pain[sure], p_pain[sure]),
        "coverage": float(sure.mean()),
        "auc": area_under_curve(is_pain, p_pain),
        "majority_accuracy": float(max(is_pain.mean(), 1 - is_pain.mean())),
        "intervals_over_units": {
            name: bootstrap_interval(is_pain, p_pain, units, name, seed)
            for name in ("auc", "accuracy", "balanced_accuracy")
        },
        "expected_calibration_error": expected_calibration_error(table),
        "expected_calibration_error_equal_classes": expected_calibration_error(even),
    }


def _rates(is_pain: npt.NDArray[np.bool_], p_pain: npt.NDArray[np.floating]) -> dict[str, Any]:
    counts = count_confusion(is_pain, p_pain >= EVEN_ODDS)
    return {
        "n": counts.n,
        "tp": counts.tp,
        "fn": counts.fn,
        "fp": counts.fp,
        "tn": counts.tn,
        "sensitivity": counts.sensitivity,
        "sensitivity_wilson": wilson_interval(counts.tp, counts.tp + counts.fn),
        "specificity": counts.specificity,
        "specificity_wilson": wilson_interval(counts.tn, counts.tn + counts.fp),
        "accuracy": counts.accuracy,
        "accuracy_wilson": wilson_interval(counts.tp + counts.tn, counts.n),
        "balanced_accuracy": counts.balanced_accuracy,
    }


def describe_backbone(
    backbone: Backbone, network_file: Path, weights: Path | None
) -> dict[str, Any]:
    """Say what the network is; of weights brought by hand only their hash is known."""
    origin = {"trained_on": backbone.trained_on, "source": backbone.source}
    if weights is not None and backbone.weights is not None:
        origin = {
            "trained_on": "not known to amgs",
            "source": f"{weights.name}, brought by hand, SHA-256 {hash_file(weights)}",
        }
    return {
        "name": backbone.name,
        "title": backbone.title,
        **origin,
        "licence": backbone.licence,
        "n_features": backbone.n_features,
        "sha256": hash_file(network_file),
    }


def say_paper_network(recipe: RecipeName, backbone: str) -> dict[str, str]:
    """Say with the recipe of the paper whether the network was the paper's too."""
    if recipe != "paper":
        return {}
    if backbone == NETWORK_OF_THE_PAPER:
        said = "the one that Tuttle et al. 2018 retrained"
    elif backbone == "inception_v3":
        said = f"a port of the paper's, with other pooling; {NETWORK_OF_THE_PAPER} is that itself"
    else:
        said = f"{backbone}, not the paper's, which is {NETWORK_OF_THE_PAPER}"
    return {"network": said}
