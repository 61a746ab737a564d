"""``recordings.csv`` as a table to edit: read whatever is in it, checked by cell, and written.

`amgs.study.design` reads the same table for the steps, and stops where it has faults; an editor
must show a table that has them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from amgs.errors import StudyError, TableError
from amgs.files import atomic_file
from amgs.provenance import hash_file
from amgs.study.checking import check_videos
from amgs.study.design import COLUMNS, OPTIONAL, RECORDINGS_FILE, REQUIRED, read_design
from amgs.study.folder import StudyFolder
from amgs.tables import read_column_names, read_text_table, write_table

BEFORE_FILE = "recordings_before.csv"
"""The table as it was before it was last written by an editor."""

SHOWN = (*REQUIRED, "zone", "from", "to", "sex", "strain", "coat", "cage", "date")
"""The columns that an editor offers, whether the table has them or not."""

_LINE = re.compile(r"line (\d+)")

_COLUMN_WORDS = (
    ("no animal", "animal"),
    ("no group", "group"),
    ("no timepoint", "timepoint"),
    ("no video", "video"),
    ("zone", "zone"),
    ("overlaps", "zone"),
    ("nothing at", "video"),
    ("no image in the folder", "video"),
    ("cannot be", "video"),
    ("is no folder", "video"),
    ("minute", "from"),
    ("from", "from"),
    ("born", "born"),
    ("date", "date"),
    ("stands in line", "timepoint"),
    ("is in groups", "group"),
    ("group", "group"),
    ("timepoint", "timepoint"),
    ("sex", "sex"),
    ("strain", "strain"),
    ("coat", "coat"),
    ("animal", "animal"),
)
"""Where a fault is shown, by the first of these words in it."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table to edit: names of columns, and rows of texts as long as these."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class CellRemark:
    """What is wrong (``fault``) or odd about a cell.

    ``row`` counts from 0; it is ``None`` where the remark is about the whole table, and `column` is
    then empty.
    """

    text: str
    fault: bool
    row: int | None = None
    column: str = ""


def read_rows(path: Path) -> TableRows:
    """Read a table of recordings as texts, a CSV or the first sheet of a workbook.

    Raises
    ------
    TableError
        If it is no table.
    """
    table = read_text_table(path, required=(), rows_needed=False)
    return TableRows(tuple(table.columns), tuple(tuple(row) for _, row in table.rows))


def editable(table: TableRows) -> TableRows:
    """Return a table with the columns that an editor offers, and then its own further ones."""
    # Spreadsheets of people begin names with capitals.
    own = [
        small if small in SHOWN and small not in table.columns else name
        for name, small in ((name, name.casefold()) for name in table.columns)
    ]
    columns = (*SHOWN, *(name for name in own if name not in SHOWN))
    cells = [dict(zip(own, row, strict=True)) for row in table.rows]
    return TableRows(columns, tuple(tuple(row.get(c, "") for c in columns) for row in cells))


def version_of(study: StudyFolder) -> str:
    """Return what tells one state of ``recordings.csv`` from every other one."""
    path = study.folder / RECORDINGS_FILE
    return hash_file(path)[:16] if path.exists() else ""


def write_rows(study: StudyFolder, table: TableRows) -> None:
    """Write ``recordings.csv``; the table as it was before is kept beside it.

    Columns that an editor offers, but that say nothing and are not usual, are not written; nor are
    rows without any text.
    """
    rows = [row for row in table.rows if any(cell.strip() for cell in row)]
    used = [
        place
        for place, name in enumerate(table.columns)
        if name in COLUMNS or name not in OPTIONAL or any(row[place] for row in rows)
    ]
    path = study.folder / RECORDINGS_FILE
    if path.exists():
        before = path.read_bytes()
        with atomic_file(study.folder / BEFORE_FILE) as temporary:
            temporary.write_bytes(before)
    columns = [table.columns[place] for place in used]
    write_table(path, columns, [[row[place].strip() for place in used] for row in rows])


