"""How well predictions agree with the truth: counts, rates with intervals, AUC, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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


def wilson_interval(successes: float, n: int) -> tuple[float, float] | None:
    """Return the 95 % Wilson score interval of a share (Wilson 1927); ``None`` for n = 0.

    It takes the images as independent. Images of one animal are not, so for a statement about new
    animals it is too narrow; `amgs.model.over_units` has intervals over animals.
    """
    from scipy.special import ndtri

    if n == 0:
        return None
    square = float(ndtri((1 + CONFIDENCE_LEVEL) / 2)) ** 2
    share = successes / n
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = (square * (share * (1 - share) / n + square / (4 * n * n))) ** 0.5 / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


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
    # In whole millionths: an edge such as 0.85 lies a rounding error above the number it means.
    # The last bin holds 1.0 too.
    millionths = np.round(np.asarray(confidence) * 1e6).astype(np.int64)
    number = (millionths - 500_000) // (500_000 // N_RELIABILITY_BINS)
    number = np.clip(number, 0, N_RELIABILITY_BINS - 1)
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


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
