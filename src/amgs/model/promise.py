"""From which confidence on calls are wrong as seldom as was asked for, on animals never seen.

In the manner of conformal risk control (Angelopoulos et al. 2024), with animals as the units that
can be exchanged: what a model said of animals that were left out of its training decides the limit,
and a new animal counts as one more of them, at its worst. The theorem asks for a loss that can only
fall as the limit rises, which the share of wrong calls need not do: the limit is an estimate that
was tried out (docs/models.md), not a guarantee.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from amgs.model.metrics import Bools, Floats
from amgs.vocabulary import EVEN_ODDS

ERROR_RATES = (0.05, 0.10, 0.20)
"""Shares of wrong calls among confident ones for which a card has limits."""

TOLD_RATE = 0.10
"""The share that reports and pages tell of."""

LEAST_EACH = 5
"""Images per animal, on average, below which there is no limit. Of the limits that are tried one is
lucky: with a single image of each of 30 animals one was found in 30 % of the trials in which the
calls were wrong half as often again as was asked, at every confidence; with 5 each in 1 %."""

LIMITS = np.round(np.arange(0.50, 0.9901, 0.01), 2)
"""Confidences that are tried as limits."""


@dataclass(frozen=True, slots=True)
class Promise:
    """From which confidence on at most a share of the calls is wrong.

    Parameters
    ----------
    error_rate
        The share that was asked for.
    min_confidence
        The limit; ``None`` where no limit reaches it: too few animals, or too many sure errors.
    coverage
        Which share of an animal's images reaches the limit, on average.
    wrong
        Which share of the calls that reach it was wrong, every animal weighing the same.
    animals
        How many animals, each left out in its turn, this is known from.
    """

    error_rate: float
    min_confidence: float | None
    coverage: float | None
    wrong: float | None
    animals: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def find_promise(p_pain: Floats, is_pain: Bools, animals: Any, error_rate: float) -> Promise:
    """Find the lowest confidence from which on at most a share of the calls is wrong.

    For an animal *i* with *n* images, of which *c* reach the limit and *w* of these are called
    wrongly, the excess is ``(w - error_rate · c) / n``. The limit is the lowest for which the sum
    of the excesses over all animals, with that of one more animal all of whose images are wrong and
    confident (``1 - error_rate``), is not above 0: of the calls of a new animal that reach the
    limit, about that share or fewer should be wrong. With fewer than five images per animal on
    average there is none.

    Parameters
    ----------
    p_pain
        (images,): what a model said that was trained without the image's animal.
    is_pain
        (images,): the truth.
    animals
        (images,): whose face it is, or what else was kept whole.
    error_rate
        Between 0 and 1.
    """
    names, member = np.unique(np.asarray(animals), return_inverse=True)
    n = np.bincount(member)
    confidence = np.maximum(p_pain, 1 - p_pain)
    is_wrong = (p_pain >= EVEN_ODDS) != is_pain
    nothing = Promise(error_rate, None, None, None, len(names))
    if len(member) < LEAST_EACH * len(names):
        return nothing
    for limit in LIMITS.tolist():
        reached = confidence >= limit
        covered = np.bincount(member, weights=reached) / n
        wrong = np.bincount(member, weights=reached & is_wrong) / n
        excess = float((wrong - error_rate * covered).sum())
        if covered.any() and excess + (1 - error_rate) <= 0:
            share = float(wrong.sum() / covered.sum())
            return Promise(error_rate, limit, float(covered.mean()), share, len(names))
    return nothing


def say_promise(card: Mapping[str, Any], error_rate: float = TOLD_RATE) -> str:
    """Say in words what the card of a model promises at an error rate; empty where nothing."""
    for of in card.get("promises") or ():
        if of["error_rate"] != error_rate:
            continue
        share = f"{100 * error_rate:.0f} %"
        if of["min_confidence"] is None:
            return (
                f"no confidence from which on at most {share} of the calls on new animals are "
                f"wrong could be found from {of['animals']} animals"
            )
        return (
            f"of calls with a confidence of {of['min_confidence']:.2f} or more, at most {share} "
            f"are expected to be wrong on new animals like these ({100 * of['coverage']:.0f} % of "
            f"the images reach it; from {of['animals']} animals, each left out)"
        )
    return ""
