"""Adapting a head to another laboratory: by a few scored faces, with the old head as prior.

Four ways are tried and chosen between by animals that were not used: the head as it is; its
calibration anew (Platt 1999); a correction of its weights that is the smaller, the less the new
scores ask for it; and a new head that knows nothing of the old one. With targets t, weights w that
let both classes count the same, standardised features z over the root of their number, and a
logit l that is the recalibrated one or, for a new head, 0, the last two minimise

    sum of w · [log(1 + exp(l + d·z + b)) - t · (l + d·z + b)] + strength / 2 · |d|²

and are calibrated by their predictions for animals left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from amgs.errors import TooFewAnimalsError
from amgs.model.training.heads import Head
from amgs.model.training.logistic import fit_logistic
from amgs.model.training.span import Span

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

AS_IT_IS, RECALIBRATED, CORRECTED, NEW = "as it is", "recalibrated", "corrected", "trained anew"
STRENGTHS = {CORRECTED: (0.1, 0.03, 0.01, 0.003, 0.001), NEW: (0.01, 0.003, 0.001)}
"""From little freedom to much."""

N_FOLDS = 5
LEAST_ANIMALS = 4
"""With fewer, an animal left out says too little about the next one."""

LEAST_GAIN = 0.005
"""A freer way must be better than a plainer one by this cross-entropy, or the plainer one is taken:
with few animals smaller differences are chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scored faces of the new laboratory.

    Parameters
    ----------
    features
        (images, n), from the model's own network.
    target
        (images,): 1 for pain, 0 for no pain, and between where the human score is.
    animals
        (images,): whose face it is.
    """

    features: npt.NDArray[np.float32]
    target: Floats
    animals: npt.NDArray[np.str_]

    def take(self, rows: Rows | npt.NDArray[np.bool_]) -> Scored:
        """Return some of the faces."""
        return Scored(self.features[rows], self.target[rows], self.animals[rows])

    @property
    def weights(self) -> Floats:
        """How much each face counts, so that pain and no pain count the same in all."""
        pain = max(float(self.target.sum()), 1.0)
        other = max(float((1 - self.target).sum()), 1.0)
        return 0.5 * (self.target / pain + (1 - self.target) / other)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to adapt: its name and, where the weights may change, how freely."""

    name: str
    strength: float | None = None


WAYS = (
    Way(AS_IT_IS),
    Way(RECALIBRATED),
    *(Way(name, strength) for name, strengths in STRENGTHS.items() for strength in strengths),
)


@dataclass(frozen=True, slots=True, eq=False)
class Adapted:
    """What came out.

    Parameters
    ----------
    head
        The head for the new laboratory.
    way
        How it was made.
    losses
        Cross-entropy of every way on animals that were left out.
    before, after
        P(pain) of every face: of the old head, and of heads that were adapted, the choice of the
        way included, without its animal.
    """

    head: Head
    way: Way
    losses: dict[Way, float]
    before: Floats
    after: Floats


def adapt_head(old: Head, scored: Scored, seed: int) -> Adapted:
    """Adapt a head to the scored faces of another laboratory.

    Parameters
    ----------
    old
        The head of the model.
    scored
        Faces with human scores.
    seed
        Of the division of animals.

    Raises
    ------
    TooFewAnimalsError
        If there are too few animals to tell whether a way is better than another.
    """
    n_animals = len(np.unique(scored.animals))
    is_pain = scored.target >= 0.5  # noqa: PLR2004
    if n_animals < LEAST_ANIMALS or is_pain.all() or not is_pain.any():
        msg = (
            f"Expected scored faces of at least {LEAST_ANIMALS} animals, some in pain and some "
            f"not, found {n_animals} animals, {int(is_pain.sum())} faces nearer to pain and "
            f"{int((~is_pain).sum())} nearer to no pain. Have more scored."
        )
        raise TooFewAnimalsError(msg)
    after = np.empty(len(is_pain))
    for train, held_out in _divide(scored, seed):
        inner = scored.take(train)
        after[held_out] = _choose(old, inner, seed).head.p_pain(scored.features[held_out])
    chosen = _choose(old, scored, seed)
    before = np.asarray(old.p_pain(scored.features), np.float64)
    return Adapted(chosen.head, chosen.way, chosen.losses, before, after)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The best way, the head that it makes of all faces, and what every way lost."""

    way: Way
    head: Head
    losses: dict[Way, float]


def fit_ways(old: Head, scored: Scored, ways: Sequence[Way] = WAYS) -> dict[Way, Head]:
    """Return the head that each way makes of the old one, not calibrated by others' predictions."""
    recalibrated = _recalibrate(old, scored, old.slope * old.logit(scored.features) + old.intercept)
    nothing = Head(np.zeros_like(old.weights), 0.0)
    plain = {AS_IT_IS: old, RECALIBRATED: recalibrated}
    starts = {CORRECTED: recalibrated, NEW: nothing}
    span = Span(scored.features)
    return {
        way: plain[way.name]
        if way.strength is None
        else _correct(starts[way.name], scored, span, way.strength)
        for way in ways
    }


