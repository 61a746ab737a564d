"""Graded readings: ordered scores, shares of raters, and "not scorable" as something of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from amgs.errors import TooFewAnimalsError
from amgs.model.graded import GradedHead, expected_scores, level_probabilities
from amgs.model.training.grading import _fit_levels, train_graded
from amgs.model.training.span import Span
from amgs.model.unit_scores import UnitScores
from amgs.scoring.among_raters import count_scores, stand_among_raters
from amgs.scoring.ratings import Ratings

N_FEATURES = 30


def drawn(
    animals: int = 20, each: int = 25, raters: int = 3, seed: int = 0
) -> tuple[np.ndarray, UnitScores, np.ndarray]:
    """Two units: one that features tell, with thresholds 0.5 and 2; one that nothing tells."""
    rng = np.random.default_rng(seed)
    names = np.repeat(np.arange(animals), each).astype(str)
    features = rng.normal(0, 1, (len(names), N_FEATURES))
    direction = np.zeros(N_FEATURES)
    direction[:3] = (1.5, -1.0, 0.5)
    p = level_probabilities(features @ direction, np.array([0.5, 2.0]))
    counts = np.zeros((len(names), 2, 4))
    for row in range(len(names)):
        counts[row, 0, :3] = rng.multinomial(raters, p[row])
        counts[row, 1, :3] = rng.multinomial(raters, [0.5, 0.3, 0.2])
        missing = rng.binomial(raters, expit(2 * features[row, 5] - 2))
        counts[row, 0, 3] = missing
    return features.astype(np.float32), UnitScores(("told", "untold"), counts, 2), names


def test_thresholds_and_direction_are_found_again() -> None:
    """With much data and hardly a penalty: the numbers it was drawn with."""
    features, scores, _ = drawn(200, 40, seed=1)
    direction, thresholds = _fit_levels(Span(features), scores.counts[:, 0], 1e-6)
    np.testing.assert_allclose(direction[:3], (1.5, -1.0, 0.5), atol=0.08)
    np.testing.assert_allclose(direction[3:], 0, atol=0.08)
    np.testing.assert_allclose(thresholds, (0.5, 2.0), atol=0.08)


def test_it_is_the_minimum_that_the_text_states() -> None:
    """Nudged in any direction, the stated sum grows."""
    features, scores, _ = drawn()
    counts, strength = scores.counts[:, 0], 0.01
    direction, thresholds = _fit_levels(Span(features), counts, strength)
    spread = features.astype(float).std(axis=0) * np.sqrt(N_FEATURES)
    shares = counts[:, :3] / counts[:, :3].sum(axis=1, keepdims=True)

    def loss(d: np.ndarray, t: np.ndarray) -> float:
        p = level_probabilities(features.astype(float) @ d, t)
        inside = d * spread
        return float(-(shares * np.log(p)).sum(axis=1).mean() + strength / 2 * inside @ inside)

    best = loss(direction, thresholds)
    rng = np.random.default_rng(0)
    for _ in range(40):
        nudge = rng.normal(0, 1e-2, N_FEATURES) * direction.std()
        assert loss(direction + nudge, thresholds) > best - 1e-9
        assert loss(direction, thresholds + rng.normal(0, 1e-2, 2)) > best - 1e-9


def test_animals_left_out_judge_it() -> None:
    """What features tell is read of animals never seen; what they do not tell is read of none."""
    features, scores, names = drawn()
    graded = train_graded(features, scores, names, 0)
    mean = scores.mean
    assert np.corrcoef(graded.held_out[:, 0], mean[:, 0])[0, 1] > 0.6
    assert abs(np.corrcoef(graded.held_out[:, 1], mean[:, 1])[0, 1]) < 0.2
    assert graded.held_out[:, 1].std() < 0.15
    inside = np.abs(graded.held_out.sum(axis=1) - 2 * scores.mgs_per_unit) <= graded.head.half_width
    assert inside.mean() == pytest.approx(0.9, abs=0.01)


def test_what_a_reading_says() -> None:
    """Probabilities add to one, the score is theirs, the MGS is the sum, the interval is inside."""
    features, scores, names = drawn()
    head = train_graded(features, scores, names, 0).head
    said = head.read(features[:5])
    assert [set(row) for row in said] == [{o.name for o in head.outputs}] * 5
    for row in said:
        p = [row[f"told_p{level}"] for level in range(3)]
        assert sum(p) == pytest.approx(1)
        assert row["told"] == pytest.approx(p[1] + 2 * p[2])
        assert row["predicted_mgs"] == pytest.approx(row["told"] + row["untold"])
        assert (
            0 <= row["predicted_mgs_low"] <= row["predicted_mgs"] <= row["predicted_mgs_high"] <= 4
        )
    missing = head.p_not_scorable(features)[:, 0]
    assert np.corrcoef(missing, features[:, 5])[0, 1] > 0.8


def test_a_missing_score_is_never_zero() -> None:
    """Counts of nothing, of "not scorable" alone, and of one unit only."""
    counts = np.zeros((3, 2, 4))
    counts[1, :, 3] = 2
    counts[2, 0, 2] = 1
    scores = UnitScores(("a", "b"), counts, 2)
    assert np.isnan(scores.mean[:2]).all()
    assert scores.mean[2, 0] == 2
    assert np.isnan(scores.mgs_per_unit[:2]).all()
    assert scores.mgs_per_unit[2] == 2, "mean of the scorable units"
    assert scores.scored.tolist() == [[False, False], [False, False], [True, False]]


def test_means_count_in_part_for_two_scores() -> None:
    """What comes out is the mean that went in; what is missing stays missing."""
    means = np.array([[0.6, 2.0], [np.nan, 1.25]])
    scores = UnitScores.of_means(("a", "b"), means, 2)
    np.testing.assert_allclose(scores.mean, means)
    np.testing.assert_allclose(scores.counts[0, 0], (0.4, 0.6, 0, 0))
    assert scores.scored.tolist() == [[True, True], [False, True]]


def test_the_mgs_alone(tmp_path) -> None:
    """It says the sum of all units and nothing of single ones; kept and read it says the same."""
    features, scores, names = drawn()
    graded = train_graded(features, replace(scores, units_in_mgs=5).mgs_alone(), names, 0)
    assert [o.name for o in graded.head.outputs] == [
        "predicted_mgs",
        "predicted_mgs_low",
        "predicted_mgs_high",
    ]
    assert graded.head.outputs[0].high == 10
    said = graded.head.read(features)
    assert [set(row) for row in said] == [{o.name for o in graded.head.outputs}] * len(said)
    mgs = np.array([row["predicted_mgs"] for row in said])
    assert 0 <= mgs.min() < 5 < mgs.max() <= 10 or mgs.std() > 0.5
    assert np.corrcoef(mgs, scores.mgs_per_unit)[0, 1] > 0.4
    wide = np.abs(5 * (scores.mgs_per_unit - graded.held_out[:, 0]))
    assert (wide <= graded.head.half_width).mean() == pytest.approx(0.9, abs=0.01)
    graded.head.save(tmp_path / "units.npz")
    assert GradedHead.load(tmp_path / "units.npz", N_FEATURES).read(features[:3]) == said[:3]


def test_a_model_made_before_the_mgs_could_stand_alone(tmp_path) -> None:
    """Its file does not say how many units the MGS sums: all that it reads."""
    features, scores, names = drawn()
    head = train_graded(features, scores, names, 0).head
    head.save(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as stored:
        np.savez(tmp_path / "old.npz", **{k: v for k, v in stored.items() if k != "units_in_mgs"})
    assert GradedHead.load(tmp_path / "old.npz", N_FEATURES).read(features[:3]) == head.read(
        features[:3]
    )


def test_a_score_that_nobody_gave() -> None:
    """Only 0 and 1 were given: 2 is improbable, and nothing is infinite."""
    features, scores, names = drawn()
    counts = scores.counts.copy()
    counts[:, :, 1] += counts[:, :, 2]
    counts[:, :, 2] = 0
    head = train_graded(features, UnitScores(scores.names, counts, 2), names, 0).head
    p = head.probabilities(features)
    assert np.isfinite(p).all()
    assert p[:, :, 2].max() < 0.05


def test_too_few_animals() -> None:
    features, scores, names = drawn(3)
    with pytest.raises(TooFewAnimalsError, match="at least 4 animals"):
        train_graded(features, scores, names, 0)


def test_it_is_kept_as_plain_numbers(tmp_path) -> None:
    features, scores, names = drawn()
    head = train_graded(features, scores, names, 0).head
    head.save(tmp_path / "u.npz")
    again = GradedHead.load(tmp_path / "u.npz", N_FEATURES)
    np.testing.assert_array_equal(again.probabilities(features), head.probabilities(features))
    assert again.outputs == head.outputs
    with pytest.raises(ValueError, match="cannot be used"):
        GradedHead.load(tmp_path / "u.npz", N_FEATURES + 1)


def test_how_it_stands_among_raters() -> None:
    """The truth as a model agrees with each rater better than raters agree with each other."""
    rng = np.random.default_rng(0)
    true = rng.uniform(0, 2, 400)
    noisy = np.clip(np.round(true[:, None] + rng.normal(0, 0.6, (400, 3))), 0, 2)
    noisy[rng.uniform(size=noisy.shape) < 0.2] = np.nan
    asked = {"a": np.ones(noisy.shape, bool)}
    ratings = Ratings(tuple(map(str, range(400))), ("x", "y", "z"), {"a": noisy}, asked)
    counts = count_scores(ratings).counts
    assert counts.sum() == 3 * 400
    assert counts[0, 0, 3] == np.isnan(noisy[0]).sum()
    rows = np.arange(400)
    found = stand_among_raters(ratings, rows, true[:, None])["a"]
    assert found["model_against_one_rater"] > found["one_rater_against_another"] + 0.05
    assert found["krippendorff_alpha_with_model"] > found["krippendorff_alpha"]
    nothing = stand_among_raters(ratings, rows, rng.uniform(0, 2, (400, 1)))["a"]
    assert abs(nothing["model_against_one_rater"]) < 0.15
    assert nothing["krippendorff_alpha_with_model"] < found["krippendorff_alpha"]


def test_expected_score() -> None:
    assert expected_scores(np.array([[0.2, 0.3, 0.5]]))[0] == pytest.approx(1.3)
