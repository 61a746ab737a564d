"""The table of recordings as an editor sees it: cells, patterns of file names, what is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from amgs.errors import TableError
from amgs.study import Study
from amgs.study.design_table import (
    SHOWN,
    TableRows,
    check_rows,
    editable,
    fill_from_name,
    parse_pattern,
    read_rows,
    rows_of,
    write_rows,
)
from amgs.tables import read_column_names

COLUMNS = ("animal", "group", "timepoint", "video", "zone", "date")


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """A new study with a folder of images and nothing in its table."""
    with Study.create(tmp_path / "study") as made:
        yield made


def table(*rows: str) -> TableRows:
    """Return rows written as texts divided by commas."""
    cells = [tuple(row.split(",")) for row in rows]
    return TableRows(COLUMNS, tuple((*row, *[""] * (len(COLUMNS) - len(row))) for row in cells))


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("{animal}_{timepoint}", "C:/x/m1_60min.mp4", {"animal": "m1", "timepoint": "60min"}),
        ("{timepoint}_{}", "v/60min_01.mp4", {"timepoint": "60min"}),
        ("{group}/{animal}-{date}", "a/sham/m 1-2026-03-31.AVI",
         {"group": "sham", "animal": "m 1", "date": "2026-03-31"}),
        ("{animal}.mp4", "m1.mp4", {"animal": "m1"}),
        ("Mouse {animal}", "mouse 7.mkv", {"animal": "7"}),
        ("{animal}_{timepoint}", "m1.mp4", {}),
        ("{animal}", "m1.day2.mp4", {"animal": "m1.day2"}),
        ("{animal} (left)+", "m1 (left)+.mp4", {"animal": "m1"}),
    ],
)  # fmt: skip
def test_names_of_files_say_what_the_pattern_asks(
    pattern: str, name: str, found: dict[str, str]
) -> None:
    """Words in braces are cells; the rest stands as it is, in whatever case."""
    assert fill_from_name(parse_pattern(pattern), name) == found


@pytest.mark.parametrize("pattern", ["{animals}", "{animal}_{animal}", "{video}"])
def test_a_pattern_with_another_word_stops(pattern: str) -> None:
    """The message names the words there are."""
    with pytest.raises(TableError, match="{animal}, {group}, {timepoint}"):
        parse_pattern(pattern)


def test_remarks_stand_at_their_cells(study: Study) -> None:
    """Rows count as they are shown, empty ones between them too."""
    remarks = check_rows(
        study,
        table(
            "m1,sham,baseline,a.mp4,middle",
            "",
            "m1,drug,60min,b.mp4,,31.13.2026",
            ",sham,60min,c.mp4",
        ),
    )
    faults = {(r.row, r.column) for r in remarks if r.fault}
    assert faults == {
        *((0, "zone"), (0, "video"), (2, "video"), (2, "group"), (2, "date")),
        *((3, "animal"), (3, "video")),
    }
    assert not any("line " in remark.text for remark in remarks)


def test_an_empty_table_has_no_remarks(study: Study) -> None:
    """Nobody has typed anything yet."""
    assert check_rows(study, table("", "")) == []


def test_what_cannot_be_read_is_told_whole(study: Study) -> None:
    """A remark about the table itself names no cell."""
    remarks = check_rows(study, TableRows(("animal",), (("m1",),)))
    assert [(r.row, r.column, r.fault) for r in remarks] == [(None, "", True)]
    assert "group" in remarks[0].text


def test_further_columns_are_kept_and_empty_ones_are_not_written(study: Study) -> None:
    """The owner's own columns come back; those that an editor only offers do not."""
    path = study.folder / "recordings.csv"
    before = "animal,group,timepoint,video,dose mg\nm1,sham,baseline,a.mp4,0.5\n"
    path.write_text(before, encoding="utf-8")
    shown = rows_of(study)
    assert shown.columns == (*SHOWN, "dose mg")
    write_rows(study, shown)
    assert read_column_names(path) == [
        *("animal", "group", "timepoint", "video", "zone"),
        *("sex", "strain", "coat", "cage", "date", "dose mg"),
    ]
    assert (study.folder / "recordings_before.csv").read_text(encoding="utf-8") == before
    assert rows_of(study) == shown


def test_cells_that_spreadsheets_would_compute_come_back_as_typed(study: Study) -> None:
    """Also with quotes, semicolons and lines in them."""
    cells = ("=1+1", 'a "b"', "t;1", "x, y.mp4", "left", "")
    write_rows(study, TableRows(COLUMNS, (cells,)))
    back = dict(zip(rows_of(study).columns, rows_of(study).rows[0], strict=True))
    assert [back[name] for name in COLUMNS] == list(cells)


def test_a_table_of_another_program_is_read(tmp_path: Path) -> None:
    """Semicolons, byte-order mark and decimal commas, as they are."""
    path = tmp_path / "plan.csv"
    path.write_text("\ufeffanimal;group;weight\nm1;sham;21,5\n", encoding="utf-8")
    read = editable(read_rows(path))
    row = dict(zip(read.columns, read.rows[0], strict=True))
    assert (row["animal"], row["weight"], row["video"]) == ("m1", "21,5", "")


def test_a_column_with_the_name_of_another_in_capitals_takes_nothing_away() -> None:
    """The later one used to replace the cells of the first."""
    shown = editable(TableRows(("animal", "Animal"), (("m1", "tag7"), ("m2", ""))))
    place = shown.columns.index("animal")
    assert [row[place] for row in shown.rows] == ["m1", "m2"]
    assert [row[shown.columns.index("Animal")] for row in shown.rows] == ["tag7", ""]
