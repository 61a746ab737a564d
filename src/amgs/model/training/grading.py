"""Training the graded layer: penalised proportional odds, the penalty chosen over animals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import TooFewAnimalsError
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.graded import (
    LEVELS,
    NOT_SCORABLE,
    GradedHead,
    expected_scores,
    level_probabilities,
)
from amgs.model.training.logistic import fit_logistic
from amgs.model.training.severity import (
    LEAST_GAIN,
    PRIOR_COUNTS,
    Single,
    cross_entropy,
    fit_with_severity,
    starting_thresholds,
)
from amgs.model.training.span import Span
from amgs.model.unit_scores import UnitScores

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

STRENGTHS = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
"""Of the penalty, on standardised features over the root of their number: from stiff to free."""

N_FOLDS = 5
LEAST_ANIMALS = 4
COVERED = 0.9


@dataclass(frozen=True, eq=False)
class Graded:
    """The layer, what it said of animals left out, and what its card says of how it came about."""

    head: GradedHead
    held_out: Floats
    details: dict[str, Any]


def train_graded(
    features: npt.NDArray[np.float32],
    scores: UnitScores,
    animals: npt.NDArray[np.str_],
    seed: int,
    progress: ProgressCallback = no_progress,
) -> Graded:
    """Train the graded layer on images with scores per unit.

    For each unit the penalty is chosen that predicts the raters' scores of animals left out best
    (cross-entropy), then whether a rater effect (`amgs.model.training.severity`) predicts them
    better, and then all images are used.

    Parameters
    ----------
    features
        (images, n).
    scores
        What raters said of them.
    animals
        Whose face each is.
    seed
        Of the folds.
    progress
        Told which unit is at work.

    Returns
    -------
    Graded
        ``held_out`` is (images, units): expected scores by layers trained without the animal.

    Raises
    ------
    TooFewAnimalsError
        If there are fewer than four animals.
    """
    names = np.unique(animals)
    if len(names) < LEAST_ANIMALS:
        msg = (
            f"Expected scores of at least {LEAST_ANIMALS} animals to train graded readings, found "
            f"{len(names)}."
        )
        raise TooFewAnimalsError(msg)
    folds = _fold_of(animals, names, seed)
    # The same for every unit, and the dearest part of it.
    whole = Span(features)
    divided = [_Divided.of(features, folds, fold) for fold in np.unique(folds)]
    directions, thresholds, missing, bias, held = [], [], [], [], []
    chosen: dict[str, float] = {}
    spread: dict[str, float | None] = {}
    for unit, name in enumerate(scores.names):
        fitted = _fit_unit(whole, divided, scores, unit)
        nothing, nothing_bias = _fit_not_scorable(whole, scores.counts[:, unit])
        directions.append(fitted.direction)
        thresholds.append(fitted.thresholds)
        missing.append(nothing)
        bias.append(nothing_bias)
        held.append(fitted.chosen.held_out)
        chosen[name], spread[name] = fitted.chosen.strength, fitted.severity_sd
        progress("training the units", unit + 1, len(scores.names))
    held_out = np.stack(held, axis=1)
    rest = np.abs(scores.mgs_per_unit - held_out.mean(axis=1))
    half_width = scores.units_in_mgs * float(np.quantile(rest[np.isfinite(rest)], COVERED))
    head = GradedHead(
        scores.names,
        np.stack(directions).astype(np.float32),
        np.stack(thresholds),
        np.stack(missing).astype(np.float32),
        np.array(bias),
        half_width,
        scores.units_in_mgs,
    )
    details = {
        "penalty": chosen,
        "rater_effect": spread,
        "folds": int(folds.max()) + 1,
        "half_width": half_width,
    }
    return Graded(head, held_out, details)


def _fold_of(animals: npt.NDArray[np.str_], names: npt.NDArray[np.str_], seed: int) -> Rows:
    """Give every image the fold of its animal, drawn by lot."""
    of_animal = np.random.default_rng(seed).permutation(np.arange(len(names)) % N_FOLDS)
    fold: Rows = of_animal[np.searchsorted(names, animals)]
    return fold


@dataclass(frozen=True, eq=False)
class _Divided:
    """Images with some animals left out: what is trained with, and what it is judged by."""

    inside: Rows
    span: Span
    out: Rows
    features: Floats

    @classmethod
    def of(cls, features: npt.NDArray[np.float32], folds: Rows, fold: int) -> _Divided:
        inside, out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        return cls(inside, Span(features[inside]), out, features[out].astype(np.float64))


@dataclass(frozen=True, eq=False)
class _FittedUnit:
    """Direction and thresholds of a unit, and the SD of raters' severities where these count."""

    direction: Floats
    thresholds: Floats
    chosen: _Chosen
    severity_sd: float | None = None


