"""Every action unit at 0, 1 and 2 beside each other, for people to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from amgs.simulate.anatomy import MOST, CoatName, FaceParameters
from amgs.simulate.behaviour import UNITS
from amgs.simulate.face import SIDE_PX, draw_face


def draw_sheet(coat: CoatName = "white", seed: int = 0) -> Image.Image:
    """Draw one row per action unit, with 0, 1 and 2 from left to right."""
    rng = np.random.default_rng(seed)
    sheet = Image.new("RGB", ((int(MOST) + 1) * SIDE_PX, len(UNITS) * SIDE_PX))
    for row, unit in enumerate(UNITS):
        for level in range(int(MOST) + 1):
            shown: dict[str, Any] = {unit: float(level)}
            face = FaceParameters(coat=coat, animal_seed=seed, noise_sd=3, **shown)
            picture = Image.fromarray(draw_face(face, rng))
            sheet.paste(picture, (level * SIDE_PX, row * SIDE_PX))
    return sheet
