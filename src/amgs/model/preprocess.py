"""From an RGB picture to what a network takes; part of a backbone's record, never an option."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

ResizeFilter = Literal["bilinear", "bicubic"]
_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture is cut, resized and scaled before it enters a network.

    Parameters
    ----------
    input_px
        Side of the square that the network takes.
    keep_aspect
        Cut the largest centred square (true), or squeeze the whole picture into a square (false).
        Face crops are squeezed: cutting would remove ears, and ears carry part of the grimace.
    crop_fraction
        The share of that square (or picture) that is kept, around its centre; 1 keeps all.
    resize_filter
        Pillow's filter, which averages over all source pixels when it makes a picture smaller.
    mean, scale
        A pixel value v (0–255) becomes ``(v - mean) / scale``.
    """

    input_px: int
    keep_aspect: bool
    crop_fraction: float
    resize_filter: ResizeFilter
    mean: float
    scale: float

    def apply(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Cut, resize and scale one picture.

        Parameters
        ----------
        rgb
            uint8, height × width × 3.

        Returns
        -------
        numpy.ndarray
            float32, 3 × input_px × input_px, contiguous.
        """
        height, width = rgb.shape[:2]
        kept_height, kept_width = height * self.crop_fraction, width * self.crop_fraction
        if self.keep_aspect:
            kept_height = kept_width = min(kept_height, kept_width)
        left, top = (width - kept_width) / 2, (height - kept_height) / 2
        resized = Image.fromarray(rgb).resize(
            (self.input_px, self.input_px),
            _FILTERS[self.resize_filter],
            box=(left, top, left + kept_width, top + kept_height),
        )
        planes = np.asarray(resized).transpose(2, 0, 1)
        scaled = np.subtract(planes, self.mean, dtype=np.float32)
        scaled /= np.float32(self.scale)
        return np.ascontiguousarray(scaled)
