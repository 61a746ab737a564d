"""Every action unit at 0, 1 and 2 beside each other, for people to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from amgs.simulate.anatomy import MOST, CoatName, FaceParameters
from amgs.simulate.behaviour import UNITS
from amgs.simulate.face import SIDE_PX, draw_face

MARGIN_PX, HEAD_PX, FONT_PX = 150, 40, 18
INK = (30, 30, 30)
_SOFTWARE = "amgs simulate sheet"


def draw_sheet(coat: CoatName = "white", seed: int = 0) -> Image.Image:
    """Draw one row per action unit, with 0, 1 and 2 from left to right, and their names.

    Parameters
    ----------
    coat
        The coat of the animal.
    seed
        Which animal.
    """
    rng = np.random.default_rng(seed)
    levels = range(int(MOST) + 1)
    size = (MARGIN_PX + len(levels) * SIDE_PX, HEAD_PX + len(UNITS) * SIDE_PX)
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_PX)
    for level in levels:
        middle = MARGIN_PX + level * SIDE_PX + SIDE_PX // 2
        pen.text((middle, HEAD_PX // 2), str(level), INK, font, anchor="mm")
    for row, unit in enumerate(UNITS):
        top = HEAD_PX + row * SIDE_PX
        pen.text((12, top + SIDE_PX // 2), unit.replace("_", "\n"), INK, font, anchor="lm")
        for level in levels:
            shown: dict[str, Any] = {unit: float(level)}
            face = FaceParameters(coat=coat, animal_seed=seed, noise_sd=3, **shown)
            image = Image.fromarray(draw_face(face, rng))
            sheet.paste(image, (MARGIN_PX + level * SIDE_PX, top))
    return sheet


def write_sheet(path: Path, coat: CoatName = "white", seed: int = 0) -> None:
    """Write a sheet as PNG that says of itself what made it; see `draw_sheet`."""
    about = PngInfo()
    about.add_text("Software", _SOFTWARE)
    draw_sheet(coat, seed).save(path, pnginfo=about)


def is_sheet(path: Path) -> bool:
    """Whether a file is a sheet that `write_sheet` wrote, which may be replaced by another."""
    try:
        with Image.open(path) as image:
            return image.info.get("Software") == _SOFTWARE
    except OSError:
        return False
