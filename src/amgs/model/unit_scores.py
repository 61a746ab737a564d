"""What several raters said of the action units of images, as counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from amgs.model.graded import LEVELS, MGS_ALONE

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class UnitScores:
    """What raters said of the units of every image.

    Parameters
    ----------
    names
        The units, in the order of the scale; `MGS_ALONE` where only their mean is known.
    counts
        (images, units, 4): how many raters gave 0, 1, 2 and "not scorable". A mean between two
        scores counts in part for each.
    units_in_mgs
        How many units the MGS is the sum of.
    by_rater
        (images, units, raters): single scores, missing where a rater gave none; ``None`` where
        only counts are known.
    """

    names: tuple[str, ...]
    counts: Floats
    units_in_mgs: int
    by_rater: Floats | None = None

    @classmethod
    def of_means(cls, names: tuple[str, ...], means: Floats, units_in_mgs: int) -> UnitScores:
        """Make scores of means from 0 to 2, (images, units), missing where nobody scored.

        A mean between two scores counts in part for each: 0.6 as 0.4 of a 0 and 0.6 of a 1.
        """
        levels = np.arange(LEVELS)
        share = np.maximum(0.0, 1.0 - np.abs(means[..., None] - levels))
        counts = np.zeros((*means.shape, LEVELS + 1))
        counts[..., :LEVELS] = np.where(np.isfinite(means)[..., None], share, 0.0)
        return cls(names, counts, units_in_mgs)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> UnitScores:
        """Return some of the images."""
        single = None if self.by_rater is None else self.by_rater[rows]
        return replace(self, counts=self.counts[rows], by_rater=single)

    def mgs_alone(self) -> UnitScores:
        """Return the mean of the units in their place."""
        return UnitScores.of_means((MGS_ALONE,), self.mgs_per_unit[:, None], self.units_in_mgs)

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
    def mgs_per_unit(self) -> Floats:
        """(images,): mean of the scorable units; NaN without any."""
        mean = self.mean
        known = np.isfinite(mean)
        n = known.sum(axis=1)
        total = np.where(known, mean, 0.0).sum(axis=1)
        per_unit: Floats = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
        return per_unit
