"""Thresholds with a promise, and labels worth a second look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amgs.model.promise import LIMITS, find_promise, say_promise
from amgs.model.training.held_out import (
    DOUBTFUL_COLUMNS,
    HeldOut,
    list_doubtful_labels,
    write_doubtful_labels,
)
from amgs.tables import read_table
from amgs.vocabulary import LabelledImage


def draw(rng: np.random.Generator, n_animals: int, each: int = 40):
    """Draw calls of animals that differ in how well they can be read, and are overconfident."""
    skill = rng.normal(2.0, 0.8, n_animals).repeat(each)
    is_pain = rng.random(n_animals * each) < 0.5
    logit = 2.0 * (np.where(is_pain, skill, -skill) + rng.normal(0, 1.4, len(is_pain)))
    return 1 / (1 + np.exp(-logit)), is_pain, np.arange(n_animals).repeat(each)


@pytest.mark.parametrize("error_rate", [0.1, 0.2])
def test_calls_on_new_animals_are_wrong_no_more_often_than_was_asked(error_rate: float):
    rng = np.random.default_rng(1)
    wrong, covered = [], []
    for _ in range(300):
        known = draw(rng, 20)
        promise = find_promise(*known, error_rate)
        if promise.min_confidence is None:
            continue
        p, truth, animals = draw(rng, 20)
        sure = np.maximum(p, 1 - p) >= promise.min_confidence
        per_animal = np.bincount(animals)
        wrong.append((np.bincount(animals, sure & ((p >= 0.5) != truth)) / per_animal).mean())
        covered.append((np.bincount(animals, sure) / per_animal).mean())
    assert len(wrong) > 200
    assert np.sum(wrong) / np.sum(covered) <= error_rate
    assert np.mean(covered) < 1


def test_the_limit_is_the_lowest_that_holds_one_more_animal_at_its_worst():
    p, truth, animals = draw(np.random.default_rng(3), 24)
    promise = find_promise(p, truth, animals, 0.1)

    def excess(limit: float) -> float:
        total = 0.0
        for animal in range(24):
            mine = animals == animal
            sure = np.maximum(p, 1 - p)[mine] >= limit
            bad = sure & ((p[mine] >= 0.5) != truth[mine])
            total += (bad.sum() - 0.1 * sure.sum()) / mine.sum()
        return total + 0.9

    holds = [limit for limit in LIMITS.tolist() if excess(limit) <= 0]
    assert promise.min_confidence == holds[0]
    assert promise.animals == 24


def test_of_few_animals_or_a_useless_model_nothing_is_promised():
    rng = np.random.default_rng(0)
    few = find_promise(*draw(rng, 3), 0.1)
    assert few.min_confidence is None
    p, truth, animals = draw(rng, 30)
    assert find_promise(p, rng.permutation(truth), animals, 0.1).min_confidence is None
    assert "from 3 animals" in say_promise({"promises": [few.as_dict()]})
    assert say_promise({}) == say_promise({"promises": []}) == ""


def labelled(name: str, label: str) -> LabelledImage:
    return LabelledImage(Path(name), name, label, animal="m1", mgs=3.0)  # type: ignore[arg-type]


def test_labels_that_the_model_surely_contradicts_are_listed_the_surest_first(tmp_path: Path):
    images = [labelled("a", "pain"), labelled("b", "no pain"), labelled("c", "pain")]
    said = HeldOut(np.array([0, 1, 2]), np.array([0.08, 0.97, 0.2]))
    found = list_doubtful_labels(images, said)
    assert [row["image"] for row in found] == ["b", "a"]
    written = write_doubtful_labels(tmp_path / "doubtful.csv", found)
    assert written is not None
    assert list(read_table(written, required=()).columns) == list(DOUBTFUL_COLUMNS)
    assert write_doubtful_labels(written, []) is None
    assert not written.exists()
    assert list_doubtful_labels(images, None) == []


def test_with_few_images_of_each_animal_nothing_is_promised() -> None:
    """One of many limits is lucky: thirty animals with one image each, all right."""
    p = np.full(120, 0.99)
    assert find_promise(p, p > 0.5, np.arange(120), 0.1).min_confidence is None
    assert find_promise(p, p > 0.5, np.arange(120) // 5, 0.1).min_confidence == 0.5
