"""CSV in and out: strict about what is in them, patient with how spreadsheets save them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from amgs.csv_cells import (
    TEXT_COLUMNS,
    as_written,
    harmless_cells,
    one_spelling,
    parse_csv,
    with_point,
    without_empty_columns,
)
from amgs.errors import TableError
from amgs.files import atomic_file, encoding_of, read_csv_header
from amgs.vocabulary import EARLIER_COLUMNS, NOTICE_FILE
from amgs.workbooks import SUFFIX, read_workbook

if TYPE_CHECKING:
    import pandas as pd

MAX_MGS = 10.0


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table as text cells: names of columns, and rows with their numbers in the file.

    ``commas`` says that semicolons divide the cells, so that numbers may have decimal commas.
    """

    columns: list[str]
    rows: list[tuple[int, list[str]]]
    commas: bool = False

    def records(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield every row as its number in the file and its cells by column."""
        for line, row in self.rows:
            yield line, dict(zip(self.columns, row, strict=True))


def read_table(path: Path, required: Sequence[str], *, rows_needed: bool = True) -> pd.DataFrame:
    """Read a table as `read_text_table` does, as a data frame.

    In a CSV with semicolons numbers may have decimal commas, but for the columns of names
    (`amgs.csv_cells.TEXT_COLUMNS`); they have points here.

    Returns
    -------
    pandas.DataFrame
        Text only, empty text for empty cells; the index is the line number in the file.

    Raises
    ------
    TableError
        If the file cannot be read, lacks a column, names one twice, has ragged rows or no row.
    """
    import pandas as pd

    table = read_text_table(path, required, rows_needed=rows_needed)
    cells, lines = [row for _, row in table.rows], [line for line, _ in table.rows]
    if table.commas:
        names = [name in TEXT_COLUMNS for name in table.columns]
        cells = [
            [c if name else with_point(c) for c, name in zip(row, names, strict=True)]
            for row in cells
        ]
    return pd.DataFrame(cells, columns=table.columns, index=lines, dtype=object)


def read_text_table(path: Path, required: Sequence[str], *, rows_needed: bool = True) -> TextTable:
    """Read a CSV (or the first sheet of a workbook) as text cells, stripped of blanks.

    Nothing is guessed or converted. A first line ``sep=;`` and empty columns, which spreadsheets
    leave, are passed over; columns may have capitals.

    Comma and semicolon (as spreadsheets save in many countries) are understood, and UTF-8 with or
    without a byte-order mark. Columns with a name of an earlier version get that of today
    (`amgs.vocabulary.EARLIER_COLUMNS`).

    Parameters
    ----------
    path
        The file.
    required
        Columns it must have.
    rows_needed
        Whether a table without rows is an error.

    Raises
    ------
    TableError
        If the file cannot be read, lacks a column, names one twice, has ragged rows or no row.
    """
    workbook = path.suffix.lower() == SUFFIX and path.is_file()
    rows, commas = (read_workbook(path), False) if workbook else parse_csv(path, _read_text(path))
    first = next((place for place, row in enumerate(rows) if any(map(str.strip, row))), 0)
    rows = without_empty_columns(rows[first:])
    header = _name_columns(rows[0], required) if rows else []
    _check_header(path, header, required)
    numbered = [
        (line, row)
        for line, row in enumerate(rows[1:], start=first + 2)
        if any(map(str.strip, row))
    ]
    ragged = [f"line {line} has {len(row)}" for line, row in numbered if len(row) != len(header)]
    if ragged:
        shown = "; ".join(ragged[:5])
        msg = (
            f"Expected {len(header)} cells in every line of {path}, found: {shown}. "
            "A cell that contains the separator must be in double quotes."
        )
        raise TableError(msg)
    if not numbered and rows_needed:
        msg = f"Expected rows below the header of {path}, found none."
        raise TableError(msg)
    cells = [
        (
            line,
            [
                one_spelling(as_written(cell.strip()), name)
                for cell, name in zip(row, header, strict=True)
            ],
        )
        for line, row in numbered
    ]
    return TextTable(header, cells, commas)


def _name_columns(header: Sequence[str], required: Sequence[str] = ()) -> list[str]:
    names = [name.strip() for name in header]
    if required and all(name == name.casefold() for name in required):
        # Written with capitals, as at the head of a spreadsheet, it is the same column: where one
        # that is needed is, all are, so that none is passed over that says who is left out.
        there = {name.casefold() for name in names}
        capitals = any(name not in names and name in there for name in required)
        names = [
            small if (capitals or small in TEXT_COLUMNS) and small not in names else name
            for name, small in ((name, name.casefold()) for name in names)
        ]
    return [
        new if (new := EARLIER_COLUMNS.get(name, name)) == name or new not in names else name
        for name in names
    ]


def read_column_names(path: Path) -> list[str]:
    """Return the names of a CSV's columns, those of earlier versions as they are called today.

    Empty for a file that is not text.
    """
    if path.suffix.lower() == SUFFIX and path.is_file():
        return _name_columns(next(iter(read_workbook(path)), []))
    return _name_columns(read_csv_header(path))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV, whole or not at all; ``None`` becomes an empty cell."""
    with (
        atomic_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        write_rows(stream, columns, rows)


def write_rows(stream: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV to an open text; see `write_table`."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(map(harmless_cells, rows))


_PLAIN_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def is_table(path: Path) -> bool:
    """Whether a file is a table by its name: a CSV, or a workbook."""
    return path.suffix.lower() in {".csv", SUFFIX}


def parse_number(text: str) -> float | None:
    """Read a number as people write it; ``None`` for anything else.

    Python reads more than laboratories mean: ``1_5`` as 15, full-width digits, ``nan``, ``inf``,
    which ``1e999`` is too.
    """
    number = float(text) if _PLAIN_NUMBER.fullmatch(text.strip()) else inf
    return number if isfinite(number) else None


def parse_yes_no(text: str) -> bool | None:
    """Read ``yes``, ``true``, ``1``, ``no``, ``false``, ``0`` in any case; else ``None``."""
    return _YES_NO.get(text.strip().casefold())


def list_names_alike(what: str, names: Iterable[str]) -> list[str]:
    """Return a fault for names that differ in capitals or blanks alone: one would count as two.

    Parameters
    ----------
    what
        What has the names, such as ``group``.
    names
        Each once or more.
    """
    written: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        written.setdefault("".join(name.split()).casefold(), []).append(name)
    return [
        f"{what} {' and '.join(map(repr, spellings))} differ in capitals or blanks only; use one "
        "of them"
        for spellings in written.values()
        if len(spellings) > 1
    ]


def portable_path(cell: str) -> str:
    """Return a path of a table with forward slashes, also where it was written on Windows."""
    return cell.replace("\\", "/")


def format_cells(row: Mapping[str, object], columns: Sequence[str]) -> list[object]:
    """Return the cells of a row, numbers with at most six decimals."""
    return [round(v, 6) if isinstance(v := row[column], float) else v for column in columns]


def write_notice(folder: Path, text: str) -> None:
    """Write what every use of a folder must say into its ``notice.txt``."""
    (folder / NOTICE_FILE).write_text(text + "\n", encoding="utf-8")


def read_notice(folder: Path) -> str:
    """Return what ``notice.txt`` says of a folder, such as that mice are drawn; mostly nothing."""
    path = folder / NOTICE_FILE
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def list_animals_in_two_groups(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return a fault for every animal that stands in more than one group.

    Parameters
    ----------
    pairs
        Animal and group of every row.
    """
    groups: dict[str, set[str]] = {}
    for animal, group in pairs:
        groups.setdefault(animal, set()).add(group)
    return [
        f"animal {animal} is in the groups {', '.join(sorted(names))}"
        for animal, names in groups.items()
        if len(names) > 1
    ]


def parse_mgs(text: str, line: int, faults: list[str], highest: float = MAX_MGS) -> float | None:
    """Read an MGS from 0 to 10 (or to the highest of another scale); an empty cell is ``None``.

    Anything else is added to the faults.
    """
    if not text:
        return None
    value = parse_number(text)
    if value is None or not 0 <= value <= highest:
        faults.append(f"line {line}: mgs is {text!r}, not a number from 0 to {highest:g}")
        return None
    return value


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
        text = content.decode(encoding_of(content))
        return text.replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        msg = (
            f"Expected {path} as UTF-8 text, found other bytes in line {line}. "
            "In a spreadsheet, save it as 'CSV UTF-8'."
        )
        raise TableError(msg) from error
    except OSError as error:
        workbook = path.with_suffix(".xlsx")
        hint = ""
        if workbook.is_file():
            hint = f" {workbook.name} lies there: save it in the spreadsheet as 'CSV UTF-8'."
        msg = f"Expected a CSV at {path}, but it cannot be opened: {error.strerror or error}.{hint}"
        raise TableError(msg) from error


def _check_header(path: Path, header: Sequence[str], required: Sequence[str]) -> None:
    missing = [name for name in required if name not in header]
    if missing:
        msg = (
            f"Expected the columns {', '.join(required)} in {path}, found "
            f"{', '.join(header) or 'an empty file'}: {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing. Correct the first line of the file."
        )
        raise TableError(msg)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        msg = f"Expected every column of {path} once, found {', '.join(twice)} several times."
        raise TableError(msg)
