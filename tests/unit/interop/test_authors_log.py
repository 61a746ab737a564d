"""The log of the original authors, with its traps."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from amgs.errors import ImpossibleValueError, TableError
from amgs.interop.authors_log import is_authors_log, read_authors_log, score_in_name
from amgs.prediction import read_predictions

LOG = """no pain/00-100_CTC03 HR1 15-18 _0.jpg, 0:0, pain, 0.53220
Pain/1-03-7_x, y.jpg, 0:0, pain, 0.61836
pain/face_clean_MVI_0226_32m58s25f.jpg, 32:58, No Pain, 0.92830
pain/10-2_z.jpg, 0:0, pain, 1.0
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_every_field_is_understood(log: Path) -> None:
    """Blanks, capitals, commas in names, altered copies, times and scores."""
    table = read_authors_log(log)
    assert table["label"].tolist() == ["no pain", "pain", "pain", "pain"]
    assert table["predicted"].tolist() == ["pain", "pain", "no pain", "pain"]
    assert table["image"].iloc[1] == "Pain/1-03-7_x, y.jpg"
    assert table["mgs"].iloc[[0, 1, 3]].tolist() == [0, 3, 10]
    assert pd.isna(table["mgs"].iloc[2])
    assert table["time_s"].iloc[2] == 32 * 60 + 58
    assert pd.isna(table["time_s"].iloc[0])
    assert table["signed_score"].tolist() == pytest.approx([0.0644, 0.23672, -0.8566, 1.0])


def test_it_is_told_from_a_csv_of_predictions(log: Path, tmp_path: Path) -> None:
    """By its first line."""
    other = tmp_path / "p.csv"
    other.write_text("image,predicted,confidence,label\na,pain,0.9,pain\n")
    assert is_authors_log(log)
    assert not is_authors_log(other)
    assert (
        read_predictions(log).attrs["truth"]
        == "the folder in the classification log of the original authors' program"
    )


def test_broken_lines_are_all_named(log: Path) -> None:
    """With their line numbers."""
    log.write_text(LOG + "pain/a.jpg, 0:0, pain\nwho/a.jpg, 0:0, pain, 0.7\n")
    with pytest.raises(TableError, match=r"found 2 others:\n  - line 5: .*\n  - line 6: "):
        read_authors_log(log)


def test_impossible_confidence(log: Path) -> None:
    """Checked as in any other table."""
    log.write_text(LOG.replace("0.61836", "0.31836"))
    with pytest.raises(ImpossibleValueError, match="line 2: 0.31836"):
        read_predictions(log)


@pytest.mark.parametrize(
    ("name", "score"),
    [("00-1_x.jpg", 0), ("1-05-3.jpg", 5), ("10-3.jpg", 10), ("1-10-3.jpg", 10),
     ("1-face_clean.jpg", None), ("face_clean_MVI_01-03.jpg", None), ("11-3.jpg", None)],
)  # fmt: skip
def test_scores_in_names(name: str, score: float | None) -> None:
    """Two digits from 00 to 10 at the start, after `1-` for altered copies."""
    assert score_in_name(name) == score


def test_what_is_not_utf_8_or_has_no_lines_is_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"pain/x,m\xfcuse.jpg,pain,0.9\n")
    if is_authors_log(path):
        with pytest.raises(TableError, match="UTF-8"):
            read_authors_log(path)
    path.write_text("a" * 200_000, encoding="utf-8")
    assert not is_authors_log(path)
