"""Painting the parts of a face: ears, eyes, nose, paws before it."""

from __future__ import annotations

from math import cos, sin

import numpy as np
from scipy.ndimage import gaussian_filter

from amgs.simulate.canvas import SMALLEST, Canvas, get_paint, soft
from amgs.simulate.posture import SIDES, EyePlace
from amgs.simulate.shapes import Ellipsoid, Field, Matrix, rotation, smooth_union


def paint_paws(canvas: Canvas, nose: tuple[float, float]) -> None:
    """Paint both forelegs lifted to the muzzle, fur first and pink fingers on it."""
    part = canvas.window(nose[0], nose[1] - 0.12, 0.40, 0.36)
    if min(part.x.shape) < SMALLEST:
        return
    still = np.eye(3)
    for side in SIDES:
        x, y = nose[0] + side * 0.095, nose[1] - 0.03
        leg = Ellipsoid(
            (x + side * 0.085, y - 0.15, 1.0), (0.085, 0.19, 0.09), rotation(0, 0, side * 28)
        )
        fingers = [
            Ellipsoid((x + side * at, y + 0.05 - 2 * abs(at - 0.01), 1.1), (0.02, 0.06, 0.02))
            for at in (-0.055, -0.02, 0.015, 0.05)
        ]
        palm = Ellipsoid((x, y - 0.03, 1.06), (0.07, 0.06, 0.05))
        for shapes, colour in (([leg], canvas.coat.fur), ([palm, *fingers], canvas.coat.skin)):
            depth = smooth_union(part.depths(shapes, still), 40)
            light = part.light_on(depth, 0.5, 0.45) * (1 + 0.05 * part.strands)
            seen = gaussian_filter(np.isfinite(depth).astype(np.float32), 0.7)
            part.put(np.clip(get_paint(colour) * light[..., None], 0, 1).astype(np.float32), seen)


def paint_ear(canvas: Canvas, ear: Ellipsoid, turned: Matrix, side: int, whole: Field) -> None:
    """Paint an ear where neither head nor body is before it."""
    (depth,) = canvas.depths([ear], turned)
    before = np.isfinite(depth) & (depth + 0.03 * canvas.strands > whole)
    seen = gaussian_filter(before.astype(np.float32), 0.7)
    light = canvas.light_on(depth, 0.45, 0.55)
    skin, fur = get_paint(canvas.coat.skin), get_paint(canvas.coat.fur)
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


def paint_eye(canvas: Canvas, eye: EyePlace, inside: Field, tight: float) -> None:
    """Paint an eye between its lids; the skin around it folds as the orbit tightens."""
    c, s = cos(eye.lean), sin(eye.lean)
    dx, dy = canvas.x - eye.x, canvas.y - eye.y
    u = ((dx * c + dy * s) / eye.rx).astype(np.float32)
    v = ((dy * c - dx * s) / eye.ry + 0.16 * (1 - eye.openness)).astype(np.float32)
    coat, ones = canvas.coat, np.ones_like(canvas.rgb)
    upper = 0.95 * eye.openness**0.9 + 0.035
    lower = 0.92 * eye.openness**1.1 + 0.035
    dome = np.sqrt(np.clip(1 - u * u, 0, 1))
    far = np.hypot(u, v / (0.36 + 0.64 * eye.openness))
    ring = np.exp(-(((far - 1.06) / 0.17) ** 2)) * soft(1.5 - np.abs(u), 0.1)
    around = gaussian_filter(canvas.rgb.mean(axis=2), 0.03 / canvas.view.step)
    light = np.clip(around / get_paint(coat.fur).mean(), 0.5, 1.2)[..., None]
    canvas.put(get_paint(coat.skin) * coat.lids * light, (0.60 * ring * inside).astype(np.float32))
    if tight > 0.15:  # noqa: PLR2004
        lid = np.exp(-(((v - (upper + 0.38) * np.maximum(dome, 0.2)) / 0.20) ** 2))
        lid = lid * soft(1.25 - np.abs(u), 0.15)
        canvas.put(get_paint(coat.tips) * 0.95 * ones, (0.16 * tight * lid * inside))
        for offset, strength in ((0.62, 0.34), (-0.55, 0.26)):
            fold = offset * (0.75 + 0.3 * eye.openness) * np.maximum(1 - 0.35 * u * u, 0)
            line = np.exp(-(((v - fold) / 0.09) ** 2)) * soft(1.15 - np.abs(u), 0.2)
            canvas.put(get_paint(coat.shade) * 0.6 * ones, strength * tight * line * inside)
    between = soft(upper * dome - v, 0.035) * soft(v + lower * dome, 0.035)
    ball = np.clip(1 - 0.5 * np.hypot(u + 0.25, v - 0.3), 0.35, 1) * 1.15
    glint = np.exp(-(((u + 0.30) / 0.17) ** 2 + ((v - 0.36) / 0.15) ** 2))
    sky = 0.10 * np.clip(v, 0, 1) * np.clip(1 - u * u - v * v, 0, 1)
    colour = get_paint(coat.eye) * ball[..., None] + (sky + 0.95 * glint)[..., None]
    canvas.put(np.clip(colour, 0, 1), between * soft(1 - np.abs(u), 0.035))
    if eye.openness < 0.25:  # noqa: PLR2004
        slit = np.exp(-(((v + 0.12 * (1 - u * u)) / 0.07) ** 2)) * soft(1.0 - np.abs(u), 0.08)
        dark = np.array([0.10, 0.06, 0.06], np.float32) * ones
        canvas.put(dark, (0.85 * slit * (1 - eye.openness / 0.25)).astype(np.float32))


def paint_nose(canvas: Canvas, at: tuple[float, float], lean: float, inside: Field) -> None:
    """Paint the nose with its holes, the cleft under it and the lips."""
    dx, dy = canvas.x - at[0], canvas.y - at[1]
    u = ((dx * cos(lean) + dy * sin(lean)) / 0.074).astype(np.float32)
    v = ((dy * cos(lean) - dx * sin(lean)) / 0.050).astype(np.float32)
    skin, ones = get_paint(canvas.coat.skin), np.ones_like(canvas.rgb)
    shape = soft(1 - np.sqrt(u * u + (v * (1 + 0.25 * np.abs(u))) ** 2), 0.06)
    wet = np.exp(-((u + 0.2) ** 2 / 0.12 + (v - 0.35) ** 2 / 0.08))
    canvas.put(np.clip(skin * (0.80 + 0.22 * v)[..., None] + 0.35 * wet[..., None], 0, 1), shape)
    for side in SIDES:
        hole = np.exp(-(((u - side * 0.52) / 0.20) ** 2 + ((v + 0.18) / 0.26) ** 2))
        canvas.put(skin * 0.22 * ones, (0.8 * hole * shape).astype(np.float32))
        lip = np.exp(-(((v + 2.0 + 0.45 * np.abs(u) - 0.12 * u * u) / 0.16) ** 2))
        lip = lip * soft(u * side, 0.08) * soft(1.9 - np.abs(u), 0.1) * inside
        canvas.put(get_paint(canvas.coat.shade) * 0.45 * ones, (0.5 * lip).astype(np.float32))
    cleft = np.exp(-((u / 0.09) ** 2)) * soft(-v - 0.8, 0.12) * soft(v + 2.1, 0.12)
    canvas.put(skin * 0.35 * ones, (0.7 * cleft).astype(np.float32))
