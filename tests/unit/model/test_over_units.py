"""Intervals over animals, and a model beside people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from amgs.model.by_animal import agree_by_animal, bland_altman
from amgs.model.evaluate import evaluate_predictions
from amgs.model.metrics import reliability_table
from amgs.model.over_units import bootstrap_interval, interval_over_units, share_over_units


def test_the_interval_of_a_share_covers_new_animals() -> None:
    """Six animals of 30 images that differ: about 95 of 100, where Wilson's held 62."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        logits = 1.5 + rng.normal(0, 1, 6)
        p = np.repeat(1 / (1 + np.exp(-logits)), 30)
        correct = rng.random(180) < p
        animals = np.repeat([f"a{k}" for k in range(6)], 30)
        interval = share_over_units(correct, animals)
        assert interval is not None
        truth = float(np.mean(1 / (1 + np.exp(-(1.5 + rng.normal(0, 1, 4000))))))
        held += interval[0] <= truth <= interval[1]
    assert held / 300 > 0.9


def test_too_few_animals_have_no_interval() -> None:
    """Two for a share, seven for percentiles; all right in three is not known exactly."""
    correct = np.ones(20, bool)
    assert share_over_units(correct, np.repeat(["a", "b"], 10)) is None
    three = share_over_units(np.ones(30, bool), np.repeat(["a", "b", "c"], 10))
    assert three is not None
    assert three[0] < 0.5
    seven = np.repeat([f"a{k}" for k in range(7)], 4)
    assert interval_over_units(seven, lambda rows: float(len(rows)), 0) is None
    rng = np.random.default_rng(0)
    truth, score = rng.random(28) < 0.5, rng.random(28)
    assert bootstrap_interval(truth, score, seven, "auc", 0) is None
    assert bootstrap_interval(truth, score, seven, "accuracy", 0) is not None


def test_evaluation_has_intervals_over_animals_where_they_are_known() -> None:
    """And none where one animal is not named."""
    rng = np.random.default_rng(1)
    n, animals = 240, np.repeat([f"m{k}" for k in range(12)], 20)
    truth = rng.random(n) < 0.5
    p = np.clip(0.5 + (truth - 0.5) * 0.6 + np.repeat(rng.normal(0, 0.2, 12), 20), 0.01, 0.99)
    table = pd.DataFrame(
        {
            "predicted": np.where(p >= 0.5, "pain", "no pain"),
            "confidence": np.maximum(p, 1 - p),
            "p_pain": p,
            "signed_score": 2 * p - 1,
            "label": np.where(truth, "pain", "no pain"),
            "mgs": np.round(5 * p + truth),
            "animal": animals,
        }
    )
    found = evaluate_predictions(table).as_dict()
    assert found["n_animals"] == 12
    over, wilson = found["intervals_over_animals"]["accuracy"], found["intervals"]["accuracy"]
    assert over[1] - over[0] > 0
    assert wilson is not None
    assert found["mgs"]["by_animal"]["n_animals"] == 12
    table.loc[3, "animal"] = ""
    found = evaluate_predictions(table).as_dict()
    assert found["intervals_over_animals"] is None
    assert found["mgs"]["by_animal"] is None


def test_confidences_at_an_edge_fall_into_their_bin() -> None:
    """0.85 belongs to 0.85–0.90, though the edge is a rounding error above it."""
    edges = np.round(0.5 + 0.05 * np.arange(10), 2)
    table = reliability_table(np.ones(10, bool), edges)
    assert [row.n for row in table] == [1] * 10


def test_between_and_within_animals_are_told_apart() -> None:
    """A model that knows the animal and nothing of its images, and the other way round."""
    rng = np.random.default_rng(2)
    animals = np.repeat([f"a{k}" for k in range(20)], 15)
    own, moment = np.repeat(rng.normal(0, 2, 20), 15), rng.normal(0, 1, 300)
    human = own + moment
    knows = agree_by_animal(human, own + rng.normal(0, 0.3, 300), animals)
    follows = agree_by_animal(human, moment + rng.normal(0, 0.3, 300), animals)
    assert knows is not None
    assert follows is not None
    assert knows.between_r > 0.95
    assert abs(knows.within_r) < 0.2
    assert follows.within_r > 0.9
    assert follows.within_interval[0] < follows.within_r < follows.within_interval[1]
    assert agree_by_animal(human, own, np.array(["a"] * 300)) is None


def test_bland_altman() -> None:
    """Bias over animals; limits with the variance between animals in them."""
    rng = np.random.default_rng(3)
    animals = np.repeat([f"a{k}" for k in range(40)], 10)
    difference = 0.5 + np.repeat(rng.normal(0, 0.6, 40), 10) + rng.normal(0, 0.8, 400)
    found = bland_altman(np.zeros(400), difference, animals)
    assert found is not None
    assert found.bias == pytest.approx(0.5, abs=0.25)
    assert found.upper - found.bias == pytest.approx(1.96, abs=0.25)
    assert found.bias_interval[0] < found.bias < found.bias_interval[1]


def test_the_interval_holds_the_share_beside_it() -> None:
    """One animal with most of the images: the share of all is in its interval, which is wide."""
    sizes = [100, 10, 10, 10, 10, 10, 10, 10]
    correct = np.concatenate([np.arange(100) < 45, *[np.arange(10) < 9 for _ in sizes[1:]]])
    interval = share_over_units(correct, np.repeat([f"m{k}" for k in range(8)], sizes))
    assert interval is not None
    assert interval[0] < correct.mean() < interval[1]
    assert interval[1] - interval[0] > 0.5


def test_of_equal_numbers_it_is_students_t() -> None:
    """As on the animals' own shares."""
    rng = np.random.default_rng(1)
    correct = rng.random(60) < 0.7
    shares = correct.reshape(6, 10).mean(axis=1)
    half = student.isf(0.025, 5) * shares.std(ddof=1) / 6**0.5
    interval = share_over_units(correct, np.repeat(list("abcdef"), 10))
    assert interval == pytest.approx((shares.mean() - half, min(1.0, shares.mean() + half)))


@pytest.mark.parametrize("n", [3, 5, 7])
def test_half_right_of_every_animal_is_even_on_both_sides(n: int) -> None:
    """An odd number of half animals is not rounded to one side."""
    low, high = share_over_units(np.tile([True, False], n), np.repeat(np.arange(n), 2).astype(str))
    assert low + high == pytest.approx(1)
