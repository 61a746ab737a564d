"""How far a face is from those that a model was trained with: when not to trust what it says.

A model is as sure of what it has never seen as of its own kind, often surer. So it keeps the
features of its training images and measures, for a new one, the mean cosine distance to the five
nearest. What is usual is learned from the training animals themselves, each measured against the
others, so that an animal's own images do not flatter it.

The distance is scaled: 1 is where the mean over a recording of one new animal in a hundred would
lie, if it were like the training animals (the upper limit of a 99 % prediction interval, Student's
t, over the means of animals). Single images vary more; ``image_limit`` is passed by one in a
hundred of them. An alarm says that the images are unlike; silence does not promise that the model
is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from amgs.vocabulary import Output, Value

NEAREST = 5
MOST_IMAGES = 2_000
"""As many features are kept, evenly over animals: 10 MB with 2,432 of them."""

LEAST_ANIMALS = 5
"""With fewer, nobody knows how far a new animal may be."""

LEAST_IMAGES = 10
"""A mean over fewer images says little."""

DISTANCE = "distance_from_training"
DISTANCE_OUTPUT = Output(
    DISTANCE,
    "score",
    "distance from the training images; the mean over a recording passes 1 for one in a hundred "
    "new animals like them",
    0,
)
UNLIKE = "unlike_training"
LIKENESS_OUTPUTS = (
    DISTANCE_OUTPUT,
    Output(UNLIKE, "flag", "farther from the training images than 99 in 100 of images like them"),
)
NEAREST_IMAGE = "nearest_training"
NEAREST_OUTPUT = Output(
    NEAREST_IMAGE,
    "text",
    "what is known of the training image nearest to it: label, MGS, coat, laboratory",
    detail=True,
)
_QUANTILE = 0.99
_SMALLEST = 1e-6

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Likeness:
    """The training images as directions in feature space, and what distance is usual.

    Parameters
    ----------
    directions
        (images, n) float16, each of length 1.
    usual
        The cosine distance that becomes 1.
    image_limit
        What one image in a hundred passes, in scaled distance.
    described
        What is known of each image, in words; ``None`` in models of before.
    """

    directions: npt.NDArray[np.float16]
    usual: float
    image_limit: float
    described: npt.NDArray[np.str_] | None = None

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What it says of a face."""
        return (*LIKENESS_OUTPUTS, *(() if self.described is None else (NEAREST_OUTPUT,)))

    def read(self, features: Floats) -> list[dict[str, Value]]:
        """Say of each row of features how far it is, and what the nearest training image is."""
        return [self._read_one(row) for row in features]

    def _read_one(self, row: Floats) -> dict[str, Value]:
        # One row at a time: a product of matrices rounds otherwise than that of a matrix and a row,
        # and what is said of an image must not depend on which others are in its batch.
        likeness = _unit(row[None]) @ self._known.T
        distance = float(_mean_of_nearest(likeness)[0] / self.usual)
        said: dict[str, Value] = {DISTANCE: distance, UNLIKE: distance > self.image_limit}
        if self.described is not None:
            said[NEAREST_IMAGE] = str(self.described[int(likeness.argmax())])
        return said

    def distances(self, features: Floats) -> Floats:
        """Return the scaled distance of each row of features."""
        return np.array([said[DISTANCE] for said in self.read(features)], np.float64)

    @cached_property
    def _known(self) -> npt.NDArray[np.float32]:
        return self.directions.astype(np.float32)

    def save(self, path: Path) -> None:
        """Write it as plain arrays."""
        # No words at all rather than an empty array: so do models of before.
        save = np.savez if self.described is None else partial(np.savez, described=self.described)
        save(
            path,
            directions=self.directions,
            usual=np.float64(self.usual),
            image_limit=np.float64(self.image_limit),
        )

    @classmethod
    def load(cls, path: Path, n_features: int) -> Likeness:
        """Read it.

        Raises
        ------
        ValueError, KeyError
            If it is not what `save` wrote, or of another network.
        """
        with np.load(path, allow_pickle=False) as stored:
            directions = stored["directions"]
            usual, limit = float(stored["usual"]), float(stored["image_limit"])
            described = stored.get("described", None)
        whole = directions.ndim == 2 and directions.dtype == np.float16  # noqa: PLR2004
        finite = bool(np.isfinite(directions).all() and np.isfinite([usual, limit]).all())
        told = described is None or (
            described.dtype.kind == "U" and described.shape == directions.shape[:1]
        )
        if not (whole and finite and told and directions.shape[1] == n_features and usual > 0):
            raise ValueError("the distances from the training images cannot be used")
        return cls(directions, usual, limit, described)


