"""Whether calls on new animals are wrong as seldom as a model's card promises, in drawn studies.

Drawn white mice with graded action units; two raters per face, with errors as large as published
ones, decide the label. In every repeat some of the animals train a model, the others are new to it.
Printed per number of animals: how often a limit was found, and of these the share of wrong calls
among those that reach it on new animals (of all repeats, and in how many repeats it is above what
was asked), beside calls of any confidence and those from 0.75 on.

    python benchmarks/promise.py [--repeats 60]
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt

from amgs.model.backbones.networks import Network
from amgs.model.backbones.table import locate_backbone
from amgs.model.promise import find_promise
from amgs.model.training.heads import calibrate, train_logistic_head
from amgs.model.training.splits import cross_validation_folds
from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.face import draw_face
from making import pose
from unlike import BACKBONE, HOME, features_of

ANIMALS, EACH = 60, 16
TRAINED = (16, 24, 36)
RATER_SD, PAIN_FROM = 0.45, 0.7
"""Noise of a rater's score of a unit, and the mean score per unit from which on a face is pain."""

STRENGTH, N_FOLDS = 0.3, 5
ERROR_RATES = (0.10, 0.20)


def draw_animal(number: int) -> tuple[list[npt.NDArray[np.uint8]], list[bool]]:
    """Draw the faces of one animal in states of all kinds, and the labels that raters give."""
    from dataclasses import replace

    rng = np.random.default_rng([7, number])
    base: FaceParameters = replace(
        HOME, animal_seed=int(rng.integers(2**31)), background_seed=int(rng.integers(2**31))
    )
    faces, labels = [], []
    for _ in range(EACH):
        pain = rng.uniform(0, 1.6)
        units = np.clip(pain + rng.normal(0, 0.35, 5), 0, 2)
        faces.append(draw_face(pose(base, units, rng), rng))
        scored = np.clip(np.round(units + rng.normal(0, RATER_SD, (2, 5))), 0, 2)
        labels.append(bool(scored.mean() >= PAIN_FROM))
    return faces, labels


def share_wrong(
    p: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_], limit: float
) -> tuple[int, int]:
    """Return wrong and all calls from a limit on."""
    sure = np.maximum(p, 1 - p) >= limit
    return int((sure & ((p >= 0.5) != truth)).sum()), int(sure.sum())


def main() -> None:
    """Draw once, divide the animals again and again, and print one line per number of animals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=60)
    repeats = parser.parse_args().repeats
    network = Network(locate_backbone(BACKBONE))
    drawn = [draw_animal(number) for number in range(ANIMALS)]
    features = np.concatenate([features_of(network, faces) for faces, _ in drawn])
    is_pain = np.concatenate([labels for _, labels in drawn])
    animals = np.repeat([f"a{k}" for k in range(ANIMALS)], EACH)
    print(f"{len(features)} faces of {ANIMALS} animals, {is_pain.mean():.0%} pain")
    for n in TRAINED:
        rows: dict[object, list[tuple[int, int]]] = {r: [] for r in (*ERROR_RATES, "any", "0.75")}
        for repeat in range(repeats):
            rng = np.random.default_rng([n, repeat])
            known = np.isin(animals, [f"a{k}" for k in rng.permutation(ANIMALS)[:n]])
            x, y, who = features[known], is_pain[known], animals[known]
            folds = cross_validation_folds(y, who, N_FOLDS, repeat)
            logits = np.empty(len(y))
            for fold in np.unique(folds):
                inside = folds != fold
                head = train_logistic_head(x[inside], y[inside], STRENGTH)
                logits[~inside] = head.logit(x[~inside])
            head = calibrate(train_logistic_head(x, y, STRENGTH), logits, y)
            p, truth = head.p_pain(features[~known]), is_pain[~known]
            rows["any"].append(share_wrong(p, truth, 0.5))
            rows["0.75"].append(share_wrong(p, truth, 0.75))
            for rate in ERROR_RATES:
                promise = find_promise(head.p_of_logit(logits), y, who, rate)
                if promise.min_confidence is not None:
                    rows[rate].append(share_wrong(p, truth, promise.min_confidence))
        for name, found in rows.items():
            counts = np.array(found or [(0, 0)])
            wrong, sure = counts.sum(axis=0)
            images = len(found) * EACH * (ANIMALS - n)
            above = (
                ""
                if isinstance(name, str)
                else (f"; above it in {np.mean(counts[:, 0] > name * counts[:, 1]):.0%} of repeats")
            )
            print(
                f"{n} animals, {name}: found in {len(found)} of {repeats}; wrong "
                f"{wrong / max(sure, 1):.3f} of calls, "
                f"{sure / max(images, 1):.0%} of images{above}",
                flush=True,
            )


if __name__ == "__main__":
    main()
