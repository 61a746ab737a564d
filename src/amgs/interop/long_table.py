"""Every number of every animal as one row, with a dictionary of what the variables mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import TableError
from amgs.interop.base import Exporter
from amgs.interop.dictionary import DICTIONARY_COLUMNS, describe_column
from amgs.tables import parse_number, write_table

if TYPE_CHECKING:
    import pandas as pd

_KEYS = ("animal", "group", "timepoint")
_ABOUT = ("included", "reason", "sex", "strain", "coat", "cage", "laboratory")
COLUMNS = (*_KEYS, *_ABOUT, "variable", "value")


class LongTable(Exporter):
    """Long form, as R and Python take it; ``OUT_dictionary.csv`` beside it."""

    name = "long"
    title = "one row per animal, timepoint and variable, with a data dictionary beside it (CSV)"
    kind = "summary"
    suffix = ".csv"

    def write(self, table: pd.DataFrame, out: Path, value: str = "") -> tuple[str, ...]:
        """See `Exporter.write`; all variables unless `value` names one; no row without a value.

        Raises
        ------
        TableError
            If there is no number to write.
        """
        about = [name for name in (*_KEYS, *_ABOUT) if name in table]
        variables = [value] if value else [n for n in table.columns if n not in about]
        missing = [name for name in variables if name not in table]
        rows = [
            [*(row[name] for name in about), name, row[name]]
            for row in table.astype(str).to_dict("records")
            for name in variables
            if name not in missing and parse_number(row[name]) is not None
        ]
        if not rows:
            raise TableError(f"Expected numbers in {', '.join(variables)}, found none.")
        write_table(out, [*about, "variable", "value"], rows)
        named = [*about, *dict.fromkeys(row[-2] for row in rows)]
        beside = out.with_name(f"{out.stem}_dictionary.csv")
        write_table(beside, DICTIONARY_COLUMNS, [describe_column(name) for name in named])
        return (f"what the variables mean is in {beside.name}",)