def _fit_unit(
    whole: Span, divided: Sequence[_Divided], scores: UnitScores, unit: int
) -> _FittedUnit:
    """Choose how a unit is trained by animals left out, then train it on all images."""
    counts = scores.counts[:, unit]
    plain = _choose(counts, divided)
    single = _single_scores(scores, unit)
    severe = None if single is None else _choose_with_severity(single, plain, divided)
    if single is None or severe is None:
        return _FittedUnit(*_fit_levels(whole, counts, plain.strength), plain)
    direction, thresholds, severity = fit_with_severity(whole, single, severe.strength)
    return _FittedUnit(direction, thresholds, severe, float(severity.std(ddof=1)))


def _single_scores(scores: UnitScores, unit: int) -> Single | None:
    """Return the single scores of a unit, where at least two raters gave some."""
    if scores.by_rater is None:
        return None
    single = Single.of(scores.by_rater[:, unit])
    return single if single.n_raters > 1 else None


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The penalty of a unit, its loss and expected scores on animals left out."""

    strength: float
    loss: float
    held_out: Floats


def _choose(counts: Floats, divided: Sequence[_Divided]) -> _Chosen:
    """Return the penalty that does best on animals left out."""
    p = {strength: np.empty((len(counts), LEVELS)) for strength in STRENGTHS}
    for part in divided:
        for strength in STRENGTHS:
            direction, threshold = _fit_levels(part.span, counts[part.inside], strength)
            p[strength][part.out] = level_probabilities(part.features @ direction, threshold)
    shares, known = _shares(counts)
    losses = [
        -float((shares[known] * np.log(np.maximum(p[s][known], 1e-9))).sum(axis=1).mean())
        for s in STRENGTHS
    ]
    best = int(np.argmin(losses))
    return _Chosen(STRENGTHS[best], losses[best], expected_scores(p[STRENGTHS[best]]))


def _choose_with_severity(
    single: Single, plain: _Chosen, divided: Sequence[_Divided]
) -> _Chosen | None:
    """Return what a rater effect makes of animals left out; ``None`` where it is not better."""
    held_out = np.empty(len(plain.held_out))
    losses, sizes = [], []
    for part in divided:
        weights, thresholds, severity = fit_with_severity(
            part.span, single.within(part.inside), plain.strength
        )
        logits = part.features @ weights
        held_out[part.out] = expected_scores(level_probabilities(logits, thresholds))
        left_out = single.within(part.out)
        losses.append(cross_entropy(left_out, logits, thresholds, severity))
        sizes.append(left_out.n_images)
    loss = float(np.average(losses, weights=sizes))
    return _Chosen(plain.strength, loss, held_out) if loss < plain.loss - LEAST_GAIN else None


def _shares(counts: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the share of raters who gave each score, and where anybody gave one."""
    given = counts[:, :LEVELS]
    n = given.sum(axis=1, keepdims=True)
    shares = np.divide(given, n, out=np.zeros_like(given), where=n > 0)
    return shares, n[:, 0] > 0


def _fit_levels(span: Span, counts: Floats, strength: float) -> tuple[Floats, Floats]:
    """Fit direction and thresholds of one unit to the shares of raters who gave each score.

    Minimises the mean cross-entropy + strength / 2 · |direction|², in standardised features over
    the root of their number. The thresholds are a, a + exp(b), so that they keep their order.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    shares, known = _shares(counts)
    inside, target = span.inside[known], shares[known]
    n = max(len(target), 1)
    start = np.zeros(inside.shape[1] + 2)
    start[-2:] = starting_thresholds(target.sum(axis=0))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        d, low, step = parameters[:-2], parameters[-2], np.exp(parameters[-1])
        s = inside @ d
        first, second = expit(low - s), expit(low + step - s)
        p = np.maximum(np.stack([first, second - first, 1 - second], axis=1), 1e-12)
        value = -(target * np.log(p)).sum() / n + strength / 2 * d @ d
        pull = target / p
        # By the two cumulative probabilities: 0 and 1 share the first, 1 and 2 the second.
        by_first = (pull[:, 1] - pull[:, 0]) * first * (1 - first)
        by_second = (pull[:, 2] - pull[:, 1]) * second * (1 - second)
        gradient = np.empty_like(parameters)
        gradient[:-2] = -(inside.T @ (by_first + by_second)) / n + strength * d
        gradient[-2] = (by_first.sum() + by_second.sum()) / n
        gradient[-1] = by_second.sum() * step / n
        return float(value), gradient

    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    weights, added = span.to_features(best[:-2])
    thresholds = np.array([best[-2], best[-2] + np.exp(best[-1])]) - added
    return weights, thresholds


def _fit_not_scorable(
    span: Span, counts: Floats, strength: float = STRENGTHS[1]
) -> tuple[Floats, float]:
    """Fit a logistic layer to the share of raters who could not score the unit."""
    from scipy.special import logit

    n = counts.sum(axis=1)
    known = n > 0
    target = counts[known, NOT_SCORABLE] / n[known]
    share = (target.sum() + PRIOR_COUNTS) / (len(target) + 2 * PRIOR_COUNTS)
    best, bias = fit_logistic(
        span.inside[known],
        target,
        np.full(len(target), 1 / len(target)),
        strength,
        begin_at=float(logit(share)),
        stop={"maxiter": 500},
    )
    weights, added = span.to_features(best)
    return weights, bias + added
