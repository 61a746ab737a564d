"""Tables for GraphPad Prism and as Parquet say what the summary says, and no more."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from amgs.errors import TableError
from amgs.interop.parquet import Parquet
from amgs.interop.prism import PrismColumns
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
    assert PrismColumns().write(table, tmp_path / "p.csv") == ("1 row not included left out",)
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
@pytest.mark.parametrize("exporter", [PrismColumns(), PrismGrouped()])
def test_what_no_comparison_would_take_is_refused(
    tmp_path: Path, exporter: PrismColumns | PrismGrouped, row: tuple[str, ...], says: str
) -> None:
    table = summary(("a", "sham", "60min", "10", "yes"), row)
    with pytest.raises(TableError, match=says):
        exporter.write(table, tmp_path / "p.csv", "pct_pain")
    assert not list(tmp_path.iterdir())


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
