"""What a synthetic mouse can show: action units, pose, coat, and what the camera adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

CoatName: TypeAlias = Literal["white", "black", "agouti"]
Colour: TypeAlias = tuple[int, int, int]

MOST = 2.0
"""Action units run from 0 (absent) to 2 (marked), continuously."""


@dataclass(frozen=True, slots=True)
class Coat:
    """Colours of an animal: fur in three tones, skin of ears and nose, eyes, whiskers.

    ``lids`` is how bright the skin of the lids is, as a share of the other skin.
    """

    fur: Colour
    shade: Colour
    tips: Colour
    skin: Colour
    eye: Colour
    whisker: Colour
    ticking: float
    sheen: float
    lids: float


COATS: dict[CoatName, Coat] = {
    "white": Coat(
        (226, 222, 214), (178, 170, 160), (246, 244, 240), (226, 164, 160), (70, 16, 22),
        (238, 236, 230), 0.24, 0.0, 0.50,
    ),
    "black": Coat(
        (44, 42, 44), (18, 17, 19), (96, 94, 98), (120, 92, 92), (14, 12, 14),
        (150, 148, 146), 0.16, 0.22, 0.78,
    ),
    "agouti": Coat(
        (118, 98, 74), (48, 40, 32), (178, 152, 112), (186, 138, 130), (16, 12, 12),
        (222, 218, 206), 0.30, 0.0, 0.75,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FaceParameters:
    """What a synthetic mouse shows at one moment.

    Parameters
    ----------
    orbital_tightening, nose_bulge, cheek_bulge, ear_position, whisker_change
        Action units, 0 (absent) to 2 (marked).
    blink
        How far the lids are shut for a moment, 0–1; no action unit.
    yaw_deg, pitch_deg, tilt_deg
        How the head is turned aside, up or down, and to a shoulder.
    coat
        ``white``, ``black`` or ``agouti``.
    animal_seed
        Decides the proportions, tone and fur of this animal.
    background_seed
        Decides what the cubicle behind the animal looks like.
    shift_x, shift_y
        Where the head is, as a share of the image.
    blur_px, noise_sd, brightness, infrared
        What the camera adds; `infrared` is without colour.
    """

    orbital_tightening: float = 0.0
    nose_bulge: float = 0.0
    cheek_bulge: float = 0.0
    ear_position: float = 0.0
    whisker_change: float = 0.0
    blink: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    tilt_deg: float = 0.0
    coat: CoatName = "white"
    animal_seed: int = 0
    background_seed: int = 0
    shift_x: float = 0.0
    shift_y: float = 0.0
    blur_px: float = 0.6
    noise_sd: float = 6.0
    brightness: float = 1.0
    infrared: bool = False


@dataclass(frozen=True, slots=True)
class Build:
    """The proportions of one animal, each near 1."""

    head: float
    snout: float
    ears: float
    eyes: float
    tone: float


def get_build(animal_seed: int) -> Build:
    """Return the proportions of an animal; the same seed gives the same animal."""
    rng = np.random.default_rng([17, animal_seed])
    head, snout, ears, eyes = rng.normal(1, (0.03, 0.04, 0.05, 0.04))
    return Build(head, snout, ears, eyes, float(np.clip(rng.normal(1, 0.04), 0.88, 1.1)))
