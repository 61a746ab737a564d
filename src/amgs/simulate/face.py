"""One synthetic mouse face, with five action units from 0 to 2, and where its parts are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter

from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.mouse import paint_mouse
from amgs.simulate.posture import Anatomy, EyePlace, ear_ends, ear_size, pose
from amgs.simulate.shapes import View, half_size

SIDE_PX = 256
FACE_HALF, FACE_CENTRE_Y = 0.80, 0.09
"""What a face image shows: the head with its ears, and some of the body."""

_OVERSAMPLING = 1.5
_IR_GAIN = 1.15

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class DrawnParts:
    """Where the parts of a drawn face are, as boxes (left, top, right, bottom) in pixels.

    ``ear_ends`` are, for every ear, the middle of its root and the end of its rim.
    """

    face: Box
    eyes: tuple[Box, ...]
    ears: tuple[Box, ...]
    nose: tuple[float, float]
    ear_ends: tuple[tuple[tuple[float, float], tuple[float, float]], ...]


def draw_face(face: FaceParameters, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw a face as uint8 RGB, 256 × 256; `rng` decides the noise of the camera."""
    view = face_view(face, round(SIDE_PX * _OVERSAMPLING))
    mouse = paint_mouse(face, view).resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    ground = draw_background(face.background_seed, SIDE_PX)
    ground.paste(mouse, mask=mouse)
    return through_camera(np.asarray(ground, np.float32), face, rng)


def locate_parts(face: FaceParameters) -> DrawnParts:
    """Return where `draw_face` puts the parts."""
    return parts_in(pose(face), face_view(face, SIDE_PX))


def face_view(face: FaceParameters, pixels: int) -> View:
    """Return what the image of a face shows: head and ears, moved by its shift."""
    side = 2 * FACE_HALF
    return View(
        pixels, FACE_HALF, FACE_CENTRE_Y + face.shift_y * side, centre_x=-face.shift_x * side
    )


def parts_in(shapes: Anatomy, view: View) -> DrawnParts:
    """Return where the parts of a mouse are in a view, in pixels."""

    def box(x: float, y: float, half_w: float, half_h: float) -> Box:
        left, top = view.to_pixels(x - half_w, y + half_h)
        right, bottom = view.to_pixels(x + half_w, y - half_h)
        return left, top, right, bottom

    ears = tuple(box(*ear_size(ear, shapes.turned)) for ear in shapes.ears)
    centres = [shapes.turned @ np.asarray(s.centre) for s in shapes.head]
    sizes = [half_size(s, shapes.turned) for s in shapes.head]
    around = [
        *(box(float(c[0]), float(c[1]), w, h) for c, (w, h) in zip(centres, sizes, strict=True)),
        *ears,
    ]
    nose = view.to_pixels(*shapes.nose)
    return DrawnParts(
        (
            min(b[0] for b in around),
            min(b[1] for b in around),
            max(b[2] for b in around),
            max(b[3] for b in around),
        ),
        tuple(box(eye.x, eye.y - _sunk(eye), eye.rx, _half_open(eye)) for eye in shapes.eyes),
        ears,
        nose,
        tuple(
            (view.to_pixels(*root), view.to_pixels(*end))
            for root, end in (ear_ends(ear, shapes.turned) for ear in shapes.ears)
        ),
    )


def _half_open(eye: EyePlace) -> float:
    return eye.ry * (0.94 * eye.openness + 0.10)


def _sunk(eye: EyePlace) -> float:
    return 0.16 * (1 - eye.openness) * eye.ry


def draw_background(seed: int, size: int) -> Image.Image:
    """Draw the wall and the floor of a cubicle, out of focus, with stains and a gleam."""
    rng = np.random.default_rng([97, seed])
    along = np.linspace(0, 1, size, dtype=np.float32)
    x, y = np.meshgrid(along, along)
    grey = rng.uniform(0.22, 0.60)
    wall = grey * (1 + rng.normal(0, 0.18) * (x - 0.5) + rng.normal(0, 0.15) * (y - 0.5))
    floor_tone = grey * rng.uniform(0.5, 1.1)
    image = np.where(y < rng.uniform(0.70, 0.95), wall, floor_tone)
    for _ in range(8):
        cx, cy = rng.uniform(0, 1, 2)
        rx, ry = rng.uniform(0.03, 0.18, 2)
        stain = np.exp(-(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2))
        image = image * (1 + rng.normal(0, 0.16) * stain)
    image = gaussian_filter(image, size / 60)
    tint = np.array([1.0, rng.uniform(0.95, 1.0), rng.uniform(0.86, 0.98)])
    return Image.fromarray(np.clip(image[..., None] * tint * 255, 0, 255).astype(np.uint8))


def through_camera(
    values: npt.NDArray[np.float32], face: FaceParameters, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return an image as the camera sees it: light, colour, focus, noise."""
    if face.infrared:
        values = np.repeat(values.mean(axis=2, keepdims=True) * _IR_GAIN, 3, axis=2)
    blurred = gaussian_filter(values * face.brightness, (face.blur_px, face.blur_px, 0))
    noise = rng.normal(0, face.noise_sd, values.shape[:2])[:, :, None]
    return np.clip(np.round(blurred + noise), 0, 255).astype(np.uint8)
