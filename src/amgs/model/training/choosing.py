"""Which faces are worth scoring: spread over animals, and over all that a model says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def choose_worth_scoring(
    animals: Sequence[str], p_pain: npt.NDArray[np.floating] | None, wanted: int, seed: int
) -> list[int]:
    """Choose faces for people to score, so that a model learns most from them.

    Animals have about the same number each. An animal's faces are put in the order of what the
    model says of them and divided into as many equal parts as are wanted; one of each part is drawn
    by lot. So they run from surely no pain over unsure to surely pain. (Faces that the model is
    unsure of alone taught it less in drawn laboratories than faces drawn by lot: docs/models.md.)

    Parameters
    ----------
    animals
        Whose face each is.
    p_pain
        What the model says of each; ``None`` draws an animal's faces by lot.
    wanted
        How many to choose; all there are, if fewer.
    seed
        The same seed chooses the same faces.

    Returns
    -------
    list of int
        Places in `animals`, sorted.
    """
    rng = np.random.default_rng(seed)
    faces: dict[str, list[int]] = defaultdict(list)
    for place in rng.permutation(len(animals)).tolist():
        faces[animals[place]].append(place)
    chosen: list[int] = []
    for name, share in _shares(faces, wanted, rng).items():
        ordered = faces[name]
        if p_pain is not None:
            ordered = sorted(ordered, key=lambda place: float(p_pain[place]))
        edges = np.linspace(0, len(ordered), share + 1).round().astype(int)
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            chosen.append(ordered[int(rng.integers(low, high))])
    return sorted(chosen)


def _shares(faces: dict[str, list[int]], wanted: int, rng: np.random.Generator) -> dict[str, int]:
    """Return how many faces of every animal; what one lacks, others give."""
    order = [str(name) for name in rng.permutation(sorted(faces))]
    shares = dict.fromkeys(order, 0)
    left = min(wanted, sum(map(len, faces.values())))
    while left:
        for name in order:
            if left and shares[name] < len(faces[name]):
                shares[name] += 1
                left -= 1
    return shares
