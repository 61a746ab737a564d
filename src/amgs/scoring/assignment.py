"""Who sees which face when: an order of its own for every rater, with hidden repeats."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

LEAST_BETWEEN = 10
"""A face never comes back before so many others, where there are as many."""


def choose_faces(
    recordings: Mapping[str, Sequence[int]], per_recording: int, seed: int
) -> list[int]:
    """Choose which faces of every recording are scored, at random.

    The lot of a face depends on the seed and the face alone: faces of new recordings change nothing
    for the others, further faces of a recording may take the place of some of its own.

    Parameters
    ----------
    recordings
        Keys of the faces of every recording.
    per_recording
        How many of each; 0 for all.
    seed
        The study's seed.
    """
    chosen: list[int] = []
    for faces in recordings.values():
        # A hash is a lottery that needs no memory: the lot of a face is the same on every machine.
        by_lot = sorted(faces, key=lambda face: hashlib.sha256(f"{seed}|{face}".encode()).digest())
        chosen += by_lot[:per_recording] if per_recording else by_lot
    return sorted(chosen)


def plan_order(faces: Sequence[int], n_repeats: int, seed: Sequence[int]) -> list[tuple[int, bool]]:
    """Return faces in random order; some come a second time, later, marked as repeats.

    Parameters
    ----------
    faces
        Keys of the faces.
    n_repeats
        How many of them come twice; at most half of them can.
    seed
        The same seed gives the same order.

    Returns
    -------
    list of (int, bool)
        Face and whether this is its second showing. Between both lie at least `LEAST_BETWEEN`
        others, where there are enough.
    """
    rng = np.random.default_rng([int(part) for part in seed])
    order = [(int(face), False) for face in rng.permutation(np.asarray(faces, dtype=np.int64))]
    # Those of the first half come back somewhere behind; they are spread over what follows.
    again = rng.permutation(max(1, len(order) // 2))[: max(0, n_repeats) if order else 0]
    # Inserted from front to back, each one moves the later places by one.
    places = sorted((_place(int(first), len(order), rng), order[int(first)][0]) for first in again)
    for moved, (place, face) in enumerate(places):
        order.insert(place + moved, (face, True))
    return order


def mix_in(
    order: Sequence[tuple[int, bool]], again: Sequence[int], seed: Sequence[int]
) -> list[tuple[int, bool]]:
    """Return an order with further second showings at random places in it.

    Parameters
    ----------
    order
        Face and whether it is its second showing.
    again
        Faces that were shown before the order begins, each once.
    seed
        The same seed gives the same order.
    """
    if not again:
        return list(order)
    rng = np.random.default_rng([*(int(part) for part in seed), len(again)])
    mixed = [(int(face), True) for face in rng.permutation(np.asarray(again, np.int64))]
    places = np.sort(rng.integers(0, len(mixed) + 1, len(order)))
    # From back to front, so that an insertion does not move the places that are still to come.
    for place, shown in zip(places[::-1].tolist(), reversed(order), strict=True):
        mixed.insert(place, shown)
    return mixed


def _place(first: int, length: int, rng: np.random.Generator) -> int:
    """Choose behind how many of the faces the one at place `first` comes back."""
    return int(rng.integers(min(first + 1 + LEAST_BETWEEN, length), length + 1))
