"""Scales are data: those that ship, and a laboratory's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from amgs.errors import ScaleError, UnknownNameError
from amgs.scale import SCALES, load_scale, parse_scale

GOOD = """
title = "Two units"
[[unit]]
name = "eye"
absent = "open"
moderate = "smaller"
marked = "shut"
[[unit]]
name = "ear_position"
label = "Ears"
absent = "up"
moderate = "out"
marked = "back"
"""


@pytest.mark.parametrize("name", SCALES)
def test_scales_that_ship_explain_every_unit(name: str) -> None:
    scale = load_scale(name)
    assert scale.title
    assert scale.source
    assert scale.species in {"mouse", "rat"}
    assert 0 < scale.no_pain_to < scale.pain_from < scale.highest_sum
    for unit in scale.units:
        assert unit.label
        assert unit.description
        assert all(len(text) > 15 for text in unit.levels)


def test_the_mouse_scale_is_the_published_one() -> None:
    scale = load_scale("mouse")
    assert scale.unit_names == (
        "orbital_tightening",
        "nose_bulge",
        "cheek_bulge",
        "ear_position",
        "whisker_change",
    )
    assert (scale.highest_sum, scale.pain_from, scale.no_pain_to) == (10, 3, 1)
    assert len(load_scale("rat").units) == len(load_scale("mouse-black").units) == 4


def test_a_scale_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GOOD, encoding="utf-8")
    scale = load_scale("own.toml", tmp_path)
    assert scale.unit_names == ("eye", "ear_position")
    assert scale.units[0].label == "eye"
    assert (scale.pain_from, scale.no_pain_to) == (1.2, 0.4)


def test_images_of_the_three_levels() -> None:
    three = GOOD.replace('name = "eye"', 'name = "eye"\nimages = ["a.jpg", "b.jpg", "c.jpg"]')
    assert parse_scale(three, "own").units[0].images == ("a.jpg", "b.jpg", "c.jpg")
    with pytest.raises(ScaleError, match="images is not a list of 3 files"):
        parse_scale(three.replace(', "c.jpg"', ""), "own")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("absent", "present"), "unit 1: 'absent' is missing"),
        (('"eye"', '"Eye!"'), "unit 1: name is 'Eye!'"),
        (('"ear_position"', '"eye"'), "unit eye is listed twice"),
        (("title", "pain_from = 9\ntitle"), "pain_from is 9, not a number from 0 to 4"),
        (("title", "pain_from = 1\nno_pain_to = 1\ntitle"), "no_pain_to must be less"),
        (("[[unit]]", "[[units]]"), r"1 to 12 tables \[\[unit\]\] are needed, found 0"),
        (("=", "is"), "Expected TOML"),
    ],
)
def test_faults_are_told(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ScaleError, match=message):
        parse_scale(GOOD.replace(*change), "own")


def test_unknown_scales_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="mouse, mouse-black, rat"):
        load_scale("hamster")
    with pytest.raises(ScaleError, match="cannot be read"):
        load_scale("missing.toml", tmp_path)
