"""Graded readings: for every action unit how probable 0, 1, 2 and "not scorable" are.

Scores are ordered, so a unit has one direction in feature space and two thresholds (proportional
odds, McCullagh 1980):

    P(score ≤ k) = 1 / (1 + exp(-(threshold_k - direction · features)))

What raters disagree about is not decided for them: the target of an image is the share of its
raters who gave each score. "Not scorable" has a direction of its own and is never a 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from amgs.vocabulary import Output

Floats = npt.NDArray[np.floating]

LEVELS = 3
"""0, 1 and 2."""

NOT_SCORABLE = LEVELS
"""The place of "not scorable" behind the scores."""

MGS = "predicted_mgs"
MGS_ALONE = "mgs"
"""In place of the units, where only their mean was learned."""

MGS_LOW, MGS_HIGH = "predicted_mgs_low", "predicted_mgs_high"


@dataclass(frozen=True, eq=False)
class GradedHead:
    """The trained layer for the action units.

    Parameters
    ----------
    names
        The units, in the order of the scale; `MGS_ALONE` where only their mean was learned.
    directions
        (units, n) float32.
    thresholds
        (units, 2), the lower one first.
    not_scorable, not_scorable_bias
        (units, n) float32 and (units,): a logistic layer for "not scorable".
    half_width
        Of the interval around the MGS (sum): nine in ten images of animals left out were inside.
    units_in_mgs
        How many units the MGS is the sum of.
    """

    names: tuple[str, ...]
    directions: npt.NDArray[np.float32]
    thresholds: npt.NDArray[np.float64]
    not_scorable: npt.NDArray[np.float32]
    not_scorable_bias: npt.NDArray[np.float64]
    half_width: float
    units_in_mgs: int

    @property
    def shown(self) -> tuple[str, ...]:
        """The units that it says something of."""
        return tuple(name for name in self.names if name != MGS_ALONE)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What it says of a face."""
        most = 2.0 * self.units_in_mgs
        found = [
            Output(MGS, "score", "predicted MGS: the sum of the units' scores", 0, most),
            Output(MGS_LOW, "score", "lower end of its 90 % interval", 0, most, detail=True),
            Output(MGS_HIGH, "score", "upper end of its 90 % interval", 0, most, detail=True),
        ]
        for name in self.shown:
            said = name.replace("_", " ")
            found.append(Output(name, "score", f"expected score of {said}, 0 to 2", 0, 2))
            found += [
                Output(f"{name}_p{level}", "probability", f"{said} is {level}", 0, 1, detail=True)
                for level in range(LEVELS)
            ]
            meaning = f"{said} is not scorable"
            missing = f"{name}_p_not_scorable"
            found.append(Output(missing, "probability", meaning, 0, 1, detail=True))
        return tuple(found)

    def probabilities(self, features: Floats) -> npt.NDArray[np.float64]:
        """Return P(0), P(1), P(2) given that the unit can be scored: (images, units, 3)."""
        return level_probabilities(
            features.astype(np.float64) @ self.directions.T.astype(np.float64), self.thresholds
        )

    def p_not_scorable(self, features: Floats) -> npt.NDArray[np.float64]:
        """Return P(not scorable): (images, units)."""
        from scipy.special import expit

        logit = features.astype(np.float64) @ self.not_scorable.T.astype(np.float64)
        p: npt.NDArray[np.float64] = expit(logit + self.not_scorable_bias)
        return p

    def read(self, features: Floats) -> list[dict[str, float]]:
        """Return what it says of each image, by the names of `outputs`."""
        p, missing = self.probabilities(features), self.p_not_scorable(features)
        expected = expected_scores(p)
        most = 2.0 * self.units_in_mgs
        found = []
        for row in range(len(features)):
            total = self.units_in_mgs * float(expected[row].mean())
            said = {
                MGS: total,
                MGS_LOW: max(0.0, total - self.half_width),
                MGS_HIGH: min(most, total + self.half_width),
            }
            for unit, name in enumerate(self.shown):
                said[name] = float(expected[row, unit])
                said |= {f"{name}_p{k}": float(p[row, unit, k]) for k in range(LEVELS)}
                said[f"{name}_p_not_scorable"] = float(missing[row, unit])
            found.append(said)
        return found

    def save(self, path: Path) -> None:
        """Write it as plain arrays."""
        np.savez(
            path,
            names=np.array(self.names),
            directions=self.directions,
            thresholds=self.thresholds,
            not_scorable=self.not_scorable,
            not_scorable_bias=self.not_scorable_bias,
            half_width=np.float64(self.half_width),
            units_in_mgs=np.int64(self.units_in_mgs),
        )

    @classmethod
    def load(cls, path: Path, n_features: int) -> GradedHead:
        """Read it.

        Raises
        ------
        ValueError, KeyError
            If it is not what `save` wrote, or of another network.
        """
        with np.load(path, allow_pickle=False) as stored:
            names = tuple(str(name) for name in stored["names"])
            directions, missing = stored["directions"], stored["not_scorable"]
            thresholds, bias = stored["thresholds"], stored["not_scorable_bias"]
            half_width = float(stored["half_width"])
            # Models made before it was kept sum the units that they read.
            units_in_mgs = int(stored.get("units_in_mgs", len(names)))
        shapes = (directions.shape, missing.shape, thresholds.shape, bias.shape)
        n = len(names)
        whole = shapes == ((n, n_features), (n, n_features), (n, 2), (n,))
        numbers = (directions, missing, thresholds, bias, half_width)
        whole &= units_in_mgs > 0
        if not whole or not all(np.isfinite(part).all() for part in numbers):
            raise ValueError("the layer for the action units cannot be used")
        return cls(names, directions, thresholds, missing, bias, half_width, units_in_mgs)


def level_probabilities(logits: Floats, thresholds: Floats) -> npt.NDArray[np.float64]:
    """Return P(0), P(1), P(2) by proportional odds.

    Parameters
    ----------
    logits
        (images, units) or (images,): direction · features.
    thresholds
        (units, 2) or (2,).
    """
    from scipy.special import expit

    first = expit(thresholds[..., 0] - logits)
    upto = expit(thresholds[..., 1] - logits)
    return np.stack([first, upto - first, 1 - upto], axis=-1)


def expected_scores(probabilities: Floats) -> npt.NDArray[np.float64]:
    """Return P(1) + 2 · P(2) along the last axis."""
    expected: npt.NDArray[np.float64] = probabilities[..., 1] + 2 * probabilities[..., 2]
    return expected
