"""CSV files as spreadsheets save them."""

from __future__ import annotations

from pathlib import Path

import pytest

from amgs.cohort.design import read_cohort
from amgs.errors import TableError
from amgs.tables import read_column_names, read_table, write_table


@pytest.mark.parametrize(
    "content",
    [
        b"image,label\na.jpg,pain\n",
        b"\xef\xbb\xbfimage,label\r\na.jpg, pain \r\n",
        b"image;label\na.jpg;pain\n\n",
        b'"image","label"\n"a.jpg","pain"\n',
    ],
    ids=["plain", "BOM, CRLF and blanks", "semicolons and an empty line", "quotes"],
)
def test_the_same_table_however_it_was_saved(content: bytes, tmp_path: Path) -> None:
    """Text cells, stripped; the index is the line in the file."""
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    table = read_table(path, ("image", "label"))
    assert table.to_dict("records") == [{"image": "a.jpg", "label": "pain"}]
    assert list(table.index) == [2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "image,class\na,pain\n",
            r"Expected the columns image, label in .* found image, class: label is",
        ),
        ("", "found an empty file: image, label are missing"),
        ("image,label\n", "Expected rows below the header"),
        ("image,label\na,pain,x\nb,pain\n", "Expected 2 cells in every line .* line 2 has 3"),
        ("image,label,label\na,b,c\n", "found label several times"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(content: str, message: str, tmp_path: Path) -> None:
    """Columns, lines and counts are named."""
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TableError, match=message):
        read_table(path, ("image", "label"))


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    """A name with an umlaut must not turn into another name."""
    path = tmp_path / "t.csv"
    path.write_bytes("image,label\nMäuse.jpg,pain\n".encode("latin-1"))
    with pytest.raises(TableError, match="save it as 'CSV UTF-8'"):
        read_table(path, ("image", "label"))


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    """Commas, quotes and umlauts included; None is an empty cell."""
    path = tmp_path / "t.csv"
    write_table(path, ("image", "note"), [["Mäuse, 1.jpg", 'a "b"'], ["c", None]])
    table = read_table(path, ("image",))
    assert table["image"].tolist() == ["Mäuse, 1.jpg", "c"]
    assert table["note"].tolist() == ['a "b"', ""]


def test_a_stray_quote_is_told_and_no_traceback(tmp_path: Path) -> None:
    """It makes one cell of all that follows, longer than the reader takes."""
    path = tmp_path / "t.csv"
    path.write_text('image,label\n"a.jpg,pain\n' + "b.jpg,no pain\n" * 20_000, encoding="utf-8")
    with pytest.raises(TableError, match="quote"):
        read_table(path, required=("image",))


@pytest.mark.parametrize("name", ["=1+1", "+drug", "-drug", "@home", "=HYPERLINK(1)"])
def test_no_name_becomes_a_formula(tmp_path: Path, name: str) -> None:
    """A spreadsheet shows it as text; amgs reads it back as it was."""
    path = tmp_path / "names.csv"
    write_table(path, ("animal", "value"), [[name, -1.5], ["m1", "-2"]])
    text = path.read_text("utf-8")
    assert f"'{name}," in text
    assert "m1,-2" in text
    table = read_table(path, required=("animal",))
    assert table["animal"].tolist() == [name, "m1"]
    assert table["value"].tolist() == ["-1.5", "-2"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sep=;\nanimal;mgs\nm1;4,5\n", {"animal": "m1", "mgs": "4.5"}),
        ("Animal,mgs,,\nm1,4.5,,\n", {"animal": "m1", "mgs": "4.5"}),
        ("animal;mgs\n1,10;-0,5\n", {"animal": "1,10", "mgs": "-0.5"}),
        ("animal,mgs\n1.10,\"4,5\"\n", {"animal": "1.10", "mgs": "4,5"}),
    ],
)  # fmt: skip
def test_what_spreadsheets_leave_in_a_csv(tmp_path: Path, text: str, found: dict[str, str]) -> None:
    """Decimal commas beside semicolons, a line for the spreadsheet, empty columns, capitals."""
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    table = read_table(tmp_path / "a.csv", required=("animal",))
    assert table.iloc[0].to_dict() == found
    assert table.index[0] == (3 if text.startswith("sep=") else 2)


def test_capitals_hold_for_every_column(tmp_path: Path) -> None:
    """One that says who is left out is not passed over where others were understood."""
    text = "Animal;Group;Timepoint;pct_pain;Included;Reason\nm1;a;1h;5,5;no;sick\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    table = read_table(tmp_path / "a.csv", required=("animal", "group", "timepoint"))
    assert list(table) == ["animal", "group", "timepoint", "pct_pain", "included", "reason"]
    (cell,) = read_cohort(tmp_path / "a.csv", "pct_pain").cells
    assert (cell.value, cell.excluded_because) == (5.5, "sick")
    (tmp_path / "b.csv").write_text("animal,Zone\nm1,left\n", encoding="utf-8")
    assert list(read_table(tmp_path / "b.csv", required=("animal",))) == ["animal", "zone"]
    (tmp_path / "c.csv").write_text("sep=;\n\nanimal;group\n", encoding="utf-8")
    assert read_column_names(tmp_path / "c.csv") == ["animal", "group"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tabs_and_wide_characters_are_read(tmp_path: Path, encoding: str) -> None:
    """What a spreadsheet calls Unicode text, and a semicolon table with a comma in its header."""
    path = tmp_path / "a.tsv"
    path.write_text("animal\tgroup\tweight, g\nm1\tRöteln\t21\n", encoding=encoding)
    assert read_column_names(path) == ["animal", "group", "weight, g"]
    assert read_table(path, required=("animal",))["group"].tolist() == ["Röteln"]
    path.write_text("animal;group;comment, free\nm1;a;x\n", encoding="utf-8")
    assert read_column_names(path) == ["animal", "group", "comment, free"]


def test_a_name_is_one_name_however_its_accents_are_written(tmp_path: Path) -> None:
    """Files keep their spelling: a system may tell them apart."""
    path = tmp_path / "a.csv"
    apart = "Ro\u0308teln"
    path.write_text(f"animal,group,video\nm1,{apart},{apart}.mp4\n", encoding="utf-8")
    row = read_table(path, required=("animal",)).iloc[0]
    assert row["group"] == "R\u00f6teln"
    assert row["video"] == f"{apart}.mp4"
