"""The built-in model `face`: eyes as `orbital`, ears where both can be measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from amgs.faces.base import FoundEar, FoundFace
from amgs.prediction import open_reader
from amgs.prediction.face_state import FaceStateReader, measure_ears
from amgs.prediction.orbital import OrbitalReader
from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face

FRONT = (1.0, 0.0, 0.0, 0.0)
FACE = FoundFace(
    (0, 0, 100, 100),
    0.9,
    (),
    (FoundEar((0, 0, 20, 40), 0.9), FoundEar((70, 0, 100, 40), 0.9)),
    (50, 90),
    FRONT,
)


def test_the_ratio_is_the_mean_of_both_ears() -> None:
    """Half and three quarters."""
    assert measure_ears(FACE) == pytest.approx((20 / 40 + 30 / 40) / 2)


@pytest.mark.parametrize(
    "face",
    [
        replace(FACE, ears=FACE.ears[:1]),
        replace(FACE, view_p=(0.1, 0.1, 0.8, 0.0)),
        replace(FACE, ears=(FACE.ears[0], FoundEar((70, 40, 100, 80), 0.9))),
        replace(FACE, ears=(FACE.ears[0], FoundEar((70, 0, 100, 0), 0.9))),
    ],
    ids=["one ear", "profile", "tilted", "flat"],
)
def test_what_cannot_be_measured_is_missing(face: FoundFace) -> None:
    """Never a number."""
    assert measure_ears(face) is None


def test_the_eyes_are_those_of_orbital() -> None:
    """To the last digit; and without a face nothing is read."""
    rng = np.random.default_rng(4)
    images = [draw_face(random_face(rng), rng) for _ in range(4)]
    images.append(rng.integers(90, 140, (200, 200, 3), dtype=np.uint8))
    said, eyes = FaceStateReader().read(images), OrbitalReader().read(images)
    for face, orbital in zip(said, eyes, strict=True):
        assert {name: face.values[name] for name in orbital.values} == orbital.values
    assert said[-1].values["ears_read"] is False
    assert said[-1].values["ear_width_ratio"] is None


def test_it_falls_as_ears_turn() -> None:
    """On one synthetic animal seen from the front."""
    rng = np.random.default_rng(8)
    truth = np.linspace(0, 2, 15)
    images = [draw_face(FaceParameters(ear_position=float(v), animal_seed=3), rng) for v in truth]
    ratios = [reading.number("ear_width_ratio") for reading in FaceStateReader().read(images)]
    assert spearmanr(truth, ratios)[0] < -0.8


def test_it_is_another_model_than_orbital() -> None:
    """With a card of its own, which says what it was not measured on."""
    reader = open_reader("face")
    assert reader.sha256 != OrbitalReader().sha256
    assert "**none**" in reader.card()["card"]
