"""What a head said of images whose animals had no part in its training, and what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.model.promise import ERROR_RATES, find_promise
from amgs.model.training.splits import PartsOfData
from amgs.tables import write_table
from amgs.vocabulary import PAIN, LabelledImage

KEEPS_ANIMALS_WHOLE = frozenset({"animal", "laboratory"})
"""What is kept whole where no animal lies on both sides."""

SURELY_OTHER = 0.9
"""From this probability of the other class on, the label of an image is worth a second look."""

DOUBTFUL = "doubtful_labels.csv"
"""The file that lists doubtful labels of the last training."""

DOUBTFUL_COLUMNS = ("image", "animal", "label", "mgs", "p_pain")
"""Columns of the list of doubtful labels."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """The calibrated probabilities of pain of images that were left out, each by whole animals.

    Parameters
    ----------
    rows
        Which images, as places among those of the training.
    p_pain
        What was said of each.
    """

    rows: npt.NDArray[np.intp]
    p_pain: npt.NDArray[np.floating]


def describe_promises(
    images: Sequence[LabelledImage], parts: PartsOfData, held_out: HeldOut | None
) -> list[dict[str, Any]]:
    """Return from which confidence on calls on new animals are wrong as seldom as is asked for.

    Empty where no animals were left out: the recipe of the paper leaves none out, and where images
    were divided one by one nothing is known of new animals.
    """
    if held_out is None or parts.unit_name not in KEEPS_ANIMALS_WHOLE:
        return []
    rows = held_out.rows.tolist()
    is_pain = np.array([images[row].label == PAIN for row in rows])
    animals = [images[row].animal or "" for row in rows]
    return [find_promise(held_out.p_pain, is_pain, animals, r).as_dict() for r in ERROR_RATES]


def list_doubtful_labels(
    images: Sequence[LabelledImage], held_out: HeldOut | None
) -> list[dict[str, Any]]:
    """Return the images of whose label a head that never saw their animal says surely the other.

    Such a label may be a slip of the hand, an image nobody can judge, or right: then the model
    errs. Most sure first; columns of `DOUBTFUL_COLUMNS`.
    """
    found = []
    for row, p_pain in zip(
        *((held_out.rows.tolist(), held_out.p_pain.tolist()) if held_out else ([], [])), strict=True
    ):
        image = images[row]
        p_other = 1 - p_pain if image.label == PAIN else p_pain
        if p_other >= SURELY_OTHER:
            known = (image.name, image.animal, image.label, image.mgs, round(p_pain, 4))
            found.append((-p_other, dict(zip(DOUBTFUL_COLUMNS, known, strict=True))))
    found.sort(key=lambda pair: (pair[0], pair[1]["image"]))
    return [row for _, row in found]


def write_doubtful_labels(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path | None:
    """Write the list of doubtful labels; one of an earlier training goes where there are none.

    Returns
    -------
    Path or None
        The file; ``None`` where nothing is doubtful.
    """
    if not rows:
        path.unlink(missing_ok=True)
        return None
    write_table(path, DOUBTFUL_COLUMNS, [[row[c] for c in DOUBTFUL_COLUMNS] for row in rows])
    return path
