"""The labels of TU Berlin as a cohort, from the files to the answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amgs.errors import TableError
from amgs.interop.tu_berlin_cohort import read_tu_berlin_cohort
from program import amgs


@pytest.fixture(scope="module")
def scores() -> Path:
    folder = Path(__file__).parents[3] / "shared/data/scores"
    if not folder.exists():
        pytest.skip("the reference data are not here")
    return folder


def small(tmp_path: Path, images: str, scores: str = "") -> Path:
    """A folder with two scored images of one animal and what explains them."""
    (tmp_path / "mgs_by_rater.csv").write_text(
        "index,ot1,nb1,cb1,ep1,wc1,ot2,nb2,cb2,ep2,wc2\n"
        + (scores or "a.jpg,1,1,1,0,0,1,1,1,1,9\nb.jpg,2,9,9,2,2,,,,,\n"),
        encoding="utf-8",
    )
    (tmp_path / "images.csv").write_text("index,id,time,experiment,control\n" + images)
    (tmp_path / "times.csv").write_text(
        "time_code,time_text,pain,dataset\na,baseline,0,khcas\nb,30 min,1,khcas\na,baseline,0,khkxn\n"
    )
    return tmp_path


def test_scores_animals_groups_and_times_are_joined(tmp_path: Path) -> None:
    folder = small(tmp_path, "b.jpg,7,b,K,0\na.jpg,7,a,K,0.0\n")
    table = read_tu_berlin_cohort(folder).table
    first, second = table.to_dict("records")
    assert (first["image"], first["animal"], first["group"]) == ("a.jpg", "khcas-7", "castration")
    assert (first["timepoint"], first["n_raters"]) == ("baseline", 2)
    # Rater 1: 3 of five units; rater 2: mean of four scorable units times five.
    assert first["mgs"] == pytest.approx((3 + 5) / 2)
    assert second["timepoint"] == "30 min"
    assert second["mgs"] != second["mgs"], "two units not scorable: too many"


def test_ids_in_two_groups_are_reported(tmp_path: Path) -> None:
    folder = small(tmp_path, "a.jpg,7,a,K,0\nb.jpg,7,a,KXN,1\n")
    found = read_tu_berlin_cohort(folder)
    assert set(found.table["animal"]) == {"khcas-7", "khkxn-7"}
    assert any("7 in castration and control" in note for note in found.notes)
    assert read_tu_berlin_cohort(folder, ["khcas"]).notes == ()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ("a.jpg,7,a,K,0\n", "b.jpg is scored but not in images.csv"),
        ("a.jpg,7,a,K,0\nb.jpg,7,z,K,0\n", "time 'z' of khcas is not in times.csv"),
    ],
)
def test_what_is_not_explained_stops(tmp_path: Path, images: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_tu_berlin_cohort(small(tmp_path, images))
    with pytest.raises(TableError, match="khcas"):
        read_tu_berlin_cohort(tmp_path, ["other"])


@pytest.mark.reference
@pytest.mark.slow
def test_from_the_files_to_the_answer(scores: Path, tmp_path: Path) -> None:
    """Import, check, summarise, compare, report, as a user would."""
    out, summary = tmp_path / "berlin.csv", tmp_path / "summary.csv"
    done = amgs(
        "import", "tu-berlin", scores, "--out", out, "--only", "khcas,khkxn,khiso", "--json"
    )
    document = json.loads(done.stdout)
    assert (document["images"], document["animals"]) == (1231, 145)
    assert any("19 ids stand in two groups" in note for note in document["notes"])
    checked = json.loads(amgs("check", out, "--json").stdout)
    assert checked["faults"] == []
    assert {g["group"]: g["animals"] for g in checked["groups"]} == {
        "ketamine/xylazine": 48,
        "control": 26,
        "isoflurane": 52,
        "castration": 19,
    }
    assert amgs("summarise", out, "--out", summary).returncode == 0
    words = ("--value", "mean_mgs_sum", "--timepoint", "30 min")
    compared = json.loads(amgs("compare", summary, *words, "--json").stdout)
    n = {row["group"]: row["n"] for row in compared["groups"]}
    assert n == {"ketamine/xylazine": 45, "control": 20, "isoflurane": 42, "castration": 9}
    assert compared["anova"]["p"] < 1e-15
    p = {row["group"]: row["p_holm"] for row in compared["paired"]}
    assert p["control"] > 0.5
    assert max(p[g] for g in ("castration", "isoflurane", "ketamine/xylazine")) < 1e-4
    page = tmp_path / "report.html"
    assert amgs("report", summary, *words, "--out", page).returncode == 0
    assert "ketamine/xylazine" in page.read_text(encoding="utf-8")
