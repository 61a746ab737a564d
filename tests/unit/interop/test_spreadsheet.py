"""The animals' table as spreadsheets with decimal commas open it by a double click."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from amgs.errors import TableError
from amgs.interop.formats import open_exporter
from amgs.tables import read_table


def test_semicolons_commas_and_a_mark(tmp_path: Path) -> None:
    """Numbers have commas, names stay what they are, and amgs reads it back."""
    table = pd.DataFrame({"animal": ["Käfig 1.2", "m2"], "pct_pain": ["12.5", ""]})
    out = tmp_path / "pain.csv"
    assert open_exporter("spreadsheet").write(table, out) == ()
    content = out.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfanimal;pct_pain\r\n")
    assert "Käfig 1.2;12,5".encode() in content
    assert read_table(out, required=("animal",))["animal"].tolist() == ["Käfig 1.2", "m2"]


def test_negative_numbers_are_numbers_and_names_are_none(tmp_path: Path) -> None:
    """A spreadsheet averages -0,87 with the rest; animal 1.10 is not animal 1.1."""
    columns = {"animal": ["1.1", "1.10"], "mean_signed_score": ["-0.87", "0.5"], "x": ["=1+1", "2"]}
    out = tmp_path / "score.csv"
    open_exporter("spreadsheet").write(pd.DataFrame(columns), out)
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert lines[1:] == ["1.1;-0,87;'=1+1", "1.10;0,5;2"]
    again = read_table(out, required=("animal",))
    assert again["mean_signed_score"].tolist() == ["-0.87", "0.5"]
    assert again["animal"].tolist() == ["1.1", "1.10"]


def test_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="found none"):
        open_exporter("spreadsheet").write(pd.DataFrame({"animal": []}), tmp_path / "x.csv")
