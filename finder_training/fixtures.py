"""Things in a cage that were taken for faces: plates with two holes, hoppers, bars, gloves.

Drawn into scenes where no face is, with shading and an outline like the image around them.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from amgs.faces.detections import Box, iou
from finder_training.scenes import Scene

Values = npt.NDArray[np.float32]

_TRIES = 12


def add_fixtures(scene: Scene, share: float, rng: np.random.Generator) -> Scene:
    """Put one or two fixtures beside the faces of a `share` of the scenes."""
    if rng.random() >= share:
        return scene
    rgb = scene.rgb
    taken = [face.box for face in scene.faces] + list(scene.ignored)
    for _ in range(int(rng.integers(1, 3))):
        box = _free_place(rgb.shape[0], taken, rng)
        if box is not None:
            rgb = _put(rgb, box, rng)
            taken.append(box)
    return replace(scene, rgb=rgb)


def _free_place(side: int, taken: list[Box], rng: np.random.Generator) -> Box | None:
    for _ in range(_TRIES):
        width = float(np.exp(rng.uniform(np.log(0.07), np.log(0.6)))) * side
        height = width * float(rng.uniform(0.4, 1.4))
        x, y = rng.uniform(0, side, 2).tolist()
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        if not any(iou(_grown(box), other) > 0 for other in taken):
            return box
    return None


def _grown(box: Box) -> Box:
    dx, dy = 0.1 * (box[2] - box[0]), 0.1 * (box[3] - box[1])
    return box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy


def _put(rgb: npt.NDArray[np.uint8], box: Box, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    side = rgb.shape[0]
    body, dark, bright = (np.zeros((side, side), np.float32) for _ in range(3))
    centre = (int((box[0] + box[2]) / 2), int((box[1] + box[3]) / 2))
    half = (max(2, int((box[2] - box[0]) / 2)), max(2, int((box[3] - box[1]) / 2)))
    lean = float(rng.uniform(-30, 30))
    corners = cv2.boxPoints((centre, (2 * half[0], 2 * half[1]), lean)).astype(np.int32)
    kind = rng.random()
    if kind < 0.55:
        _plate(body, dark, bright, centre, half, lean, rng)
    elif kind < 0.8:
        cv2.fillPoly(body, [corners], 1.0)
        _bars(dark, corners, rng)
    else:
        _fingers(body, centre, half, rng)
    colour = _colour(rgb, rng)
    ys, xs = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
    shade = 1 + rng.uniform(0, 0.8) * (xs * rng.normal() + ys * rng.normal())
    soft = float(rng.uniform(0.4, 1.6))
    body, dark, bright = (
        np.asarray(cv2.GaussianBlur(layer, (0, 0), soft), np.float32)
        for layer in (body, dark, bright)
    )
    mask = (body * float(rng.uniform(0.75, 1)))[..., None]
    values = rgb * (1 - mask) + mask * colour * shade[..., None].clip(0.3, 1.7)
    values *= 1 - dark[..., None] * float(rng.uniform(0.6, 1))
    values += bright[..., None] * float(rng.uniform(60, 200))
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _colour(rgb: npt.NDArray[np.uint8], rng: np.random.Generator) -> Values:
    """Return a grey, a glove's blue or violet, or a colour of the image itself."""
    chance = rng.random()
    if chance < 0.45:
        return np.full(3, rng.uniform(15, 230), np.float32)
    if chance < 0.65:
        blue = (rng.uniform(60, 140), rng.uniform(70, 160), rng.uniform(130, 230))
        return np.asarray(blue, np.float32)
    y, x = rng.integers(0, rgb.shape[0], 2)
    return np.asarray(rgb[y, x] * rng.uniform(0.6, 1.3), np.float32)


def _plate(
    body: Values,
    dark: Values,
    bright: Values,
    centre: tuple[int, int],
    half: tuple[int, int],
    lean: float,
    rng: np.random.Generator,
) -> None:
    """Draw a rounded or square plate with two holes, screws or lights where eyes would be."""
    if rng.random() < 0.5:
        cv2.ellipse(body, centre, half, lean, 0, 360, 1.0, -1)
    else:
        corners = cv2.boxPoints((centre, (2 * half[0], 2 * half[1]), lean)).astype(np.int32)
        cv2.fillPoly(body, [corners], 1.0)
    turn = np.deg2rad(lean)
    along = np.array([np.cos(turn), np.sin(turn)])
    across = np.array([-np.sin(turn), np.cos(turn)])
    apart, height = rng.uniform(0.25, 0.75), rng.uniform(-0.4, 0.4)
    radius = max(1, int(min(half) * rng.uniform(0.08, 0.3)))
    layer = dark if rng.random() < 0.75 else bright
    for way in (-1, 1):
        place = np.array(centre) + way * apart * half[0] * along + height * half[1] * across
        at = (int(place[0]), int(place[1]))
        cv2.circle(layer, at, radius, 1.0, -1)
        if layer is dark and rng.random() < 0.4:
            cv2.circle(bright, at, max(1, radius // 3), 1.0, -1)


def _bars(dark: Values, corners: npt.NDArray[np.int32], rng: np.random.Generator) -> None:
    """Draw the slots of a hopper or the mesh of a lid."""
    count, thick = int(rng.integers(3, 12)), int(rng.integers(1, 5))
    for a, b, c, d in ((0, 1, 3, 2), (0, 3, 1, 2))[: int(rng.integers(1, 3))]:
        for number in range(1, count):
            share = number / count
            start = corners[a] * (1 - share) + corners[b] * share
            end = corners[c] * (1 - share) + corners[d] * share
            cv2.line(
                dark,
                (int(start[0]), int(start[1])),
                (int(end[0]), int(end[1])),
                1.0,
                thick,
                cv2.LINE_AA,
            )


def _fingers(
    body: Values, centre: tuple[int, int], half: tuple[int, int], rng: np.random.Generator
) -> None:
    """Draw two to four fingers of a gloved or bare hand."""
    thick = max(2, int(min(half) * rng.uniform(0.25, 0.5)))
    for number in range(int(rng.integers(2, 5))):
        x = centre[0] - half[0] + number * thick
        tip = (int(x + rng.normal(0, thick)), centre[1] - int(half[1] * rng.uniform(0.5, 1)))
        cv2.line(body, (x, centre[1] + half[1]), tip, 1.0, thick, cv2.LINE_AA)
