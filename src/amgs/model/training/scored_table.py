"""People's scores beside the labels of a training table: of action units, or the MGS alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from amgs.errors import TableError, count_of, list_faults
from amgs.model.graded import MGS_ALONE
from amgs.model.training.graded_images import ScoredImages
from amgs.model.unit_scores import UnitScores
from amgs.scale import HIGHEST, all_unit_names
from amgs.tables import MAX_MGS, parse_mgs, parse_number, portable_path, read_table


def load_scored_images(place: Path, *, highest_mgs: float = MAX_MGS) -> ScoredImages | None:
    """Read what people scored from a CSV of labelled images.

    Columns with the names of action units hold the mean of the raters from 0 to 2, and are empty
    where it could not be scored. Without them the column ``mgs``, the sum of the units, is read.
    Rows without a label count here too: their MGS lies between the classes.

    Parameters
    ----------
    place
        The CSV of `load_training_set`; a folder holds no scores.
    highest_mgs
        The highest possible sum of the scale.

    Returns
    -------
    ScoredImages or None
        ``None`` where there are no scores, or no animals to divide them by.

    Raises
    ------
    TableError
        If a score is out of range; all of them are listed.
    """
    if not place.is_file():
        return None
    table = read_table(place, required=("image",))
    names = tuple(name for name in all_unit_names() if name in table)
    if "animal" not in table or not (names or "mgs" in table):
        return None
    rows = [
        (int(line), row)
        for line, row in zip(table.index, table.to_dict("records"), strict=True)
        if row["animal"] and row["image"]
    ]
    faults: list[str] = []
    if names:
        means = [[_score(row[name], name, line, faults) for name in names] for line, row in rows]
    else:
        units = highest_mgs / HIGHEST
        found = [parse_mgs(row["mgs"], line, faults, highest_mgs) for line, row in rows]
        means = [[np.nan if mgs is None else mgs / units] for mgs in found]
    if faults:
        msg = (
            f"Expected scores of action units from 0 to 2 in {place}, found "
            f"{count_of(len(faults), 'fault')}:\n{list_faults(faults)}\nCorrect these cells, or "
            "leave the scores out with --predict pain; nothing was trained."
        )
        raise TableError(msg)
    values = np.array(means, dtype=float).reshape(len(rows), -1)
    if not np.isfinite(values).any():
        return None
    paths, images, animals = _images(place, [row for _, row in rows])
    laboratories, parts = (
        [str(row[name]) for _, row in rows] if name in table else None
        for name in ("laboratory", "part")
    )
    in_mgs = len(names) or round(highest_mgs / HIGHEST)
    scores = UnitScores.of_means(names or (MGS_ALONE,), values, in_mgs)
    return ScoredImages(paths, images, animals, scores, laboratories=laboratories, parts=parts)


def _images(place: Path, rows: list[dict[Any, Any]]) -> tuple[list[Path], list[str], list[str]]:
    names = [portable_path(row["image"]) for row in rows]
    return [place.parent / name for name in names], names, [str(row["animal"]) for row in rows]


def _score(text: str, name: str, line: int, faults: list[str]) -> float:
    """Read the mean of a unit's scores; an empty cell is missing."""
    if not text:
        return float("nan")
    value = parse_number(text)
    if value is None or not 0 <= value <= HIGHEST:
        faults.append(f"line {line}: {name} is {text!r}, not a number from 0 to {HIGHEST}")
        return float("nan")
    return value
