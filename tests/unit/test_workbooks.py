"""Workbooks are read as what they hold, and what is none is refused."""

from __future__ import annotations

import zipfile
from datetime import time
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


def test_a_second_sheet_of_the_same_columns_is_not_passed_over(tmp_path: Path) -> None:
    """One sheet per rater: half of the scores would be lost without a word."""
    book = Workbook()
    book.active.title = "Ada"
    for page in (book.active, book.create_sheet("Ben")):
        page.append(["image", "rater", "orbital"])
        page.append(["a.jpg", page.title, 1])
    notes = book.create_sheet("notes")
    notes.append(["as agreed in March"])
    book.save(tmp_path / "two.xlsx")
    with pytest.raises(TableError, match="found Ben with the same columns as Ada"):
        read_workbook(tmp_path / "two.xlsx")
    del book["Ben"]
    book.save(tmp_path / "one.xlsx")
    assert len(read_workbook(tmp_path / "one.xlsx")) == 2


def test_clock_times_are_read_as_the_spreadsheet_shows_them(tmp_path: Path) -> None:
    """0:30 that was typed as minutes and seconds does not become half an hour of seconds."""
    book = Workbook()
    book.active.append(["from", "to"])
    book.active.append([time(0, 30), time(1, 30, 15)])
    book.active["A2"].number_format = "h:mm"
    book.active["B2"].number_format = "h:mm:ss"
    book.save(tmp_path / "times.xlsx")
    assert read_workbook(tmp_path / "times.xlsx")[1] == ["00:30", "01:30:15"]
