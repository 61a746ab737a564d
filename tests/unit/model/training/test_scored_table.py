"""Scores beside the labels of a table: of units, of the MGS alone, or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amgs.errors import TableError
from amgs.model.bundle import load_model
from amgs.model.training.options import TrainingOptions
from amgs.model.training.scored_table import load_scored_images
from amgs.model.training.sets import load_training_set
from amgs.model.training.train import train_model


def write(folder: Path, *lines: str) -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_units_come_before_the_mgs(tmp_path: Path) -> None:
    """In the order of the scale; empty cells are missing; rows without a label count too."""
    path = write(
        tmp_path,
        "image,label,animal,mgs,ear_position,orbital_tightening",
        "a.png,pain,m1,8,2,1.5",
        "b.png,,m1,3,,0",
        "c.png,no pain,,1,0,0",
    )
    found = load_scored_images(path)
    assert found is not None
    assert found.scores.names == ("orbital_tightening", "ear_position")
    assert found.scores.units_in_mgs == 2
    assert found.names == ["a.png", "b.png"], "an animal that is not known cannot be left out"
    np.testing.assert_allclose(found.scores.mean, [[1.5, 2], [0, np.nan]])


def test_the_mgs_where_there_are_no_units(tmp_path: Path) -> None:
    """As a mean of the units from 0 to 2, of five units or of as many as the scale has."""
    path = write(tmp_path, "image,label,animal,mgs", "a.png,pain,m1,7", "b.png,pain,m2,")
    found = load_scored_images(path)
    assert found is not None
    assert (found.scores.names, found.scores.units_in_mgs) == (("mgs",), 5)
    np.testing.assert_allclose(found.scores.mean, [[1.4], [np.nan]])
    rat = load_scored_images(path, highest_mgs=8)
    assert rat is not None
    np.testing.assert_allclose(rat.scores.mean, [[1.75], [np.nan]])
    assert rat.scores.units_in_mgs == 4


def test_no_scores(tmp_path: Path) -> None:
    """A folder, a table without scores, without animals, or with empty cells alone."""
    assert load_scored_images(tmp_path) is None
    for lines in (
        ("image,label,animal", "a.png,pain,m1"),
        ("image,label,mgs", "a.png,pain,3"),
        ("image,label,animal,mgs", "a.png,pain,m1,"),
    ):
        assert load_scored_images(write(tmp_path, *lines)) is None


def test_scores_that_cannot_be(tmp_path: Path) -> None:
    """Every one is told with its line, as is how to go on without them."""
    path = write(
        tmp_path,
        "image,label,animal,nose_bulge",
        "a.png,pain,m1,9",
        "b.png,pain,m1,1",
        "c.png,pain,m1,much",
    )
    with pytest.raises(TableError, match="--predict pain") as caught:
        load_scored_images(path)
    assert "line 2: nose_bulge is '9', not a number from 0 to 2" in str(caught.value)
    assert "line 4: nose_bulge is 'much'" in str(caught.value)


def test_training_on_a_table_with_the_mgs(cohort: Path, tmp_path: Path) -> None:
    """The model says the MGS beside the call, and its card how well."""
    images, scored = load_training_set(cohort), load_scored_images(cohort)
    assert scored is not None
    options = TrainingOptions(recipe="paper", predict="mgs")
    card = train_model(images, tmp_path / "mgs", options, scored=scored).card
    assert card["units"]["names"] == []
    assert card["units"]["left_out"]["mgs_per_unit"]["pearson_r"] > 0.5
    assert card["units"]["left_out"]["mgs_per_unit"]["images"] == len(scored.paths)
    outputs = {output.name for output in load_model(tmp_path / "mgs").outputs}
    assert {"predicted_mgs", "predicted_mgs_low", "predicted_mgs_high"} <= outputs
    assert "orbital_tightening" not in outputs
    pain = TrainingOptions(recipe="paper", predict="pain")
    assert "units" not in train_model(images, tmp_path / "pain", pain, scored=scored).card
