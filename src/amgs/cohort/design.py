"""The table of animals that a comparison starts from, with all its faults told at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import DesignError, TableError, list_faults
from amgs.tables import (
    list_animals_in_two_groups,
    list_names_alike,
    parse_number,
    parse_yes_no,
    read_table,
)
from amgs.timepoints import order_timepoints
from amgs.vocabulary import BASELINE, EARLIER_COLUMNS, VALUE_RANGES

if TYPE_CHECKING:
    import pandas as pd

IMAGE_COLUMNS = {"image", "predicted", "confidence"}


ABOUT_ANIMALS = ("cage", "sex", "strain", "coat", "laboratory", "cohort")
"""Columns that say something of an animal, besides its group; taken along where they are."""


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

    ``groups`` are in the order in which they appear, ``timepoints`` in the order of time as far as
    their names say it (`amgs.timepoints.order_timepoints`), the baseline first; that is the order
    of every result.
    ``facts`` has what else is known of animals: column → animal → text. ``notes`` is what a reader
    of results must know of the table.
    """

    value: str
    cells: tuple[Cell, ...]
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    baseline: str | None = BASELINE

    @property
    def groups(self) -> list[str]:
        """Names of the groups."""
        return list(dict.fromkeys(cell.group for cell in self.cells))

    @property
    def timepoints(self) -> list[str]:
        """Names of the timepoints."""
        return order_timepoints((cell.timepoint for cell in self.cells), self.baseline)

    @property
    def clusters(self) -> dict[str, str]:
        """Animal → cage, of the animals whose cage is known; not of those that changed it."""
        return {a: c for a, c in self.facts.get("cage", {}).items() if c}

    def without_groups(self, names: Collection[str]) -> Cohort:
        """Return the cohort without some of its groups."""
        return replace(self, cells=tuple(c for c in self.cells if c.group not in names))


def read_cohort(path: Path, value: str) -> Cohort:
    """Read one row per animal and timepoint.

    Parameters
    ----------
    path
        A CSV with ``animal,group,timepoint`` and the value; ``included`` and ``reason`` as
        `amgs summarise` writes them are respected, and `ABOUT_ANIMALS` are taken along.
    value
        The column to compare, such as ``pct_pain``.

    Raises
    ------
    TableError
        If a column is missing, or cells cannot be understood or cannot be: ``pct_pain`` outside
        0 to 100, ``mean_signed_score`` outside -1 to 1, ``included`` other than yes or no.
    DesignError
        If it is a table of images, an animal is in two groups, a row stands twice, or two names
        differ in capitals or blanks only.
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
    rows = table.astype(str).to_dict("records")
    cells = [_cell(line, row, value, faults) for line, row in zip(table.index, rows, strict=True)]
    facts = _read_facts(rows, faults)
    if faults:
        msg = f"Expected one animal at one timepoint in every line of {path}, found:\n"
        raise TableError(f"{msg}{list_faults(faults)}\nCorrect these lines.")
    check_design(cells, str(path))
    return Cohort(value, tuple(cells), facts, tuple(_odd_values(cells, value, rows)))


def _read_facts(rows: Sequence[Mapping[Any, str]], faults: list[str]) -> dict[str, dict[str, str]]:
    """Return what the columns besides the group say of every animal; each must say one thing.

    An animal that changed its cage has none: it does not tell animals apart that belong together.
    """
    found: dict[str, dict[str, str]] = {}
    for column in (c for c in ABOUT_ANIMALS if rows and c in rows[0]):
        said: dict[str, list[str]] = {}
        for row in rows:
            if row[column]:
                said.setdefault(row["animal"], []).append(row[column])
        several = {a: list(dict.fromkeys(texts)) for a, texts in said.items()}
        if column != "cage":
            faults += [
                f"animal {a}: {column} is {' and '.join(texts)}"
                for a, texts in several.items()
                if len(texts) > 1
            ]
        found[column] = {a: t[0] if len(t) == 1 else "" for a, t in several.items()}
    return found


def _odd_values(
    cells: Sequence[Cell], value: str, rows: Sequence[Mapping[Any, str]]
) -> Iterator[str]:
    """Say where numbers look like shares of 1 among percentages, or an animal like two cohorts."""
    if value == "pct_pain":
        by_group: dict[str, list[float]] = {}
        for cell in cells:
            if cell.value is not None:
                by_group.setdefault(cell.group, []).append(cell.value)
        others = max((max(v) for v in by_group.values()), default=0.0)
        for group, values in by_group.items():
            # k of n images is between 0 and 1 % of them only from more than a hundred images on.
            if max(values) <= 1 < others and any(0 < v < 1 for v in values):
                yield (
                    f"All values of {group} lie between 0 and 1, others reach {others:g}: are they "
                    "shares of 1 beside percentages? Multiply them by 100."
                )
    twice = [row["animal"] for row in rows if (row.get("recordings") or "1") not in {"1", "0"}]
    if twice:
        yield (
            f"Several recordings were taken together at one timepoint of {len(set(twice))} animals "
            f"({', '.join(dict.fromkeys(twice[:5]))}): right if an animal was filmed more than "
            "once, wrong if two animals have one name."
        )


def resolve_value(columns: Iterable[str], value: str) -> str:
    """Return the column that a name means: itself, its name of today, or the mean of an output.

    ``orbital_tightening`` means ``mean_orbital_tightening`` where a summary has that, and
    ``mean_mgs`` of 0.1.0 means ``mean_mgs_sum``. Capitals do not matter where one is meant.
    """
    there = set(columns)
    if value in there:
        return value
    for meant in (EARLIER_COLUMNS.get(value, value), f"mean_{value}"):
        if meant in there:
            return meant
    alike = [name for name in there if name.casefold() == value.casefold()]
    return alike[0] if len(alike) == 1 else value


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
    for what in ("animal", "group", "timepoint"):
        faults += list_names_alike(what, (getattr(cell, what) for cell in cells))
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
    included = parse_yes_no(row.get("included") or "yes")
    if included is None:
        faults.append(f"line {line}: included is {row['included']!r}, not yes or no")
    elif not included:
        excluded = row.get("reason") or "marked as not included"
    number = None
    if row[value]:
        number = parse_number(row[value])
        low, high = VALUE_RANGES.get(value, (-inf, inf))
        if number is None:
            faults.append(f"line {line}: {value} is {row[value]!r}, not a number")
        elif not low <= number <= high:
            faults.append(f"line {line}: {value} is {row[value]}, expected {low:g} to {high:g}")
    return Cell(row["animal"], row["group"], row["timepoint"], number, excluded)
