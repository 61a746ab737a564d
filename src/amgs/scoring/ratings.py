"""Answers of human raters: 0, 1, 2, or not scorable; never a guess in place of a missing one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from amgs.errors import TableError, count_of, list_faults
from amgs.scale import HIGHEST, LOWEST
from amgs.tables import list_names_alike, parse_number, parse_yes_no, read_table

if TYPE_CHECKING:
    import pandas as pd

NOT_SCORABLE = {"", "na", "n/a", "nan", "not scorable", "ns"}
"""What a cell may hold, in any case, when the rater could not score the unit."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ratings:
    """Answers as one matrix per action unit.

    Parameters
    ----------
    images, raters
        What rows and columns of the matrices stand for.
    units
        Action unit → images × raters; NaN where there is no score.
    asked
        Action unit → images × raters; whether the rater was asked (and said "not scorable" where
        the score is NaN).
    """

    images: tuple[str, ...]
    raters: tuple[str, ...]
    units: dict[str, Floats]
    asked: dict[str, npt.NDArray[np.bool_]]

    def mean_score(self) -> Floats:
        """Return each rater's mean over the units scorable in an image; NaN without any."""
        stacked = np.stack(list(self.units.values()))
        counted = np.isfinite(stacked).sum(axis=0)
        total = np.nansum(stacked, axis=0)
        return np.where(counted > 0, total / np.maximum(counted, 1), np.nan)


def read_ratings(path: Path) -> Ratings:
    """Read a long table of ratings; the first answers of `read_ratings_table`."""
    return first_answers(read_ratings_table(path))


def read_ratings_table(path: Path) -> pd.DataFrame:
    """Read a long table of ratings, with what it says of timepoints, time and repeats.

    Parameters
    ----------
    path
        A CSV with ``image,rater,unit,score``; ``score`` is 0, 1, 2, or empty for "not scorable".
        Where known, ``timepoint``, ``position`` (which of the rater's images it was, from 0) and
        ``repeat`` (``yes`` for a second showing of the same image to the same rater).

    Returns
    -------
    pandas.DataFrame
        The text columns, ``value`` (NaN: not scorable), ``repeat`` as bool, ``position`` as number.

    Raises
    ------
    TableError
        If a score is something else, or a rater answers twice for the same unit of an image.
    """
    table = read_table(path, required=("image", "rater", "unit", "score"))
    faults: list[str] = []
    for name in ("image", "rater", "unit"):
        faults += [f"line {line}: no {name}" for line in table.index[table[name] == ""]]
    table["repeat"] = _repeats(table, faults)
    twice = table[table.duplicated(["image", "rater", "unit", "repeat"])]
    faults += [
        f"line {line}: {row.rater} scores {row.unit} of {row.image} a second time"
        for line, row in zip(twice.index, twice.itertuples(index=False), strict=True)
    ]
    table["value"] = _values(table, faults)
    faults += list_names_alike("rater", table["rater"])
    if "position" in table:
        table["position"] = _positions(table, faults)
    if faults:
        msg = (
            f"Expected a score of 0, 1 or 2, or an empty cell for 'not scorable', once per rater, "
            f"unit and image in {path}, found "
            f"{count_of(len(faults), 'fault')}:\n{list_faults(faults)}\n"
            "Correct these lines."
        )
        raise TableError(msg)
    return table


def number_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Return an imported table of ratings as `read_ratings_table` returns one of amgs.

    Parameters
    ----------
    table
        ``image, rater, unit, score``, with scores as numbers, missing where not scorable;
        ``repeat`` as bool where it is known.
    """
    repeat = table["repeat"].astype(bool) if "repeat" in table else False
    return table.assign(value=table["score"].to_numpy(float, na_value=np.nan), repeat=repeat)


def animals_of(table: pd.DataFrame) -> dict[str, str] | None:
    """Return the animal of every image, where the table has a filled column ``animal``."""
    if "animal" not in table or (table["animal"].astype(str) == "").any():
        return None
    return dict(zip(table["image"].astype(str), table["animal"].astype(str), strict=True))


def first_answers(table: pd.DataFrame) -> Ratings:
    """Return the answers at the first showing of every image as matrices."""
    return ratings_from_table(table[~table["repeat"]])


def _repeats(table: pd.DataFrame, faults: list[str]) -> list[bool]:
    if "repeat" not in table:
        return [False] * len(table)
    found = []
    for line, cell in table["repeat"].items():
        said = parse_yes_no(cell or "no")
        if said is None:
            faults.append(f"line {line}: repeat is {cell!r}, not yes or no")
        found.append(bool(said))
    return found


def _positions(table: pd.DataFrame, faults: list[str]) -> list[float]:
    found = []
    for line, cell in table["position"].items():
        if not cell.isdecimal():
            faults.append(f"line {line}: position is {cell!r}, not a whole number")
        found.append(float(cell) if cell.isdecimal() else np.nan)
    return found


def ratings_from_table(table: pd.DataFrame) -> Ratings:
    """Arrange a table with ``image, rater, unit, value`` (NaN: not scorable) as matrices."""
    images, image_at = _places(table["image"])
    raters, rater_at = _places(table["rater"])
    units, asked = {}, {}
    for unit in table["unit"].unique():
        chosen = (table["unit"] == unit).to_numpy()
        matrix = np.full((len(images), len(raters)), np.nan)
        mask = np.zeros(matrix.shape, bool)
        matrix[image_at[chosen], rater_at[chosen]] = table["value"].to_numpy(float)[chosen]
        mask[image_at[chosen], rater_at[chosen]] = True
        units[str(unit)], asked[str(unit)] = matrix, mask
    return Ratings(images, raters, units, asked)


def _places(column: pd.Series[str]) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    codes, names = column.factorize()
    return tuple(map(str, names)), np.asarray(codes)


def _values(table: pd.DataFrame, faults: list[str]) -> list[float]:
    values = []
    for line, cell in table["score"].items():
        if cell.lower() in NOT_SCORABLE:
            values.append(np.nan)
            continue
        number = parse_number(cell)
        value = -1.0 if number is None else number
        if value not in range(LOWEST, HIGHEST + 1):
            faults.append(f"line {line}: score is {cell!r}")
        values.append(value)
    return values
