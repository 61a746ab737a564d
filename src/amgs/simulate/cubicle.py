"""What stands still in a film: cubicles, bars before the animals, the camera and its noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.simulate.face import Box, draw_background

NOISE_PICTURES = 6


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """How a film is made: size, rate, length, light and camera."""

    width: int = 1920
    height: int = 1080
    rate: int = 25
    duration_s: float = 60.0
    noise_sd: float = 4.0
    blur_px: float = 0.7
    brightness: float = 1.0
    infrared: bool = False
    bars: bool = True
    crf: int = 23


def zones_of(n: int, options: FilmOptions) -> list[tuple[str, Box]]:
    """Return the name and place of the zone of every animal."""
    if n == 1:
        return [("full", (0, 0, options.width, options.height))]
    half = options.width // 2
    return [
        ("left", (0, 0, half, options.height)),
        ("right", (half, 0, options.width, options.height)),
    ]


def draw_cubicles(
    places: Sequence[Box], options: FilmOptions, seed: int
) -> npt.NDArray[np.float32]:
    """Draw what stands still: the walls and floors of the cubicles, and the wall between them."""
    ground = np.zeros((options.height, options.width, 3), np.float32)
    for left, top, right, bottom in (tuple(map(int, p)) for p in places):
        square = draw_background(seed, 256).resize((right - left, bottom - top))
        ground[top:bottom, left:right] = np.asarray(square, np.float32) * options.brightness
        if left:
            ground[:, left - 4 : left + 4] = 20
    return ground


def bars_of(options: FilmOptions) -> list[tuple[slice, float]]:
    """Return a few thin bright bars of the cubicle before the animals, away from the middle."""
    if not options.bars:
        return []
    width = max(2, options.width // 400)
    places = (0.03, 0.47, 0.53, 0.97)
    return [(slice(int(x * options.width), int(x * options.width) + width), 150.0) for x in places]


def noise_of(options: FilmOptions, rng: np.random.Generator) -> list[npt.NDArray[np.int16]]:
    """Return some pictures of noise, to be used in turns."""
    shape = (options.height, options.width, 1)
    return [
        np.round(rng.normal(0, options.noise_sd, shape)).astype(np.int16)
        for _ in range(NOISE_PICTURES)
    ]
