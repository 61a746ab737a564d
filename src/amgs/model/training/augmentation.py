"""Altered copies of training images, as the paper made them to balance its classes.

"Cropping (up to 10 % on each side), horizontal flipping, or brightness scaling by a factor of
N(1, 0.2)" (Tuttle et al. 2018). The sentence leaves open whether one or all are applied; here every
copy gets all three, each drawn at random (the flip for half of them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_CROP = 0.10
BRIGHTNESS_SD = 0.2
_DECIMALS = 6
_DARKEST = 0.05


@dataclass(frozen=True, slots=True)
class Alteration:
    """One way to alter an image: cut off shares of each side, mirror it, scale its brightness."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    flip: bool = False
    brightness: float = 1.0

    @property
    def key(self) -> str:
        """A text that names this alteration, for the cache."""
        cut = ",".join(f"{x:.6f}" for x in (self.left, self.top, self.right, self.bottom))
        return f"cut={cut};flip={int(self.flip)};brightness={self.brightness:.6f}"

    def apply(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return the altered image; values beyond 0–255 are clipped."""
        height, width = rgb.shape[:2]
        cut = rgb[
            round(height * self.top) : height - round(height * self.bottom),
            round(width * self.left) : width - round(width * self.right),
        ]
        if self.flip:
            cut = cut[:, ::-1]
        if self.brightness != 1.0:
            cut = np.clip(np.round(cut * np.float32(self.brightness)), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(cut)


UNALTERED = Alteration()


def draw_alteration(rng: np.random.Generator) -> Alteration:
    """Draw the random alteration of one copy."""
    left, top, right, bottom = np.round(rng.uniform(0.0, MAX_CROP, 4), _DECIMALS).tolist()
    brightness = max(_DARKEST, round(float(rng.normal(1.0, BRIGHTNESS_SD)), _DECIMALS))
    return Alteration(left, top, right, bottom, bool(rng.random() < 0.5), brightness)  # noqa: PLR2004


def choose_copies(is_pain: npt.NDArray[np.bool_], rng: np.random.Generator) -> list[int]:
    """Choose which images to copy so that both classes become equally large.

    Parameters
    ----------
    is_pain
        One entry per training image.

    Returns
    -------
    list of int
        Rows to copy, all of the smaller class; no image is copied n + 1 times before every other
        has been copied n times.
    """
    classes: Sequence[npt.NDArray[np.intp]] = (np.flatnonzero(is_pain), np.flatnonzero(~is_pain))
    small, large = sorted(classes, key=len)
    rows: list[int] = []
    if len(small) == 0:
        return rows
    missing = len(large) - len(small)
    while missing > len(rows):
        rows += rng.permutation(small).tolist()
    return rows[:missing]
