"""Ellipsoids seen from the front: depth, smooth unions, normals. x right, y up, z to the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter

Field: TypeAlias = npt.NDArray[np.float32]
Matrix: TypeAlias = npt.NDArray[np.float64]

_STEEPEST = 6.0
_COARSE = 4


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Matrix:
    """Return the rotation by yaw (about y), then pitch (about x), then roll (about z)."""
    y, p, r = radians(yaw_deg), radians(pitch_deg), radians(roll_deg)
    yaw = np.array([[cos(y), 0, sin(y)], [0, 1, 0], [-sin(y), 0, cos(y)]])
    pitch = np.array([[1, 0, 0], [0, cos(p), -sin(p)], [0, sin(p), cos(p)]])
    roll = np.array([[cos(r), -sin(r), 0], [sin(r), cos(r), 0], [0, 0, 1]])
    product: Matrix = roll @ pitch @ yaw
    return product


@dataclass(frozen=True)
class View:
    """A square window onto the scene.

    Parameters
    ----------
    pixels
        Along each side.
    half
        Half of the side, in lengths of the scene (a head is about 0.9 wide).
    centre_y, centre_x
        What is in the middle.
    """

    pixels: int
    half: float
    centre_y: float
    centre_x: float = 0.0

    @property
    def step(self) -> float:
        """The side of a pixel in lengths of the scene."""
        return 2 * self.half / self.pixels

    def grid(self) -> tuple[Field, Field]:
        """Return x and y of every pixel."""
        along = ((np.arange(self.pixels) + 0.5) * self.step - self.half).astype(np.float32)
        x, y = np.meshgrid(self.centre_x + along, self.centre_y - along)
        return x.astype(np.float32), y.astype(np.float32)

    def to_pixels(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the scene is in the image."""
        return (x - self.centre_x + self.half) / self.step, (
            self.centre_y - y + self.half
        ) / self.step


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid of the animal: centre and radii, before the head is turned."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    local: Matrix | None = None


def compute_depth(shape: Ellipsoid, turned: Matrix, x: Field, y: Field) -> Field:
    """Return how near the front surface is at every pixel; -inf beside the shape."""
    axes = turned if shape.local is None else turned @ shape.local
    m = axes @ np.diag(1 / np.square(shape.radii)) @ axes.T
    c = turned @ np.asarray(shape.centre)
    dx, dy = x - np.float32(c[0]), y - np.float32(c[1])
    b = np.float32(m[0, 2]) * dx + np.float32(m[1, 2]) * dy
    k = (
        np.float32(m[0, 0]) * dx * dx
        + np.float32(2 * m[0, 1]) * dx * dy
        + np.float32(m[1, 1]) * dy * dy
        - 1
    )
    inside = b * b - np.float32(m[2, 2]) * k
    depth = (np.sqrt(np.maximum(inside, 0)) - b) / np.float32(m[2, 2]) + np.float32(c[2])
    return np.where(inside > 0, depth, -np.inf).astype(np.float32)


def half_size(shape: Ellipsoid, turned: Matrix) -> tuple[float, float]:
    """Return half the width and height of a shape as it is seen."""
    axes = turned if shape.local is None else turned @ shape.local
    spread = axes @ np.diag(np.square(shape.radii)) @ axes.T
    return float(np.sqrt(spread[0, 0])), float(np.sqrt(spread[1, 1]))


def smooth_union(depths: Sequence[Field], sharpness: float) -> Field:
    """Let shapes flow into each other, as skin over bones does."""
    nearest = np.max(depths, axis=0)
    with np.errstate(invalid="ignore"):
        total = np.zeros_like(nearest)
        for depth in depths:
            total += np.exp(sharpness * (depth - nearest))
        joined = nearest + np.log(np.maximum(total, 1e-9)) / sharpness
    return np.where(np.isfinite(nearest), joined, -np.inf).astype(np.float32)


def softened(depth: Field, width: float) -> Field:
    """Smooth a surface over `width` pixels, where it is known, on a quarter of the pixels."""
    known = np.isfinite(depth)
    small = known[::_COARSE, ::_COARSE].astype(np.float32)
    values = np.where(known, depth, 0)[::_COARSE, ::_COARSE].astype(np.float32)
    share = gaussian_filter(small, width / _COARSE, truncate=2.5)
    mean = gaussian_filter(values, width / _COARSE, truncate=2.5) / np.maximum(share, 1e-3)
    size = (depth.shape[1], depth.shape[0])
    large = Image.fromarray(mean).resize(size, Image.Resampling.BICUBIC)
    return np.where(known, np.asarray(large, np.float32), -np.inf).astype(np.float32)


def compute_normals(depth: Field, step: float) -> npt.NDArray[np.float32]:
    """Return the direction in which the surface looks, at every pixel."""
    known = np.where(np.isfinite(depth), depth, np.nan)
    down, right = np.gradient(known, step)
    right = np.clip(np.nan_to_num(right), -_STEEPEST, _STEEPEST)
    up = np.clip(-np.nan_to_num(down), -_STEEPEST, _STEEPEST)
    length = np.sqrt(right * right + up * up + 1)
    n = np.stack([-right / length, -up / length, 1 / length], axis=-1)
    return n.astype(np.float32)
