"""Videos with marked animals, and a detector that finds the marks: no network, known truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from amgs.faces.base import FaceDetector, FoundEar, FoundEye, FoundFace

WIDTH, HEIGHT = 320, 192
OPEN, SHUT = (255, 0, 255), (255, 255, 0)


@dataclass(frozen=True)
class Mouse:
    """A textured square with a frame whose colour says whether the eyes are open."""

    x: int
    y: int
    size: int = 80
    shut: bool = False
    blur: float = 0.0


def frame_with(mice: Sequence[Mouse], number: int = 0) -> np.ndarray:
    """Draw mice on a plain ground."""
    rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for mouse in mice:
        ys, xs = np.mgrid[: mouse.size, : mouse.size]
        fur = (((xs // 4 + ys // 4) % 2) * 120 + 60).astype(float)
        block = np.repeat(fur[..., None], 3, axis=2)
        edge = 14
        frame = np.ones((mouse.size, mouse.size), bool)
        frame[edge:-edge, edge:-edge] = False
        block[frame] = SHUT if mouse.shut else OPEN
        if mouse.blur:
            block = gaussian_filter(block, (mouse.blur, mouse.blur, 0))
        y, x = mouse.y, mouse.x
        rgb[y : y + mouse.size, x : x + mouse.size] = block
    return rgb


def video_of(
    where: Callable[[float], Sequence[Mouse]], rate: int = 25
) -> Callable[[int], np.ndarray]:
    """Return a function for `videos.write_video` that draws what `where` says for each second."""
    return lambda number: frame_with(where(number / rate), number)


class MarkDetector(FaceDetector):
    """Finds the coloured frames."""

    name = "marks"
    version = "1"
    sha256 = "0" * 64
    input_px = 320
    min_score = 0.4
    candidate_score = 0.12

    def __init__(self) -> None:
        self.looked_at = 0

    def detect(self, rgb: np.ndarray, min_score: float) -> list[FoundFace]:
        """Return one face if there is a frame in the image."""
        self.looked_at += 1
        values = rgb.astype(int)
        red, green, blue = values[..., 0], values[..., 1], values[..., 2]
        opened = (red > 170) & (green < 110) & (blue > 170)
        shut = (red > 170) & (green > 170) & (blue < 110)
        marked = opened | shut
        if marked.sum() < 20:
            return []
        rows, columns = np.nonzero(marked)
        box = (
            float(columns.min()),
            float(rows.min()),
            float(columns.max() + 1),
            float(rows.max() + 1),
        )
        p_open = 0.02 if shut.sum() > opened.sum() else 0.98
        eye = FoundEye(box, 0.9, p_open, 0.0, 1 - p_open)
        ear = FoundEar(box, 0.9)
        return [FoundFace(box, 0.9, (eye, eye), (ear, ear), box[:2], (1.0, 0.0, 0.0, 0.0))]
