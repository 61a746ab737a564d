"""What a reader of a model's numbers has to know: leaks, few animals, odd labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from amgs.errors import count_of
from amgs.model.training.splits import PartsOfData
from amgs.vocabulary import DEFAULT_THRESHOLD, PAIN, LabelledImage, plural_of

MAX_LISTED_PAIRS = 50
FEW_UNITS = 3
"""With fewer animals than this, the test part says little about others."""


def pairs_across_parts(
    alike: Sequence[tuple[int, int]], parts: PartsOfData
) -> list[tuple[int, int]]:
    """Return the pairs of near-duplicates that lie in different parts."""
    return [(i, j) for i, j in alike if parts.part[i] != parts.part[j]]


def describe_pairs(
    pairs: Sequence[tuple[int, int]], images: Sequence[LabelledImage], parts: PartsOfData
) -> dict[str, Any]:
    """Count the pairs and name the first of them."""
    listed = [
        [f"{parts.part[i]}: {images[i].name}", f"{parts.part[j]}: {images[j].name}"]
        for i, j in pairs[:MAX_LISTED_PAIRS]
    ]
    return {"count": len(pairs), "first": listed}


def warn_of_few_units(parts: PartsOfData) -> list[str]:
    """Say when the test part hangs on so few animals that its numbers mean little."""
    n_units = len(np.unique(parts.units[parts.rows("test")]))
    if n_units >= FEW_UNITS:
        return []
    unit = plural_of(parts.unit_name)
    return [
        (
            f"The test part holds images of {n_units} {unit} only: its numbers say little about "
            "others. Label images of more, or look at several seeds."
        )
    ]


GUESSING_TO = 0.6
"""A model whose AUC on its own training images is no better has learned nothing."""


def warn_of_nothing_learned(metrics: Mapping[str, Any]) -> list[str]:
    """Say when a model cannot even tell the images apart that it was trained on."""
    auc = metrics["train"]["auc"]
    if auc is None or auc > GUESSING_TO:
        return []
    text = (
        "The model has learned nothing: even on the images it was trained with, its AUC is "
        f"{auc:.2f} (0.5 is a guess). Look at the labels and at how many there are."
    )
    return [text]


def warn_of_never_sure(metrics: Mapping[str, Any]) -> list[str]:
    """Say when no test image is confident enough to count: % pain would be empty."""
    sure = metrics["test"][f"confidence_at_least_{DEFAULT_THRESHOLD}"]
    if sure["n"]:
        return []
    text = (
        f"No test image reaches the confidence of {DEFAULT_THRESHOLD} from which images count: "
        "% pain of animals may stay empty. Label more images, of more animals."
    )
    return [text]


def warn_of_odd_scores(images: Sequence[LabelledImage]) -> list[str]:
    """Say when labels and MGS disagree with the authors' rule; a shifted column looks like that."""
    odd = [
        image.name
        for image in images
        if image.mgs is not None and (image.mgs <= 1 if image.label == PAIN else image.mgs >= 3)  # noqa: PLR2004
    ]
    if not odd:
        return []
    return [
        (
            f"{count_of(len(odd), 'image')} have a label that their MGS does not suggest (pain "
            f"from 3, no pain "
            f"up to 1), such as {odd[0]}. Is a column shifted?"
        )
    ]


def warn_of_images(
    images: Sequence[LabelledImage],
    leaks: Sequence[tuple[int, int]],
    alike: Sequence[tuple[int, int]],
    unreadable: Sequence[dict[str, str]],
) -> list[str]:
    """Say what is odd about the images: unreadable, or nearly the same across parts or classes."""
    warnings = []
    if unreadable:
        warnings.append(f"Left out: {count_of(len(unreadable), 'file')} that could not be read.")
    if leaks:
        i, j = leaks[0]
        warnings.append(
            f"{len(leaks)} pairs of near-duplicate images lie in different parts, such as "
            f"{images[i].name} and {images[j].name}: the test numbers may be too good."
        )
    torn = sum(images[i].label != images[j].label for i, j in alike)
    if torn:
        warnings.append(f"{torn} pairs of near-duplicate images carry different labels.")
    return warnings
