"""Parts share no animal, hold both classes, and refuse what they cannot split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amgs.errors import LeakedAnimalError, TooFewAnimalsError, UnknownAnimalsError
from amgs.model.training.splits import assign_folds, cross_validation_folds, split_images
from amgs.vocabulary import NO_PAIN, PAIN, LabelledImage, Part


def images(
    n_animals: int,
    per_animal: int = 10,
    known: str = "animal",
    part: dict[int, Part] | None = None,
) -> list[LabelledImage]:
    made = []
    for a in range(n_animals):
        for k in range(per_animal):
            made.append(
                LabelledImage(
                    path=Path(f"{a}_{k}.jpg"),
                    name=f"{a}_{k}.jpg",
                    label=PAIN if k % 2 else NO_PAIN,
                    animal=f"a{a}" if known == "animal" else None,
                    recording=f"r{a}" if known == "recording" else None,
                    part=None if part is None else part[a],
                )
            )
    return made


def test_eighty_ten_ten_by_animal() -> None:
    """Twenty animals: sixteen, two and two, each whole."""
    split = split_images(images(20), "animal", seed=0)
    counts = {p: len(set(split.units[split.rows(p)])) for p in ("train", "validation", "test")}
    assert counts == {"train": 16, "validation": 2, "test": 2}
    assert split.unit_name == "animal"
    assert split.warnings == ()


@pytest.mark.parametrize("known", ["recording", "nothing"])
def test_unknown_animals_are_said(known: str) -> None:
    """The next best thing is kept whole, and the reader is warned."""
    split = split_images(images(20, known=known), "animal", seed=0)
    assert split.warnings[0].startswith("The animals are unknown.")
    assert split.unit_name == ("recording" if known == "recording" else "image")


def test_near_duplicates_stay_together_where_animals_are_unknown() -> None:
    """Chains of likeness count as one."""
    alike = [(0, 1), (1, 2), (2, 3)]
    for seed in range(5):
        split = split_images(images(20, known="nothing"), "animal", seed, alike)
        assert len(set(split.part[:4])) == 1


def test_splitting_by_image_is_the_papers_way_and_says_so() -> None:
    """Animals lie on both sides then."""
    split = split_images(images(5, per_animal=40), "image", seed=0)
    assert "better than for new animals" in split.warnings[0]
    assert {p: len(split.rows(p)) for p in ("train", "validation", "test")} == {
        "train": 160, "validation": 20, "test": 20,
    }  # fmt: skip


def test_the_seed_decides() -> None:
    """The same seed, the same parts; another seed, others."""
    first, again, other = (split_images(images(20), "animal", seed).part for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_an_animal_in_two_parts_is_refused() -> None:
    """The message names the animal and its parts."""
    made = images(4, part={0: "train", 1: "train", 2: "validation", 3: "test"})
    split_images(made, "animal", 0)
    leaky = [*made, LabelledImage(Path("x"), "x", PAIN, animal="a0", part="test")]
    with pytest.raises(LeakedAnimalError, match=r"animal a0 is in train and test"):
        split_images(leaky, "animal", 0)


def test_a_missing_part_is_refused() -> None:
    """Without a test part there would be no number to trust."""
    made = images(3, part={0: "train", 1: "train", 2: "test"})
    with pytest.raises(TooFewAnimalsError, match="found none in validation"):
        split_images(made, "animal", 0)


def test_some_animals_unknown_is_refused() -> None:
    """Half a column is a mistake, not a choice."""
    made = images(4) + images(1, known="nothing")
    with pytest.raises(UnknownAnimalsError, match="10 of 50 images without one"):
        split_images(made, "animal", 0)


def test_too_few_animals_are_refused() -> None:
    """Two animals cannot make three parts."""
    with pytest.raises(TooFewAnimalsError, match="at least 3 animals with images of each class"):
        split_images(images(2), "animal", 0)


def test_a_given_part_of_one_class_is_refused() -> None:
    """A test part without pain images has no sensitivity."""
    made = images(3, part={0: "train", 1: "validation", 2: "test"})
    made = [image for image in made if image.part != "test" or image.label == NO_PAIN]
    with pytest.raises(TooFewAnimalsError, match=r"found:\n  - test holds only `no pain`"):
        split_images(made, "animal", 0)


@pytest.mark.parametrize("n_pain_animals", [1, 2, 3, 5])
def test_folds_leave_both_classes_to_train_on(n_pain_animals: int) -> None:
    """However few animals carry a class; one is not enough."""
    units = np.repeat([f"a{k}" for k in range(8)], 4)
    is_pain = np.isin(units, [f"a{k}" for k in range(n_pain_animals)])
    for seed in range(20):
        if n_pain_animals == 1:
            with pytest.raises(TooFewAnimalsError, match="1 with pain images and 7 with no-pain"):
                cross_validation_folds(is_pain, units, 5, seed)
            continue
        folds = cross_validation_folds(is_pain, units, 5, seed)
        for fold in np.unique(folds):
            assert len(set(is_pain[folds != fold])) == 2
            assert not set(units[folds == fold]) & set(units[folds != fold])


@pytest.mark.parametrize("seed", range(40))
def test_folds_are_those_of_scikit_learn(seed: int) -> None:
    """Earlier versions used its folds: a seed gives the same parts as then."""
    from sklearn.model_selection import StratifiedGroupKFold

    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 150))
    units = (rng.integers(0, rng.integers(12, 40), n) if seed % 3 else np.arange(n)).astype(str)
    is_pain = rng.random(n) < rng.uniform(0.35, 0.65)
    n_folds = int(rng.integers(2, 11))
    theirs = StratifiedGroupKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    expected = np.empty(n, int)
    for number, (_, held_out) in enumerate(theirs.split(is_pain, is_pain, units)):
        expected[held_out] = number
    assert assign_folds(is_pain, units, n_folds, seed).tolist() == expected.tolist()
