"""How much a few scored faces close of the gap between two drawn laboratories.

A model is trained in one (drawn) laboratory and used in another, whose camera, coat, light and
raters differ. There, 25 to 200 faces are scored, chosen as `amgs adapt` does or by lot, and the
head is adapted; beside it, a head is trained from nothing on the same faces drawn by lot. Measured
on animals of the second laboratory that nobody scored. Drawn mice: what is shown is how the method
behaves, not what it gives with real ones.

    python benchmarks/adapting.py [--repeats 6]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from amgs.model.backbones.networks import Network
from amgs.model.backbones.table import DEFAULT_BACKBONE, find_backbone, locate_backbone
from amgs.model.metrics import area_under_curve
from amgs.model.training.adapting import Scored, adapt_head, cross_entropy
from amgs.model.training.choosing import choose_worth_scoring
from amgs.model.training.heads import Head, calibrate, train_logistic_head
from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.face import draw_face
from making import pose

BUDGETS = (25, 50, 100, 200)
ANIMALS, FACES = 12, 30
HOME = FaceParameters(coat="white", blur_px=0.8, noise_sd=3.0)
OTHERS = {
    "infrared, soft focus": replace(HOME, infrared=True, blur_px=2.2, noise_sd=8.0),
    "agouti": replace(HOME, coat="agouti", brightness=0.8),
    "black, infrared": replace(HOME, coat="black", infrared=True, brightness=1.2),
}
STRICTER = 0.2
"""The raters of the second laboratory score every unit so much higher."""

Judged: TypeAlias = tuple[float, float, float]


def draw_laboratory(look: FaceParameters, animals: int, stricter: float, seed: int) -> Scored:
    """Draw faces, score them, and pass them through the network."""
    backbone = find_backbone(DEFAULT_BACKBONE)
    network = Network(locate_backbone(backbone))
    features, targets, names = [], [], []
    for animal in range(animals):
        rng = np.random.default_rng([seed, animal])
        base = replace(
            look, animal_seed=int(rng.integers(2**31)), background_seed=int(rng.integers(2**31))
        )
        for _ in range(FACES):
            units = np.clip(2 * rng.beta(0.35, 1.0) + rng.normal(-0.1, 0.25, 5), 0, 2)
            prepared = backbone.preprocessing.apply(draw_face(pose(base, units, rng), rng))
            features.append(network.features(prepared[None])[0])
            scores = np.clip(np.round(units + stricter + rng.normal(0, 0.35, 5)), 0, 2)
            # Pain from 3, no pain up to 1, between them in proportion.
            targets.append(float(np.clip((scores.sum() - 1) / 2, 0, 1)))
            names.append(f"animal {animal}")
    return Scored(np.stack(features), np.array(targets), np.array(names))


def train_from_nothing(scored: Scored) -> Head | None:
    """Train on the labelled ones, calibrated on animals left out; ``None`` if too few."""
    sure = scored.take((scored.target == 0) | (scored.target == 1))
    is_pain = sure.target == 1
    fold = np.unique(sure.animals, return_inverse=True)[1] % 5
    logits = np.empty(len(is_pain))
    for number in np.unique(fold):
        inside = fold != number
        if len(set(is_pain[inside].tolist())) != 2:
            return None
        head = train_logistic_head(sure.features[inside], is_pain[inside], 1.0)
        logits[~inside] = head.logit(sure.features[~inside])
    return calibrate(train_logistic_head(sure.features, is_pain, 1.0), logits, is_pain)


def judge(head: Head, test: Scored) -> Judged:
    """Return AUC and balanced accuracy of the labelled ones, and the cross-entropy of all."""
    p = np.asarray(head.p_pain(test.features), np.float64)
    sure = (test.target == 0) | (test.target == 1)
    is_pain = test.target[sure] == 1
    right = (p[sure] >= 0.5) == is_pain
    balanced = float(right[is_pain].mean() + right[~is_pain].mean()) / 2
    auc = area_under_curve(is_pain, p[sure])
    return float(auc or np.nan), balanced, cross_entropy(p, test.target, test.weights)


def by_budget(first: Head, pool: Scored, test: Scored, repeats: int) -> None:
    """Print what each way reaches with each number of scored faces."""
    p_pain = np.asarray(first.p_pain(pool.features))

    def choose(said: npt.NDArray[np.floating] | None, budget: int, seed: int) -> Scored:
        chosen = choose_worth_scoring(pool.animals.tolist(), said, budget, seed)
        return pool.take(np.array(chosen))

    ways: dict[str, Callable[[int, int], Head | None]] = {
        "adapted, chosen faces": lambda n, s: adapt_head(first, choose(p_pain, n, s), s).head,
        "adapted, faces by lot": lambda n, s: adapt_head(first, choose(None, n, s), s).head,
        "from nothing, by lot": lambda n, s: train_from_nothing(choose(None, n, s)),
    }
    for budget in BUDGETS:
        for name, way in ways.items():
            heads = [way(budget, seed) for seed in range(repeats)]
            found = [judge(head, test) for head in heads if head is not None]
            print(f"  {budget:>3} {name}, {len(found)} of {repeats}: {say(found)}", flush=True)


def say(found: Sequence[Judged]) -> str:
    """Return the means as text."""
    if not found:
        return "–"
    auc, balanced, loss = np.mean(found, axis=0)
    return f"AUC {auc:.3f}, balanced accuracy {balanced:.3f}, cross-entropy {loss:.3f}"


def main() -> None:
    """Draw the laboratories and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=6)
    repeats = parser.parse_args().repeats
    first = train_from_nothing(draw_laboratory(HOME, ANIMALS, 0.0, 1))
    assert first is not None
    print("at home:", say([judge(first, draw_laboratory(HOME, ANIMALS, 0.0, 2))]), flush=True)
    for name, look in OTHERS.items():
        pool = draw_laboratory(look, ANIMALS, STRICTER, 3)
        test = draw_laboratory(look, ANIMALS, STRICTER, 4)
        whole = train_from_nothing(pool)
        assert whole is not None
        print(f"{name}: as it is {say([judge(first, test)])}")
        print(f"  all {len(pool.target)}, from nothing: {say([judge(whole, test)])}")
        by_budget(first, pool, test, repeats)


if __name__ == "__main__":
    main()