def describe_image(
    label: str, mgs: float | None = None, coat: str | None = None, laboratory: str | None = None
) -> str:
    """Say in a few words what is known of a training image; never whose face it is.

    Who gets a model sees these words.
    """
    known = (label, None if mgs is None else f"MGS {mgs:.0f}", coat, laboratory)
    return ", ".join(filter(None, known))


def learn_likeness(
    features: Floats,
    animals: npt.NDArray[np.str_],
    seed: int,
    described: Sequence[str] | None = None,
) -> Likeness | None:
    """Learn from the training images what is like them.

    Parameters
    ----------
    features
        (images, n).
    animals
        Whose face each is; or what else was kept whole.
    seed
        Decides which images are kept where there are many.
    described
        What is known of each image, from `describe_image`.

    Returns
    -------
    Likeness or None
        ``None`` with fewer than five animals: nobody could say what is usual for a new one.
    """
    from scipy.stats import t

    names = np.unique(animals)
    if len(names) < LEAST_ANIMALS:
        return None
    rows = _choose_evenly(animals, seed)
    directions, animals = _unit(features[rows]), animals[rows]
    distances = np.empty(len(rows))
    for name in names:
        own = animals == name
        distances[own] = _nearest(directions[own], directions[~own])
    means = np.array([distances[animals == name].mean() for name in names])
    spread = float(means.std(ddof=1)) * np.sqrt(1 + 1 / len(names))
    usual = float(means.mean() + t.ppf(_QUANTILE, len(names) - 1) * spread)
    usual = max(usual, _SMALLEST)
    limit = float(np.quantile(distances, _QUANTILE)) / usual
    words = None if described is None else np.array(described, np.str_)[rows]
    return Likeness(directions.astype(np.float16), usual, limit, words)


def describe_likeness(likeness: Likeness | None) -> dict[str, object]:
    """Say for a card what is known of distances."""
    if likeness is None:
        reason = (
            f"fewer than {LEAST_ANIMALS} animals are known: images that are unlike go unnoticed"
        )
        return {"reason": reason}
    return {
        "images": len(likeness.directions),
        "image_limit": likeness.image_limit,
        "means": "mean cosine distance to the five nearest training images; 1 is passed by the "
        "mean over a recording of one new animal in a hundred",
    }


def _choose_evenly(animals: npt.NDArray[np.str_], seed: int) -> npt.NDArray[np.intp]:
    """Return all rows, or of many as many of each animal, drawn by lot."""
    rng = np.random.default_rng(seed)
    turn = np.empty(len(animals))
    for name in np.unique(animals):
        own = np.flatnonzero(animals == name)
        turn[own] = rng.permutation(len(own))
    kept: npt.NDArray[np.intp] = np.sort(np.lexsort((animals, turn))[:MOST_IMAGES])
    return kept


def _unit(features: Floats) -> npt.NDArray[np.float32]:
    # Not standardised before: that was worse in every comparison (docs/models.md).
    length = np.maximum(np.linalg.norm(features, axis=1, keepdims=True), _SMALLEST)
    return np.asarray(features / length, np.float32)


def _nearest(new: npt.NDArray[np.float32], known: npt.NDArray[np.float32]) -> Floats:
    """Return the mean cosine distance to the nearest known images."""
    return _mean_of_nearest(new @ known.T)


def _mean_of_nearest(likeness: npt.NDArray[np.float32]) -> Floats:
    """Return the mean cosine distance to the nearest, from all cosines (images, known)."""
    count = min(NEAREST, likeness.shape[1])
    best = np.partition(likeness, -count, axis=1)[:, -count:]
    distance: Floats = 1 - best.mean(axis=1, dtype=np.float64)
    return np.maximum(distance, 0)