def check_rows(study: StudyFolder, table: TableRows) -> list[CellRemark]:
    """Return what is wrong or odd in a table that is being edited, each at its cell.

    Parameters
    ----------
    study
        Where paths of videos start, and which timepoint is the baseline.
    table
        The rows as they are shown; those without any text are passed over.
    """
    filled = [place for place, row in enumerate(table.rows) if any(c.strip() for c in row)]
    if not filled:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / RECORDINGS_FILE
        write_table(path, table.columns, [table.rows[place] for place in filled])
        try:
            design = read_design(path, study.settings.study.baseline)
        except (StudyError, TableError) as error:
            return [CellRemark(str(error).replace(str(path), RECORDINGS_FILE), fault=True)]
    faults, warnings = check_videos(design, study.folder)
    remarks = [_at_cell(text, table, filled, fault=True) for text in (*design.faults, *faults)]
    outside = [text for text in warnings if "outside the study" in text]
    remarks += [
        _at_cell(text, table, filled, fault=False) for text in warnings if text not in outside
    ]
    if outside:
        n = len(outside)
        which = "1 video lies" if n == 1 else f"{n} videos lie"
        remarks.append(
            CellRemark(f"{which} outside the study's folder and will not move with it.", False)
        )
    remarks += [_at_cell(text, table, filled, fault=False) for text in design.warnings]
    return remarks


def _at_cell(text: str, table: TableRows, filled: Sequence[int], *, fault: bool) -> CellRemark:
    """Find the cell that a sentence of the checks is about."""
    found = _LINE.search(text)
    if found is None:
        return CellRemark(_sentence(text), fault, *_of_animal(text, table))
    line = int(found[1]) - 2  # the first row of a file is its second line
    row = filled[line] if 0 <= line < len(filled) else None
    about = text.partition(": ")[2] if text.startswith("line ") else text
    column = next((c for word, c in _COLUMN_WORDS if word in about), "animal")
    # Lines are those of the file; a person sees rows.
    said = _LINE.sub(lambda m: f"row {filled[int(m[1]) - 2] + 1}", about, count=0)
    return CellRemark(_sentence(said), fault, row, column if column in table.columns else "animal")


def _of_animal(text: str, table: TableRows) -> tuple[int | None, str]:
    """Return the last row of the animal that a sentence is about, and the column it is about."""
    if "animal" not in table.columns:
        return None, ""
    place = table.columns.index("animal")
    rows = [n for n, row in enumerate(table.rows) if text.startswith(f"animal {row[place]} is in ")]
    return (rows[-1], "group") if rows and "group" in table.columns else (None, "")


def _sentence(text: str) -> str:
    first = text.partition(" ")[0]
    # The name of a file stays as it is.
    text = text if "." in first or "/" in first else text[:1].upper() + text[1:]
    return text + ("" if text.endswith(".") else ".")


_WORD = re.compile(r"\{(\w*)\}")


def parse_pattern(pattern: str) -> re.Pattern[str]:
    """Return the expression for a pattern of file names, such as ``{group}/{animal}_{timepoint}``.

    ``{name}`` stands for a column of the table, ``{}`` for anything; a slash reaches into folders.
    The ending of the file may be left out.

    Raises
    ------
    TableError
        If a word in braces is no column, or is there twice.
    """
    parts: list[str] = []
    place = 0
    seen: list[str] = []
    for found in _WORD.finditer(pattern):
        parts.append(re.escape(pattern[place : found.start()]))
        name = found[1]
        if name and (name not in SHOWN or name == "video" or name in seen):
            known = ", ".join(f"{{{c}}}" for c in SHOWN if c != "video")
            msg = (
                f"Expected each of these words at most once in the pattern: {known}; found "
                f"{{{name}}}."
            )
            raise TableError(msg)
        seen.append(name)
        parts.append(f"(?P<{name}>[^/]+?)" if name else "[^/]*?")
        place = found.end()
    parts.append(re.escape(pattern[place:]))
    return re.compile(f"(?:^|.*/){''.join(parts)}(?:\\.[^./]+)?$", re.IGNORECASE)


def fill_from_name(pattern: re.Pattern[str], name: str) -> Mapping[str, str]:
    """Return what a file's name says by a pattern of `parse_pattern`; nothing if it differs."""
    found = pattern.match(name)
    return {} if found is None else {k: v for k, v in found.groupdict().items() if v}


def rows_there(study: StudyFolder) -> bool:
    """Whether ``recordings.csv`` holds more than its names of columns, whatever that is."""
    path = study.folder / RECORDINGS_FILE
    return path.exists() and len(path.read_bytes().strip().splitlines()) > 1


def rows_of(study: StudyFolder) -> TableRows:
    """Return the table of a study for an editor, whatever is wrong in it.

    Raises
    ------
    StudyError
        If it cannot be read as a table at all.
    """
    path = study.folder / RECORDINGS_FILE
    if not path.exists():
        return TableRows(SHOWN, ())
    try:
        read_column_names(path)
        return editable(read_rows(path))
    except TableError as error:
        raise StudyError(str(error)) from error
