"""What stands still in a video: cubicles, bars and glare before the animals, the camera's noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.special import expit

from amgs.simulate.face import Box, draw_background

NOISE_FRAMES = 6
FLOOR_FROM = 0.84
"""How far down the image the floor begins."""

_ROUGH = 0.13


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How a video is made: size, rate, length, light, what is before the animals, camera."""

    width: int = 1920
    height: int = 1080
    rate: int = 25
    duration_s: float = 60.0
    noise_sd: float = 4.0
    blur_px: float = 0.7
    brightness: float = 1.0
    infrared: bool = False
    bars: bool = True
    glare: bool = True
    crf: int = 24

    @property
    def frames(self) -> int:
        """How many images the video has."""
        return int(self.duration_s * self.rate)


def list_zones(n: int, options: VideoOptions) -> list[tuple[str, Box]]:
    """Return the name and place of the zone of every animal."""
    if n == 1:
        return [("full", (0, 0, options.width, options.height))]
    half = options.width // 4 * 2
    return [
        ("left", (0, 0, half, options.height)),
        ("right", (half, 0, options.width, options.height)),
    ]


def draw_cubicle_back(place: Box, options: VideoOptions, seed: int, number: int) -> Image.Image:
    """Draw what stands still behind an animal: wall, rough floor, the shade under the animal."""
    width, height = int(place[2] - place[0]), int(place[3] - place[1])
    wall = np.asarray(draw_background(seed, 256).resize((width, height)), np.float32)
    rng = np.random.default_rng([101, seed, number])
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    along = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :] * width / height
    floor = expit((down - FLOOR_FROM - 0.03 * along**2) / 0.004)
    grain = gaussian_filter(rng.standard_normal((height // 3 + 1, width // 3 + 1)), (0.6, 1.6))
    grain /= grain.std()
    size = (width, height)
    rough = np.asarray(Image.fromarray(grain.astype(np.float32)).resize(size), np.float32)
    litter = np.array([1.18, 1.06, 0.86], np.float32) * (1 + _ROUGH * rough[..., None])
    shade = np.exp(-((along / 0.34) ** 2) - ((down - 0.925) / 0.035) ** 2)
    dark = 1 - 0.5 * shade - 0.14 * np.clip(down - 0.5, 0, 1) * (1 - floor)
    image = wall * (1 + floor[..., None] * (litter - 1)) * dark[..., None] * options.brightness
    if number:
        image[:, :4] = 20
    blurred = gaussian_filter(image, (options.blur_px, options.blur_px, 0))
    return Image.fromarray(np.clip(blurred, 0, 255).astype(np.uint8))


def draw_cubicle_front(place: Box, options: VideoOptions, seed: int) -> Image.Image:
    """Draw what is before an animal: thin bright bars, and lamps that the front pane mirrors."""
    width, height = int(place[2] - place[0]), int(place[3] - place[1])
    front = np.zeros((height, width, 4), np.float32)
    front[..., :3] = 255
    if options.glare:
        front[..., 3] = 255 * _glare(width, height, np.random.default_rng([103, seed]))
    if options.bars:
        thick = max(2, options.width // 400)
        for x in (round(0.06 * width), round(0.94 * width)):
            front[:, x : x + thick] = (150, 150, 150, 255)
    return Image.fromarray(front.astype(np.uint8), "RGBA")


def _glare(width: int, height: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return how much each pixel is covered by mirrored lamps: slanted soft strips."""
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    along = np.linspace(0, 1, width, dtype=np.float32)[None, :] * width / height
    cover = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        at = rng.uniform(0, width / height)
        slant, wide = rng.normal(0, 0.15), rng.uniform(0.015, 0.06)
        lowest, strength = rng.uniform(0.2, 0.8), rng.uniform(0.08, 0.28)
        strip = np.exp(-(((along - at - slant * down) / wide) ** 4))
        cover = np.maximum(cover, strength * strip * expit((lowest - down) / 0.04))
    return cover.astype(np.float32)


def draw_noise(options: VideoOptions, rng: np.random.Generator) -> list[npt.NDArray[np.int16]]:
    """Return some images of noise in brightness, to be used in turns."""
    shape = (options.height, options.width)
    return [
        np.round(rng.normal(0, options.noise_sd, shape)).astype(np.int16)
        for _ in range(NOISE_FRAMES)
    ]
