"""The shapes of a mouse in a pose: where its action units put skull, cheeks, ears and eyes."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians

import numpy as np

from amgs.simulate.anatomy import MOST, Build, FaceParameters, get_build
from amgs.simulate.shapes import Ellipsoid, Matrix, half_size, rotation

HELD_LOW_DEG = -4.0
SIDES = (-1, 1)
NECK = Ellipsoid((0, -0.08, -0.42), (0.40, 0.38, 0.50))
"""It turns half as far as the head, and flows into the body."""

TRUNK = (
    Ellipsoid((0.0, -0.52, -1.15), (0.66, 0.66, 0.75)),
    Ellipsoid((0.0, -0.28, -0.80), (0.52, 0.54, 0.60)),
    Ellipsoid((0.0, -0.14, -0.38), (0.40, 0.38, 0.45)),
    Ellipsoid((0.0, -0.55, -0.30), (0.42, 0.46, 0.42)),
)
"""Rump, back, shoulders and chest of an animal that sits."""

FORELEGS = tuple(Ellipsoid((side * 0.24, -0.92, -0.12), (0.11, 0.24, 0.13)) for side in SIDES)
TOES = tuple(
    Ellipsoid((side * 0.24 + at, -1.13 - 0.4 * abs(at), 0.02), (0.036, 0.045, 0.10))
    for side in SIDES
    for at in (-0.075, -0.025, 0.025, 0.075)
)

EYE_SEEN_FROM = 0.18
"""An eye whose surface looks away from the viewer more than this is not seen."""


@dataclass(frozen=True)
class EyePlace:
    """Where an eye is seen: centre, radii and how far it is open (0–1)."""

    x: float
    y: float
    rx: float
    ry: float
    openness: float
    lean: float


@dataclass(frozen=True)
class Anatomy:
    """What a pose and action units decide: the head and its parts."""

    turned: Matrix
    head: tuple[Ellipsoid, ...]
    ears: tuple[Ellipsoid, ...]
    eyes: tuple[EyePlace, ...]
    nose: tuple[float, float]


def pose(face: FaceParameters) -> Anatomy:
    """Return the shapes of a mouse as its action units and pose make them."""
    build = get_build(face.animal_seed)
    turned = rotation(face.yaw_deg, face.pitch_deg + HELD_LOW_DEG, face.tilt_deg)
    eyes = tuple(e for s in SIDES if (e := _eye(face, build, turned, s)) is not None)
    tip = turned @ np.array([0, -0.245, 0.895])
    return Anatomy(
        turned,
        _head(face, build),
        tuple(_ear(face, build, side) for side in SIDES),
        eyes,
        (float(tip[0]), float(tip[1])),
    )


def _head(face: FaceParameters, build: Build) -> tuple[Ellipsoid, ...]:
    tight, nose, cheek = (
        v / MOST for v in (face.orbital_tightening, face.nose_bulge, face.cheek_bulge)
    )
    h, s = build.head, build.snout
    shapes = [
        Ellipsoid((0, 0.05, -0.02), (0.43 * h, 0.38 * h, 0.52)),
        Ellipsoid((0, -0.08, 0.30), (0.30 * h, 0.27, 0.40)),
        Ellipsoid((0, -0.18, 0.58), (0.185 * s, 0.165 * s, 0.32)),
        Ellipsoid((0, -0.235, 0.80), (0.105 * s, 0.095 * s, 0.15)),
        Ellipsoid(
            (0, -0.03 - 0.02 * nose, 0.42 + 0.115 * nose),
            (0.10 + 0.055 * nose, 0.20 + 0.01 * nose, 0.235 + 0.14 * nose),
        ),
    ]
    for side in SIDES:
        shapes += [
            Ellipsoid(
                (side * (0.245 + 0.035 * cheek), -0.165 - 0.015 * cheek, 0.20 + 0.11 * cheek),
                (0.185 + 0.035 * cheek, 0.165 + 0.045 * cheek, 0.26 + 0.08 * cheek),
            ),
            Ellipsoid((side * 0.095, -0.275, 0.66), (0.105, 0.085, 0.15)),
            Ellipsoid(
                (side * 0.235, 0.115 - 0.03 * tight, 0.285 + 0.035 * tight),
                (0.135, 0.085 + 0.015 * tight, 0.12 + 0.02 * tight),
            ),
        ]
    return tuple(shapes)


def _ear(face: FaceParameters, build: Build, side: int) -> Ellipsoid:
    """Return an ear: the unit turns it outwards and back, and lets it sink."""
    back = face.ear_position / MOST
    local = rotation(side * (20 + 42 * back), -(4 + 34 * back), side * -(14 + 26 * back))
    centre = (side * (0.35 + 0.10 * back), 0.38 - 0.11 * back, -0.12 - 0.06 * back)
    return Ellipsoid(centre, (0.245 * build.ears, 0.28 * build.ears, 0.055), local)


def _eye(face: FaceParameters, build: Build, turned: Matrix, side: int) -> EyePlace | None:
    facing = float((turned @ np.array([side * 0.62, 0.25, 0.74]))[2])
    if facing < EYE_SEEN_FROM:
        return None
    at = turned @ np.array([side * 0.25, 0.045, 0.36])
    narrow = float(np.clip(facing / 0.80, 0.35, 1.0)) * build.eyes
    shut = float(np.clip(face.orbital_tightening / MOST + face.blink, 0, 1))
    return EyePlace(
        float(at[0]),
        float(at[1]),
        0.082 * narrow,
        0.076 * build.eyes,
        1 - shut,
        radians(face.tilt_deg) + side * 0.12,
    )


def ear_ends(ear: Ellipsoid, turned: Matrix) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where the root of an ear and the end of its rim are seen."""
    axes = turned if ear.local is None else turned @ ear.local
    centre, half = turned @ np.asarray(ear.centre), axes[:, 1] * ear.radii[1]
    lower, upper = centre - half, centre + half
    return (float(lower[0]), float(lower[1])), (float(upper[0]), float(upper[1]))


def ear_size(ear: Ellipsoid, turned: Matrix) -> tuple[float, float, float, float]:
    """Return centre and half the width and height of an ear as it is seen."""
    centre = turned @ np.asarray(ear.centre)
    return float(centre[0]), float(centre[1]), *half_size(ear, turned)
