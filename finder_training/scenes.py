"""One training image: a photograph cut, turned and scaled, with its faces moved along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, hypot, radians, sin

import cv2
import numpy as np
import numpy.typing as npt

from amgs.faces.detections import Box
from amgs.images.reading import RGB
from finder_training.photographs import MarkedEar, MarkedFace, Photograph

SMALLEST_FILL, LARGEST_FILL = 0.09, 1.05
"""Width of the face as a share of the image: from a frame with two animals to a tight crop."""

FILLS = 0.5

OVERFILL = 1.6
"""Close-ups of head-fixed animals: the face reaches beyond the image."""

ELSEWHERE_SHARE = 0.07
"""How often a place without a face is cut."""

SHRINK_AT_MOST = 0.8
"""A photograph is made smaller than the image only down to this share of its side."""

STAY_INSIDE = 0.85
"""How often the cut stays inside the photograph where it can."""

TILT_SD_DEG = 9.0
ENOUGH_VISIBLE = 0.6
"""Faces of which less than this share of the box lies in the image are neither face nor not, unless
they fill at least half of it."""

PADDING_GREY = 127
_SHRINK_FIRST_BELOW = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A square image, the faces in it, and boxes in which nothing is asked of the network."""

    rgb: RGB
    faces: tuple[MarkedFace, ...]
    ignored: tuple[Box, ...] = ()


def cut_scene(
    photograph: Photograph,
    side: int,
    rng: np.random.Generator,
    smallest_fill: float = SMALLEST_FILL,
    largest_fill: float = LARGEST_FILL,
    elsewhere_share: float = ELSEWHERE_SHARE,
) -> Scene:
    """Cut a square of `side` pixels around one of the faces, or from a place without a face."""
    if not photograph.faces or rng.random() < elsewhere_share:
        return _cut_elsewhere(photograph, side, rng)
    face = photograph.faces[int(rng.integers(len(photograph.faces)))]
    left, top, right, bottom = face.box
    extent = max(right - left, bottom - top)
    height, width = photograph.rgb.shape[:2]
    smallest = max(smallest_fill, SHRINK_AT_MOST * extent / min(height, width))
    close = largest_fill > LARGEST_FILL
    smallest = 0.9 if close else min(smallest, 0.9)
    fill = float(np.exp(rng.uniform(np.log(smallest), np.log(largest_fill))))
    scale = fill * side / extent
    room = (abs(1 - fill) if close else max(0.0, 1 - fill)) / 2 * side / scale
    away_x, away_y = rng.uniform(-room, room, 2).tolist()
    x, y = (left + right) / 2 + away_x, (top + bottom) / 2 + away_y
    if rng.random() < STAY_INSIDE:
        x, y = _keep_inside(x, width, side / scale), _keep_inside(y, height, side / scale)
    matrix = _around(
        x,
        y,
        scale,
        float(rng.normal(0, TILT_SD_DEG)),
        float(rng.normal(1, 0.07)),
        mirrored=bool(rng.random() < 0.5),
    )
    matrix[:, 2] += side / 2
    return _transform(photograph, matrix, side, rng)


def _keep_inside(centre: float, length: float, window: float) -> float:
    """Move a window so that it covers as much of the photograph as it can."""
    if window >= length:
        return length / 2 + (centre - length / 2) * 0.3
    return min(max(centre, window / 2), length - window / 2)


def _cut_elsewhere(photograph: Photograph, side: int, rng: np.random.Generator) -> Scene:
    """Cut where no face is: walls, hands, the rest of the animal. After 20 tries, anywhere."""
    height, width = photograph.rgb.shape[:2]
    scene = None
    for _ in range(20):
        extent = rng.uniform(0.25, 1.0) * min(height, width)
        x = rng.uniform(extent / 2, width - extent / 2)
        y = rng.uniform(extent / 2, height - extent / 2)
        matrix = _around(
            x, y, side / extent, float(rng.normal(0, 10)), 1.0, mirrored=bool(rng.random() < 0.5)
        )
        matrix[:, 2] += side / 2
        scene = _transform(photograph, matrix, side, rng)
        if not scene.faces and not scene.ignored:
            return scene
    assert scene is not None
    return scene


