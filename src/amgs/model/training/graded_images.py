"""Graded readings beside a classifier: from scored images to the layer and what its card says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from amgs.jobs import ProgressCallback, no_progress
from amgs.model.graded import MGS_ALONE, GradedHead, expected_scores
from amgs.model.metrics import pearson_r
from amgs.model.over_units import interval_over_units
from amgs.model.training.features import FeatureExtractor, View
from amgs.model.training.grading import train_graded
from amgs.model.unit_scores import UnitScores
from amgs.vocabulary import TRAINED_PARTS, Part

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MGS_PER_UNIT = "mgs_per_unit"


@dataclass(frozen=True)
class ScoredImages:
    """Images that people scored unit by unit, of animals that are known.

    Parameters
    ----------
    paths, names, animals
        Of every image.
    scores
        What raters said of it.
    judge
        Given places of images and the expected scores of them by layers trained without their
        animals, returns how the model stands among its raters, for the card; ``None`` where single
        raters are not known.
    """

    paths: Sequence[Path]
    names: Sequence[str]
    animals: Sequence[str]
    scores: UnitScores
    judge: Callable[[Rows, Floats], Mapping[str, Any]] | None = None

    def mgs_alone(self) -> ScoredImages:
        """Return the same images with the mean of the units in their place."""
        judge = None if self.judge is None else partial(_judge_mgs, self.judge, self.scores)
        return replace(self, scores=self.scores.mgs_alone(), judge=judge)


def _judge_mgs(
    judge: Callable[[Rows, Floats], Mapping[str, Any]], scores: UnitScores, rows: Rows, mgs: Floats
) -> Mapping[str, Any]:
    """Judge the mean of the units alone."""
    of_all = judge(rows, np.repeat(mgs, len(scores.names), axis=1))
    return {MGS_PER_UNIT: of_all[MGS_PER_UNIT]}


@dataclass(frozen=True)
class GradedImages:
    """The layer trained on scored images, what its card says, and the parts of their files."""

    head: GradedHead
    card: dict[str, Any]
    parts: dict[str, Part]


def grade_images(
    scored: ScoredImages,
    part_of_animal: Mapping[str, Part],
    extractor: FeatureExtractor,
    seed: int,
    progress: ProgressCallback = no_progress,
) -> GradedImages:
    """Train the graded layer beside a classifier, on the same division of animals.

    Images that carry no label, because their MGS lies between the classes, count here too.

    Parameters
    ----------
    scored
        The images with their scores.
    part_of_animal
        Which part the classifier's animals are in; animals that it does not know are trained with.
    extractor
        The network.
    seed
        Of folds and bootstrap.
    progress
        Told what is going on.

    Raises
    ------
    TooFewAnimalsError
        If there are too few animals to train with.
    """
    extracted = extractor.extract([View(path) for path in scored.paths], progress)
    animals = np.array(scored.animals)
    part = np.array([part_of_animal.get(animal, "train") for animal in scored.animals])
    good = np.array([row not in extracted.problems for row in range(len(animals))])
    known = good & scored.scores.scored.any(axis=1)
    train, test = (
        np.flatnonzero(known & np.isin(part, TRAINED_PARTS)),
        np.flatnonzero(known & (part == "test")),
    )
    graded = train_graded(
        extracted.features[train], scored.scores.take(train), animals[train], seed, progress
    )
    # Of every image, what a layer trained without its animal says: those of the test part were
    # never trained with, the others were left out in turn.
    rows = np.concatenate([train, test])
    expected = np.concatenate(
        [
            graded.held_out,
            expected_scores(graded.head.probabilities(extracted.features[test])),
        ]
    )
    card: dict[str, Any] = {
        "names": list(graded.head.shown),
        "images": len(train),
        "animals": len(np.unique(animals[train])),
        **graded.details,
        "left_out": measure_graded(expected, scored.scores.take(rows), animals[rows], seed),
    }
    if scored.judge is not None:
        card["among_raters"] = dict(scored.judge(rows, expected))
    parts = {extracted.contents[row]: cast("Part", str(part[row])) for row in np.flatnonzero(known)}
    return GradedImages(graded.head, card, parts)


def measure_graded(
    expected: Floats, scores: UnitScores, animals: Sequence[str] | npt.NDArray[np.str_], seed: int
) -> dict[str, Any]:
    """Compare expected scores with the mean of the raters: r and RMSE per unit and for the MGS.

    Intervals of r are 95 %, from drawing whole animals anew.

    Parameters
    ----------
    expected
        (images, units).
    scores
        What raters said.
    animals
        Whose face each is.
    seed
        Of the bootstrap.
    """
    names = np.asarray(animals)

    def compare(model: Floats, people: Floats) -> dict[str, Any]:
        both = np.isfinite(people)
        model, people, units = model[both], people[both], names[both]
        rmse = float(np.sqrt(np.mean((model - people) ** 2))) if len(model) else None
        return {
            "images": len(model),
            "pearson_r": pearson_r(model, people),
            "pearson_r_interval": interval_over_units(
                units, lambda rows: pearson_r(model[rows], people[rows]), seed
            ),
            "rmse": rmse,
        }

    mean = scores.mean
    found = {
        name: compare(expected[:, k], mean[:, k])
        for k, name in enumerate(scores.names)
        if name != MGS_ALONE
    }
    return {"units": found, MGS_PER_UNIT: compare(expected.mean(axis=1), scores.mgs_per_unit)}
