"""What a rater effect gains when raters differ in how strict they are, and costs when they do not.

Features are normal, and six of them tell a unit; six raters, two to a face, score it with logistic
errors and severities of a given SD. Trained with and without the rater effect; judged on animals
left out, by what a rater of mean severity would be expected to say.

    python benchmarks/rater_effect.py [--draws 6]
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from amgs.model.graded import LEVELS
from amgs.model.training.grading import Graded, train_graded
from amgs.model.unit_scores import UnitScores

RATERS, EACH_SEES, ANIMALS, FACES, FEATURES, TELLING = 6, 2, 30, 12, 60, 6
SPREADS = (0.0, 0.3, 0.6, 1.0, 1.5)
LOW, HIGH = 0.3, 2.0

Floats = npt.NDArray[np.float64]


def draw(severity_sd: float, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return features, single scores (images, raters), and what is to be expected of each face."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (ANIMALS * FACES, FEATURES))
    direction = np.zeros(FEATURES)
    direction[:TELLING] = rng.normal(0, 0.9, TELLING)
    severity = rng.normal(0, severity_sd, RATERS)
    severity -= severity.mean()
    worth = features @ direction + rng.normal(0, 0.5, len(features))
    scores = np.full((len(features), RATERS), np.nan)
    for image, value in enumerate(worth.tolist()):
        for rater in rng.choice(RATERS, EACH_SEES, replace=False).tolist():
            seen = value + severity[rater] + rng.logistic()
            scores[image, rater] = int(seen > LOW) + int(seen > HIGH)
    return features, scores, expit(worth - LOW) + expit(worth - HIGH)


def train(features: Floats, scores: Floats, *, single: bool) -> Graded:
    """Train one unit, with single scores or their counts alone."""
    counts = np.zeros((len(scores), 1, LEVELS + 1))
    for level in range(LEVELS):
        counts[:, 0, level] = (scores == level).sum(axis=1)
    animals = np.repeat(np.arange(ANIMALS), FACES).astype(str)
    of_unit = UnitScores(("unit",), counts, 1, scores[:, None] if single else None)
    return train_graded(features.astype(np.float32), of_unit, animals, 0)


def main() -> None:
    """Print a line per spread of severities."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=6)
    draws = parser.parse_args().draws
    print("SD of severities | taken | r with truth: with, without | RMSE: with, without")
    for spread in SPREADS:
        taken, rows = 0, []
        for seed in range(draws):
            features, scores, truth = draw(spread, seed)
            both = [train(features, scores, single=single) for single in (True, False)]
            taken += both[0].details["rater_effect"]["unit"] is not None
            said = [graded.held_out[:, 0] for graded in both]
            rows.append(
                [float(np.corrcoef(one, truth)[0, 1]) for one in said]
                + [float(np.sqrt(np.mean((one - truth) ** 2))) for one in said]
            )
        r_with, r_without, rmse_with, rmse_without = np.mean(rows, axis=0)
        print(
            f"{spread:4.1f} | {taken} of {draws} | {r_with:.3f}, {r_without:.3f} | "
            f"{rmse_with:.3f}, {rmse_without:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
