"""What several raters said of the action units of images, as counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.model.graded import LEVELS

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class UnitScores:
    """What raters said of the units of every image.

    Parameters
    ----------
    names
        The units, in the order of the scale.
    counts
        (images, units, 4): how many raters gave 0, 1, 2 and "not scorable".
    """

    names: tuple[str, ...]
    counts: Floats

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> UnitScores:
        """Return some of the images."""
        return UnitScores(self.names, self.counts[rows])

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        """(images, units): whether anybody could score the unit."""
        scored: npt.NDArray[np.bool_] = self.counts[..., :LEVELS].sum(axis=-1) > 0
        return scored

    @property
    def mean(self) -> Floats:
        """(images, units): mean of the scores given; NaN where there is none."""
        given = self.counts[..., :LEVELS]
        n = given.sum(axis=-1)
        total = given @ np.arange(LEVELS, dtype=float)
        mean: Floats = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
        return mean

    @property
    def mgs(self) -> Floats:
        """(images,): mean of the scorable units times their number; NaN without any."""
        mean = self.mean
        known = np.isfinite(mean)
        n = known.sum(axis=1)
        total = np.where(known, mean, 0.0).sum(axis=1)
        per_unit: Floats = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
        total_of_all: Floats = per_unit * mean.shape[1]
        return total_of_all
