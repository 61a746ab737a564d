"""Heads learn what can be learned, and calibrate it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from amgs.model.metrics import area_under_curve
from amgs.model.training.heads import (
    Head,
    calibrate,
    fit_platt,
    train_logistic_head,
    train_paper_head,
)


def blobs(n: int, seed: int, distance: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    is_pain = rng.random(n) < 0.4
    features = rng.normal(size=(n, 30)).astype(np.float32)
    features[:, :3] += distance * is_pain[:, None]
    return features, is_pain


@pytest.mark.parametrize("strength", [0.03, 1.0, 30.0])
@pytest.mark.parametrize("n", [40, 400])
def test_logistic_regression_agrees_with_scikit_learn(n: int, strength: float) -> None:
    """The same problem, solved there to ten times its usual precision and more."""
    from sklearn.linear_model import LogisticRegression

    features, is_pain = blobs(n, 5)
    features[:, 4] *= 100  # what is standardised does not depend on its unit
    head = train_logistic_head(features, is_pain, strength)
    mean, spread = features.mean(axis=0, dtype=float), features.std(axis=0, dtype=float)
    theirs = LogisticRegression(
        C=strength / n, class_weight="balanced", tol=1e-10, max_iter=100_000
    ).fit((features - mean) / spread, is_pain)
    expected = theirs.predict_proba((features - mean) / spread)[:, 1]
    assert np.abs(head.p_pain(features) - expected).max() < 1e-4


@pytest.mark.parametrize("kind", ["paper", "logistic"])
def test_both_heads_separate_new_images(kind: str) -> None:
    """The best possible AUC for these blobs is 0.89."""
    features, is_pain = blobs(800, 0)
    if kind == "paper":
        head = train_paper_head(features, is_pain, np.random.default_rng(0), steps=3_000)
    else:
        head = train_logistic_head(features, is_pain, 3.0)
    new, truth = blobs(2_000, 1)
    assert area_under_curve(truth, head.p_pain(new)) > 0.86


def test_the_papers_step_is_gradient_descent_on_the_mean_cross_entropy() -> None:
    """Two steps, done again by hand with the same random numbers in double precision."""
    from scipy.stats import truncnorm

    features, is_pain = blobs(50, 2)
    head = train_paper_head(features, is_pain, np.random.default_rng(5), steps=2)
    rng = np.random.default_rng(5)
    w = truncnorm.rvs(-2, 2, size=(30, 2), random_state=rng) * 0.001
    b = np.zeros(2)
    for _ in range(2):
        rows = rng.integers(0, 50, 100)
        x, y = features[rows].astype(float), np.stack([~is_pain, is_pain], 1)[rows]
        z = x @ w + b
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        w = w - 0.01 * x.T @ (p - y) / 100
        b = b - 0.01 * (p - y).mean(axis=0)
    np.testing.assert_allclose(head.weights, w[:, 1] - w[:, 0], atol=1e-6)
    assert head.bias == pytest.approx(b[1] - b[0], abs=1e-6)


def test_the_start_is_a_cut_normal_distribution() -> None:
    """Sd 0.001 cut at two sd leaves 0.00088; the difference of two columns has √2 times that."""
    features, is_pain = np.zeros((10, 4_000), np.float32), np.arange(10) < 5
    head = train_paper_head(features, is_pain, np.random.default_rng(0), steps=0)
    assert np.abs(head.weights).max() <= 0.004
    assert head.weights.std() == pytest.approx(0.00088 * 2**0.5, rel=0.05)
    assert head.bias == 0


def test_the_same_seed_gives_the_same_head() -> None:
    """Bit by bit."""
    features, is_pain = blobs(100, 3)
    first, second = (
        train_paper_head(features, is_pain, np.random.default_rng(1), steps=50) for _ in range(2)
    )
    np.testing.assert_array_equal(first.weights, second.weights)


def test_standardisation_is_folded_in() -> None:
    """Scaling and shifting a feature changes its weight, not the probabilities."""
    features, is_pain = blobs(300, 4)
    other = features * np.float32(50) + np.float32(7)
    first = train_logistic_head(features, is_pain, 1.0).p_pain(features)
    second = train_logistic_head(other, is_pain, 1.0).p_pain(other)
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_platt_finds_slope_and_intercept() -> None:
    """Logits that are half of what they should be, and shifted, are put right."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2, 40_000)
    is_pain = rng.random(40_000) < expit(z)
    slope, intercept = fit_platt(z / 2 - 1, is_pain)
    assert slope == pytest.approx(2, rel=0.05)
    assert intercept == pytest.approx(2, rel=0.1)


def test_calibration_survives_complete_separation_and_noise() -> None:
    """Neither infinite confidence nor calls turned round."""
    separated = np.array([-2.0, -1, 1, 2])
    truth = np.array([False, False, True, True])
    slope, _ = fit_platt(separated, truth)
    assert np.isfinite(slope)
    slope, _ = fit_platt(-separated, truth)
    assert slope == 0.0


def test_calibrated_for_equal_classes() -> None:
    """However rare pain was, an uninformative logit gives about one half."""
    rng = np.random.default_rng(1)
    is_pain = rng.random(5_000) < 0.1
    head = calibrate(Head(np.ones(1, np.float32), 0.0), rng.normal(size=5_000), is_pain)
    assert head.p_pain(np.zeros((1, 1)))[0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("shift", [0.0, 10.0, -40.0])
def test_a_layer_that_says_the_contrary_of_the_truth_gives_even_odds(shift: float) -> None:
    """Nothing can be learned from it: one probability for all, near a half, wherever it lies."""
    rng = np.random.default_rng(3)
    is_pain = np.arange(120) < 30
    logits = shift + np.where(is_pain, -1.0, 1.0) + rng.normal(0, 1, 120)
    slope, intercept = fit_platt(logits, is_pain)
    assert slope == 0
    assert expit(intercept) == pytest.approx(0.5, abs=0.02)


def test_calibration_does_not_depend_on_where_the_logits_lie() -> None:
    """A layer's bias moves all of them."""
    rng = np.random.default_rng(4)
    is_pain = rng.random(200) < 0.5
    logits = np.where(is_pain, 1.0, -1.0) + rng.normal(0, 1, 200)
    slope, intercept = fit_platt(logits, is_pain)
    moved_slope, moved = fit_platt(logits + 50, is_pain)
    assert moved_slope == pytest.approx(slope, rel=1e-3)
    assert moved + 50 * moved_slope == pytest.approx(intercept, abs=1e-2)
