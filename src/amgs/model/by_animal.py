"""Model beside people, between animals and within them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.model.metrics import Floats, pearson_r
from amgs.model.over_units import Interval, interval_over_units

_Z = 1.959963984540054
_ROUNDING = 1e-9
_LEAST = 4


@dataclass(frozen=True, slots=True)
class AnimalAgreement:
    """How what a model says goes with people's scores, for animals as units.

    Parameters
    ----------
    n_images, n_animals
        How many there are.
    image_r_interval
        Of r over all images, resampling whole animals; ``None`` of fewer than eight.
    between_r, between_interval
        Pearson's r of the animals' means, with Fisher's interval: whether it tells animals apart.
    within_r, within_interval
        Repeated-measures correlation (Bakdash & Marusich 2017): one slope for the images of all
        animals, each around its own mean: whether it follows an animal over time.
    """

    n_images: int
    n_animals: int
    image_r_interval: Interval | None
    between_r: float | None
    between_interval: Interval | None
    within_r: float | None
    within_interval: Interval | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def agree_by_animal(
    human: Floats, model: Floats, animals: npt.NDArray[np.str_], seed: int = 0
) -> AnimalAgreement | None:
    """Compare a model with people, between animals and within them.

    Parameters
    ----------
    human, model, animals
        Per image, none missing.
    seed
        Of the resampling.

    Returns
    -------
    AnimalAgreement or None
        ``None`` of fewer than two animals.
    """
    names, member = np.unique(animals, return_inverse=True)
    if len(names) < 2:  # noqa: PLR2004
        return None
    counts = np.bincount(member)
    x, y = (np.bincount(member, weights=v) / counts for v in (human, model))
    between = pearson_r(x, y)
    # Each around its own mean; every animal's mean costs a degree of freedom, and the slope one.
    own, theirs = human - x[member], model - y[member]
    # Of equal values rounding is left, and what goes with it says nothing.
    vary = min(np.ptp(own), np.ptp(theirs)) > _ROUNDING
    inside = pearson_r(own, theirs) if vary else None
    free = len(human) - len(names) - 1
    image = interval_over_units(
        np.asarray(animals), lambda rows: pearson_r(human[rows], model[rows]), seed
    )
    return AnimalAgreement(
        len(human),
        len(names),
        image,
        between,
        _fisher(between, len(names)),
        inside if free > 1 else None,
        _fisher(inside, free + 2) if free > 1 else None,
    )


def _fisher(r: float | None, n: int) -> Interval | None:
    """Return Fisher's 95 % interval of a correlation of n pairs."""
    if r is None or n < _LEAST or abs(r) >= 1:
        return None
    z, half = float(np.arctanh(r)), _Z / (n - 3) ** 0.5
    return float(np.tanh(z - half)), float(np.tanh(z + half))


@dataclass(frozen=True, slots=True)
class ScaleAgreement:
    """Differences of two scores on one scale (Bland & Altman 2007, several images per animal).

    Parameters
    ----------
    bias, bias_interval
        Mean of model minus people over animals, Student's t over animals.
    lower, upper
        Limits of agreement of single images: mean ± 1.96 · SD, the SD from the variances between
        and within animals.
    """

    n_images: int
    n_animals: int
    bias: float
    bias_interval: Interval | None
    lower: float
    upper: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def bland_altman(
    human: Floats, model: Floats, animals: npt.NDArray[np.str_]
) -> ScaleAgreement | None:
    """Return bias and limits of agreement of a model's score with people's, on one scale.

    Parameters
    ----------
    human, model, animals
        Per image, none missing, both in the same unit.
    """
    from scipy.stats import t as student

    names, member = np.unique(animals, return_inverse=True)
    n, k = len(human), len(names)
    if k < 2 or n <= k:  # noqa: PLR2004
        return None
    difference = model - human
    counts = np.bincount(member)
    means = np.bincount(member, weights=difference) / counts
    within = float(((difference - means[member]) ** 2).sum() / (n - k))
    grand = float(difference.mean())
    between_square = float((counts * (means - grand) ** 2).sum() / (k - 1))
    size = (n - (counts**2).sum() / n) / (k - 1)
    between = max(0.0, (between_square - within) / size)
    sd = (between + within) ** 0.5
    half = float(student.isf(0.025, k - 1) * means.std(ddof=1) / k**0.5)
    bias = float(means.mean())
    return ScaleAgreement(n, k, bias, (bias - half, bias + half), bias - _Z * sd, bias + _Z * sd)
