"""Spreadsheet workbooks (XLSX) in and out, by openpyxl: cells as text, never as formulas."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from amgs.errors import TableError
from amgs.files import atomic_file

SUFFIX = ".xlsx"
MOST_ROWS = 1_048_575
"""Rows of a sheet below its header; a spreadsheet has no more."""

MOST_COLUMNS = 1000
_MOST_LETTERS = 32_767
_UNREADABLE = (
    BadZipFile, EOFError, IndexError, KeyError, OSError, ParseError, TypeError, ValueError,
    zlib.error,
)  # fmt: skip
_WIDEST, _NARROWEST = 48, 8
_LOOKED_AT = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Sheet:
    """One sheet: a header and rows; ``about`` is a line of explanation for the first sheet."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    about: str = ""


def read_workbook(path: Path) -> list[list[str]]:
    """Read the first sheet of a workbook as text cells, as a CSV of it would have them.

    Dates become ``2026-03-31``, whole numbers have no decimals, formulas have the value that the
    spreadsheet computed.

    Raises
    ------
    TableError
        If it is no workbook, or is wider than any table of amgs.
    """
    from openpyxl import load_workbook

    try:
        # Opened here, so that it is closed also where openpyxl stops half-way.
        with path.open("rb") as stream:
            book = load_workbook(stream, read_only=True, data_only=True)
            first, *others = book.worksheets
            rows = _read_rows(first)
            again = [sheet.title for sheet in others if rows and _begins_like(sheet, rows[0])]
            book.close()
    except _UNREADABLE as error:
        msg = f"Expected a workbook (.xlsx) in {path}, found something else ({error})."
        raise TableError(msg) from error
    if again:
        msg = (
            f"Expected one sheet with the table in {path}, found {', '.join(again)} with the same "
            f"columns as {first.title}, the first sheet, which alone is read. Put all rows into "
            "one sheet, or save every sheet as a file."
        )
        raise TableError(msg)
    wide = max(map(len, rows), default=0)
    if wide > MOST_COLUMNS:
        msg = f"Expected at most {MOST_COLUMNS} columns in {path}, found {wide}."
        raise TableError(msg)
    return [[*row, *[""] * (wide - len(row))] for row in rows]


def _read_rows(sheet: Any, most: int | None = None) -> list[list[str]]:
    """Read all rows up to the last one with something in it, each without empty cells at its end.

    What a sheet says of its own size is not believed: one formatted cell far away would make it a
    table of millions of cells.
    """
    sheet.reset_dimensions()
    rows: list[list[str]] = []
    empty = 0
    for cells in sheet.iter_rows(max_row=most):
        row = [_as_shown(cell) for cell in cells]
        while row and not row[-1]:
            row.pop()
        if not row:
            empty += 1
            continue
        rows += [[] for _ in range(empty)]
        rows.append(row)
        empty = 0
    return rows


def _begins_like(sheet: Any, header: Sequence[str]) -> bool:
    """Say whether a sheet has the same header, of at least two columns, and a row below it."""
    first = _read_rows(sheet, most=2)
    return len(header) > 1 and len(first) > 1 and first[0] == list(header)


def _as_shown(cell: Any) -> str:
    """Return the text of a cell, a clock time as the spreadsheet shows it.

    0:30 was typed, and may mean 30 seconds.
    """
    clock = isinstance(cell.value, time) and "s" not in cell.number_format.lower()
    return cell.value.strftime("%H:%M") if clock else _text(cell.value)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell)


def write_workbook(path: Path, sheets: Mapping[str, Sheet]) -> None:
    """Write a workbook, whole or not at all: a contents sheet, then every sheet.

    Numbers stay numbers. Text stays text, also where it begins like a formula.

    Parameters
    ----------
    path
        The file.
    sheets
        Name → sheet, in order.

    Raises
    ------
    TableError
        If a sheet has more rows than a spreadsheet can hold.
    """
    from openpyxl import Workbook

    for name, sheet in sheets.items():
        if len(sheet.rows) > MOST_ROWS:
            msg = (
                f"Expected at most {MOST_ROWS} rows for the sheet {name}, found "
                f"{len(sheet.rows)}. Export the long CSV instead: --format long."
            )
            raise TableError(msg)
    book = Workbook(write_only=True)
    contents = [[name, len(sheet.rows), sheet.about] for name, sheet in sheets.items()]
    _write_sheet(book, "contents", Sheet(("sheet", "rows", "what it holds"), contents))
    for name, sheet in sheets.items():
        _write_sheet(book, name, sheet)
    with atomic_file(path) as temporary, temporary.open("wb") as stream:
        book.save(stream)


def _write_sheet(book: Any, name: str, sheet: Sheet) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    page = book.create_sheet(name)
    page.freeze_panes = "A2"
    for number, width in enumerate(_widths(sheet), start=1):
        page.column_dimensions[get_column_letter(number)].width = width
    head = []
    for title in sheet.columns:
        cell = WriteOnlyCell(page, title)
        cell.data_type, cell.font = "s", Font(bold=True)
        head.append(cell)
    page.append(head)
    for row in sheet.rows:
        page.append([_cell(page, value) for value in row])


def _cell(page: Any, value: object) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124
    # Set after the value: openpyxl would take a text that begins with = for a formula.
    cell = WriteOnlyCell(page, _CONTROL.sub("", str(value))[:_MOST_LETTERS])
    cell.data_type = "s"
    return cell


def _widths(sheet: Sheet) -> Iterable[float]:
    for number, title in enumerate(sheet.columns):
        longest = max((len(str(row[number])) for row in sheet.rows[:_LOOKED_AT]), default=0)
        yield min(_WIDEST, max(_NARROWEST, longest + 2, len(title) + 2))
