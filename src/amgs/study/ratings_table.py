"""Answers of the store as the tables that the steps take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from amgs.scale import Scale
from amgs.store import RatingRow
from amgs.store.records import WHOLE_IMAGE

if TYPE_CHECKING:
    import pandas as pd

LONG_COLUMNS = (
    "image",
    "recording",
    "rater",
    "unit",
    "value",
    "repeat",
    "position",
    "answered_at",
    "reason",
    "seconds",
    "flagged",
    "note",
)


def long_table(rows: Iterable[RatingRow], scale: Scale) -> pd.DataFrame:
    """Return one row per image, rater and unit; ``value`` is NaN for "not scorable".

    An image that is not scorable as a whole is not scorable in every unit.
    """
    import pandas as pd

    table = []
    names = scale.unit_names
    known = set(names)
    for row in rows:
        units = names if row.unit == WHOLE_IMAGE else (row.unit,)
        value = np.nan if row.score is None else float(row.score)
        table += [
            (
                row.image,
                row.recording,
                row.rater,
                unit,
                value,
                row.repeat,
                row.position,
                row.answered_at,
                row.reason,
                row.seconds,
                row.flagged,
                row.note,
            )
            for unit in units
            if unit in known
        ]
    order = {unit: place for place, unit in enumerate(names)}
    table.sort(key=lambda row: order[row[3]])  # units in the scale's order in every result
    return pd.DataFrame(table, columns=list(LONG_COLUMNS)).astype({"repeat": bool})


def finished_answers(
    rows: Iterable[RatingRow], units: Sequence[str], *, repeat: bool = False
) -> dict[str, dict[str, dict[str, int | None]]]:
    """Return image → rater → unit → score, at the first showing of each image, or the second.

    Only images that a rater has finished: a unit without any answer is not the same as one that is
    not scorable. An image that is not scorable as a whole is so in every unit.
    """
    shown: dict[tuple[str, str], dict[str, int | None]] = {}
    for row in rows:
        if row.repeat == repeat:
            shown.setdefault((row.image, row.rater), {})[row.unit] = row.score
    finished: dict[str, dict[str, dict[str, int | None]]] = {}
    for (image, rater), answers in shown.items():
        if WHOLE_IMAGE in answers:
            finished.setdefault(image, {})[rater] = dict.fromkeys(units)
        elif set(units) <= set(answers):
            finished.setdefault(image, {})[rater] = answers
    return finished
