"""The same random weights and images for every implementation of a network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

DATA = Path(__file__).parent / "data"


def inception_state_dict() -> dict[str, npt.NDArray[np.float32]]:
    """Return random weights for every tensor that the features of Inception V3 need."""
    shapes = json.loads((DATA / "inception_v3_shapes.json").read_text(encoding="utf-8"))
    return {
        name: _draw(name, tuple(shape), np.random.default_rng([2018, number]))
        for number, (name, shape) in enumerate(sorted(shapes.items()))
    }


def pictures(count: int, side: int) -> npt.NDArray[np.float32]:
    """Return random images with values from -1 to 1."""
    rng = np.random.default_rng(1803)
    return rng.uniform(-1, 1, (count, 3, side, side)).astype(np.float32)


def photograph() -> npt.NDArray[np.uint8]:
    """Return an image with smooth and sharp parts, 421 × 337, made by a formula."""
    y, x = np.mgrid[0:337, 0:421]
    red = 127 + 120 * np.sin(x / 17.0) * np.cos(y / 23.0)
    # Edges, but not up to black and white: overshoot would be cut differently.
    green = 64 + 128.0 * ((x // 31 + y // 29) % 2)
    blue = 255.0 * x / 420
    return np.stack([red, green, blue], axis=2).round().astype(np.uint8)


def _draw(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    if name.endswith("conv.weight"):
        fan_in = int(np.prod(shape[1:]))
        return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)
    if name.endswith(("running_var", "bn.weight")):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    return (0.1 * rng.standard_normal(shape)).astype(np.float32)
