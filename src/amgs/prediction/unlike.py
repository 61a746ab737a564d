"""Animals and recordings whose images are unlike those that a model was trained with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from amgs.errors import count_of
from amgs.model.likeness import DISTANCE, LEAST_IMAGES, NEAREST_IMAGE

MEAN = f"mean_{DISTANCE}"
SHARE_OF_FEW = 0.3
"""Of fewer than ten images, more than this share must be unlike before it is said."""

_SHOWN, _NEAREST_SHOWN = 6, 3
_WHAT_IT_MEANS = (
    "Another camera, light, coat or cut? What it says of them, however surely, rests on nothing "
    "that it has seen."
)


def list_unlike(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows of a summary whose images are unlike the training images.

    Those whose mean distance passes 1, over ten images or more.

    Parameters
    ----------
    rows
        From `amgs.prediction.summarise.summarise_animals`.
    """
    return [
        row
        for row in rows
        if (row.get(MEAN) or 0.0) > 1 and (row.get("images") or 0) >= LEAST_IMAGES
    ]


def warn_of_unlike(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which animals a model should not be trusted on, and what to do."""
    unlike = list_unlike(rows)
    if not unlike:
        return []
    nearest = Counter(str(row[NEAREST_IMAGE]) for row in unlike if row.get(NEAREST_IMAGE))
    known = "; ".join(f"{words} ({n})" for words, n in nearest.most_common(_NEAREST_SHOWN))
    named = [f"{row['animal']} at {row['timepoint']} ({row[MEAN]:.1f})" for row in unlike]
    more = f" and {len(named) - _SHOWN} others" if len(named) > _SHOWN else ""
    text = (
        f"Images of {len(unlike)} of {len(rows)} animals and timepoints are unlike those that the "
        "model was trained with (mean distance above 1): "
        f"{', '.join(named[:_SHOWN])}{more}. {_WHAT_IT_MEANS}"
        f"{f' Nearest to most of their images are training images of: {known}.' if known else ''}"
        " Have about a hundred of these faces "
        "scored, then: amgs models check, amgs adapt."
    )
    return [text]


def warn_of_unlike_images(images: int, mean: float | None, unlike: int) -> list[str]:
    """Say so when images, taken together, are unlike the training images.

    Parameters
    ----------
    images
        How many.
    mean
        Their mean distance.
    unlike
        How many of them are farther than 99 in 100 of images like those of the training.
    """
    if mean is None or (mean <= 1 if images >= LEAST_IMAGES else unlike <= images * SHARE_OF_FEW):
        return []
    text = (
        f"{unlike} of {count_of(images, 'image')} are unlike those that the model was trained with "
        f"(mean distance {mean:.1f}; 1 is passed by one recording in a hundred of animals like "
        f"them). {_WHAT_IT_MEANS} Compare with people's scores first."
    )
    return [text]
