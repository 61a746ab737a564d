"""Images that are nearly the same, such as neighbouring frames of a still animal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

HASH_BITS = 256
NEAR_DUPLICATE_BITS = 16
"""Two images count as near-duplicates when at most this many of 256 hash bits differ.

Unrelated pictures differ in about half the bits. Chosen on real photographs and on copies of them
made smaller, brighter and compressed again: `benchmarks/near_duplicates.py`.
"""

_SIDE = 16
_ROWS_AT_ONCE = 2048


def perceptual_hash(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Boil a picture down to 256 bits that stay when it is resized, compressed or brightened.

    Difference hash: the picture as 17 × 16 grey values, one bit for each pair of neighbours in a
    row that says which is brighter.

    Parameters
    ----------
    rgb
        uint8, height × width × 3.

    Returns
    -------
    numpy.ndarray
        uint8, 32 bytes.
    """
    grey = Image.fromarray(rgb).convert("L")
    small = np.asarray(grey.resize((_SIDE + 1, _SIDE), Image.Resampling.BOX), dtype=np.int16)
    return np.packbits(small[:, 1:] > small[:, :-1])


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