def cross_entropy(p: Floats, target: Floats, weights: Floats) -> float:
    """Return the mean cross-entropy, faces weighing as `weights` say."""
    inside = np.clip(p, 1e-6, 1 - 1e-6)
    losses = -(target * np.log(inside) + (1 - target) * np.log1p(-inside))
    return float((weights * losses).sum() / weights.sum())


def _choose(old: Head, scored: Scored, seed: int) -> _Chosen:
    logits = {way: np.empty(len(scored.target)) for way in WAYS}
    for train, test in _divide(scored, seed + 1):
        for way, head in fit_ways(old, scored.take(train)).items():
            z = head.slope * head.logit(scored.features[test]) + head.intercept
            logits[way][test] = z
    curves = {
        way: _fit_curve(logits[way], scored) if way.strength is not None else (1.0, 0.0)
        for way in WAYS
    }
    losses = {}
    for way, (slope, intercept) in curves.items():
        z = slope * logits[way] + intercept
        loss = scored.weights @ (np.logaddexp(0, z) - scored.target * z) / scored.weights.sum()
        # The curve was fitted to these very predictions: what its two numbers gain by that is
        # 2 / n on average (Akaike 1974).
        losses[way] = float(loss) + (2 / len(z) if way.strength is not None else 0.0)
    best = WAYS[0]
    for way in WAYS[1:]:
        if losses[way] < losses[best] - LEAST_GAIN:
            best = way
    head = fit_ways(old, scored, [best])[best]
    slope, intercept = curves[best]
    head = replace(head, slope=slope * head.slope, intercept=slope * head.intercept + intercept)
    return _Chosen(best, head, losses)


def _divide(scored: Scored, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield what is kept and what is left out, animals whole, in folds drawn by lot."""
    names, animal = np.unique(scored.animals, return_inverse=True)
    n_folds = min(N_FOLDS, len(names))
    fold = np.random.default_rng(seed).permutation(np.arange(len(names)) % n_folds)[animal]
    for number in range(n_folds):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _recalibrate(old: Head, scored: Scored, logits: npt.NDArray[np.floating]) -> Head:
    slope, intercept = _fit_curve(np.asarray(logits, np.float64), scored)
    return replace(old, slope=slope * old.slope, intercept=slope * old.intercept + intercept)


def _fit_curve(logits: Floats, scored: Scored) -> tuple[float, float]:
    """Return slope and intercept of a logistic curve; positive, so that no call is turned round."""
    from scipy.optimize import minimize

    scale, centre = max(float(np.std(logits)), 1e-12), float(np.mean(logits))
    standardised = (logits - centre) / scale
    # As Platt: with few faces the targets 0 and 1 would make the curve steeper than is known.
    n = len(scored.target)
    target = (scored.target * n + 1) / (n + 2)

    def loss(parameters: Floats) -> float:
        z = np.exp(parameters[0]) * standardised + parameters[1]
        return float((scored.weights * (np.logaddexp(0, z) - target * z)).sum())

    # A slope of nearly 0 says that nothing can be learned; below that, only digits differ.
    bounds = [(-6.0, 6.0), (-10.0, 10.0)]
    best = minimize(loss, x0=np.zeros(2), method="Nelder-Mead", bounds=bounds).x
    slope = float(np.exp(best[0])) / scale
    return slope, float(best[1]) - slope * centre


def _correct(start: Head, scored: Scored, span: Span, strength: float) -> Head:
    """Return the corrected head; calibration of the first one is folded into its weights."""
    first = np.asarray(start.slope * start.logit(scored.features) + start.intercept, np.float64)
    best, moved = fit_logistic(span.inside, scored.target, scored.weights, strength, offset=first)
    change, added = span.to_features(best)
    new = start.slope * start.weights.astype(np.float64) + change
    bias = start.slope * start.bias + start.intercept + moved + added
    return Head(new.astype(np.float32), bias)
