"""Images that are nearly the same, such as neighbouring frames of a still animal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

HASH_BITS = 256
NEAR_DUPLICATE_BITS = 16
"""Two images count as near-duplicates when at most this many of 256 hash bits differ.

Copies of real photographs made 15 % brighter or compressed to JPEG quality 60 differ from the
original in at most 14 bits, 999 of 1,000 pairs of unrelated photographs in 100 or more
(docs/decisions/0004-measured-choices.md).
"""

_SIDE = 64
_KEPT = 16
_ROWS_AT_ONCE = 2048


def perceptual_hash(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Boil an image down to 256 bits that stay when it is resized, compressed or brightened.

    The image as 64 × 64 grey values, its cosine transform, of that the 16 × 16 coarsest parts
    without the mean; one bit for each that says whether it is above their median (Zauner 2010).

    Parameters
    ----------
    rgb
        uint8, height × width × 3.

    Returns
    -------
    numpy.ndarray
        uint8, 32 bytes; the last bit is always 0.
    """
    from scipy.fft import dctn

    grey = Image.fromarray(rgb).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    coarse = dctn(np.asarray(grey, dtype=np.float64))[:_KEPT, :_KEPT].ravel()[1:]
    return np.packbits(np.append(coarse > np.median(coarse), False))


def find_near_duplicates(
    hashes: npt.NDArray[np.uint8], groups: Sequence[object] | None = None
) -> list[tuple[int, int]]:
    """Find pairs of images whose hashes nearly agree.

    Parameters
    ----------
    hashes
        One row of 32 bytes per image.
    groups
        Only pairs from different groups are wanted, if given.

    Returns
    -------
    list of (int, int)
        Row numbers, the smaller first, in ascending order.
    """
    names = (
        None
        if groups is None
        else np.unique([str(group) for group in groups], return_inverse=True)[1]
    )
    pairs = []
    for i, j in _close_pairs(hashes):
        if names is None or names[i] != names[j]:
            pairs.append((i, j))
    return pairs


def _close_pairs(hashes: npt.NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Yield the close pairs; blocks of rows keep memory small for many thousand images."""
    signs = np.unpackbits(hashes, axis=1).astype(np.float32) * 2 - 1
    closest = HASH_BITS - 2 * NEAR_DUPLICATE_BITS
    for start in range(0, len(signs), _ROWS_AT_ONCE):
        # The product of two ±1 hashes is (equal bits - different bits).
        products = signs[start : start + _ROWS_AT_ONCE] @ signs[start:].T
        rows, columns = np.nonzero(products >= closest)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if column > row:
                yield start + row, start + column
