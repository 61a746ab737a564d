"""Near-duplicates are found, and other images are not."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from amgs.images import find_near_duplicates, perceptual_hash
from amgs.images.reading import decode_image
from amgs.simulate import draw_labelled_faces


def compress(rgb: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "JPEG", quality=quality)
    return decode_image(stream.getvalue())


def test_copies_are_found_and_others_are_not() -> None:
    """Smaller, brighter and compressed copies are near-duplicates; other faces are not."""
    faces = [drawn.rgb for drawn in draw_labelled_faces(4, 3, seed=3)]
    brighter = np.clip(faces[1] * 1.15, 0, 255).astype(np.uint8)
    smaller = np.asarray(Image.fromarray(faces[2]).resize((120, 120)))
    pictures = [*faces, compress(faces[0], 60), brighter, smaller]
    pairs = find_near_duplicates(np.stack([perceptual_hash(p) for p in pictures]))
    n = len(faces)
    assert {(0, n), (1, n + 1), (2, n + 2)} <= set(pairs)
    assert len(pairs) <= 4


def test_only_pairs_of_different_groups_if_asked() -> None:
    """Within a group, likeness is no leak."""
    hashes = np.zeros((3, 32), np.uint8)
    assert find_near_duplicates(hashes, ["a", "a", "b"]) == [(0, 2), (1, 2)]


def test_all_pairs_over_block_borders() -> None:
    """Rows beyond the first block are compared with all others."""
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 256, (2_500, 32), dtype=np.uint8)
    hashes[2_400] = hashes[100]
    hashes[2_450] = hashes[2_300]
    assert find_near_duplicates(hashes) == [(100, 2_400), (2_300, 2_450)]
