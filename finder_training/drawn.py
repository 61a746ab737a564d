"""Synthetic mice as training images: white coats and every state of the eyes, with known truth."""

from __future__ import annotations

import numpy as np

from amgs.faces.base import EyeState
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face, locate_parts
from finder_training.photographs import MarkedEar, MarkedEye, MarkedFace, Photograph

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
        eyes=tuple(MarkedEye(box, state) for box in parts.eyes),
        ears=tuple(
            MarkedEar(box, *ends) for box, ends in zip(parts.ears, parts.ear_ends, strict=True)
        ),
    )
    return Photograph("drawn", draw_face(parameters, rng), (face,))
