"""Painting: fur that flows, light that falls on it, and layers put over each other."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter

from amgs.simulate.anatomy import Coat, Colour
from amgs.simulate.shapes import Ellipsoid, Field, Matrix, View, compute_depth, compute_normals

Rgb = npt.NDArray[np.float32]

_LIGHT = np.array([-0.42, 0.62, 0.66], np.float32)
LIGHT = _LIGHT / np.linalg.norm(_LIGHT)
_HALFWAY = (LIGHT + np.array([0, 0, 1], np.float32)) / np.linalg.norm(LIGHT + np.array([0, 0, 1]))
_STRAND_SAMPLES = np.linspace(-1, 1, 7)
_STRAND_LENGTH = 0.030
_RUFFLED = 0.20
_NOISE_SIDE = 512

SMALLEST = 2
"""A part with fewer rows or columns is not in the image."""


def soft(value: npt.NDArray[np.floating], width: float) -> Field:
    """Return a step from 0 to 1 at 0 that is `width` wide."""
    return np.asarray(1 / (1 + np.exp(-np.clip(value / width, -30, 30))), np.float32)


def get_paint(colour: Colour) -> Rgb:
    """Return a colour as shares of 1."""
    return np.asarray(colour, np.float32) / np.float32(255)


class Canvas:
    """An image with transparency, built from back to front.

    Parameters
    ----------
    view
        What is seen.
    turned
        How the head is held: fur flows away from the nose.
    coat
        The colours.
    seed
        Decides the fur.
    """

    def __init__(self, view: View, turned: Matrix, coat: Coat, seed: int) -> None:
        self.view = view
        self.x, self.y = view.grid()
        self.coat = coat
        self.rgb = np.zeros((view.pixels, view.pixels, 3), np.float32)
        self.alpha = np.zeros((view.pixels, view.pixels), np.float32)
        self.cut = (slice(None), slice(None))
        self.nose = (turned @ np.array([0, -0.24, 0.9]))[:2]
        rng = np.random.default_rng([23, seed])
        self.flow, self.strands = self._comb(rng)
        self.patches = self._patches(rng)

    def _comb(self, rng: np.random.Generator) -> tuple[tuple[Field, Field], Field]:
        """Draw noise out along the direction in which fur lies: away from the nose."""
        away_x, away_y = self.x - self.nose[0], self.y - self.nose[1]
        length = np.hypot(away_x, away_y) + 1e-6
        flow_x = (away_x / length).astype(np.float32)
        flow_y = (0.25 - away_y / length).astype(np.float32)
        noise = rng.standard_normal((_NOISE_SIDE, _NOISE_SIDE), np.float32)
        # Noise belongs to the animal: it moves with the nose, at one grain per pixel.
        across = (self.x - self.nose[0]) / self.view.step + _NOISE_SIDE
        down = (self.nose[1] - self.y) / self.view.step + _NOISE_SIDE
        total = np.zeros_like(self.x)
        for share in _STRAND_SAMPLES:
            reach = np.float32(share * _STRAND_LENGTH / self.view.step)
            rows = (down + flow_y * reach).astype(np.int32) % _NOISE_SIDE
            columns = (across + flow_x * reach).astype(np.int32) % _NOISE_SIDE
            total += noise[rows, columns]
        strands = (total - total.mean()) / (total.std() + 1e-6)
        combed: Field = strands.astype(np.float32)
        return (flow_x, -flow_y), combed

    def _patches(self, rng: np.random.Generator) -> Field:
        small = gaussian_filter(rng.standard_normal((40, 40)), 1.5).astype(np.float32)
        size = (self.view.pixels, self.view.pixels)
        large = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))
        patches: Field = (large / (large.std() + 1e-6)).astype(np.float32)
        return patches

    def window(self, x: float, y: float, half_w: float, half_h: float) -> Canvas:
        """Return a part of the canvas; what is painted there is painted here."""
        left, top = self.view.to_pixels(x - half_w, y + half_h)
        right, bottom = self.view.to_pixels(x + half_w, y - half_h)
        rows = slice(max(0, int(top)), max(0, int(bottom) + 1))
        columns = slice(max(0, int(left)), max(0, int(right) + 1))
        part = copy(self)
        for name in ("x", "y", "rgb", "alpha", "strands", "patches"):
            setattr(part, name, getattr(self, name)[rows, columns])
        part.flow = (self.flow[0][rows, columns], self.flow[1][rows, columns])
        part.cut = (rows, columns)
        return part

    def put(self, colour: Rgb, mask: npt.NDArray[np.floating]) -> None:
        """Lay a colour over the image where the mask says so."""
        m = mask.astype(np.float32)
        self.rgb += (colour - self.rgb) * m[..., None]
        self.alpha += (1 - self.alpha) * m

    def depths(self, shapes: Iterable[Ellipsoid], turned: Matrix) -> list[Field]:
        """Return how near each shape is, at every pixel."""
        return [compute_depth(shape, turned, self.x, self.y) for shape in shapes]

    def light_on(self, depth: Field, dark: float, more: float) -> Field:
        """Return the light on bare skin: `dark` in the shade, `more` where it faces the light."""
        facing = compute_normals(depth, self.view.step) @ LIGHT
        lit: Field = dark + more * np.clip(facing, 0, 1)
        return lit

    def lit_fur(self, depth: Field, tone: Field) -> Rgb:
        """Return fur on a surface, under a light from the upper left."""
        finite = np.isfinite(depth)
        floor = depth[finite].min() if finite.any() else np.float32(0)
        filled = np.where(finite, depth, floor).astype(np.float32)
        creases = gaussian_filter(filled, 0.012 / self.view.step, truncate=2.5)
        n = compute_normals(np.where(finite, creases, -np.inf).astype(np.float32), self.view.step)
        n[..., 0] += _RUFFLED * self.strands * self.flow[0]
        n[..., 1] += _RUFFLED * self.strands * self.flow[1]
        n /= np.sqrt((n * n).sum(axis=-1, keepdims=True))
        towards = n @ LIGHT
        around = np.clip((towards + 0.45) / 1.45, 0, 1)
        nooks = np.clip(1 + 1.6 * (filled - self._smoothed(filled)), 0.55, 1.12)
        rim = (1 - np.clip(n[..., 2], 0, 1)) ** 2
        light = (0.36 + 0.58 * around + 0.12 * np.clip(towards, 0, 1)) * nooks - 0.12 * rim
        lit = self._fur_colour() * (light * tone)[..., None] + self._sheen(n)
        return np.asarray(np.clip(lit, 0, 1), np.float32)

    def _smoothed(self, depth: Field) -> Field:
        """Blur widely, on a quarter of the pixels."""
        small = depth[::4, ::4]
        wide = gaussian_filter(small, 0.09 / self.view.step / 4, truncate=2.5)
        size = (depth.shape[1], depth.shape[0])
        large = Image.fromarray(wide).resize(size, Image.Resampling.BILINEAR)
        return np.asarray(large, np.float32)

    def _fur_colour(self) -> Rgb:
        mix = np.clip(0.48 + self.coat.ticking * self.strands + 0.06 * self.patches, 0, 1)[
            ..., None
        ]
        shade, fur, tips = map(get_paint, (self.coat.shade, self.coat.fur, self.coat.tips))
        darker = shade + (fur - shade) * (mix * 2)
        lighter = fur + (tips - fur) * (mix * 2 - 1)
        colour: Rgb = np.where(mix < 0.5, darker, lighter).astype(np.float32)  # noqa: PLR2004
        return colour

    def _sheen(self, n: Rgb) -> Any:
        if not self.coat.sheen:
            return 0.0
        return self.coat.sheen * np.clip(n @ _HALFWAY, 0, 1)[..., None] ** 18

    def image(self) -> Image.Image:
        """Return what was painted, with transparency."""
        layers = np.dstack([self.rgb, self.alpha])
        return Image.fromarray((np.clip(layers, 0, 1) * 255).astype(np.uint8), "RGBA")
