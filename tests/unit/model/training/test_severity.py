"""A rater effect: strict and lenient raters are told apart, and only where that helps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from amgs.model.graded import level_probabilities
from amgs.model.training.grading import _fit_levels, train_graded
from amgs.model.training.severity import Single, cross_entropy, fit_with_severity
from amgs.model.training.span import Span
from amgs.model.unit_scores import UnitScores

N_FEATURES, THRESHOLDS = 12, (0.3, 2.0)
DIRECTION = np.r_[1.2, -0.8, 0.6, np.zeros(N_FEATURES - 3)]


def drawn(
    severity: tuple[float, ...], animals: int = 40, each: int = 20, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every image is scored by two of the raters, whose severities are given."""
    rng = np.random.default_rng(seed)
    n = animals * each
    features = rng.normal(0, 1, (n, N_FEATURES))
    by_rater = np.full((n, len(severity)), np.nan)
    for image in range(n):
        for rater in rng.choice(len(severity), 2, replace=False):
            logit = features[image] @ DIRECTION + severity[rater]
            p = level_probabilities(np.array(logit), np.array(THRESHOLDS))
            by_rater[image, rater] = rng.choice(3, p=p)
    return features.astype(np.float32), by_rater, np.repeat(np.arange(animals), each).astype(str)


def scores_of(by_rater: np.ndarray, *, single: bool = True) -> UnitScores:
    counts = np.stack([(by_rater == level).sum(axis=1) for level in (0, 1, 2)], axis=1)
    counts = np.column_stack([counts, np.zeros(len(counts))])[:, None].astype(float)
    return UnitScores(("unit",), counts, 1, by_rater[:, None] if single else None)


def test_severities_are_found_again() -> None:
    """With many faces and hardly a penalty: what they were drawn with, of mean 0."""
    severity = (-1.0, -0.2, 0.3, 0.9)
    features, by_rater, _ = drawn(severity, 200, 40)
    weights, thresholds, found = fit_with_severity(Span(features), Single.of(by_rater), 1e-6)
    np.testing.assert_allclose(found, severity, atol=0.1)
    np.testing.assert_allclose(weights, DIRECTION, atol=0.1)
    np.testing.assert_allclose(thresholds, THRESHOLDS, atol=0.1)


def test_it_is_the_minimum_that_the_text_states() -> None:
    """Nudged in any direction, the stated sum grows."""
    features, by_rater, _ = drawn((-0.7, 0.1, 0.6))
    single, strength = Single.of(by_rater), 0.01
    weights, thresholds, severity = fit_with_severity(Span(features), single, strength)
    spread = features.astype(float).std(axis=0) * np.sqrt(N_FEATURES)
    # A shift between thresholds and severities changes nothing but the prior: both mean 0 here.
    rows = np.isfinite(by_rater)

    def loss(w: np.ndarray, t: np.ndarray, s: np.ndarray) -> float:
        total = 0.0
        for image in range(len(by_rater)):
            raters = np.flatnonzero(rows[image])
            p = level_probabilities(features[image].astype(float) @ w + s[raters], t)
            told = p[np.arange(len(raters)), by_rater[image, raters].astype(int)]
            total -= float(np.log(told).mean())
        inside = w * spread
        return total / len(by_rater) + strength / 2 * inside @ inside + s @ s / 2 / len(by_rater)

    best = loss(weights, thresholds, severity)
    rng = np.random.default_rng(0)
    for _ in range(12):
        nudged = (
            weights + rng.normal(0, 0.02, N_FEATURES),
            thresholds + rng.normal(0, 0.02, 2),
            severity + rng.normal(0, 0.02, 3),
        )
        assert loss(*nudged) > best - 1e-6


def test_without_differences_it_is_the_plain_layer() -> None:
    """One rater has nobody to differ from: direction and thresholds are those of the counts."""
    features, by_rater, _ = drawn((0.0, 0.0))
    single = by_rater[:, :1]
    known = np.isfinite(single[:, 0])
    span = Span(features[known])
    weights, thresholds, severity = fit_with_severity(span, Single.of(single[known]), 0.01)
    plain, plain_thresholds = _fit_levels(span, scores_of(single[known]).counts[:, 0], 0.01)
    np.testing.assert_allclose(severity, 0, atol=1e-12)
    np.testing.assert_allclose(weights, plain, atol=1e-3)
    np.testing.assert_allclose(thresholds, plain_thresholds, atol=2e-3)


