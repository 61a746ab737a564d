"""Painting a mouse: fur over body and head, then each part of its face on top."""

from __future__ import annotations

from math import radians

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from amgs.simulate.anatomy import COATS, MOST, FaceParameters
from amgs.simulate.canvas import SMALLEST, Canvas, get_paint
from amgs.simulate.features import paint_ear, paint_eye, paint_nose, paint_paws
from amgs.simulate.lines import draw_tail, draw_whiskers
from amgs.simulate.posture import FORELEGS, NECK, SIDES, TOES, TRUNK, ear_size, pose
from amgs.simulate.shapes import Field, Matrix, View, rotation, smooth_union, softened


def paint_mouse(face: FaceParameters, view: View, *, grooming: bool = False) -> Image.Image:
    """Paint a mouse on nothing, with its paws at its muzzle when it grooms.

    Returns
    -------
    PIL.Image.Image
        RGBA, as large as the view.
    """
    shapes = pose(face)
    canvas = Canvas(view, shapes.turned, COATS[face.coat], face.animal_seed)
    sits = rotation(0.3 * face.yaw_deg, 0, 0.3 * face.tilt_deg)
    half_turned = rotation(0.6 * face.yaw_deg, face.pitch_deg / 2, 0.6 * face.tilt_deg)
    parts = [*canvas.depths([NECK], half_turned), *canvas.depths((*TRUNK, *FORELEGS), sits)]
    body = softened(smooth_union(parts, 8), 0.04 / view.step)
    head = smooth_union(canvas.depths(shapes.head, shapes.turned), 13)
    whole = smooth_union([body, head], 9)
    _paint_fur(canvas, whole, muzzle=True)
    _paint_toes(canvas, sits, whole)
    for ear, side in zip(shapes.ears, SIDES, strict=True):
        x, y, half_w, half_h = ear_size(ear, shapes.turned)
        part = canvas.window(x, y, 1.1 * half_w, 1.1 * half_h)
        paint_ear(part, ear, shapes.turned, side, whole[part.cut])
    inside = np.isfinite(head).astype(np.float32)
    for eye in shapes.eyes:
        part = canvas.window(eye.x, eye.y, 2.2 * eye.rx, 2.2 * eye.ry)
        paint_eye(part, eye, inside[part.cut], face.orbital_tightening / MOST)
    part = canvas.window(*shapes.nose, 0.22, 0.22)
    paint_nose(part, shapes.nose, radians(face.tilt_deg), inside[part.cut])
    if grooming:
        paint_paws(canvas, shapes.nose)
    image = draw_tail(face, sits, view)
    image.alpha_composite(canvas.image())
    draw_whiskers(image, face, shapes.turned, view)
    return image


def paint_trunk(face: FaceParameters, view: View, stretched: float) -> Image.Image:
    """Paint what is seen of a mouse that rears: no head and no forelegs.

    It is as wide as one that sits; `stretched` says by how much it will be made taller.
    """
    canvas = Canvas(view, rotation(0, 90, 0), COATS[face.coat], face.animal_seed)
    sits = rotation(0.3 * face.yaw_deg, 0, 0)
    parts = canvas.depths((NECK, *TRUNK), sits)
    trunk = softened(smooth_union(parts, 8), 0.04 / view.step)
    _paint_fur(canvas, trunk, muzzle=False)
    _paint_toes(canvas, sits, trunk)
    image = draw_tail(face, sits, view, flatter=stretched)
    image.alpha_composite(canvas.image())
    return image


def _paint_fur(canvas: Canvas, whole: Field, *, muzzle: bool) -> None:
    """Paint head and body; what lies farther back gets less light, the muzzle is nearly bare."""
    behind = np.clip((0.05 - np.where(np.isfinite(whole), whole, 0)) / 0.9, 0, 1)
    colour = canvas.lit_fur(whole, (1 - 0.22 * behind).astype(np.float32))
    if muzzle:
        away_x, away_y = canvas.x - canvas.nose[0], canvas.y - canvas.nose[1] + 0.01
        share = 0.3 * np.exp(-((away_x / 0.16) ** 2 + (away_y / 0.12) ** 2))[..., None]
        light = canvas.light_on(whole, 0.62, 0.4)
        bare = 0.5 * get_paint(canvas.coat.skin) + 0.5 * get_paint(canvas.coat.fur)
        colour = colour * (1 - share) + np.clip(bare * light[..., None], 0, 1) * share
    inside = np.isfinite(whole).astype(np.float32)
    outline = gaussian_filter(inside, 0.012 / canvas.view.step)
    hairs = 0.15 * canvas.strands * np.exp(-(((outline - 0.55) / 0.3) ** 2))
    canvas.put(colour, np.clip((outline - 0.6 + hairs) * 2.5 + 0.5, 0, 1).astype(np.float32))


def _paint_toes(canvas: Canvas, sits: Matrix, whole: Field) -> None:
    part = canvas.window(float((sits @ np.array([0, 0, 0.02]))[0]), -1.13, 0.45, 0.12)
    if min(part.x.shape) < SMALLEST:
        return
    depth = smooth_union(part.depths(TOES, sits), 60)
    light = part.light_on(depth, 0.5, 0.5)
    seen = (np.isfinite(depth) & (depth > whole[part.cut])).astype(np.float32)
    part.put(np.clip(get_paint(canvas.coat.skin) * light[..., None], 0, 1), seen)
