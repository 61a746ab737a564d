"""Lines of a mouse: whiskers before its face, the tail behind it."""

from __future__ import annotations

from itertools import pairwise
from math import cos, sin
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from amgs.simulate.anatomy import COATS, MOST, FaceParameters
from amgs.simulate.posture import SIDES
from amgs.simulate.shapes import Matrix, View

_WHISKER_ROWS, _WHISKER_COLUMNS, _WHISKER_PARTS = 4, 3, 8
_FINER = 3
"""Lines are drawn on so many times as many pixels, so that they have no steps."""

_TAIL_PARTS, _TAIL_THICK = 40, 0.105
_TAIL_ASIDE_FROM_DEG = 30.0
_FLOOR_RISES = 0.07
"""The floor is seen a little from above."""


def draw_whiskers(image: Image.Image, face: FaceParameters, turned: Matrix, view: View) -> None:
    """Draw whiskers that fan out at rest, and come stiff and bundled as the unit rises."""
    pulled = face.whisker_change / MOST
    rng = np.random.default_rng([29, face.animal_seed])
    tone = COATS[face.coat].whisker
    lines = _Lines(view, tone)
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
                for part, (a, b) in enumerate(pairwise(points)):
                    share = 1 - part / (_WHISKER_PARTS + 0.5)
                    lines.draw(a, b, 0.0062 * share, (*tone, int(210 * share)))
    image.alpha_composite(lines.image())


def draw_tail(face: FaceParameters, sits: Matrix, view: View, *, flatter: float = 1) -> Image.Image:
    """Draw the tail alone: from the rump it lies on the floor in a bend, tapering.

    Parameters
    ----------
    face
        Whose tail; where it looks aside, the tail lies on the other side.
    sits
        How the body is turned.
    view
        What is seen.
    flatter
        By how much the image will be stretched upwards.
    """
    rng = np.random.default_rng([31, face.animal_seed])
    side = int(rng.choice(SIDES))
    if abs(face.yaw_deg) > _TAIL_ASIDE_FROM_DEG:
        side = -1 if face.yaw_deg > 0 else 1
    reach, forward = rng.uniform(0.95, 1.2), rng.uniform(-0.9, -0.1)
    corners = np.array(
        [
            (0.0, -1.02, -1.6),
            (side * 0.75, -1.10, -2.2),
            (side * 1.15 * reach, -1.16, -1.3),
            (side * reach, -1.16, forward),
        ]
    )
    t = np.linspace(0, 1, _TAIL_PARTS + 1)[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3])
    points = (weights @ corners) @ sits.T
    points[:, 1] += _FLOOR_RISES * np.clip(-points[:, 2], 0, 2)
    skin = np.array(COATS[face.coat].skin)
    lines = _Lines(view, (0, 0, 0))
    for low, thick, light in ((0.0, 1.0, 0.5), (0.12, 0.66, 0.74), (0.2, 0.3, 0.92)):
        for part, (a, b) in enumerate(pairwise(points)):
            width = _TAIL_THICK * (1 - 0.75 * part / _TAIL_PARTS) / flatter
            up = np.array([0, low * width, 0])
            ring = 1 - 0.06 * (part % 2)
            red, green, blue = (int(v) for v in skin * light * ring)
            lines.draw(a + up, b + up, width * thick, (red, green, blue, 255))
    return lines.image()


class _Lines:
    """Lines with smooth edges on nothing; `tone` is the colour that edges fade to."""

    def __init__(self, view: View, tone: tuple[int, int, int]) -> None:
        side = view.pixels * _FINER
        self._view = view
        self._layer = Image.new("RGBA", (side, side), (*tone, 0))
        self._pen = ImageDraw.Draw(self._layer)

    def draw(self, a: Any, b: Any, width: float, colour: tuple[int, int, int, int]) -> None:
        """Draw from one point in space to another; the width is in units of space."""
        ends = [self._view.to_pixels(float(p[0]), float(p[1])) for p in (a, b)]
        finer = [(x * _FINER, y * _FINER) for x, y in ends]
        self._pen.line(finer, colour, max(1, round(width * _FINER / self._view.step)))

    def image(self) -> Image.Image:
        """Return the lines, as large as the view."""
        return self._layer.reduce(_FINER)
