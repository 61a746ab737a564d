"""Human scores, image by image, are summarised like predictions."""

from __future__ import annotations

from pathlib import Path

import pytest

from amgs.errors import TableError
from amgs.prediction.human import read_predictions_or_scores
from amgs.prediction.summarise import summarise_animals, threshold_sensitivity
from amgs.prediction.summary_options import SummaryOptions

HEADER = "image,mgs,animal,group,timepoint,time_s\n"


def test_scores_are_averaged_by_animal_and_missing_stays_missing(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(
        HEADER + "a.jpg,2,m1,x,baseline,1.5\nb.jpg,5,m1,x,baseline,\nc.jpg,,m1,x,baseline,3\n"
        "d.jpg,,m2,y,baseline,\n",
        encoding="utf-8",
    )
    table, outputs = read_predictions_or_scores(path)
    assert list(outputs) == []
    first, second = summarise_animals(table, SummaryOptions())
    assert (first["mean_mgs_sum"], first["n_mgs"], first["images"]) == (3.5, 2, 3)
    assert (first["included"], first["pct_pain"], first["confident_images"]) == ("yes", None, None)
    assert (second["mean_mgs_sum"], second["included"]) == (None, "no")
    assert second["reason"] == "no image was scored"
    assert threshold_sensitivity(table, SummaryOptions()) == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("a.jpg,eleven,m1,x,baseline,\n", "mgs is 'eleven'"),
        ("a.jpg,11,m1,x,baseline,\n", "mgs is '11'"),
        ("a.jpg,1,m1,x,baseline,soon\n", "time_s is 'soon'"),
        ("a.jpg,1,m1,x,baseline,\na.jpg,1,m1,x,baseline,\n", "a.jpg is listed twice"),
    ],
)
def test_faults_are_told(tmp_path: Path, lines: str, message: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(HEADER + lines, encoding="utf-8")
    with pytest.raises(TableError, match=message):
        read_predictions_or_scores(path)


def test_predictions_are_still_read_as_such(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text("image,predicted,confidence,mgs\na.jpg,pain,0.9,3\n", encoding="utf-8")
    table, _ = read_predictions_or_scores(path)
    assert table["p_pain"].tolist() == [0.9]
