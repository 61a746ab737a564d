"""From an RGB image to what a network takes; part of a backbone's record, never an option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

ResizeFilter = Literal["bilinear", "bicubic", "tensorflow1"]
_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}

_NOTHING_CUT = {"keep_aspect": False, "crop_fraction": 1.0}


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How an image is resized and scaled before it enters a network.

    The whole image is squeezed into a square: cutting one out would remove ears, and ears carry
    part of the grimace.

    Parameters
    ----------
    input_px
        Side of the square that the network takes.
    resize_filter
        Pillow's filter, which averages over all source pixels when it makes an image smaller; or
        ``tensorflow1``, which does not (see `resize_as_tensorflow1`).
    mean, scale
        A pixel value v (0–255) becomes ``(v - mean) / scale``.
    """

    input_px: int
    resize_filter: ResizeFilter
    mean: float
    scale: float

    @classmethod
    def from_card(cls, values: Mapping[str, Any]) -> Preprocessing:
        """Read what a model card says; cards of 0.1.0 also say that nothing is cut.

        Raises
        ------
        ValueError
            If the card asks for something else, or lacks something.
        """
        known = {entry.name for entry in fields(cls)}
        other = {name: value for name, value in values.items() if name not in known}
        if not other.items() <= _NOTHING_CUT.items() or not known <= set(values):
            raise ValueError(f"preprocessing is {dict(values)}")
        return cls(**{name: values[name] for name in known})

    @property
    def identity(self) -> str:
        """A text that two preprocessings share if and only if they do the same.

        It goes into the hash of a model, so it stays as 0.1.0 wrote it: a model that is in a study
        must be the same model after an upgrade.
        """
        return (
            f"Preprocessing(input_px={self.input_px}, keep_aspect=False, crop_fraction=1.0, "
            f"resize_filter={self.resize_filter!r}, mean={self.mean}, scale={self.scale})"
        )

    def apply(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Resize and scale one image.

        Parameters
        ----------
        rgb
            uint8, height × width × 3.

        Returns
        -------
        numpy.ndarray
            float32, 3 × input_px × input_px, contiguous.
        """
        if self.resize_filter == "tensorflow1":
            planes = resize_as_tensorflow1(rgb, self.input_px).transpose(2, 0, 1)
        else:
            resized = Image.fromarray(rgb).resize(
                (self.input_px, self.input_px), _FILTERS[self.resize_filter]
            )
            planes = np.asarray(resized).transpose(2, 0, 1)
        scaled = np.subtract(planes, self.mean, dtype=np.float32)
        scaled /= np.float32(self.scale)
        return np.ascontiguousarray(scaled)


def resize_as_tensorflow1(rgb: npt.NDArray[np.uint8], px: int) -> npt.NDArray[np.float32]:
    """Squeeze an image into a square as ``ResizeBilinear`` of TensorFlow 1 does.

    Pixel i of the result lies at i · length / px of the source: the corner of a pixel, not its
    middle, so that the image moves by half a pixel. Between the two neighbours the value is
    interpolated, and nothing is averaged when an image is made smaller. In single precision and in
    TensorFlow's order, rows last.

    Returns
    -------
    numpy.ndarray
        float32, px × px × 3, 0–255, not rounded.
    """
    top, bottom, down = _neighbours(rgb.shape[0], px)
    left, right, across = _neighbours(rgb.shape[1], px)
    values = rgb.astype(np.float32)
    across = across[None, :, None]
    above = values[top][:, left] + (values[top][:, right] - values[top][:, left]) * across
    below = values[bottom][:, left] + (values[bottom][:, right] - values[bottom][:, left]) * across
    resized: npt.NDArray[np.float32] = above + (below - above) * down[:, None, None]
    return resized


def _neighbours(
    length: int, px: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    places = np.arange(px, dtype=np.float32) * np.float32(length / px)
    lower = np.minimum(np.floor(places).astype(np.intp), length - 1)
    return lower, np.minimum(lower + 1, length - 1), (places - lower).astype(np.float32)
