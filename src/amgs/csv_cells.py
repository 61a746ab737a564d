"""Cells of a CSV as spreadsheets save them: decimal commas, empty columns, a line of their own."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from amgs.errors import TableError
from amgs.files import SEPARATOR, guess_delimiter

TEXT_COLUMNS = frozenset({
    "animal", "group", "timepoint", "recording", "video", "zone", "image", "rater", "reason",
    "included", "cage", "sex", "strain", "coat", "laboratory", "cohort", "born", "date", "label",
    "problem", "files", "period", "kind", "name", "by", "code", "note", "predicted", "content",
    "part", "nearest_training",
})  # fmt: skip
"""Columns of names: ``1.10`` and ``1,1`` in them are names too, never numbers."""

WHO_AND_WHEN = frozenset({
    "animal", "group", "timepoint", "rater", "cage", "sex", "strain", "coat", "laboratory",
    "cohort",
})  # fmt: skip
"""Of these, names that point to no file."""

_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?")


def with_point(cell: str) -> str:
    """Return a number with a decimal comma as one with a point, and all else as it is."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell


def without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    """Return rows without what spreadsheets leave at their ends: columns with no name and nothing.

    Rows may be shorter or longer; what is too long stays, to be told.
    """
    header = rows[0] if rows else []
    named = max((place + 1 for place, cell in enumerate(header) if cell.strip()), default=0)
    if named == 0:
        return rows
    return [row if any(map(str.strip, row[named:])) else row[:named] for row in rows]


def parse_csv(path: Path, text: str) -> tuple[list[list[str]], bool]:
    """Return the cells of a CSV, and whether its numbers may have decimal commas."""
    header_line, _, rest = text.partition("\n")
    said = SEPARATOR.fullmatch(header_line.strip())
    if said:  # a line for the spreadsheet alone; an empty one in its place keeps lines' numbers
        delimiter = said[1]
        text = "\n" + rest
    else:
        delimiter = guess_delimiter(header_line)
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter)), delimiter == ";"
    except csv.Error as error:
        # A quote that is never closed swallows all that follows it into one cell.
        msg = (
            f"Expected a CSV in {path}, found a mistake in its quotes ({error}). A double quote "
            "inside a cell is written twice; remove one that stands alone."
        )
        raise TableError(msg) from error


def one_spelling(cell: str, column: str) -> str:
    """Return a name with its accents in one form: macOS and spreadsheets write different ones."""
    return unicodedata.normalize("NFC", cell) if column in WHO_AND_WHEN else cell


_FORMULA = re.compile(r"\s*[=+\-@]")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def harmless_cells(row: Sequence[object]) -> list[object]:
    """Return the cells of a row so that no spreadsheet takes a name for a formula.

    Text that begins like one gets an apostrophe before it, which `read_table` takes away again.
    """
    return ["" if cell is None else _harmless(cell) for cell in row]


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def as_written(cell: str) -> str:
    """Return a cell as it was before `harmless_cells`, blanks included."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell
