"""Adapting a head: what may change, what is chosen, and that nothing is judged by itself."""

from __future__ import annotations

import numpy as np
import pytest

from amgs.errors import TooFewAnimalsError
from amgs.model.training.adapting import (
    AS_IT_IS,
    CORRECTED,
    NEW,
    RECALIBRATED,
    WAYS,
    Scored,
    Way,
    adapt_head,
    cross_entropy,
    fit_ways,
)
from amgs.model.training.choosing import choose_worth_scoring
from amgs.model.training.heads import Head

N_FEATURES = 40


def laboratory(
    true: np.ndarray, animals: int = 10, each: int = 12, shift: float = 0.0, seed: int = 0
) -> Scored:
    """Faces whose pain follows from `true` weights; animals differ in all features."""
    rng = np.random.default_rng(seed)
    names = np.repeat(np.arange(animals), each)
    features = rng.normal(0, 0.7, (animals, N_FEATURES))[names]
    features = features + rng.normal(0, 1, (len(names), N_FEATURES))
    p = 1 / (1 + np.exp(-(features @ true + shift)))
    target = (rng.uniform(size=len(names)) < p).astype(float)
    return Scored(features.astype(np.float32), target, names.astype(str))


def weights(seed: int, size: float = 2.0) -> np.ndarray:
    found = np.random.default_rng(seed).normal(0, 1, N_FEATURES)
    return size * found / np.linalg.norm(found)


def head(values: np.ndarray, bias: float = 0.0) -> Head:
    return Head(values.astype(np.float32), bias)


def loss_on(judged: Head, scored: Scored) -> float:
    return cross_entropy(
        np.asarray(judged.p_pain(scored.features), float), scored.target, scored.weights
    )


def test_a_head_that_fits_is_left_alone() -> None:
    """Nothing is gained by change, so nothing is changed."""
    true = weights(1)
    adapted = adapt_head(head(true), laboratory(true, seed=2), 0)
    assert adapted.way.name == AS_IT_IS
    np.testing.assert_array_equal(adapted.head.weights, head(true).weights)
    assert (adapted.head.slope, adapted.head.intercept) == (1, 0)
    np.testing.assert_allclose(adapted.before, adapted.after, atol=0.2)


def test_a_head_that_is_too_sure_is_recalibrated() -> None:
    """What it looks at is right; what it makes of it is not."""
    true = weights(1)
    scored, other = laboratory(true, seed=2), laboratory(true, seed=3)
    old = head(6 * true, bias=4.0)
    adapted = adapt_head(old, scored, 0)
    assert adapted.way.name == RECALIBRATED
    np.testing.assert_array_equal(adapted.head.weights, old.weights)
    assert loss_on(adapted.head, other) < loss_on(old, other) - 0.2
    assert loss_on(adapted.head, other) < loss_on(head(true), other) + 0.05


def test_a_head_that_looks_at_other_things_learns() -> None:
    """Enough faces teach it; and what is said of left-out animals holds for others."""
    true, wrong = weights(1, 4.0), weights(9, 4.0)
    scored, other = laboratory(true, 16, 20, seed=2), laboratory(true, 16, 20, seed=3)
    adapted = adapt_head(head(wrong), scored, 0)
    assert adapted.way.name in {CORRECTED, NEW}
    assert loss_on(adapted.head, other) < loss_on(head(wrong), other) - 0.5
    said = cross_entropy(adapted.after, scored.target, scored.weights)
    assert said == pytest.approx(loss_on(adapted.head, other), abs=0.12)


def test_with_noise_for_scores_nothing_is_learned() -> None:
    """Scores that follow from nothing give no confident head."""
    rng = np.random.default_rng(5)
    scored = laboratory(weights(1), seed=2)
    noise = Scored(scored.features, rng.integers(0, 2, 120).astype(float), scored.animals)
    adapted = adapt_head(head(3 * weights(1)), noise, 0)
    p = np.asarray(adapted.head.p_pain(laboratory(weights(1), seed=8).features))
    assert np.abs(p - 0.5).max() < 0.35