def mosaic(scenes: Sequence[Scene], side: int) -> Scene:
    """Put 4 scenes of half the side, or 16 of a quarter, together: several small faces."""
    across = round(len(scenes) ** 0.5)
    part = side // across
    rgb = np.empty((side, side, 3), np.uint8)
    faces: list[MarkedFace] = []
    ignored: list[Box] = []
    for number, scene in enumerate(scenes):
        dx, dy = (number % across) * part, (number // across) * part
        rgb[dy : dy + part, dx : dx + part] = scene.rgb
        shift = np.array([[1.0, 0, dx], [0, 1, dy]])
        faces += [move_face(face, shift) for face in scene.faces]
        ignored += [_move_box(box, shift) for box in scene.ignored]
    return Scene(rgb, tuple(faces), tuple(ignored))


def move_face(face: MarkedFace, matrix: npt.NDArray[np.float64]) -> MarkedFace:
    """Return the face as the affine `matrix` (2 × 3) shows it; boxes turn as ellipses do."""
    return replace(
        face,
        box=_move_box(face.box, matrix),
        nose=None if face.nose is None else _move_point(face.nose, matrix),
        eyes=tuple(replace(eye, box=_move_box(eye.box, matrix)) for eye in face.eyes),
        ears=tuple(
            MarkedEar(
                _move_box(ear.box, matrix),
                None if ear.base is None else _move_point(ear.base, matrix),
                None if ear.tip is None else _move_point(ear.tip, matrix),
            )
            for ear in face.ears
        ),
    )


def _around(
    x: float, y: float, scale: float, tilt_deg: float, stretch: float, *, mirrored: bool
) -> npt.NDArray[np.float64]:
    """Return the matrix that takes (x, y) to the origin, scaled, turned, stretched, mirrored."""
    c, s = cos(radians(tilt_deg)) * scale, sin(radians(tilt_deg)) * scale
    linear = np.array([[c * stretch, -s], [s * stretch, c]])
    if mirrored:
        linear[:, 0] *= -1
    return np.column_stack([linear, -linear @ (x, y)])


def _transform(
    photograph: Photograph, matrix: npt.NDArray[np.float64], side: int, rng: np.random.Generator
) -> Scene:
    rgb = _warp(photograph.rgb, matrix, side, rng)
    faces: list[MarkedFace] = []
    ignored: list[Box] = []
    for face in (move_face(f, matrix) for f in photograph.faces):
        visible = visible_share(face.box, side)
        filled = visible * (face.box[2] - face.box[0]) * (face.box[3] - face.box[1]) / side**2
        if visible >= ENOUGH_VISIBLE or filled >= FILLS:
            faces.append(_clip(face, side))
        elif visible > 0:
            ignored.append(face.box)
    return Scene(rgb, tuple(faces), tuple(ignored))


def _warp(rgb: RGB, matrix: npt.NDArray[np.float64], side: int, rng: np.random.Generator) -> RGB:
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < _SHRINK_FIRST_BELOW:
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        fx, fy = small.shape[1] / rgb.shape[1], small.shape[0] / rgb.shape[0]
        matrix = matrix @ np.diag([1 / fx, 1 / fy, 1])
        rgb = np.asarray(small, np.uint8)
    grey = PADDING_GREY if rng.random() < 0.7 else int(rng.integers(256))
    return np.asarray(
        cv2.warpAffine(
            rgb,
            matrix,
            (side, side),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(grey, grey, grey),
        ),
        np.uint8,
    )


def visible_share(box: Box, side: int) -> float:
    """Return which share of a box lies inside the image."""
    left, top, right, bottom = box
    inside = max(0.0, min(right, side) - max(left, 0.0)) * max(
        0.0, min(bottom, side) - max(top, 0.0)
    )
    return inside / max(1e-9, (right - left) * (bottom - top))


def _clip(face: MarkedFace, side: int) -> MarkedFace:
    """Cut the box at the borders and drop parts whose centre lies outside."""
    left, top, right, bottom = face.box
    nose = face.nose
    if nose is not None and not (0 <= nose[0] < side and 0 <= nose[1] < side):
        nose = None
    return replace(
        face,
        box=(max(left, 0.0), max(top, 0.0), min(right, side), min(bottom, side)),
        nose=nose,
        eyes=tuple(eye for eye in face.eyes if _inside(eye.box, side)),
        ears=tuple(ear for ear in face.ears if _inside(ear.box, side)),
    )


def _inside(box: Box, side: int) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return 0 <= x < side and 0 <= y < side


def _move_point(point: tuple[float, float], matrix: npt.NDArray[np.float64]) -> tuple[float, float]:
    x, y = (matrix @ (*point, 1.0)).tolist()
    return x, y


def _move_box(box: Box, matrix: npt.NDArray[np.float64]) -> Box:
    left, top, right, bottom = box
    x, y = _move_point(((left + right) / 2, (top + bottom) / 2), matrix)
    half_w, half_h = (right - left) / 2, (bottom - top) / 2
    (a, b), (c, d) = matrix[:, :2].tolist()
    rx, ry = hypot(a * half_w, b * half_h), hypot(c * half_w, d * half_h)
    return x - rx, y - ry, x + rx, y + ry
