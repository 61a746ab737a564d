"""Images of 0, 1 and 2 of every unit: the laboratory's own, or drawn mice."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from amgs.errors import AmgsError
from amgs.images import read_image
from amgs.scale import ActionUnit, Scale
from amgs.simulate.anatomy import CoatName, FaceParameters
from amgs.simulate.face import draw_face

WIDTH_PX, HEIGHT_PX = 280, 210

_PARTS = {
    "orbital_tightening": (0.22, 0.30, 0.78, 0.72),
    "nose_bulge": (0.22, 0.38, 0.78, 0.80),
    "cheek_bulge": (0.16, 0.40, 0.84, 0.91),
    "ear_position": (0.08, 0.10, 0.92, 0.73),
    "whisker_change": (0.04, 0.30, 0.96, 0.99),
    "nose_cheek": (0.16, 0.40, 0.84, 0.91),
}
"""Where in a drawn face a unit is seen: left, top, right, bottom as shares of its sides."""

_TOGETHER = {"nose_cheek": ("nose_bulge", "cheek_bulge")}
"""Units of a scale that are two of the drawn mice at once."""


class LevelImages:
    """The images beside the words of a scale.

    Parameters
    ----------
    scale
        The scale; a unit may name photographs of its own (``images = ["0.jpg", …]``).
    folder
        Where their paths start: the folder of the study.
    """

    def __init__(self, scale: Scale, folder: Path) -> None:
        self._scale = scale
        self._folder = folder

    def has(self, unit: ActionUnit) -> bool:
        """Whether there are images of a unit."""
        return bool(unit.images) or (self._scale.species == "mouse" and unit.name in _PARTS)

    def read(self, name: str, level: int) -> bytes | None:
        """Return the image of a unit at 0, 1 or 2 as JPEG; ``None`` where there is none."""
        unit = next((u for u in self._scale.units if u.name == name), None)
        if unit is None or not 0 <= level < len(unit.levels) or not self.has(unit):
            return None
        if not unit.images:
            return _draw(name, level, "black" if "black" in self._scale.name else "white")
        try:
            rgb = read_image(self._folder / unit.images[level])
        except AmgsError:
            return None
        image = Image.fromarray(rgb)
        image.thumbnail((2 * WIDTH_PX, 2 * HEIGHT_PX))
        return _as_jpeg(image)


@lru_cache(64)
def _draw(unit: str, level: int, coat: CoatName) -> bytes:
    shown: dict[str, Any] = dict.fromkeys(_TOGETHER.get(unit, (unit,)), float(level))
    face = FaceParameters(coat=coat, animal_seed=0, noise_sd=2, **shown)
    rgb = draw_face(face, np.random.default_rng(0))
    height, width = rgb.shape[:2]
    left, top, right, bottom = _PARTS[unit]
    box = (left * width, top * height, right * width, bottom * height)
    size = (WIDTH_PX, HEIGHT_PX)
    return _as_jpeg(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS, box))


def _as_jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=88)
    return stream.getvalue()
