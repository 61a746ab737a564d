"""A rater effect: raters who score the same face differ in how strict they are.

Where raters share the images among themselves, a strict one makes the faces of their share look
worse. With a severity s of rater r, in the same logits as the thresholds (the ordinal many-facet
model of Linacre 1989 on features of the face),

    P(score ≤ k | image, rater) = 1 / (1 + exp(-(threshold_k - severity_r - direction · features)))

Severities have mean 0, so that what is expected of an image is what a rater of mean severity would
say. With all of them 0 it is the layer that is trained without a rater effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.model.graded import LEVELS, level_probabilities
from amgs.model.training.span import Span

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

SPREAD = 1.0
"""SD in logits that severities are expected to have before any score is seen."""

LEAST_GAIN = 0.002
"""By so much the cross-entropy of animals left out must fall; smaller differences are chance."""

PRIOR_COUNTS = 0.5
"""Added to the counts from which thresholds start: a score nobody gave is not impossible."""

_LEAST_P = 1e-12


@dataclass(frozen=True)
class Single:
    """Single scores of one unit.

    Parameters
    ----------
    image, rater, score
        Of every score.
    n_raters
        How many raters there are.
    """

    image: Rows
    rater: Rows
    score: Rows
    n_raters: int

    @classmethod
    def of(cls, by_rater: Floats) -> Single:
        """Read them from (images, raters), missing where a rater gave none.

        Raters who gave none at all do not count: they would draw the mean severity to theirs.
        """
        image, column = np.nonzero(np.isfinite(by_rater))
        raters, rater = np.unique(column, return_inverse=True)
        return cls(image, rater, by_rater[image, column].astype(np.intp), len(raters))

    def within(self, images: Rows) -> Single:
        """Return the scores of some images, which are numbered anew."""
        place = np.full(1 + max(self.image.max(initial=0), images.max(initial=0)), -1)
        place[images] = np.arange(len(images))
        kept = place[self.image] >= 0
        return Single(place[self.image[kept]], self.rater[kept], self.score[kept], self.n_raters)

    @property
    def n_images(self) -> int:
        """How many images have a score."""
        return len(np.unique(self.image))

    @property
    def weight(self) -> Floats:
        """So much each counts: all scores of an image together count as one."""
        n: Floats = 1.0 / np.bincount(self.image)[self.image]
        return n


def starting_thresholds(total: Floats) -> tuple[float, float]:
    """Return thresholds of a layer that knows only how often each score was given.

    The lower one, and the log of the step to the upper one.
    """
    from scipy.special import logit

    counted = total + PRIOR_COUNTS
    upto = np.cumsum(counted)[:-1] / counted.sum()
    low, high = (float(logit(share)) for share in upto)
    return low, float(np.log(max(high - low, 1e-3)))


def fit_with_severity(span: Span, single: Single, strength: float) -> tuple[Floats, Floats, Floats]:
    """Fit direction, thresholds and severities of one unit.

    Minimises the mean cross-entropy over images + strength / 2 · |direction|² + the severities'
    normal prior, by quasi-Newton steps.

    Parameters
    ----------
    span
        Features of the images.
    single
        Their scores.
    strength
        Of the penalty.

    Returns
    -------
    weights, thresholds, severities
        Of the features, in their own units; severities have mean 0.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    n_images = max(single.n_images, 1)
    inside, weight = span.inside[single.image], single.weight / n_images
    size = span.inside.shape[1]
    prior = 1.0 / (n_images * SPREAD**2)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        d, (low, log_step) = parameters[:size], parameters[size : size + 2]
        severity, step = parameters[size + 2 :], np.exp(log_step)
        s = inside @ d + severity[single.rater]
        upto = np.stack([expit(low - s), expit(low + step - s)])
        p = np.stack([upto[0], upto[1] - upto[0], 1 - upto[1]])
        told = np.maximum(p[single.score, np.arange(len(s))], _LEAST_P)
        value = -(weight * np.log(told)).sum()
        value += strength / 2 * d @ d + prior / 2 * severity @ severity
        # Of the two cumulative probabilities, which ones a score has as its upper and lower end.
        slopes = upto * (1 - upto)
        first = np.select([single.score == 0, single.score == 1], [1.0, -1.0], 0.0) * slopes[0]
        second = np.select([single.score == 1, single.score == 2], [1.0, -1.0], 0.0) * slopes[1]  # noqa: PLR2004
        by_first, by_second = (-weight / told * part for part in (first, second))
        both = by_first + by_second
        gradient = np.empty_like(parameters)
        gradient[:size] = -(inside.T @ both) + strength * d
        gradient[size] = both.sum()
        gradient[size + 1] = by_second.sum() * step
        pulled = np.bincount(single.rater, both, single.n_raters)
        gradient[size + 2 :] = -pulled + prior * severity
        return float(value), gradient

    begin = np.zeros(size + 2 + single.n_raters)
    begin[size : size + 2] = starting_thresholds(
        np.bincount(single.score, minlength=LEVELS).astype(np.float64)
    )
    best = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    weights, added = span.to_features(best[:size])
    severity = best[size + 2 :]
    low = best[size] - severity.mean() - added
    return weights, np.array([low, low + np.exp(best[size + 1])]), severity - severity.mean()


def cross_entropy(
    single: Single, logits: Floats, thresholds: Floats, severity: Sequence[float] | Floats
) -> float:
    """Return the mean over images of -log P of the scores that raters gave.

    Parameters
    ----------
    single
        The scores.
    logits
        (images,): direction · features.
    thresholds
        (2,).
    severity
        (raters,).
    """
    p = level_probabilities(logits[single.image] + np.asarray(severity)[single.rater], thresholds)
    told = np.maximum(p[np.arange(len(p)), single.score], _LEAST_P)
    return float(-(single.weight * np.log(told)).sum() / max(single.n_images, 1))
