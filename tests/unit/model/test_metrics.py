"""Metrics against hand-made tables and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from amgs.model.metrics import (
    Confusion,
    area_under_curve,
    count_confusion,
    equal_class_weights,
    expected_calibration_error,
    reliability_table,
    wilson_interval,
)
from amgs.model.over_units import bootstrap_interval


def test_confusion() -> None:
    """Pain is the positive class."""
    truth = np.array([True, True, True, False, False])
    called = np.array([True, True, False, True, False])
    counts = count_confusion(truth, called)
    assert counts == Confusion(tp=2, fn=1, fp=1, tn=1)
    assert counts.sensitivity == pytest.approx(2 / 3)
    assert counts.specificity == pytest.approx(1 / 2)
    assert counts.accuracy == pytest.approx(3 / 5)
    assert counts.balanced_accuracy == pytest.approx(7 / 12)


def test_rates_without_images_are_none() -> None:
    """Not zero, not NaN."""
    empty = Confusion(0, 0, 0, 3)
    assert empty.sensitivity is None
    assert empty.balanced_accuracy is None
    assert wilson_interval(0, 0) is None


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_matches_the_published_table(
    successes: int, n: int, low: float, high: float
) -> None:
    """Newcombe 1998, Statistics in Medicine 17:857, table I, score method."""
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_auc_agrees_with_scikit_learn() -> None:
    """Ties included."""
    rng = np.random.default_rng(0)
    truth = rng.random(500) < 0.3
    score = np.round(rng.normal(size=500) + truth, 1)
    assert area_under_curve(truth, score) == pytest.approx(roc_auc_score(truth, score))
    assert area_under_curve(np.ones(3, bool), np.arange(3.0)) is None


def test_reliability_and_ece_by_hand() -> None:
    """Two bins: 4 images of confidence 0.6, half right; 4 of 1.0, all right."""
    confidence = np.array([0.6] * 4 + [1.0] * 4)
    correct = np.array([True, True, False, False] + [True] * 4)
    table = reliability_table(correct, confidence)
    assert [row.n for row in table] == [0, 0, 4, 0, 0, 0, 0, 0, 0, 4]
    assert table[2].accuracy == 0.5
    assert table[0].accuracy is None
    assert expected_calibration_error(table) == pytest.approx(0.5 * 0.1)


def test_equal_class_weights() -> None:
    """One pain image among four counts as much as the other three."""
    weights = equal_class_weights(np.array([True, False, False, False]))
    assert weights[0] == pytest.approx(weights[1:].sum())
    assert weights.sum() == pytest.approx(4)


def test_the_bootstrap_resamples_animals() -> None:
    """A hundred copies of each animal's image do not make the interval narrower."""
    rng = np.random.default_rng(0)
    truth = rng.random(30) < 0.5
    score = np.clip(rng.normal(0.5, 0.3, 30) + 0.2 * truth, 0, 1)
    animals = np.array([f"a{k}" for k in range(30)])
    once = bootstrap_interval(truth, score, animals, "accuracy", 0)
    many = bootstrap_interval(*(np.repeat(x, 100) for x in (truth, score, animals)), "accuracy", 0)
    assert once is not None
    assert many == pytest.approx(once, abs=0.04)
    alone = bootstrap_interval(truth, score, np.array(["a"] * 30), "auc", 0)
    assert alone is None
