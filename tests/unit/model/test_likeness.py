"""Distance from the training images: quiet for animals like them, loud for others."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from amgs.errors import BrokenModelError
from amgs.model.bundle import CARD, LIKENESS, load_model
from amgs.model.likeness import (
    LEAST_ANIMALS,
    MOST_IMAGES,
    Likeness,
    describe_likeness,
    learn_likeness,
)
from amgs.prediction.pain import PainReader
from amgs.prediction.unlike import list_unlike, warn_of_unlike, warn_of_unlike_images
from program import amgs

N = 64


def faces(animals: int, each: int, seed: int, centre: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of animals: all of a kind share a direction, each has its own part in it."""
    kind = np.random.default_rng(100 + centre).normal(0, 1, N)
    rng = np.random.default_rng([seed, centre])
    own = np.repeat(rng.normal(0, 0.35, (animals, N)), each, axis=0)
    features = kind + own + rng.normal(0, 0.25, (animals * each, N))
    return features, np.repeat([f"a{k}" for k in range(animals)], each)


def test_new_animals_of_the_kind_are_quiet_and_others_are_not() -> None:
    """Over 200 new animals about one in a hundred passes 1; of another kind, all do."""
    learned = learn_likeness(*faces(20, 20, 0), seed=0)
    assert learned is not None
    alike, _ = faces(200, 20, 1)
    by_animal = learned.distances(alike).reshape(200, 20)
    assert (by_animal.mean(axis=1) > 1).mean() <= 0.03
    assert 0.002 <= (by_animal > learned.image_limit).mean() <= 0.03
    other, _ = faces(20, 20, 1, centre=1)
    assert (learned.distances(other).reshape(20, 20).mean(axis=1) > 1).all()


def test_an_animals_own_images_do_not_flatter_it() -> None:
    """With its own images among the known, a training animal seems nearer than a new one is."""
    features, animals = faces(20, 20, 0)
    learned = learn_likeness(features, animals, seed=0)
    assert learned is not None
    new, _ = faces(20, 20, 7)
    assert learned.distances(features).mean() < 0.8 * learned.distances(new).mean()


def test_the_distance_is_the_mean_cosine_distance_to_the_five_nearest() -> None:
    known = np.eye(6, dtype=np.float16)
    found = Likeness(known, 0.5, 1.0).distances(np.array([[3.0, 4.0, 0, 0, 0, 0]]))
    assert found[0] == pytest.approx((1 - (0.6 + 0.8) / 5) / 0.5, abs=1e-6)
    assert Likeness(known[:2], 1.0, 1.0).distances(np.eye(6)[:1])[0] == pytest.approx(0.5)


def test_too_few_animals_say_nothing() -> None:
    assert learn_likeness(*faces(LEAST_ANIMALS - 1, 30, 0), seed=0) is None
    assert "go unnoticed" in str(describe_likeness(None)["reason"])


def test_of_many_images_as_many_of_each_animal_are_kept() -> None:
    features, animals = faces(6, 500, 0)
    few = animals != "a0"
    few[:30] = True  # of the first animal only 30 are there
    learned = learn_likeness(features[few], animals[few], seed=0)
    assert learned is not None
    assert len(learned.directions) == MOST_IMAGES
    again = learn_likeness(features[few], animals[few], seed=0)
    assert again is not None
    np.testing.assert_array_equal(learned.directions, again.directions)


