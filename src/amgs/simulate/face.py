"""One drawn mouse face, seen from the front, with five action units from 0 to 2."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

SIDE_PX = 256
_OVERSAMPLING = 2
_MOST = 2.0
_BACKDROP_PX = 64
_NO_GLINT_FROM, _LID_SHOWS_FROM = 0.7, 0.4

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class FaceParameters:
    """What a drawn face shows.

    Parameters
    ----------
    orbital_tightening, nose_bulge, cheek_bulge, ear_position, whisker_change
        Action units, 0 (absent) to 2 (marked).
    coat, skin
        Colours of fur and of ears and nose.
    background_seed
        Decides what the cubicle behind the animal looks like.
    shift_x, shift_y, tilt_deg
        Where the head is, as a share of the picture, and how it is held.
    blur_px, noise_sd, brightness
        What the camera adds.
    """

    orbital_tightening: float = 0.0
    nose_bulge: float = 0.0
    cheek_bulge: float = 0.0
    ear_position: float = 0.0
    whisker_change: float = 0.0
    coat: Colour = (226, 222, 216)
    skin: Colour = (222, 170, 166)
    background_seed: int = 0
    shift_x: float = 0.0
    shift_y: float = 0.0
    tilt_deg: float = 0.0
    blur_px: float = 0.6
    noise_sd: float = 6.0
    brightness: float = 1.0


def draw_face(face: FaceParameters, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw a face as uint8 RGB, 256 × 256; `rng` decides fur and noise."""
    size = SIDE_PX * _OVERSAMPLING
    background = _draw_background(face.background_seed, size)
    picture = Image.new("RGBA", (size, size))
    pen = _Pen(ImageDraw.Draw(picture), size)
    _draw_ears(pen, face)
    _draw_head(pen, face, rng)
    for side in (-1, 1):
        _draw_eye(pen, face, side)
        _draw_whiskers(pen, face, side, rng)
    _draw_nose(pen, face)
    turned = picture.rotate(
        face.tilt_deg,
        Image.Resampling.BILINEAR,
        translate=(round(face.shift_x * size), round(face.shift_y * size)),
    )
    background.paste(turned, mask=turned)
    small = background.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    return _through_camera(small.filter(ImageFilter.GaussianBlur(face.blur_px)), face, rng)


@dataclass(frozen=True, slots=True)
class DrawnParts:
    """Where the parts of a drawn face are, as boxes (left, top, right, bottom) in pixels."""

    face: tuple[float, float, float, float]
    eyes: tuple[tuple[float, float, float, float], ...]
    ears: tuple[tuple[float, float, float, float], ...]
    nose: tuple[float, float]


def locate_parts(face: FaceParameters) -> DrawnParts:
    """Return where `draw_face` puts the parts."""
    back, shut = face.ear_position / _MOST, face.orbital_tightening / _MOST
    ears, eyes = [], []
    for side in (-1, 1):
        ear_x, ear_y = 0.5 + side * (0.25 + 0.07 * back), 0.25 + 0.10 * back
        lean = side * (0.35 + 0.75 * back)
        ears.append(_turned(face, ear_x, ear_y, 0.135 - 0.045 * back, 0.165, lean))
        eyes.append(_turned(face, 0.5 + side * 0.155, 0.475, 0.05, 0.048 * (1 - shut) + 0.01, 0.0))
    head = _turned(face, 0.5, 0.55, 0.30, 0.31, 0.0)
    around = [head, *ears]
    box = (
        min(b[0] for b in around),
        min(b[1] for b in around),
        max(b[2] for b in around),
        max(b[3] for b in around),
    )
    nose = _turned(face, 0.5, 0.795, 0.0, 0.0, 0.0)
    return DrawnParts(box, tuple(eyes), tuple(ears), nose[:2])


