"""Workbooks are read as what they hold, and what is none is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from amgs.errors import TableError
from amgs.workbooks import MOST_COLUMNS, Sheet, read_workbook, write_workbook


def test_a_formatted_cell_far_away_is_no_table(tmp_path: Path) -> None:
    """One blank cell at the far end of a sheet used to take a gigabyte."""
    book = Workbook()
    page = book.active
    page.append(["animal", "group"])
    page.append([])
    page.append(["m1", None, None])
    page["XFD1048576"].font = Font(bold=True)
    book.save(tmp_path / "far.xlsx")
    assert read_workbook(tmp_path / "far.xlsx") == [["animal", "group"], ["", ""], ["m1", ""]]


def test_a_sheet_of_thousands_of_columns_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    book.active.cell(1, MOST_COLUMNS + 1, "x")
    book.save(tmp_path / "wide.xlsx")
    with pytest.raises(TableError, match="at most 1000 columns"):
        read_workbook(tmp_path / "wide.xlsx")


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_a_workbook_that_was_cut_off_is_refused(tmp_path: Path, part: str) -> None:
    """A damaged part is told as any other damage."""
    write_workbook(tmp_path / "a.xlsx", {"s": Sheet(("a", "b"), [[1, 2]])})
    with (
        zipfile.ZipFile(tmp_path / "a.xlsx") as source,
        zipfile.ZipFile(tmp_path / "cut.xlsx", "w") as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[: len(data) // 2] if name == part else data)
    with pytest.raises(TableError, match="Expected a workbook"):
        read_workbook(tmp_path / "cut.xlsx")
