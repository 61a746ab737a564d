"""A mouse from its parameters: body, ears, head, eyes, nose, whiskers, each on top of the last."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import cos, radians, sin

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from amgs.simulate.anatomy import COATS, MOST, Build, FaceParameters, build_of
from amgs.simulate.canvas import LIGHT, Canvas, paint_of, soft
from amgs.simulate.shapes import (
    Ellipsoid,
    Field,
    Matrix,
    View,
    depth_of,
    half_size,
    normals_of,
    rotation,
    smooth_union,
)

HELD_LOW_DEG = -4.0
SIDES = (-1, 1)
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
    """All shapes of a mouse in one pose."""

    turned: Matrix
    body: tuple[Ellipsoid, ...]
    head: tuple[Ellipsoid, ...]
    ears: tuple[Ellipsoid, ...]
    eyes: tuple[EyePlace, ...]
    nose: tuple[float, float]


def pose(face: FaceParameters) -> Anatomy:
    """Return the shapes of a mouse as its action units and pose make them."""
    build = build_of(face.animal_seed)
    turned = rotation(face.yaw_deg, face.pitch_deg + HELD_LOW_DEG, face.tilt_deg)
    eyes = tuple(e for s in SIDES if (e := _eye(face, build, turned, s)) is not None)
    tip = turned @ np.array([0, -0.245, 0.895])
    return Anatomy(
        turned,
        _body(),
        _head(face, build),
        tuple(_ear(face, build, side) for side in SIDES),
        eyes,
        (float(tip[0]), float(tip[1])),
    )


def _body() -> tuple[Ellipsoid, ...]:
    return (
        Ellipsoid((0.0, -0.75, -1.0), (0.72, 0.62, 0.8)),
        Ellipsoid((0.0, -0.38, -0.5), (0.42, 0.42, 0.5)),
        Ellipsoid((-0.28, -1.15, -0.35), (0.14, 0.16, 0.25)),
        Ellipsoid((0.28, -1.15, -0.35), (0.14, 0.16, 0.25)),
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
            (0, -0.03 - 0.02 * nose, 0.42 + 0.085 * nose),
            (0.10 + 0.05 * nose, 0.20 + 0.01 * nose, 0.235 + 0.12 * nose),
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
        0.098 * narrow,
        0.092 * build.eyes,
        1 - shut,
        radians(face.tilt_deg) + side * 0.12,
    )


def paint_mouse(face: FaceParameters, view: View) -> Image.Image:
    """Paint a mouse on nothing.

    Returns
    -------
    PIL.Image.Image
        RGBA, as large as the view.
    """
    shapes = pose(face)
    canvas = Canvas(view, shapes.turned, COATS[face.coat], face.animal_seed)
    body_turned = rotation(0.4 * face.yaw_deg, 0, 0.3 * face.tilt_deg)
    body = smooth_union([depth_of(s, body_turned, canvas.x, canvas.y) for s in shapes.body], 12)
    canvas.put(canvas.lit_fur(body, 0.80), np.isfinite(body).astype(np.float32))
    for side, ear in zip(SIDES, shapes.ears, strict=True):
        x, y, half_w, half_h = ear_size(ear, shapes.turned)
        _paint_ear(canvas.window(x, y, 1.1 * half_w, 1.1 * half_h), ear, shapes.turned, side)
    head = smooth_union([depth_of(s, shapes.turned, canvas.x, canvas.y) for s in shapes.head], 15)
    _paint_head(canvas, head)
    inside = np.isfinite(head).astype(np.float32)
    for eye in shapes.eyes:
        part = canvas.window(eye.x, eye.y, 2.2 * eye.rx, 2.2 * eye.ry)
        _paint_eye(part, eye, inside[part.cut], face.orbital_tightening / MOST)
    part = canvas.window(*shapes.nose, 0.22, 0.22)
    _paint_nose(part, shapes.nose, radians(face.tilt_deg), inside[part.cut])
    picture = canvas.picture()
    _draw_whiskers(picture, face, shapes.turned, view)
    return picture


def _paint_ear(canvas: Canvas, ear: Ellipsoid, turned: Matrix, side: int) -> None:
    depth = depth_of(ear, turned, canvas.x, canvas.y)
    seen = gaussian_filter(np.isfinite(depth).astype(np.float32), 0.7)
    light = 0.45 + 0.55 * np.clip(normals_of(depth, canvas.view.step) @ LIGHT, 0, 1)
    skin, fur = paint_of(canvas.coat.skin), paint_of(canvas.coat.fur)
    edge = (fur * 0.55 + skin * 0.45) * light[..., None] * (1 + 0.05 * canvas.strands[..., None])
    canvas.put(np.clip(edge, 0, 1), seen)
    assert ear.local is not None  # noqa: S101 - ears are always turned
    axes, centre = turned @ ear.local, turned @ np.asarray(ear.centre)
    dx, dy = canvas.x - centre[0], canvas.y - centre[1]
    u = (dx * axes[0, 0] + dy * axes[1, 0]) / (ear.radii[0] * 0.8)
    v = (dx * axes[0, 1] + dy * axes[1, 1]) / (ear.radii[1] * 0.84)
    inner = soft((1 - np.hypot(u, v)).astype(np.float32), 0.06) * seen
    hollow = np.clip(1 - (u * u + v * v), 0, 1)
    veins = 0.06 * np.cos(9 * np.arctan2(u, v + 1.6) + canvas.patches * 0.8)
    aside = np.clip(0.80 - 0.22 * u * side + 0.12 * v, 0.5, 1.15)
    shade = aside - 0.30 * hollow * np.clip(0.6 - v, 0, 1.2) + veins
    canvas.put(np.clip(skin * shade[..., None], 0, 1).astype(np.float32), inner)


def _paint_head(canvas: Canvas, head: Field) -> None:
    colour = canvas.lit_fur(head)
    muzzle = np.exp(
        -(
            ((canvas.x - canvas.nose[0]) / 0.20) ** 2
            + ((canvas.y - canvas.nose[1] + 0.02) / 0.15) ** 2
        )
    )[..., None]
    light = 0.62 + 0.4 * np.clip(normals_of(head, canvas.view.step) @ LIGHT, 0, 1)
    pale = 0.55 * paint_of(canvas.coat.skin) + 0.45 * paint_of(canvas.coat.tips)
    colour = colour * (1 - 0.35 * muzzle) + np.clip(pale * light[..., None], 0, 1) * 0.35 * muzzle
    inside = np.isfinite(head).astype(np.float32)
    outline = gaussian_filter(inside, 0.010 / canvas.view.step)
    hairs = 0.16 * canvas.strands * np.exp(-(((outline - 0.5) / 0.3) ** 2))
    canvas.put(colour, np.clip((outline - 0.5 + hairs) * 3 + 0.5, 0, 1).astype(np.float32))


def _paint_eye(canvas: Canvas, eye: EyePlace, inside: Field, tight: float) -> None:
    """Paint an eye between its lids; the skin around it folds as the orbit tightens."""
    c, s = cos(eye.lean), sin(eye.lean)
    dx, dy = canvas.x - eye.x, canvas.y - eye.y
    u = ((dx * c + dy * s) / eye.rx).astype(np.float32)
    v = ((dy * c - dx * s) / eye.ry + 0.16 * (1 - eye.openness)).astype(np.float32)
    coat, ones = canvas.coat, np.ones_like(canvas.rgb)
    upper = 0.95 * eye.openness**0.9 + 0.035
    lower = 0.92 * eye.openness**1.1 + 0.035
    dome = np.sqrt(np.clip(1 - u * u, 0, 1))
    far = np.hypot(u, v / (0.55 + 0.45 * eye.openness))
    ring = np.exp(-(((far - 1.06) / 0.17) ** 2)) * soft(1.5 - np.abs(u), 0.1)
    canvas.put(paint_of(coat.skin) * 0.47 * ones, (0.60 * ring * inside).astype(np.float32))
    if tight > 0.15:  # noqa: PLR2004
        lid = np.exp(-(((v - (upper + 0.38) * np.maximum(dome, 0.2)) / 0.20) ** 2))
        lid = lid * soft(1.25 - np.abs(u), 0.15)
        canvas.put(paint_of(coat.tips) * 0.95 * ones, (0.16 * tight * lid * inside))
        for offset, strength in ((0.62, 0.34), (-0.55, 0.26)):
            fold = offset * (0.75 + 0.3 * eye.openness) * np.maximum(1 - 0.35 * u * u, 0)
            line = np.exp(-(((v - fold) / 0.09) ** 2)) * soft(1.15 - np.abs(u), 0.2)
            canvas.put(paint_of(coat.shade) * 0.6 * ones, strength * tight * line * inside)
    between = soft(upper * dome - v, 0.035) * soft(v + lower * dome, 0.035)
    ball = np.clip(1 - 0.5 * np.hypot(u + 0.25, v - 0.3), 0.35, 1) * 1.15
    glint = np.exp(-(((u + 0.30) / 0.17) ** 2 + ((v - 0.36) / 0.15) ** 2))
    sky = 0.10 * np.clip(v, 0, 1) * np.clip(1 - u * u - v * v, 0, 1)
    colour = paint_of(coat.eye) * ball[..., None] + (sky + 0.95 * glint)[..., None]
    canvas.put(np.clip(colour, 0, 1), between * soft(1 - np.abs(u), 0.035))
    if eye.openness < 0.25:  # noqa: PLR2004
        slit = np.exp(-(((v + 0.12 * (1 - u * u)) / 0.07) ** 2)) * soft(1.0 - np.abs(u), 0.08)
        dark = np.array([0.10, 0.06, 0.06], np.float32) * ones
        canvas.put(dark, (0.85 * slit * (1 - eye.openness / 0.25)).astype(np.float32))


def _paint_nose(canvas: Canvas, at: tuple[float, float], lean: float, inside: Field) -> None:
    dx, dy = canvas.x - at[0], canvas.y - at[1]
    u = ((dx * cos(lean) + dy * sin(lean)) / 0.074).astype(np.float32)
    v = ((dy * cos(lean) - dx * sin(lean)) / 0.050).astype(np.float32)
    skin, ones = paint_of(canvas.coat.skin), np.ones_like(canvas.rgb)
    shape = soft(1 - np.sqrt(u * u + (v * (1 + 0.25 * np.abs(u))) ** 2), 0.06)
    wet = np.exp(-((u + 0.2) ** 2 / 0.12 + (v - 0.35) ** 2 / 0.08))
    canvas.put(np.clip(skin * (0.80 + 0.22 * v)[..., None] + 0.35 * wet[..., None], 0, 1), shape)
    for side in SIDES:
        hole = np.exp(-(((u - side * 0.52) / 0.20) ** 2 + ((v + 0.18) / 0.26) ** 2))
        canvas.put(skin * 0.22 * ones, (0.8 * hole * shape).astype(np.float32))
        lip = np.exp(-(((v + 2.0 + 0.45 * np.abs(u) - 0.12 * u * u) / 0.16) ** 2))
        lip = lip * soft(u * side, 0.08) * soft(1.9 - np.abs(u), 0.1) * inside
        canvas.put(paint_of(canvas.coat.shade) * 0.45 * ones, (0.5 * lip).astype(np.float32))
    cleft = np.exp(-((u / 0.09) ** 2)) * soft(-v - 0.8, 0.12) * soft(v + 2.1, 0.12)
    canvas.put(skin * 0.35 * ones, (0.7 * cleft).astype(np.float32))


_WHISKER_ROWS, _WHISKER_COLUMNS, _WHISKER_PARTS = 4, 3, 8


def _draw_whiskers(picture: Image.Image, face: FaceParameters, turned: Matrix, view: View) -> None:
    """Draw whiskers that fan out at rest, and come stiff and bundled as the unit rises."""
    pulled = face.whisker_change / MOST
    rng = np.random.default_rng([29, face.animal_seed])
    draw = ImageDraw.Draw(picture)
    tone = COATS[face.coat].whisker
    for side in SIDES:
        for row in range(_WHISKER_ROWS):
            for column in range(_WHISKER_COLUMNS):
                root = np.array(
                    [
                        side * (0.10 + 0.045 * column),
                        -0.24 - 0.035 * row + 0.008 * column,
                        0.72 - 0.06 * column,
                    ]
                )
                fan = (1.5 - row) * 0.30 * (1 - 0.72 * pulled) + rng.normal(0, 0.035)
                up = -0.20 + 0.02 * column + fan + 0.42 * pulled
                forward = 0.15 - 0.10 * column - 0.75 * pulled
                length = 0.62 + 0.10 * column + rng.normal(0, 0.05)
                along = np.array([side * cos(up) * cos(0.6 * forward), sin(up), sin(forward)])
                bend = np.array([0, -0.16 * (1 - 0.8 * pulled), -0.12])
                shares = np.linspace(0, 1, _WHISKER_PARTS + 1)
                points = [turned @ (root + length * (along * t + bend * t * t)) for t in shares]
                _draw_whisker(draw, [view.to_pixels(p[0], p[1]) for p in points], tone, view)


def _draw_whisker(
    draw: ImageDraw.ImageDraw,
    points: list[tuple[float, float]],
    tone: tuple[int, int, int],
    view: View,
) -> None:
    thick = 0.0085 / view.step
    for part, (a, b) in enumerate(pairwise(points)):
        share = 1 - part / (_WHISKER_PARTS + 0.5)
        draw.line([a, b], fill=(*tone, int(210 * share)), width=max(1, round(thick * share)))


def ear_size(ear: Ellipsoid, turned: Matrix) -> tuple[float, float, float, float]:
    """Return centre and half the width and height of an ear as it is seen."""
    centre = turned @ np.asarray(ear.centre)
    return float(centre[0]), float(centre[1]), *half_size(ear, turned)