def _turned(  # noqa: PLR0917
    face: FaceParameters, x: float, y: float, rx: float, ry: float, angle: float
) -> tuple[float, float, float, float]:
    """Return the box, in pixels, of an ellipse after the head was tilted and moved."""
    tilt = face.tilt_deg * pi / 180
    dx, dy = x - 0.5, y - 0.5
    x = 0.5 + dx * cos(tilt) + dy * sin(tilt) + face.shift_x
    y = 0.5 - dx * sin(tilt) + dy * cos(tilt) + face.shift_y
    lean = angle - tilt
    half_w = ((rx * cos(lean)) ** 2 + (ry * sin(lean)) ** 2) ** 0.5
    half_h = ((rx * sin(lean)) ** 2 + (ry * cos(lean)) ** 2) ** 0.5
    left, top, right, bottom = (
        SIDE_PX * v for v in (x - half_w, y - half_h, x + half_w, y + half_h)
    )
    return left, top, right, bottom


class _Pen:
    """Draws in shares of the picture, so that shapes do not depend on its size."""

    def __init__(self, draw: ImageDraw.ImageDraw, size: int) -> None:
        self._draw = draw
        self._size = size

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        box = (x - rx, y - ry, x + rx, y + ry)
        self._draw.ellipse([v * self._size for v in box], fill=colour)

    def tilted_ellipse(  # noqa: PLR0917
        self, x: float, y: float, rx: float, ry: float, angle: float, colour: Colour
    ) -> None:
        points = []
        for step in range(48):
            a = 2 * pi * step / 48
            u, v = rx * cos(a), ry * sin(a)
            points.append(
                (x + u * cos(angle) - v * sin(angle), y + u * sin(angle) + v * cos(angle))
            )
        self._draw.polygon([(px * self._size, py * self._size) for px, py in points], fill=colour)

    def line(self, points: list[tuple[float, float]], width: float, colour: Colour) -> None:
        scaled = [(x * self._size, y * self._size) for x, y in points]
        self._draw.line(scaled, fill=colour, width=max(1, round(width * self._size)), joint="curve")


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, max(0, round(channel * factor))) for channel in colour)
    return red, green, blue


def _draw_background(seed: int, size: int) -> Image.Image:
    """Draw the wall and the floor of a cubicle, out of focus, with stains and a gleam."""
    rng = np.random.default_rng([97, seed])
    grey = rng.uniform(50, 130)
    small = Image.new("RGB", (_BACKDROP_PX, _BACKDROP_PX), _shade((100, 97, 93), grey / 100))
    draw = ImageDraw.Draw(small)
    floor = rng.uniform(0.6, 0.95) * _BACKDROP_PX
    tone = _shade((128, 112, 92), rng.uniform(0.5, 1.2))
    draw.rectangle((0, floor, _BACKDROP_PX, _BACKDROP_PX), fill=tone)
    for _ in range(14):
        x, y = rng.uniform(0, _BACKDROP_PX, 2)
        rx, ry = rng.uniform(2, 12, 2)
        tone = _shade((100, 97, 93), grey / 100 * rng.uniform(0.6, 1.5))
        draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=tone)
    blurred = small.filter(ImageFilter.GaussianBlur(2.5))
    return blurred.resize((size, size), Image.Resampling.BICUBIC)


def _draw_ears(pen: _Pen, face: FaceParameters) -> None:
    """Draw ears that turn outwards and back, and show less of their inside, as the unit rises."""
    back = face.ear_position / _MOST
    for side in (-1, 1):
        x, y = 0.5 + side * (0.25 + 0.07 * back), 0.25 + 0.10 * back
        angle = side * (0.35 + 0.75 * back)
        pen.tilted_ellipse(x, y, 0.135 - 0.045 * back, 0.165, angle, _shade(face.coat, 0.82))
        pen.tilted_ellipse(
            x, y + 0.01, 0.10 - 0.055 * back, 0.125 - 0.015 * back, angle, _shade(face.skin, 0.95)
        )


