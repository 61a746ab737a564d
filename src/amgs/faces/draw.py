"""Images with what was found drawn on them, for looking and for talks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from amgs.faces.base import EyeState, FoundFace
from amgs.faces.detections import Box, Point
from amgs.images.reading import RGB

Colour = tuple[int, int, int]

FACE: Colour = (255, 255, 255)
EAR: Colour = (86, 180, 233)
NOSE: Colour = (240, 228, 66)
EYE: dict[EyeState, Colour] = {
    "open": (0, 158, 115),
    "narrowed": (230, 159, 0),
    "closed": (213, 94, 0),
}
"""Colours that colour-blind people tell apart (Okabe & Ito 2008)."""

UNCLEAR: Colour = (160, 160, 160)

SHADOW: Colour = (20, 20, 20)
_SMOOTHING = 2
_SMALLEST_PX = 640


def draw_faces(rgb: RGB, faces: Sequence[FoundFace]) -> RGB:
    """Draw faces with eyes, ears and nose on a copy of the image; small images are enlarged."""
    pen = _Pen(*_enlarge(rgb))
    _draw_faces(pen, faces)
    return pen.finish()


def draw_zones(rgb: RGB, zones: Sequence[tuple[str, Box]], faces: Sequence[FoundFace]) -> RGB:
    """Draw the zones of a video and the faces found in them on one of its images."""
    pen = _Pen(*_enlarge(rgb))
    palette = [*EYE.values(), EAR]
    for number, (name, box) in enumerate(zones):
        inset = (box[0] + 4, box[1] + 4, box[2] - 4, box[3] - 4)
        pen.frame(inset, palette[number % len(palette)])
        pen.label((inset[0] + 6, inset[1] + 40, inset[2], inset[3]), f"zone {name}")
    _draw_faces(pen, faces)
    return pen.finish()


def _draw_faces(pen: _Pen, faces: Sequence[FoundFace]) -> None:
    for face in faces:
        pen.corners(face.box, FACE)
        for ear in face.ears:
            pen.ellipse(ear.box, EAR, 0.7)
            if ear.base is not None and ear.tip is not None:
                pen.line(ear.base, ear.tip, EAR)
        for eye in face.eyes:
            pen.ellipse(eye.box, EYE[eye.state] if eye.is_clear else UNCLEAR, 1.0)
        if face.nose is not None:
            pen.dot(face.nose, NOSE)
        pen.label(face.box, _describe(face))


def _describe(face: FoundFace) -> str:
    states = ", ".join(
        f"{eye.state} {max(eye.p_open, eye.p_narrowed, eye.p_closed):.2f}"
        if eye.is_clear
        else "cannot tell"
        for eye in face.eyes
    )
    return f"face {face.score:.2f}" + (f" · eyes {states}" if states else " · no eye")


def _enlarge(rgb: RGB) -> tuple[Image.Image, float]:
    image = Image.fromarray(rgb)
    scale = max(1.0, _SMALLEST_PX / max(image.size))
    if scale > 1:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.BICUBIC)
    return image, scale


class _Pen:
    """Draws smooth lines: on a larger transparent layer, made small at the end."""

    def __init__(self, image: Image.Image, scale: float) -> None:
        self._image = image
        self._scale = scale * _SMOOTHING
        size = (image.width * _SMOOTHING, image.height * _SMOOTHING)
        self._layer = Image.new("RGBA", size, (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._layer)
        self._line = max(2, round(max(image.size) / 300)) * _SMOOTHING
        self._font: Any = ImageFont.load_default(max(11, round(max(image.size) / 55)) * _SMOOTHING)

    def corners(self, box: Box, colour: Colour) -> None:
        """Draw the four corners of a box."""
        left, top, right, bottom = self._scaled(box)
        length = 0.22 * min(right - left, bottom - top)
        for x, dx in ((left, length), (right, -length)):
            for y, dy in ((top, length), (bottom, -length)):
                for width, tone in ((self._line * 2, SHADOW), (self._line, colour)):
                    self._draw.line([(x + dx, y), (x, y), (x, y + dy)], tone, width, "curve")

    def ellipse(self, box: Box, colour: Colour, thickness: float) -> None:
        """Draw an ellipse with a thin shadow."""
        around = self._scaled(box)
        line = max(1, round(self._line * thickness))
        self._draw.ellipse(_grow(around, line / 2), outline=SHADOW, width=line * 2)
        self._draw.ellipse(around, outline=colour, width=line)

    def line(self, start: Point, end: Point, colour: Colour) -> None:
        """Draw a thin line with a dot at its end."""
        points = [(x * self._scale, y * self._scale) for x, y in (start, end)]
        self._draw.line(points, colour, max(1, round(self._line * 0.7)))
        self.dot(end, colour)

    def dot(self, point: Point, colour: Colour) -> None:
        """Draw a dot."""
        x, y = point[0] * self._scale, point[1] * self._scale
        for radius, tone in ((self._line * 2.0, SHADOW), (self._line * 1.4, colour)):
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tone)

    def frame(self, box: Box, colour: Colour) -> None:
        """Draw a whole rectangle."""
        self._draw.rectangle(self._scaled(box), outline=SHADOW, width=self._line * 2)
        self._draw.rectangle(self._scaled(box), outline=colour, width=self._line)

    def label(self, box: Box, text: str) -> None:
        """Write above the box, or below its upper edge where there is no room."""
        left, top, _, _ = self._scaled(box)
        x0, y0, x1, y1 = self._draw.textbbox((0, 0), text, font=self._font)
        pad = self._line
        left = max(0.0, min(left, self._layer.width - (x1 - x0) - 2 * pad))
        high = top - (y1 - y0) - 3 * pad
        top = high if high >= 0 else top + pad
        self._draw.rounded_rectangle(
            (left, top, left + x1 - x0 + 2 * pad, top + y1 - y0 + 2 * pad), pad, (20, 20, 20, 190)
        )
        self._draw.text((left + pad - x0, top + pad - y0), text, (255, 255, 255), self._font)

    def finish(self) -> RGB:
        """Lay the drawing over the image."""
        layer = self._layer.resize(self._image.size, Image.Resampling.LANCZOS)
        combined = Image.alpha_composite(self._image.convert("RGBA"), layer)
        return np.asarray(combined.convert("RGB"))

    def _scaled(self, box: Box) -> Box:
        left, top, right, bottom = (v * self._scale for v in box)
        return left, top, max(right, left + 1), max(bottom, top + 1)


def _grow(box: Box, by: float) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by
