"""The table of animals that a comparison starts from, with all its faults told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import DesignError, TableError, list_faults
from amgs.tables import list_animals_in_two_groups, read_table
from amgs.vocabulary import EARLIER_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

IMAGE_COLUMNS = {"image", "predicted", "confidence"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One animal at one timepoint; ``value`` is ``None`` where it is missing."""

    animal: str
    group: str
    timepoint: str
    value: float | None
    excluded_because: str = ""


@dataclass(frozen=True, slots=True)
class Cohort:
    """All cells of an experiment, in the order of the file.

    ``groups`` and ``timepoints`` are in the order in which they appear; that is also the order of
    every result.
    """

    value: str
    cells: tuple[Cell, ...]

    @property
    def groups(self) -> list[str]:
        """Names of the groups."""
        return list(dict.fromkeys(cell.group for cell in self.cells))

    @property
    def timepoints(self) -> list[str]:
        """Names of the timepoints."""
        return list(dict.fromkeys(cell.timepoint for cell in self.cells))


def read_cohort(path: Path, value: str) -> Cohort:
    """Read one row per animal and timepoint.

    Parameters
    ----------
    path
        A CSV with ``animal,group,timepoint`` and the value; ``included`` and ``reason`` as
        `amgs summarise` writes them are respected.
    value
        The column to compare, such as ``pct_pain``.

    Raises
    ------
    TableError
        If a column is missing, or cells cannot be understood.
    DesignError
        If it is a table of images, an animal is in two groups, or a row stands twice.
    """
    table = read_table(path, required=("animal", "group", "timepoint"))
    _refuse_images(path, table)
    value = resolve_value(table.columns, value)
    if value not in table.columns:
        numbers = [c for c in table.columns if c not in {"animal", "group", "timepoint"}]
        msg = (
            f"Expected a column {value!r} in {path}, found {', '.join(numbers) or 'none besides'}. "
            "Name another one with --value."
        )
        raise TableError(msg)
    faults: list[str] = []
    cells = [
        _cell(line, row, value, faults)
        for line, row in zip(table.index, table.astype(str).to_dict("records"), strict=True)
    ]
    if faults:
        msg = f"Expected one animal at one timepoint in every line of {path}, found:\n"
        raise TableError(f"{msg}{list_faults(faults)}\nCorrect these lines.")
    check_design(cells, str(path))
    return Cohort(value, tuple(cells))


def resolve_value(columns: Iterable[str], value: str) -> str:
    """Return the column that a name means: itself, its name of today, or the mean of an output.

    ``orbital_tightening`` means ``mean_orbital_tightening`` where a summary has that, and
    ``mean_mgs`` of 0.1.0 means ``mean_mgs_sum``.
    """
    there = set(columns)
    if value in there:
        return value
    for meant in (EARLIER_COLUMNS.get(value, value), f"mean_{value}"):
        if meant in there:
            return meant
    return value


def check_design(cells: Sequence[Cell], where: str) -> None:
    """Stop at an animal in two groups or a cell that stands twice.

    Raises
    ------
    DesignError
        With every fault.
    """
    faults = []
    seen: set[tuple[str, str]] = set()
    for cell in cells:
        key = (cell.animal, cell.timepoint)
        if key in seen:
            faults.append(f"animal {cell.animal} has two rows at {cell.timepoint}")
        seen.add(key)
    faults += list_animals_in_two_groups((cell.animal, cell.group) for cell in cells)
    if faults:
        msg = (
            f"Expected every animal of {where} in one group, once per timepoint, found:\n"
            f"{list_faults(faults)}\nCorrect the table; every animal needs its own name."
        )
        raise DesignError(msg)


def _refuse_images(path: Path, table: pd.DataFrame) -> None:
    if IMAGE_COLUMNS & set(table.columns):
        msg = (
            f"Expected one row per animal and timepoint in {path}, found a table of images. Images "
            "of one animal resemble each other: tested as if independent, an effect that is not "
            "there is found far more often than in 5 of 100 experiments (docs/methods.md). Make "
            f"the animals' table first: amgs summarise {path} --out summary.csv"
        )
        raise DesignError(msg)


def _cell(line: int, row: Mapping[Any, str], value: str, faults: list[str]) -> Cell:
    faults += [
        f"line {line}: no {name}" for name in ("animal", "group", "timepoint") if not row[name]
    ]
    excluded = ""
    if row.get("included", "yes").lower() in {"no", "false", "0"}:
        excluded = row.get("reason") or "marked as not included"
    number = None
    if row[value]:
        try:
            number = float(row[value])
        except ValueError:
            number = float("nan")
        if not isfinite(number):
            faults.append(f"line {line}: {value} is {row[value]!r}, not a number")
            number = None
    return Cell(row["animal"], row["group"], row["timepoint"], number, excluded)
