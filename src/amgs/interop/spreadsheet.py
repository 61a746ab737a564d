"""Any table of a study as spreadsheets of many countries open it by a double click."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.csv_cells import TEXT_COLUMNS, harmless_cells
from amgs.errors import TableError
from amgs.files import atomic_file
from amgs.interop.base import Exporter
from amgs.tables import parse_number

if TYPE_CHECKING:
    import pandas as pd


class SpreadsheetCsv(Exporter):
    """The animals' table with semicolons, decimal commas and a mark at the start.

    Where lists are written with semicolons, as in most of Europe, a spreadsheet opens a plain CSV
    in one column and umlauts as other letters; this one it opens as a table.
    """

    name = "spreadsheet"
    title = "the animals' table for a spreadsheet with decimal commas (semicolons, UTF-8 mark)"
    kind = "summary"
    suffix = ".csv"

    def write(self, table: pd.DataFrame, out: Path, value: str = "") -> tuple[str, ...]:
        """See `Exporter.write`; `value` is not used, as all columns are written."""
        del value
        if table.empty:
            raise TableError("Expected animals to export, found none.")
        with (
            atomic_file(out) as temporary,
            temporary.open("w", encoding="utf-8-sig", newline="") as stream,
        ):
            writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
            writer.writerow(table.columns)
            numbers = [name not in TEXT_COLUMNS for name in table.columns]
            for row in table.astype(str).to_numpy().tolist():
                # Formulas are looked for before: -0,87 is a number where commas are decimal.
                cells = zip(harmless_cells(row), numbers, strict=True)
                writer.writerow([_with_comma(c) if number else c for c, number in cells])
        return ()


def _with_comma(cell: object) -> object:
    text = str(cell)
    return text.replace(".", ",") if parse_number(text) is not None else cell
