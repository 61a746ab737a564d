"""How a model does by coat: on animals left out, and only where coats are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from amgs.model.training.by_coat import describe_by_coat, say_by_coat
from amgs.model.training.held_out import HeldOut
from amgs.model.training.splits import PartsOfData
from amgs.vocabulary import NO_PAIN, PAIN, LabelledImage

EACH = 6


def images(coats: tuple[str | None, ...] = ("black", "white")) -> list[LabelledImage]:
    """Twelve animals, six faces each, half of them in pain; coats in turn."""
    return [
        LabelledImage(
            Path(f"{animal}_{k}.png"),
            f"{animal}_{k}.png",
            PAIN if k % 2 else NO_PAIN,
            animal=f"m{animal}",
            coat=coats[animal % len(coats)],
        )
        for animal in range(12)
        for k in range(EACH)
    ]


def parts_of(found: list[LabelledImage], unit: str = "animal") -> PartsOfData:
    """The last two animals are the test part."""
    units = np.array([image.animal for image in found])
    part = np.where(np.isin(units, ["m10", "m11"]), "test", "train")
    return PartsOfData(part=part, units=units, unit_name=unit, warnings=[])


def test_each_coat_is_judged_by_animals_left_out() -> None:
    """Black faces are told rightly, white ones the wrong way round; the test part counts too."""
    found = images()
    parts = parts_of(found)
    truth = np.array([image.label == PAIN for image in found])
    black = np.array([image.coat == "black" for image in found])
    p = np.where(truth == black, 0.9, 0.1)
    rows = parts.rows("train")
    # What the finished model says of images that it was trained on is not looked at.
    flattered = np.where(np.isin(np.arange(len(found)), rows), truth.astype(float), p)
    by_coat = describe_by_coat(found, parts, HeldOut(rows, p[rows]), flattered, 0)
    assert list(by_coat) == ["black", "white"]
    assert [of["animals"] for of in by_coat.values()] == [6, 6]
    assert [of["images"] for of in by_coat.values()] == [36, 36]
    assert [of["pain"] for of in by_coat.values()] == [18, 18]
    assert [of["auc"] for of in by_coat.values()] == [1.0, 0.0]
    assert [of["balanced_accuracy"] for of in by_coat.values()] == [1.0, 0.0]
    told = say_by_coat(by_coat)
    assert told == "by coat, each animal left out: black 1.00 (6 animals), white 0.00 (6 animals)"


def test_a_recipe_that_leaves_no_animals_out() -> None:
    """Then the test part alone says something."""
    found = images()
    parts = parts_of(found)
    p = np.array([0.8 if image.label == PAIN else 0.3 for image in found])
    by_coat = describe_by_coat(found, parts, None, p, 0)
    assert [of["images"] for of in by_coat.values()] == [EACH, EACH]
    assert [of["auc_interval"] for of in by_coat.values()] == [None, None]


@pytest.mark.parametrize("coats", [(None,), ("black",), ("black", None)])
def test_nothing_to_compare(coats: tuple[str | None, ...]) -> None:
    """One coat, or none that is known, is no comparison."""
    found = images(coats)
    p = np.full(len(found), 0.5)
    assert describe_by_coat(found, parts_of(found), None, p, 0) == {}
    assert say_by_coat({}) == ""


def test_coats_that_are_not_known_are_told_beside_the_others() -> None:
    found = images(("black", "white", None))
    by_coat = describe_by_coat(found, parts_of(found), None, np.full(len(found), 0.5), 0)
    # Of the test part, m10 is white and of m11 it is not known.
    assert {coat: of["animals"] for coat, of in by_coat.items()} == {"white": 1, "not known": 1}


def test_images_that_were_divided_one_by_one() -> None:
    """Nothing is known of new animals then."""
    found = images()
    parts = replace(parts_of(found), unit_name="image")
    assert describe_by_coat(found, parts, None, np.full(len(found), 0.5), 0) == {}