class TestInAModel:
    """Kept in its folder, part of what it is, and said of every image."""

    def test_every_reading_has_a_distance(self, model_folder: Path) -> None:
        reader = PainReader(model_folder)
        rng = np.random.default_rng(0)
        noise = [rng.integers(0, 256, (90, 90, 3)).astype(np.uint8) for _ in range(3)]
        readings = reader.read(noise)
        assert all(reading.number("distance_from_training") > 1 for reading in readings)
        assert all(reading.values["unlike_training"] is True for reading in readings)
        assert [o.name for o in reader.outputs][-3:] == [
            "distance_from_training",
            "unlike_training",
            "nearest_training",
        ]

    def test_the_nearest_training_image_is_described(self, model_folder: Path) -> None:
        reader = PainReader(model_folder)
        known = reader.model.likeness
        assert known is not None
        assert known.described is not None
        number = 7
        said = known.read(known.directions[number : number + 1].astype(np.float32) * 3)[0]
        assert said["nearest_training"] == known.described[number]
        assert said["nearest_training"].split(", ")[0] in {"pain", "no pain"}

    def test_a_model_of_before_describes_none(self, model_folder: Path, tmp_path: Path) -> None:
        known = load_model(model_folder).likeness
        assert known is not None
        replace(known, described=None).save(tmp_path / LIKENESS)
        again = Likeness.load(tmp_path / LIKENESS, known.directions.shape[1])
        assert "nearest_training" not in again.read(known.directions[:1].astype(np.float32))[0]
        assert [output.name for output in again.outputs][-1] == "unlike_training"
        short = replace(known, described=known.described[:-1])  # type: ignore[index]
        short.save(tmp_path / LIKENESS)
        with pytest.raises(ValueError, match="cannot be used"):
            Likeness.load(tmp_path / LIKENESS, known.directions.shape[1])

    def test_a_changed_file_is_noticed(self, model_folder: Path, tmp_path: Path) -> None:
        copy = Path(shutil.copytree(model_folder, tmp_path / "m"))
        (copy / LIKENESS).write_bytes((copy / LIKENESS).read_bytes()[:-1] + b"x")
        with pytest.raises(BrokenModelError, match=r"likeness\.npz was changed"):
            load_model(copy)
        (copy / LIKENESS).unlink()
        with pytest.raises(BrokenModelError, match=r"likeness\.npz is missing"):
            load_model(copy)

    def test_of_another_network(self, model_folder: Path) -> None:
        with pytest.raises(ValueError, match="cannot be used"):
            Likeness.load(model_folder / LIKENESS, 7)

    def test_the_card_tells(self, model_folder: Path) -> None:
        card = json.loads((model_folder / CARD).read_text(encoding="utf-8"))
        assert card["likeness"]["images"] > 50

    def test_classify_says_so(self, model_folder: Path, tmp_path: Path, make_image) -> None:
        paths = [make_image(f"n/{number}.png", (90, 90)) for number in range(12)]
        done = amgs("classify", model_folder, paths[0].parent, "--out", tmp_path / "p.csv")
        assert "12 of 12 images are unlike those that the model was trained with" in done.stderr


def row(animal: str, distance: float | None, images: int = 20) -> dict[str, object]:
    return {
        "animal": animal,
        "timepoint": "60min",
        "images": images,
        "mean_distance_from_training": distance,
    }


def test_which_animals_are_named() -> None:
    """By the mean over at least ten images; human scores have no distance."""
    rows = [row("a", 1.2), row("b", 0.9), row("c", 3.0, 5), row("d", None), {"animal": "e"}]
    assert [found["animal"] for found in list_unlike(rows)] == ["a"]
    (text,) = warn_of_unlike(rows)
    assert "Images of 1 of 5 animals and timepoints" in text
    assert "a at 60min (1.2)" in text
    assert "Nearest" not in text
    assert warn_of_unlike([row("b", 0.9)]) == []
    white = [row("a", 1.2) | {"nearest_training": "no pain, MGS 1, white"}]
    assert "training images of: no pain, MGS 1, white (1). Have" in warn_of_unlike(white)[0]


@pytest.mark.parametrize(
    ("images", "mean", "unlike", "said"),
    [
        (20, 1.1, 4, True),
        (20, 0.9, 9, False),
        (4, 0.9, 2, True),
        (4, 1.5, 1, False),
        (1, 2.0, 1, True),
        (0, None, 0, False),
    ],
)
def test_of_images_alone(images: int, mean: float | None, unlike: int, said: bool) -> None:
    assert bool(warn_of_unlike_images(images, mean, unlike)) is said


def test_the_distance_of_an_image_does_not_depend_on_its_batch() -> None:
    """To the last bit: an interrupted run goes on in other batches."""
    rng = np.random.default_rng(5)
    features = rng.gamma(0.5, 1.0, (300, 640)).astype(np.float32)
    likeness = learn_likeness(features, np.arange(300).astype(str), 0)
    assert likeness is not None
    new = rng.gamma(0.5, 1.0, (60, 640)).astype(np.float32)
    whole = likeness.distances(new)
    for size in (1, 3, 4, 7):
        parts = [likeness.distances(new[k : k + size]) for k in range(0, 60, size)]
        assert np.array_equal(np.concatenate(parts), whole)
