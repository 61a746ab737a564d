"""Raters who make the mistakes that people make, unit by unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from amgs.simulate.anatomy import MOST


@dataclass(frozen=True, slots=True)
class UnitError:
    """How a unit is misjudged: the spread of errors, and how often it cannot be scored."""

    sd: float
    not_scorable: float


ERRORS: dict[str, UnitError] = {
    "orbital_tightening": UnitError(0.22, 0.015),
    "ear_position": UnitError(0.40, 0.015),
    "whisker_change": UnitError(0.52, 0.18),
    "cheek_bulge": UnitError(0.60, 0.10),
    "nose_bulge": UnitError(0.68, 0.14),
}
"""Chosen so that two such raters agree about as people do: Krippendorff's α of the TU Berlin labels
is 0.71, 0.54, 0.45, 0.39 and 0.34 in this order, and units are not scorable as often as there."""

BIAS_SD = 0.08
"""Raters differ by so much in how strict they are."""


def seen_by_raters(units: Mapping[str, float], *, asleep: bool) -> dict[str, float]:
    """Return what raters see of a face: the lids of a sleeping animal are shut, whatever it feels.

    People who score a single image cannot tell sleep from orbital tightening.
    """
    return {**units, "orbital_tightening": MOST} if asleep else dict(units)


class SimulatedRater:
    """A person with a bias of their own.

    Parameters
    ----------
    seed
        The same seed makes the same person.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([53, seed])
        self._bias = float(self._rng.normal(0, BIAS_SD))

    def score(self, units: Mapping[str, float]) -> dict[str, int | None]:
        """Return this rater's scores of a face; ``None`` is "not scorable"."""
        return {unit: self._one(ERRORS[unit], true) for unit, true in units.items()}

    def _one(self, error: UnitError, true: float) -> int | None:
        if self._rng.uniform() < error.not_scorable:
            return None
        seen = true + self._bias + self._rng.normal(0, error.sd)
        return round(float(np.clip(seen, 0, MOST)))
