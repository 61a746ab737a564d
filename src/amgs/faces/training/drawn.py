"""Drawn mice as training pictures: white coats and every state of the eyes, with known truth."""

from __future__ import annotations

import numpy as np

from amgs.faces.maps import EyeState
from amgs.faces.training.photographs import MarkedFace, Photograph
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face, locate_parts

NARROWED_FROM, CLOSED_FROM = 0.7, 1.75
"""Orbital tightening from which a drawn eye counts as narrowed, and as closed."""


def draw_photograph(rng: np.random.Generator) -> Photograph:
    """Draw one mouse and say where everything is."""
    parameters = random_face(rng)
    parts = locate_parts(parameters)
    tightening = parameters.orbital_tightening
    state: EyeState = "open"
    if tightening >= NARROWED_FROM:
        state = "closed" if tightening >= CLOSED_FROM else "narrowed"
    face = MarkedFace(
        box=parts.face,
        view="front",
        coat="drawn",
        nose=parts.nose,
        eyes=tuple((box, state) for box in parts.eyes),
        ears=parts.ears,
    )
    return Photograph("drawn", draw_face(parameters, rng), (face,))