def test_the_old_head_is_the_prior() -> None:
    """The less freedom, the nearer to the recalibrated head; without any, it is that."""
    old, scored = head(weights(1)), laboratory(weights(4), seed=2)
    ways = [Way(RECALIBRATED), *(Way(CORRECTED, s) for s in (1e6, 1.0, 0.01))]
    heads = list(fit_ways(old, scored, ways).values())
    logits = [h.slope * h.logit(scored.features) + h.intercept for h in heads]
    away = [float(np.std(logit - logits[0])) for logit in logits[1:]]
    assert away[0] < 1e-3
    assert away[0] < away[1] < away[2]


def test_a_correction_is_the_minimum_that_the_text_states() -> None:
    """By the gradient of the formula, in all features: no other solver is needed to see it."""
    scored, strength = laboratory(weights(4), seed=2), 0.03
    new = fit_ways(head(weights(1)), scored, [Way(NEW, strength)])[Way(NEW, strength)]
    features = scored.features.astype(float)
    spread = features.std(axis=0)
    z = (features - features.mean(axis=0)) / spread / np.sqrt(N_FEATURES)
    d = new.weights.astype(float) * spread * np.sqrt(N_FEATURES)
    p = np.asarray(new.p_pain(features))
    error = scored.weights * (p - scored.target)
    np.testing.assert_allclose(z.T @ error + strength * d, 0, atol=2e-4)
    assert abs(error.sum()) < 1e-4


def test_targets_between_pain_and_no_pain_count() -> None:
    """A face half-way pulls half as hard, and weights let both classes count the same."""
    scored = Scored(np.zeros((4, 2), np.float32), np.array([1, 1, 1, 0.0]), np.array(list("abcd")))
    assert scored.weights @ scored.target == pytest.approx(scored.weights @ (1 - scored.target))
    half = Scored(scored.features, np.array([1, 0.5, 0.5, 0]), scored.animals)
    assert half.weights[1] == pytest.approx(half.weights[0])


def test_the_same_faces_give_the_same_head() -> None:
    scored = laboratory(weights(4), seed=2)
    one, two = (adapt_head(head(weights(1)), scored, 3) for _ in range(2))
    assert one.way == two.way
    np.testing.assert_array_equal(one.head.weights, two.head.weights)
    assert set(one.losses) == set(WAYS)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_one_class_or_too_few_animals(target: float) -> None:
    scored = laboratory(weights(1), seed=2)
    one_class = Scored(scored.features, np.full(120, target), scored.animals)
    with pytest.raises(TooFewAnimalsError, match="some in pain and some not"):
        adapt_head(head(weights(1)), one_class, 0)
    with pytest.raises(TooFewAnimalsError, match="at least 4 animals"):
        adapt_head(head(weights(1)), scored.take(np.arange(30)), 0)


class TestChoosing:
    """Which faces are scored."""

    animals = ["a"] * 50 + ["b"] * 30 + ["c"] * 3

    def test_animals_have_equal_shares_and_what_one_lacks_others_give(self) -> None:
        chosen = choose_worth_scoring(self.animals, None, 31, 0)
        counts = [sum(self.animals[k] == name for k in chosen) for name in "abc"]
        assert sorted(counts[:2]) == [14, 14]
        assert counts[2] == 3
        assert len(set(chosen)) == 31

    def test_they_run_over_all_that_the_model_says(self) -> None:
        p = np.random.default_rng(1).permutation(np.linspace(0, 1, 80))
        chosen = choose_worth_scoring(["a"] * 80, p, 8, 0)
        assert np.bincount((p[chosen] * 7.999).astype(int), minlength=8).tolist() == [1] * 8

    def test_all_if_there_are_fewer(self) -> None:
        assert choose_worth_scoring(self.animals, None, 1_000, 0) == list(range(83))
        assert choose_worth_scoring([], None, 10, 0) == []

    def test_the_seed_decides(self) -> None:
        one, two, other = (choose_worth_scoring(self.animals, None, 9, s) for s in (1, 1, 2))
        assert one == two != other
