"""How well predictions agree with the truth: counts, rates with intervals, AUC, calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.vocabulary import EVEN_ODDS

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

CONFIDENCE_LEVEL = 0.95
N_RELIABILITY_BINS = 10
N_BOOTSTRAP = 2_000
_FEWEST_PAIRS = 3


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many images were called rightly and wrongly; pain is the positive class."""

    tp: int
    fn: int
    fp: int
    tn: int

    @property
    def n(self) -> int:
        """All images counted."""
        return self.tp + self.fn + self.fp + self.tn

    @property
    def sensitivity(self) -> float | None:
        """TP / (TP + FN): the share of pain images called pain; ``None`` without pain images."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float | None:
        """TN / (TN + FP): the share of no-pain images called no pain."""
        return _share(self.tn, self.tn + self.fp)

    @property
    def accuracy(self) -> float | None:
        """(TP + TN) / n: the share of images called rightly."""
        return _share(self.tp + self.tn, self.n)

    @property
    def balanced_accuracy(self) -> float | None:
        """Mean of sensitivity and specificity; 0.5 for a classifier that always says the same."""
        if self.sensitivity is None or self.specificity is None:
            return None
        return (self.sensitivity + self.specificity) / 2


def count_confusion(is_pain: Bools, called_pain: Bools) -> Confusion:
    """Count the four cells of the confusion table."""
    return Confusion(
        tp=int(np.sum(is_pain & called_pain)),
        fn=int(np.sum(is_pain & ~called_pain)),
        fp=int(np.sum(~is_pain & called_pain)),
        tn=int(np.sum(~is_pain & ~called_pain)),
    )


def pearson_r(x: npt.ArrayLike, y: npt.ArrayLike) -> float | None:
    """Return Pearson's r where both are known (NaN: not known).

    ``None`` with fewer than three pairs, or when one of them does not vary.
    """
    a, b = np.asarray(x, float), np.asarray(y, float)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(a) < _FEWEST_PAIRS or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def wilson_interval(successes: int, n: int) -> tuple[float, float] | None:
    """Return the 95 % Wilson score interval of a share (Wilson 1927); ``None`` for n = 0.

    It takes the images as independent. Images of one animal are not, so for a statement about new
    animals it is too narrow; `bootstrap_interval` resamples animals.
    """
    from scipy.stats import binomtest

    if n == 0:
        return None
    interval = binomtest(successes, n).proportion_ci(CONFIDENCE_LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def area_under_curve(is_pain: Bools, p_pain: Floats) -> float | None:
    """Return the area under the ROC curve: how often a pain image gets the higher score.

    By ranks (Mann & Whitney 1947): AUC = (R - m (m + 1) / 2) / (m n), with R the sum of the ranks
    of the m pain images among all, n the other images; ties count one half.

    Returns
    -------
    float or None
        ``None`` when there is only one class.
    """
    from scipy.stats import rankdata

    n_pain = int(is_pain.sum())
    n_other = len(is_pain) - n_pain
    if n_pain == 0 or n_other == 0:
        return None
    ranks = rankdata(p_pain)
    return float((ranks[is_pain].sum() - n_pain * (n_pain + 1) / 2) / (n_pain * n_other))


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One row of the reliability table: predictions of similar confidence."""

    lower: float
    upper: float
    n: int
    weight: float
    mean_confidence: float | None
    accuracy: float | None


