"""How a head is trained: the paper's way, or the way that cross-validation finds best.

Adding a recipe is one function here and one line in `RECIPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from amgs.jobs import ProgressCallback, no_progress
from amgs.model.metrics import area_under_curve
from amgs.model.training.augmentation import choose_copies, draw_alteration
from amgs.model.training.features import FeatureExtractor, View
from amgs.model.training.heads import (
    Head,
    calibrate,
    fit_platt,
    train_logistic_head,
    train_paper_head,
)
from amgs.model.training.held_out import HeldOut
from amgs.model.training.splits import PartsOfData, cross_validation_folds
from amgs.vocabulary import RecipeName

STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
COPIES_PER_IMAGE = (0, 2)
N_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """The images of all parts with their features; recipes look only at the parts they may."""

    views: Sequence[View]
    features: npt.NDArray[np.float32]
    is_pain: npt.NDArray[np.bool_]
    parts: PartsOfData
    extractor: FeatureExtractor
    seed: int
    progress: ProgressCallback = no_progress


@dataclass(frozen=True, slots=True)
class Trained:
    """A head, how it came about for its card, and what it says of animals that were left out."""

    head: Head
    details: dict[str, Any]
    held_out: HeldOut | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Copies:
    """Altered copies: the row each was made from, and its features."""

    source: npt.NDArray[np.intp]
    features: npt.NDArray[np.float32]

    def of(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Tell which copies were made from these rows."""
        return np.isin(self.source, rows)


def train_paper(data: TrainingData) -> Trained:
    """Balance the classes with altered copies and train the paper's layer on the training part."""
    rng = np.random.default_rng(data.seed)
    rows = data.parts.rows("train")
    copies = _make_copies(data, _rows_to_balance(data, rows, rng), rng)
    features = np.concatenate([data.features[rows], copies.features])
    is_pain = np.concatenate([data.is_pain[rows], data.is_pain[copies.source]])
    data.progress("training the head", 0, 1)
    head = train_paper_head(features, is_pain, rng)
    data.progress("training the head", 1, 1)
    details = {
        "trained_on": ["train"],
        "altered_copies": len(copies.source),
        "images_after_balancing": {"pain": int(is_pain.sum()), "no pain": int((~is_pain).sum())},
        "calibration": "none: the layer's own softmax, as in the paper",
    }
    return Trained(head, details)


def train_best(data: TrainingData) -> Trained:
    """Choose penalty and augmentation by cross-validation that keeps animals apart, then calibrate.

    The candidates are compared by the cross-entropy of their calibrated held-out predictions on
    train and validation part; the test part is not looked at. The winner is trained on both parts
    and keeps the calibration of its held-out predictions.
    """
    rng = np.random.default_rng(data.seed)
    rows = data.parts.rows("train", "validation")
    copies = _copies_for_best(data, rows, rng)
    folds = _folds(data, rows)
    candidates = [(copied, strength) for copied in copies for strength in STRENGTHS]
    scores = []
    for number, (copied, strength) in enumerate(candidates):
        logits = _held_out_logits(data, rows, folds, copies[copied], strength)
        scores.append((calibrated_loss(logits, data.is_pain[rows]), logits))
        data.progress("choosing the head", number + 1, len(candidates))
    best = int(np.argmin([loss for loss, _ in scores]))
    copied, strength = candidates[best]
    head = _fit(data, rows, copies[copied], strength)
    logits = scores[best][1]
    is_pain = data.is_pain[rows]
    details = {
        "trained_on": ["train", "validation"],
        "altered_copies": len(copies[copied].source),
        "chosen": {"copies_per_image": copied, "strength": strength},
        "candidates": [
            {
                "copies_per_image": c,
                "strength": s,
                "cross_entropy": loss,
                "auc": area_under_curve(is_pain, held_out),
            }
            for (c, s), (loss, held_out) in zip(candidates, scores, strict=True)
        ],
        "folds": int(folds.max()) + 1,
        "calibration": "Platt on held-out predictions, both classes weighing the same",
    }
    head = calibrate(head, logits, is_pain)
    return Trained(head, details, HeldOut(rows, head.p_of_logit(logits)))


RecipeFunction: TypeAlias = Callable[[TrainingData], Trained]
RECIPES: dict[RecipeName, RecipeFunction] = {"paper": train_paper, "best": train_best}


def _rows_to_balance(
    data: TrainingData, rows: npt.NDArray[np.intp], rng: np.random.Generator
) -> list[int]:
    return [int(rows[k]) for k in choose_copies(data.is_pain[rows], rng)]


def _make_copies(data: TrainingData, source: Sequence[int], rng: np.random.Generator) -> _Copies:
    """Alter and pass through the network one copy per row named; a row may be named often."""
    views = [View(data.views[row].path, draw_alteration(rng)) for row in source]
    extracted = data.extractor.extract(views, data.progress)
    usable = [k for k in range(len(views)) if k not in extracted.problems]
    return _Copies(np.array(source, dtype=np.intp)[usable], extracted.features[usable])


def _copies_for_best(
    data: TrainingData, rows: npt.NDArray[np.intp], rng: np.random.Generator
) -> dict[int, _Copies]:
    """Make the copies that every candidate shares: those that balance, and some of all images."""
    balancing = _rows_to_balance(data, rows, rng)
    made = _make_copies(data, balancing + rows.tolist() * max(COPIES_PER_IMAGE), rng)
    return {
        n: _Copies(
            made.source[: len(balancing) + n * len(rows)],
            made.features[: len(balancing) + n * len(rows)],
        )
        for n in COPIES_PER_IMAGE
    }


def _folds(data: TrainingData, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    return cross_validation_folds(data.is_pain[rows], data.parts.units[rows], N_FOLDS, data.seed)


def _held_out_logits(
    data: TrainingData,
    rows: npt.NDArray[np.intp],
    folds: npt.NDArray[np.intp],
    copies: _Copies,
    strength: float,
) -> npt.NDArray[np.floating]:
    logits = np.empty(len(rows))
    for fold in np.unique(folds):
        held_out = folds == fold
        head = _fit(data, rows[~held_out], copies, strength)
        logits[held_out] = head.logit(data.features[rows[held_out]])
    return logits


def _fit(data: TrainingData, rows: npt.NDArray[np.intp], copies: _Copies, strength: float) -> Head:
    mine = copies.of(rows)
    features = np.concatenate([data.features[rows], copies.features[mine]])
    is_pain = np.concatenate([data.is_pain[rows], data.is_pain[copies.source[mine]]])
    return train_logistic_head(features, is_pain, strength)


def calibrated_loss(logits: npt.NDArray[np.floating], is_pain: npt.NDArray[np.bool_]) -> float:
    """Mean cross-entropy after calibration, both classes weighing the same."""
    slope, intercept = fit_platt(logits, is_pain)
    z = slope * logits + intercept
    losses = np.logaddexp(0, z) - is_pain * z
    return float((losses[is_pain].mean() + losses[~is_pain].mean()) / 2)
