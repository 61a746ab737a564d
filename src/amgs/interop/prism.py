"""A summary as a column table for GraphPad Prism and the like: one column per group."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import TableError, count_of, list_faults
from amgs.interop.base import Exporter
from amgs.tables import parse_number, parse_yes_no, write_table

if TYPE_CHECKING:
    import pandas as pd


def included_animals(
    table: pd.DataFrame, value: str
) -> tuple[str, pd.DataFrame, dict[str, list[str]]]:
    """Return the column that is written, the rows that count, and the animals of every group.

    Rows count that are included and have a value; the column is % pain if none is named. An animal
    keeps its place among those of its group at every timepoint.

    Raises
    ------
    TableError
        If there is no such column, it holds something that is no number, an animal stands twice at
        a timepoint, ``included`` is neither yes nor no, or no animal has a value.
    """
    value = value or "pct_pain"
    if value not in table:
        msg = f"Expected the column {value} in the summary, found {', '.join(table.columns)}."
        raise TableError(msg)
    kept = table
    if "included" in table:
        said = [parse_yes_no(str(cell)) for cell in table["included"]]
        if None in said:
            wrong = table["included"].iloc[said.index(None)]
            raise TableError(f"Expected yes or no in the column included, found {str(wrong)!r}.")
        kept = table[said]
    faults = [
        f"{cell!r} is no number"
        for cell in map(str, kept[value].dropna())
        if cell.strip() and parse_number(cell) is None
    ]
    again = kept[kept.duplicated(["animal", "timepoint"])]
    faults += [
        f"{a} at {t} again" for a, t in zip(again["animal"], again["timepoint"], strict=True)
    ]
    if faults:
        msg = (
            f"Expected one number in {value} for every animal at every timepoint, found:\n"
            f"{list_faults(faults)}"
        )
        raise TableError(msg)
    filled = kept[kept[value].fillna("").astype(str).str.strip() != ""]
    if filled.empty:
        msg = f"Expected animals that are included and have {value}, found none."
        raise TableError(msg)
    members = {
        str(group): list(dict.fromkeys(part["animal"].astype(str)))
        for group, part in filled.groupby("group", sort=False)
    }
    return value, filled, members


def say_left_out(rows: int) -> tuple[str, ...]:
    """Say how many rows are not written, if there are any."""
    return (f"{count_of(rows, 'row')} without a value or not included left out",) if rows else ()


class PrismColumns(Exporter):
    """One column per group and timepoint, one cell per animal, as column tables are pasted."""

    name = "prism"
    title = "a column table for GraphPad Prism: one column per group and timepoint (CSV)"
    kind = "summary"
    suffix = ".csv"

    def write(self, table: pd.DataFrame, out: Path, value: str = "pct_pain") -> tuple[str, ...]:
        """See `Exporter.write`; animals that are not included have no cell.

        An animal has the same row in all columns of its group, empty where it has no value.

        Raises
        ------
        TableError
            If there is no such column, or no animal has a value.
        """
        value, kept, animals = included_animals(table, value)
        several = kept["timepoint"].nunique() > 1
        columns: dict[str, list[object]] = {}
        for (group, timepoint), part in kept.groupby(["group", "timepoint"], sort=False):
            title = f"{group}, {timepoint}" if several else str(group)
            cells = dict(zip(part["animal"].astype(str), part[value], strict=True))
            columns[title] = [cells.get(animal, "") for animal in animals[str(group)]]
        write_table(out, list(columns), zip_longest(*columns.values(), fillvalue=""))
        return say_left_out(len(table) - len(kept))
