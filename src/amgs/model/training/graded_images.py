"""Graded readings beside a classifier: from scored images to the layer and what its card says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt

from amgs.jobs import ProgressCallback, no_progress
from amgs.model.graded import MGS_ALONE, GradedHead, expected_scores
from amgs.model.metrics import pearson_r
from amgs.model.over_units import interval_over_units
from amgs.model.training.features import FeatureExtractor, View
from amgs.model.training.grading import train_graded
from amgs.model.training.splits import PartsOfData
from amgs.model.unit_scores import UnitScores
from amgs.vocabulary import TRAINED_PARTS, LabelledImage, Part

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MGS_PER_UNIT = "mgs_per_unit"


@dataclass(frozen=True, eq=False)
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
    laboratories, parts
        Of every image, where known: where it is from, and the part that its table gives it.
    """

    paths: Sequence[Path]
    names: Sequence[str]
    animals: Sequence[str]
    scores: UnitScores
    judge: Callable[[Rows, Floats], Mapping[str, Any]] | None = None
    laboratories: Sequence[str] | None = None
    parts: Sequence[str] | None = None

    def divided_as(self, images: Sequence[LabelledImage], parts: PartsOfData) -> list[Part] | None:
        """Return the part of every image: that of what the classifier keeps whole.

        An image of which nothing is known there, as none of its animal (or laboratory) has a label,
        is trained with; ``None`` where laboratories are kept whole and are not known here.
        """
        whole = parts.unit_name == "laboratory"
        mine = self.laboratories if whole else self.animals
        if mine is None:
            return None
        given = self.parts if parts.unit_name == "given" else None
        part_of: dict[str | None, Part] = {
            image.laboratory if whole else image.animal: part
            for image, part in zip(images, parts.part.tolist(), strict=True)
        }
        found: list[Part] = []
        for row, name in enumerate(mine):
            said = given[row] if given is not None else ""
            known: Part = part_of.get(name, "train")
            found.append(next((p for p in get_args(Part) if p == said), known))
        return found

    def distinct_animals(self) -> npt.NDArray[np.str_]:
        """Return the animal of every image; two laboratories may use the same names."""
        if self.laboratories is None:
            return np.array(self.animals)
        pairs = list(zip(self.laboratories, self.animals, strict=True))
        if len(set(pairs)) == len(set(self.animals)):
            return np.array(self.animals)
        return np.array([f"{laboratory}\0{animal}" for laboratory, animal in pairs])

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
    parts: Sequence[Part],
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
    parts
        Of every image, from `ScoredImages.divided_as`.
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
    animals = scored.distinct_animals()
    part = np.array(parts)
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
    of = {extracted.contents[row]: cast("Part", str(part[row])) for row in np.flatnonzero(known)}
    return GradedImages(graded.head, card, of)


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
