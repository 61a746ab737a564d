"""Tables for GraphPad Prism and as Parquet say what the summary says, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from amgs.errors import TableError
from amgs.interop.base import Exporter
from amgs.interop.bids import make_labels, write_described
from amgs.interop.dictionary import describe_column
from amgs.interop.parquet import Parquet
from amgs.interop.prism import PrismColumns
from amgs.interop.prism_file import PrismFile
from amgs.interop.prism_grouped import PrismGrouped
from amgs.tables import read_table

COLUMNS = ("animal", "group", "timepoint", "pct_pain", "included")


def summary(*rows: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def test_an_animal_has_one_row_in_all_columns_of_its_group(tmp_path: Path) -> None:
    """A paired test of Prism goes by rows."""
    table = summary(
        ("b", "sham", "baseline", "20", "Yes"),
        ("c", "sham", "baseline", "30", "yes"),
        ("a", "sham", "60min", "11", "1"),
        ("c", "sham", "60min", "31", "true"),
        ("b", "sham", "60min", "21", "yes"),
        ("d", "sham", "60min", "99", "no"),
    )
    assert PrismColumns().write(table, tmp_path / "p.csv") == (
        "1 row without a value or not included left out",
    )
    lines = (tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ['"sham, baseline","sham, 60min"', "20,21", "30,31", ",11"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("a", "sham", "60min", "12", "yes"), "a at 60min again"),
        (("b", "sham", "60min", "abc", "yes"), "'abc' is no number"),
        (("b", "sham", "60min", "12", "maybe"), "found 'maybe'"),
    ],
)
@pytest.mark.parametrize("exporter", [PrismColumns(), PrismGrouped(), PrismFile()])
def test_what_no_comparison_would_take_is_refused(
    tmp_path: Path, exporter: Exporter, row: tuple[str, ...], says: str
) -> None:
    table = summary(("a", "sham", "60min", "10", "yes"), row)
    with pytest.raises(TableError, match=says):
        exporter.write(table, tmp_path / "p.csv", "pct_pain")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("exporter", [PrismColumns(), PrismGrouped(), PrismFile()])
def test_a_table_without_a_value_is_refused(tmp_path: Path, exporter: Exporter) -> None:
    """An empty table looks as if there had been no pain."""
    table = summary(("a", "sham", "60min", "", "yes"), ("b", "sham", "60min", "12", "no"))
    with pytest.raises(TableError, match="found none"):
        exporter.write(table, tmp_path / "p.csv", "pct_pain")


def test_labels_of_bids_are_ascii_and_no_two_alike() -> None:
    """``-1h`` and ``1h`` are two timepoints, and no file replaces another."""
    names = ["1h", "-1h", "+1h", "1.1", "11", "m/1", "m_1", "M1", "Mäuschen 1", "小", "鼠"]
    labels = make_labels(names)
    assert list(labels.values()) == [
        "1h", "minus1h", "plus1h", "1p1", "11", "m1", "m1x2", "M1x3", "Mauschen1", "unnamed",
        "unnamedx2",
    ]  # fmt: skip


def test_a_table_of_bids_has_no_cell_more(tmp_path: Path) -> None:
    """A tab in a name would be another column."""
    write_described(tmp_path / "a.tsv", {"x": "what", "y": "which"}, [("1\t2", None)], Of="m")
    assert (tmp_path / "a.tsv").read_text(encoding="utf-8") == "x\ty\n1 2\tn/a\n"
    said = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert said == {"Of": "m", "x": {"Description": "what"}, "y": {"Description": "which"}}


def test_what_a_model_says_is_described_in_its_own_words() -> None:
    """What is noted of an image is not what the model says."""
    said = {"ear_ratio": "width of the ears"}
    assert describe_column("ear_ratio", said)[1] == "width of the ears"
    assert describe_column("mean_ear_ratio", said)[1] == "mean over images: width of the ears"
    assert "model says" not in str(describe_column("content")[1])


def test_names_that_look_like_numbers_stay_names_in_parquet(tmp_path: Path) -> None:
    """``007`` and ``7`` are two animals."""
    pytest.importorskip("pyarrow")
    text = "image,animal,timepoint,p_pain,content\na,007,60,0.5,12345\nb,7,60,0.25,67890\n"
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    Parquet().write(read_table(tmp_path / "p.csv", required=("image",)), tmp_path / "p.parquet")
    found = pd.read_parquet(tmp_path / "p.parquet")
    assert found["animal"].tolist() == ["007", "7"]
    assert found["timepoint"].tolist() == ["60", "60"]
    assert found["content"].tolist() == ["12345", "67890"]
    assert found["p_pain"].tolist() == [0.5, 0.25]
