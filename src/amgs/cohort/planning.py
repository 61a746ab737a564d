"""How many animals and images the next experiment needs, by simulation from a pilot's spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from amgs.cohort.many_to_one import ManyToOne
from amgs.cohort.oneway import CONFIDENCE, Floats, critical_range
from amgs.cohort.variance import fit_variances
from amgs.cohort.words import ANCOVA, AnalysisName
from amgs.errors import DesignError, ImpossibleValueError

Comparisons: TypeAlias = Literal["all pairs", "against a control", "one contrast"]

N_EXPERIMENTS = 2_000
MOST_ANIMALS = 200
IMAGES = (3, 5, 10, 20, 60)
_LEAST_ANIMALS = 2


@dataclass(frozen=True, slots=True)
class VarianceParts:
    """Where the spread of a pilot comes from.

    Parameters
    ----------
    animal
        Between animals of a group, the same at all timepoints.
    session
        Of one animal from timepoint to timepoint, besides its images.
    image
        Between images of one animal at one timepoint.
    df_animal, df_session
        Degrees of freedom, by which the first two are known.
    animals, images
        How many there were.
    """

    animal: float
    session: float
    image: float
    df_animal: int
    df_session: int
    animals: int
    images: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def variance_parts(
    values: Floats,
    animals: Sequence[str],
    groups: Sequence[str],
    timepoints: Sequence[str],
) -> VarianceParts:
    """Return where the spread of images of a pilot comes from.

    The images' variance is that within an animal's timepoint. The means of animals at timepoints
    are then modelled with the animal as random effect (REML), and what their images explain is
    taken from the rest.

    Parameters
    ----------
    values, animals, groups, timepoints
        Per image: 100 where it is called pain and 0 else for % pain, or any score.

    Raises
    ------
    DesignError
        If no animal has two timepoints, or none has two images at one.
    """
    cells: dict[tuple[str, str, str], list[float]] = {}
    for value, *where in zip(values.tolist(), animals, groups, timepoints, strict=True):
        cells.setdefault((where[0], where[1], where[2]), []).append(value)
    names = sorted({animal for animal, _, _ in cells})
    times = {name: sum(animal == name for animal, _, _ in cells) for name in names}
    free = sum(len(v) - 1 for v in cells.values())
    n_groups = len({group for _, group, _ in cells})
    if max(times.values(), default=0) < 2 or free < 1 or len(names) <= n_groups:  # noqa: PLR2004
        msg = (
            "Expected a pilot of several animals per group with images at two timepoints, found "
            f"{len(names)} animals of {n_groups} groups, each at "
            f"{max(times.values(), default=0)} timepoint at most."
        )
        raise DesignError(msg)
    image = sum(float(((np.array(v) - np.mean(v)) ** 2).sum()) for v in cells.values()) / free
    y = np.array([np.mean(v) for v in cells.values()])
    fixed = sorted({(group, time) for _, group, time in cells})
    x = np.eye(len(fixed))[[fixed.index((group, time)) for _, group, time in cells]]
    number = np.array([names.index(animal) for animal, _, _ in cells], np.intp)
    try:
        fit = fit_variances(y, x, {"animal": number})
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise DesignError(f"Expected a pilot whose animals vary, found that {error}.") from error
    per_cell = 1 / float(np.mean([1 / len(v) for v in cells.values()]))
    session = max(0.0, fit.variances["residual"] - image / per_cell)
    n_times = len({time for _, _, time in cells})
    df_session = max(1, len(cells) - len(names) - n_groups * (n_times - 1))
    df_animal = max(1, len(names) - n_groups)
    return VarianceParts(
        fit.variances["animal"], session, image, df_animal, df_session, len(names), len(values)
    )


@dataclass(frozen=True, slots=True)
class NextExperiment:
    """What the next experiment is to show.

    Parameters
    ----------
    difference
        Between two groups, in the unit of the value.
    groups
        How many there will be, all of one size.
    comparisons
        How p is adjusted: for all pairs (Tukey), against a control (Dunnett), or not at all.
    analysis
        ANCOVA or change score.
    power
        The chance to show the difference, at a level of 5 %.
    """

    difference: float
    groups: int = 3
    comparisons: Comparisons = "all pairs"
    analysis: AnalysisName = ANCOVA
    power: float = 0.8

    def check(self) -> None:
        """Stop at what makes no sense.

        Raises
        ------
        ImpossibleValueError
            If the difference is 0, there are fewer than two groups, or the power is impossible.
        """
        faults = []
        if self.difference == 0 or not isfinite(self.difference):
            faults.append("a difference other than 0")
        if self.groups < 2:  # noqa: PLR2004
            faults.append("two groups or more")
        if not 0 < self.power < 1:
            faults.append("a power between 0 and 1")
        if faults:
            raise ImpossibleValueError(f"Expected {', '.join(faults)}.")


def plan_animals(
    parts: VarianceParts, wanted: NextExperiment, images: Sequence[int] = IMAGES, seed: int = 0
) -> list[dict[str, Any]]:
    """Return how many animals per group are needed, by the number of images of an animal.

    Experiments are simulated: an animal's own level, its sessions before and after, and its images,
    all normal with the pilot's variances; each is analysed as planned. ``animals`` takes the
    pilot's variances as if they were exact. ``animals_uncertain`` draws them anew for every
    experiment from what the pilot leaves open (``variance · df / χ²``): the chance is then that of
    an experiment planned from such a pilot.

    Returns
    -------
    list of dict
        ``images, animals, power, animals_uncertain, power_uncertain``; ``None`` above 200 animals.
    """
    wanted.check()
    rows = []
    for n_images in images:
        row: dict[str, Any] = {"images": n_images}
        for name, uncertain in (("", False), ("_uncertain", True)):
            n, power = _least(parts, wanted, n_images, seed, uncertain=uncertain)
            row |= {f"animals{name}": n, f"power{name}": power}
        rows.append(row)
    return rows


def _least(
    parts: VarianceParts, wanted: NextExperiment, images: int, seed: int, *, uncertain: bool
) -> tuple[int | None, float]:
    """Return the smallest number of animals with the power, and that power."""
    known: dict[int, float] = {}

    def power(n: int) -> float:
        if n not in known:
            known[n] = simulate_power(parts, wanted, n, images, seed, uncertain=uncertain)
        return known[n]

    low, high = _LEAST_ANIMALS, 4
    while power(high) < wanted.power:
        if high == MOST_ANIMALS:
            return None, power(high)
        low, high = high, min(2 * high, MOST_ANIMALS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= wanted.power else (middle, high)
    best = low if power(low) >= wanted.power else high
    return best, power(best)


def simulate_power(
    parts: VarianceParts,
    wanted: NextExperiment,
    animals: int,
    images: int,
    seed: int = 0,
    *,
    uncertain: bool = False,
) -> float:
    """Return the share of simulated experiments that show the difference.

    The second of the groups differs from the first, by which it is compared; further groups lie
    like the first.
    """
    rng = np.random.default_rng([seed, animals, images])
    r, k, n = N_EXPERIMENTS, wanted.groups, animals
    own = _spread(rng, parts.animal, parts.df_animal, r, uncertain=uncertain)
    session = _spread(rng, parts.session, parts.df_session, r, uncertain=uncertain)
    level = rng.normal(size=(r, k, n)) * own
    noise = np.sqrt(session**2 + parts.image / images)
    before = level + rng.normal(size=(r, k, n)) * noise
    after = level + rng.normal(size=(r, k, n)) * noise
    after[:, 1] += wanted.difference
    if wanted.analysis == ANCOVA:
        t, df = _ancova_t(before, after)
    else:
        t, df = _plain_t(after - before)
    return float((np.abs(t) > _critical(wanted, n, df)).mean())


def _spread(
    rng: np.random.Generator, variance: float, df: int, r: int, *, uncertain: bool
) -> npt.NDArray[np.float64]:
    drawn = variance * df / rng.chisquare(df, r) if uncertain else np.full(r, variance)
    return np.sqrt(drawn)[:, None, None]


def _plain_t(values: Floats) -> tuple[Floats, int]:
    _, k, n = values.shape
    df = k * (n - 1)
    means = values.mean(axis=2)
    square = ((values - means[:, :, None]) ** 2).sum(axis=(1, 2)) / df
    return (means[:, 1] - means[:, 0]) / np.sqrt(square * 2 / n), df


def _ancova_t(before: Floats, after: Floats) -> tuple[Floats, int]:
    """Return t of the adjusted difference of the second from the first group, and its df."""
    _, k, n = before.shape
    df = k * (n - 1) - 1
    x, y = before.mean(axis=2), after.mean(axis=2)
    dx, dy = before - x[:, :, None], after - y[:, :, None]
    sxx, sxy = (dx**2).sum(axis=(1, 2)), (dx * dy).sum(axis=(1, 2))
    slope = sxy / sxx
    square = ((dy**2).sum(axis=(1, 2)) - slope * sxy) / df
    shift = x[:, 1] - x[:, 0]
    difference = y[:, 1] - y[:, 0] - slope * shift
    return difference / np.sqrt(square * (2 / n + shift**2 / sxx)), df


def _critical(wanted: NextExperiment, n: int, df: int) -> float:
    from scipy.stats import t as student

    if wanted.comparisons == "one contrast" or wanted.groups == 2:  # noqa: PLR2004
        return float(student.isf((1 - CONFIDENCE) / 2, df))
    if wanted.comparisons == "all pairs":
        return critical_range(wanted.groups, df) / 2**0.5
    others = wanted.groups - 1
    return ManyToOne(np.full(others, float(n)), n, np.zeros(others), df).critical
