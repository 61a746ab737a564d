"""Open eyes made narrow or shut, and dark eyes made pale, since photographs hold few of either.

Lids close by squeezing the eye towards its own long axis while the fur around it stretches; the
result has the fur, light and grain of the animal itself.
"""

from __future__ import annotations

from dataclasses import replace
from math import atan2, cos, hypot, sin

import cv2
import numpy as np
import numpy.typing as npt

from amgs.faces.base import EyeState
from amgs.faces.detections import Box
from amgs.images.reading import RGB
from finder_training.photographs import MarkedEye, MarkedFace
from finder_training.scenes import Scene

SMALLEST_EYE_PX = 5.0
"""Below this nobody could tell an open eye from a shut one."""

NARROWED_TO = (0.22, 0.52)
CLOSED_TO = (0.0, 0.13)
"""Height of the opening, as a share of the open eye's."""

_LEAST_BOX = 0.22


def shut_eyes(scene: Scene, share: float, rng: np.random.Generator) -> Scene:
    """Close or narrow all open eyes of a `share` of the faces."""
    rgb = scene.rgb
    faces = []
    for original in scene.faces:
        face = original
        able = [e for e in face.eyes if _can_shut(e)]
        if able and rng.random() < share:
            closed = rng.random() < 0.5
            opening = float(rng.uniform(*(CLOSED_TO if closed else NARROWED_TO)))
            rgb, face = _shut(rgb, face, opening, "closed" if closed else "narrowed", rng)
        faces.append(face)
    return replace(scene, rgb=rgb, faces=tuple(faces))


def _can_shut(eye: MarkedEye) -> bool:
    """Say whether an eye is surely open, and large enough to be told from a shut one."""
    return set(eye.readings) == {"open"} and eye.is_clear and _extent(eye.box) >= SMALLEST_EYE_PX


def _extent(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1])


def _shut(
    rgb: RGB, face: MarkedFace, opening: float, state: EyeState, rng: np.random.Generator
) -> tuple[RGB, MarkedFace]:
    rgb = rgb.copy()
    eyes: list[MarkedEye] = []
    for eye in face.eyes:
        # The other eye closes with it, whether one can tell its state or not.
        if eye.state != "open" or _extent(eye.box) < SMALLEST_EYE_PX:
            eyes.append(eye)
            continue
        angle = _lid_angle(eye.box, face, rng)
        _squeeze(rgb, eye.box, angle, opening)
        narrow = _narrow_box(eye.box, angle, max(opening, _LEAST_BOX))
        eyes.append(MarkedEye(narrow, state, None if eye.is_clear else "cannot_tell"))
    return rgb, replace(face, eyes=tuple(eyes))


def _lid_angle(box: Box, face: MarkedFace, rng: np.random.Generator) -> float:
    """Lids of a mouse meet along a line that points roughly to the nose."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    if face.nose is None:
        return float(rng.uniform(-0.8, 0.8))
    return atan2(face.nose[1] - y, face.nose[0] - x) + float(rng.normal(0, 0.3))


def _squeeze(rgb: RGB, box: Box, angle: float, opening: float) -> None:
    """Move the lids together, in place."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half = 0.58 * _extent(box)
    reach = 2.6 * half
    left, top = max(0, int(x - reach)), max(0, int(y - reach))
    right, bottom = min(rgb.shape[1], int(x + reach) + 2), min(rgb.shape[0], int(y + reach) + 2)
    if right - left < 3 or bottom - top < 3:
        return
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    c, s = cos(angle), sin(angle)
    along, across = (xs - x) * c + (ys - y) * s, (ys - y) * c - (xs - x) * s
    slit = max(opening * half, 0.35)
    distance = np.abs(across)
    beyond = half + (distance - slit) * (reach - half) / (reach - slit)
    source = np.where(distance < slit, distance * half / slit, np.minimum(beyond, reach))
    source = np.where(distance >= reach, distance, source)
    weight = np.clip((1.55 * half - np.abs(along)) / (0.75 * half), 0, 1)
    weight = weight * weight * (3 - 2 * weight)
    moved = np.sign(across) * (weight * source + (1 - weight) * distance)
    map_x = (x + along * c - moved * s).astype(np.float32)
    map_y = (y + along * s + moved * c).astype(np.float32)
    rgb[top:bottom, left:right] = cv2.remap(
        rgb, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _narrow_box(box: Box, angle: float, opening: float) -> Box:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    long, short = _extent(box) / 2, _extent(box) / 2 * opening
    rx, ry = (
        hypot(long * cos(angle), short * sin(angle)),
        hypot(long * sin(angle), short * cos(angle)),
    )
    return x - rx, y - ry, x + rx, y + ry


def pale_eyes(scene: Scene, rng: np.random.Generator) -> Scene:
    """Give the faces the red or pale eyes of albino animals."""
    values = scene.rgb.astype(np.float32)
    red = np.array([rng.uniform(110, 215), rng.uniform(25, 90), rng.uniform(35, 100)], np.float32)
    for face in scene.faces:
        for eye in face.eyes:
            mask = _ellipse(values.shape[:2], eye.box)[..., None]
            light = values.mean(axis=2, keepdims=True) / 255
            values = values * (1 - mask) + mask * (red * (0.55 + 0.9 * light))
    return replace(scene, rgb=np.clip(values, 0, 255).astype(np.uint8))


def _ellipse(shape: tuple[int, int], box: Box) -> npt.NDArray[np.float32]:
    """Return a soft mask of the ellipse in a box."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    rx, ry = max(1.0, (box[2] - box[0]) * 0.45), max(1.0, (box[3] - box[1]) * 0.45)
    ys, xs = np.ogrid[: shape[0], : shape[1]]
    distance = ((xs - x) / rx) ** 2 + ((ys - y) / ry) ** 2
    return np.clip(1.6 - 1.1 * distance, 0, 1).astype(np.float32) * 0.85
