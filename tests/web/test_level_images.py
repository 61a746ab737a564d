"""The images of 0, 1 and 2 beside the words: drawn, or the laboratory's own."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.scale import load_scale
from amgs.web.room.level_images import LevelImages


def decode(content: bytes | None) -> np.ndarray:
    assert content is not None
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"), float)


@pytest.mark.parametrize("name", ["mouse", "mouse-black"])
def test_every_unit_of_mice_is_drawn_at_three_levels(name: str, tmp_path: Path) -> None:
    """Each level differs from the others, and all images have one size."""
    scale = load_scale(name)
    images = LevelImages(scale, tmp_path)
    for unit in scale.units:
        assert images.has(unit)
        shown = [decode(images.read(unit.name, level)) for level in range(3)]
        assert len({image.shape for image in shown}) == 1
        for one, other in ((0, 1), (1, 2), (0, 2)):
            assert np.abs(shown[one] - shown[other]).mean() > 0.3, unit.name
    assert images.read(scale.units[0].name, 3) is None
    assert images.read("tail", 0) is None


def test_black_mice_are_shown_for_black_mice(tmp_path: Path) -> None:
    white, black = (
        decode(LevelImages(load_scale(name), tmp_path).read("orbital_tightening", 0)).mean()
        for name in ("mouse", "mouse-black")
    )
    assert black < white - 30


def test_rats_are_not_explained_with_mice(tmp_path: Path) -> None:
    scale = load_scale("rat")
    images = LevelImages(scale, tmp_path)
    assert not any(images.has(unit) for unit in scale.units)
    assert images.read("orbital_tightening", 0) is None


def test_images_of_ones_own(tmp_path: Path) -> None:
    """They take the place of drawn ones; one that is missing is left out."""
    for level in range(2):
        rgb = np.full((50, 60, 3), 100 * level, np.uint8)
        rgb[::5] += 40  # an image that shows nothing is not read
        Image.fromarray(rgb).save(tmp_path / f"{level}.png")
    scale = load_scale("rat")
    own = replace(scale.units[0], images=("0.png", "1.png", "2.png"))
    images = LevelImages(replace(scale, units=(own, *scale.units[1:])), tmp_path)
    assert images.has(own)
    assert decode(images.read(own.name, 1)).mean() > decode(images.read(own.name, 0)).mean() + 80
    assert images.read(own.name, 2) is None
