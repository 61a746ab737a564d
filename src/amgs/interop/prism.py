"""A summary as a column table for GraphPad Prism and the like: one column per group."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import TableError
from amgs.interop.base import Exporter
from amgs.tables import write_table

if TYPE_CHECKING:
    import pandas as pd


def included_animals(table: pd.DataFrame, value: str) -> tuple[str, pd.DataFrame]:
    """Return the column that is written, % pain if none is named, and the rows that count.

    Raises
    ------
    TableError
        If there is no such column.
    """
    value = value or "pct_pain"
    if value not in table:
        msg = f"Expected the column {value} in the summary, found {', '.join(table.columns)}."
        raise TableError(msg)
    return value, table[table["included"] == "yes"] if "included" in table else table


def no_animals(value: str) -> TableError:
    """Return what is said where no animal has a value."""
    return TableError(f"Expected animals with {value}, found none that are included.")


class PrismColumns(Exporter):
    """One column per group and timepoint, one cell per animal, as column tables are pasted."""

    name = "prism"
    title = "a column table for GraphPad Prism: one column per group and timepoint (CSV)"
    kind = "summary"
    suffix = ".csv"

    def write(self, table: pd.DataFrame, out: Path, value: str = "pct_pain") -> tuple[str, ...]:
        """See `Exporter.write`; animals that are not included have no cell.

        Raises
        ------
        TableError
            If there is no such column, or no animal has a value.
        """
        value, included = included_animals(table, value)
        several = included["timepoint"].nunique() > 1
        columns: dict[str, list[object]] = {}
        for (group, timepoint), part in included.groupby(["group", "timepoint"], sort=False):
            title = f"{group}, {timepoint}" if several else str(group)
            columns[title] = [cell for cell in part[value] if cell not in ("", None)]
        if not any(columns.values()):
            raise no_animals(value)
        write_table(out, list(columns), zip_longest(*columns.values(), fillvalue=""))
        left_out = len(table) - len(included)
        return (f"{left_out} rows that are not included were left out",) if left_out else ()