def _draw_head(pen: _Pen, face: FaceParameters, rng: np.random.Generator) -> None:
    cheek = face.cheek_bulge / _MOST
    pen.ellipse(0.5, 0.52, 0.285, 0.28, _shade(face.coat, 0.97))
    for side in (-1, 1):
        pen.ellipse(0.5 + side * 0.15, 0.63, 0.135 + 0.035 * cheek, 0.12, face.coat)
        if cheek > 0:
            shade = 0.97 - 0.10 * cheek
            pen.ellipse(
                0.5 + side * 0.19, 0.665, 0.085, 0.05 + 0.02 * cheek, _shade(face.coat, shade)
            )
            pen.ellipse(
                0.5 + side * 0.19, 0.65, 0.08, 0.045 + 0.02 * cheek, _shade(face.coat, 1.04)
            )
    pen.ellipse(0.5, 0.69, 0.135, 0.165, _shade(face.coat, 1.02))
    for _ in range(500):
        a, r = rng.uniform(0, 2 * pi), 0.28 * rng.uniform(0, 1) ** 0.5
        x, y = 0.5 + r * cos(a), 0.54 + r * sin(a)
        length = rng.uniform(0.008, 0.022)
        pen.line(
            [(x, y), (x + (x - 0.5) * length * 3, y + length)],
            0.002,
            _shade(face.coat, rng.uniform(0.88, 1.06)),
        )


def _draw_eye(pen: _Pen, face: FaceParameters, side: int) -> None:
    """Draw an eye whose lids close from round to a slit while the skin around it bulges."""
    shut = face.orbital_tightening / _MOST
    x, y = 0.5 + side * 0.155, 0.475
    pen.ellipse(x, y, 0.062 + 0.006 * shut, 0.060 - 0.012 * shut, _shade(face.coat, 0.86))
    height = 0.048 * (1 - shut) + 0.006
    pen.ellipse(x, y, 0.047, height, (22, 16, 18))
    if shut < _NO_GLINT_FROM:
        pen.ellipse(x - 0.015, y - height * 0.45, 0.010, 0.010, (238, 238, 242))
    if shut > _LID_SHOWS_FROM:
        pen.line(
            [(x - 0.055, y - 0.03), (x, y - 0.042), (x + 0.055, y - 0.03)],
            0.005,
            _shade(face.coat, 0.72),
        )


def _draw_nose(pen: _Pen, face: FaceParameters) -> None:
    """Draw a bridge that bulges towards the viewer: a rounded, lit ridge with dark sides."""
    bulge = face.nose_bulge / _MOST
    if bulge > 0:
        pen.ellipse(0.5, 0.645, 0.055 + 0.03 * bulge, 0.105, _shade(face.coat, 1 - 0.14 * bulge))
        pen.ellipse(0.5, 0.635, 0.038 + 0.026 * bulge, 0.095, _shade(face.coat, 1.05))
    pen.ellipse(0.5, 0.795, 0.040, 0.027, face.skin)
    pen.line([(0.5, 0.82), (0.5, 0.85)], 0.005, _shade(face.skin, 0.6))


def _draw_whiskers(pen: _Pen, face: FaceParameters, side: int, rng: np.random.Generator) -> None:
    """Draw whiskers that fan out at rest and come together in a bundle as the unit rises."""
    pulled = face.whisker_change / _MOST
    for k in range(6):
        fan = (k - 2.5) * 0.16 * (1 - 0.65 * pulled)
        angle = 0.25 - 0.55 * pulled + fan + rng.normal(0, 0.05)
        x, y = 0.5 + side * 0.10, 0.74 + 0.010 * k
        tip = (x + side * 0.34 * cos(angle), y + 0.34 * sin(angle))
        middle = (x + side * 0.18 * cos(angle), y + 0.18 * sin(angle) - 0.012)
        pen.line([(x, y), middle, tip], 0.003, (236, 234, 230))


def _through_camera(
    picture: Image.Image, face: FaceParameters, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    values = np.asarray(picture, dtype=np.float64) * face.brightness
    noise = rng.normal(0, face.noise_sd, values.shape[:2])[:, :, None]
    return np.clip(np.round(values + noise), 0, 255).astype(np.uint8)