def test_scores_of_some_images() -> None:
    """They are numbered anew; images without a score count nowhere."""
    by_rater = np.array([[0, np.nan], [np.nan, np.nan], [1, 2], [np.nan, 2]])
    single = Single.of(by_rater)
    assert single.n_images == 3
    some = single.within(np.array([1, 2, 3]))
    assert some.image.tolist() == [1, 1, 2]
    assert some.rater.tolist() == [0, 1, 1]
    assert some.score.tolist() == [1, 2, 2]
    assert some.weight.tolist() == [0.5, 0.5, 1.0]
    assert single.within(np.array([1])).n_images == 0


def test_raters_who_scored_nothing_do_not_count() -> None:
    """Two more columns change nothing."""
    features, by_rater, _ = drawn((-1.0, 0.2, 0.8))
    more = np.column_stack([by_rater[:, :1], np.full((len(by_rater), 2), np.nan), by_rater[:, 1:]])
    span = Span(features)
    for few, many in zip(
        fit_with_severity(span, Single.of(by_rater), 0.01),
        fit_with_severity(span, Single.of(more), 0.01),
        strict=True,
    ):
        np.testing.assert_array_equal(few, many)


def test_cross_entropy_by_hand() -> None:
    single = Single.of(np.array([[0.0, 2.0], [np.nan, 1.0]]))
    logits, thresholds, severity = np.array([0.5, -0.5]), np.array([0.0, 1.0]), (0.2, -0.2)
    p_0 = expit(0 - 0.7)
    p_2 = 1 - expit(1 - 0.3)
    p_1 = expit(1 + 0.7) - expit(0 + 0.7)
    expected = -((np.log(p_0) + np.log(p_2)) / 2 + np.log(p_1)) / 2
    assert cross_entropy(single, logits, thresholds, severity) == pytest.approx(expected)


def test_it_is_used_only_where_raters_differ() -> None:
    """Chosen by animals left out, and kept on the card; counts alone never have it."""
    features, differing, names = drawn((-1.2, -0.4, 0.5, 1.1))
    effect = train_graded(features, scores_of(differing), names, 0).details["rater_effect"]
    assert effect["unit"] == pytest.approx(np.std((-1.2, -0.4, 0.5, 1.1), ddof=1), abs=0.3)
    counts = train_graded(features, scores_of(differing, single=False), names, 0)
    assert counts.details["rater_effect"] == {"unit": None}
    features, alike, names = drawn((0.0, 0.0, 0.0, 0.0))
    assert train_graded(features, scores_of(alike), names, 0).details["rater_effect"] == {
        "unit": None
    }


def test_what_strict_raters_saw_is_not_taken_for_pain() -> None:
    """Each half of the animals is scored by other raters: readings follow the face, not the rater.

    Features 5 and 6 tell which half an animal is of, as another camera would.
    """
    features, by_rater, names = drawn((-1.5, 1.5, -1.5, 1.5), 40, 20, 3)
    rng = np.random.default_rng(1)
    truth = features[:, :3] @ DIRECTION[:3]
    half = names.astype(int) % 2
    # Raters 0 and 2, and a few faces of 1 and 3, in one half; the other way round in the other.
    for image in range(len(by_rater)):
        logit = truth[image]
        by_rater[image] = np.nan
        usual = (0, 2) if half[image] else (1, 3)
        other = (1, 3) if half[image] else (0, 2)
        for rater in (usual[image % 2], (other if image % 3 == 0 else usual)[1 - image % 2]):
            p = level_probabilities(
                np.array(logit + (-1.5, 1.5, -1.5, 1.5)[rater]), np.array(THRESHOLDS)
            )
            by_rater[image, rater] = rng.choice(3, p=p)
    features[:, 5] = half + rng.normal(0, 0.2, len(half))
    graded = train_graded(features, scores_of(by_rater), names, 0)
    plain = train_graded(features, scores_of(by_rater, single=False), names, 0)
    assert graded.details["rater_effect"]["unit"] is not None
    with_effect = np.corrcoef(graded.held_out[:, 0], truth)[0, 1]
    assert with_effect > np.corrcoef(plain.held_out[:, 0], truth)[0, 1] + 0.02
    assert with_effect > 0.95
