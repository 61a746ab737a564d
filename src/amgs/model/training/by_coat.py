"""How a model does on animals of each coat, each judged by a layer trained without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import count_of
from amgs.model.metrics import area_under_curve, count_confusion
from amgs.model.over_units import bootstrap_interval
from amgs.model.training.held_out import KEEPS_ANIMALS_WHOLE, HeldOut
from amgs.model.training.splits import PartsOfData
from amgs.vocabulary import EVEN_ODDS, PAIN, LabelledImage

UNKNOWN_COAT = "not known"


def describe_by_coat(
    images: Sequence[LabelledImage],
    parts: PartsOfData,
    held_out: HeldOut | None,
    p_pain: npt.NDArray[np.floating],
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Return how well animals of each coat are called, each with its animals left out.

    Parameters
    ----------
    images
        All labelled images.
    parts
        Their division.
    held_out
        What was said of animals that were left out in turn; ``None`` leaves the test part alone.
    p_pain
        (images,): what the finished model says, of which only the test part is used.
    seed
        Of the bootstrap over animals.

    Returns
    -------
    dict
        Coat → ``animals``, ``images``, ``pain``, ``auc`` with its interval, ``balanced_accuracy``;
        empty where animals were not kept whole, or fewer than two coats are known.
    """
    coats = np.array([image.coat or UNKNOWN_COAT for image in images])
    known = set(coats.tolist()) - {UNKNOWN_COAT}
    if parts.unit_name not in KEEPS_ANIMALS_WHOLE or len(known) < 2:  # noqa: PLR2004
        return {}
    said = np.full(len(images), np.nan)
    test = parts.rows("test")
    said[test] = p_pain[test]
    if held_out is not None:
        said[held_out.rows] = held_out.p_pain
    is_pain = np.array([image.label == PAIN for image in images])
    animals = np.array([image.animal or "" for image in images])
    found = {}
    for coat in sorted(set(coats.tolist())):
        rows = (coats == coat) & np.isfinite(said)
        if not rows.any():
            continue
        truth, p = is_pain[rows], said[rows]
        counts = count_confusion(truth, p >= EVEN_ODDS)
        found[coat] = {
            "animals": len(np.unique(animals[rows])),
            "images": int(rows.sum()),
            "pain": int(truth.sum()),
            "auc": area_under_curve(truth, p),
            "auc_interval": bootstrap_interval(truth, p, animals[rows], "auc", seed),
            "balanced_accuracy": counts.balanced_accuracy,
        }
    return found


def say_by_coat(by_coat: dict[str, dict[str, Any]]) -> str:
    """Say in a sentence how well each coat is told; empty where nothing is known of coats."""
    told = [
        f"{coat} {'not known' if of['auc'] is None else format(of['auc'], '.2f')} "
        f"({count_of(of['animals'], 'animal')})"
        for coat, of in by_coat.items()
    ]
    return f"by coat, each animal left out: {', '.join(told)}" if told else ""