def reliability_table(
    correct: Bools, confidence: Floats, weights: Floats | None = None
) -> list[ReliabilityBin]:
    """Compare confidence with accuracy in ten equal bins from 0.5 to 1.

    Parameters
    ----------
    correct, confidence
        Per image.
    weights
        How much each image counts; `equal_class_weights` for a population with as many pain as
        no-pain images. ``None`` counts all alike.

    Returns
    -------
    list of ReliabilityBin
        A bin holds lower ≤ confidence < upper; the last one holds 1 too.
    """
    counted = np.ones(len(confidence)) if weights is None else weights
    edges = np.linspace(0.5, 1.0, N_RELIABILITY_BINS + 1)
    # `digitize` puts 1.0 behind the last edge; it belongs into the last bin.
    number = np.clip(np.digitize(confidence, edges) - 1, 0, N_RELIABILITY_BINS - 1)
    table = []
    for k in range(N_RELIABILITY_BINS):
        inside = number == k
        weight = counted[inside]
        some = weight.sum() > 0
        table.append(
            ReliabilityBin(
                lower=round(float(edges[k]), 10),
                upper=round(float(edges[k + 1]), 10),
                n=int(inside.sum()),
                weight=float(weight.sum()),
                mean_confidence=float(np.average(confidence[inside], weights=weight))
                if some
                else None,
                accuracy=float(np.average(correct[inside], weights=weight)) if some else None,
            )
        )
    return table


def equal_class_weights(is_pain: Bools) -> Floats:
    """Return weights that let both classes count the same in all, n images together."""
    n_pain = max(1, int(is_pain.sum()))
    n_other = max(1, len(is_pain) - int(is_pain.sum()))
    return np.where(is_pain, len(is_pain) / (2 * n_pain), len(is_pain) / (2 * n_other))


def expected_calibration_error(table: list[ReliabilityBin]) -> float | None:
    """Return the mean |accuracy - confidence| over bins, weighted by images.

    Naeini et al. 2015; ``None`` for an empty table.
    """
    total = sum(row.weight for row in table)
    if total == 0:
        return None
    gaps = [
        row.weight * abs(row.accuracy - row.mean_confidence)
        for row in table
        if row.accuracy is not None and row.mean_confidence is not None
    ]
    return sum(gaps) / total


def bootstrap_interval(
    is_pain: Bools, p_pain: Floats, units: npt.NDArray[np.str_], statistic: str, seed: int
) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of a statistic under resampling of whole units.

    Parameters
    ----------
    is_pain, p_pain, units
        Per image: truth, prediction, and the animal (or what else was kept whole).
    statistic
        ``auc``, ``accuracy`` or ``balanced_accuracy``.
    seed
        Of the resampling.

    Returns
    -------
    (float, float) or None
        ``None`` with fewer than two units, or when over half of the samples lack a class.
    """
    return interval_over_units(
        units, lambda rows: _statistic(is_pain[rows], p_pain[rows], statistic), seed
    )


def interval_over_units(
    units: npt.NDArray[np.str_],
    statistic: Callable[[npt.NDArray[np.intp]], float | None],
    seed: int,
) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of any statistic under resampling of whole units.

    Parameters
    ----------
    units
        Per image: the animal, or what else was kept whole.
    statistic
        Of the rows that it is given, each as often as it was drawn; ``None`` where it is not
        defined.
    seed
        Of the resampling.

    Returns
    -------
    (float, float) or None
        ``None`` with fewer than two units, or when it is not defined for over half of the samples.
    """
    names, member = np.unique(units, return_inverse=True)
    if len(names) < 2:  # noqa: PLR2004
        return None
    rows_of = [np.flatnonzero(member == k) for k in range(len(names))]
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(N_BOOTSTRAP):
        # Whole animals are drawn: their images are alike, and images alone would flatter.
        drawn = rng.integers(0, len(names), len(names))
        value = statistic(np.concatenate([rows_of[k] for k in drawn]))
        if value is not None:
            values.append(value)
    if len(values) < N_BOOTSTRAP / 2:
        return None
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _statistic(is_pain: Bools, p_pain: Floats, statistic: str) -> float | None:
    if statistic == "auc":
        return area_under_curve(is_pain, p_pain)
    confusion = count_confusion(is_pain, p_pain >= EVEN_ODDS)
    value: float | None = getattr(confusion, statistic)
    return value


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
