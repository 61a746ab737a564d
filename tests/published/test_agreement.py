"""Agreement of raters: against R, against the published numbers, and by its properties."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from amgs.errors import TableError
from amgs.figures import agreement_by_unit
from amgs.interop.formats import read_any_ratings
from amgs.scoring.agreement import measure_agreement
from amgs.scoring.ratings import first_answers, read_ratings
from amgs.scoring.reliability import (
    cronbach_alpha,
    exact_agreement,
    intraclass_correlation,
    krippendorff_alpha,
    quadratic_kappa,
    weighted_kappas,
)
from conftest import SHARED
from program import amgs

R = json.loads((Path(__file__).parent / "data/r_agreement.json").read_text(encoding="utf-8"))
SCORES = np.array(R["scores"], float)


def test_icc_is_rs() -> None:
    """Value and limits of ICC2, and ICC2k, by psych."""
    found = intraclass_correlation(SCORES)
    for name, value in R["icc2"].items():
        assert found[name] == pytest.approx(value, abs=1e-6), name
    assert found["average_of_raters"] == pytest.approx(R["icc2k"], abs=1e-6)
    assert found["n_images"] == 60


def test_kappa_and_cronbach_are_rs() -> None:
    """All six pairs, and scikit-learn agrees."""
    pairs = weighted_kappas(SCORES, ("1", "2", "3", "4"))
    assert [p["kappa"] for p in pairs] == pytest.approx(R["kappas"], abs=1e-6)
    theirs = cohen_kappa_score(SCORES[:, 0], SCORES[:, 1], weights="quadratic")
    assert quadratic_kappa(SCORES[:, 0], SCORES[:, 1]) == pytest.approx(theirs)
    assert cronbach_alpha(SCORES) == pytest.approx(R["alpha"], abs=1e-6)


def test_alpha_of_krippendorff() -> None:
    """His example of four observers and twelve units (2011): interval α = 0.849."""
    nan = np.nan
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
        [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
    ]
    assert krippendorff_alpha(np.array(observers, float).T) == pytest.approx(0.849, abs=5e-4)


def test_icc_of_shrout_and_fleiss() -> None:
    """Their table of six targets and four judges (1979): ICC(2,1) = 0.29, ICC(2,4) = 0.62."""
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = intraclass_correlation(np.array(table, float))
    assert round(found["value"], 2) == 0.29
    assert round(found["average_of_raters"], 2) == 0.62


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_agreement_does_not_depend_on_order(seed: int) -> None:
    """Neither of images nor of raters."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (30, 3)).astype(float)
    scores[rng.random(scores.shape) < 0.2] = np.nan
    mixed = scores[rng.permutation(30)][:, rng.permutation(3)]
    assert krippendorff_alpha(mixed) == pytest.approx(krippendorff_alpha(scores))
    assert exact_agreement(mixed) == pytest.approx(exact_agreement(scores))
    assert cronbach_alpha(mixed) == (
        pytest.approx(cronbach_alpha(scores)) if cronbach_alpha(scores) is not None else None
    )


def test_what_does_not_exist_says_so() -> None:
    """One rater, nothing in common, nothing that varies."""
    alone = np.array([[0.0], [1.0], [2.0]])
    assert krippendorff_alpha(alone) is None
    assert intraclass_correlation(alone)["computed"] is False
    assert cronbach_alpha(alone) is None
    assert exact_agreement(alone) is None
    assert krippendorff_alpha(np.ones((5, 2))) is None
    assert intraclass_correlation(np.ones((5, 2)))["reason"].startswith("the scores do not vary")
    assert quadratic_kappa(np.ones(4), np.ones(4)) is None


def long_table(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "ratings.csv"
    path.write_text("image,rater,unit,score\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_not_scorable_is_missing_and_counted(tmp_path: Path) -> None:
    """A quarter of the nose scores here; the mean is over what was scored."""
    lines = [
        "a,ann,orbital_tightening,2", "a,bob,orbital_tightening,2",
        "a,ann,nose_bulge,", "a,bob,nose_bulge,1",
        "b,ann,orbital_tightening,0", "b,bob,orbital_tightening,1",
        "b,ann,nose_bulge,0", "b,bob,nose_bulge,0",
    ]  # fmt: skip
    ratings = read_ratings(long_table(tmp_path, lines))
    assert ratings.mean_score()[0].tolist() == [2.0, 1.5]
    found = measure_agreement(ratings)
    assert found["units"]["nose_bulge"]["not_scorable"] == 0.25
    assert found["units"]["orbital_tightening"]["not_scorable"] == 0.0
    assert found["units"]["orbital_tightening"]["exact_agreement"] == 0.5
    assert found["units"]["nose_bulge"]["icc"]["computed"] is False
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a,ann,nose_bulge,3", "line 2: score is '3'"),
        ("a,ann,nose_bulge,1.5", "line 2: score is '1.5'"),
        ("a,ann,nose_bulge,9", "line 2: score is '9'"),
        ("a,,nose_bulge,1", "line 2: no rater"),
        (
            "a,ann,nose_bulge,1\na,ann,nose_bulge,2",
            "line 3: ann scores nose_bulge of a a second time",
        ),
    ],
)
def test_faults_of_ratings(tmp_path: Path, line: str, message: str) -> None:
    """Each with its line."""
    with pytest.raises(TableError, match=message):
        read_ratings(long_table(tmp_path, [line]))


def test_the_traps_of_the_berlin_table(tmp_path: Path) -> None:
    """9 is not scorable, - and blank are not asked, a 3 is left out and said."""
    path = tmp_path / "b.csv"
    path.write_text("index,ot1,nb1,ot2,nb2\nx.jpg,0,9,1,2\ny.jpg,3,1,-,\nz.jpg,2,2,2,9\n")
    table, notes = read_any_ratings(path)
    ratings = first_answers(table)
    assert notes == ("1 scores of '3' are not on the scale and were left out",)
    found = measure_agreement(ratings)
    assert ratings.raters == ("1", "2")
    assert found["units"]["nose_bulge"]["not_scorable"] == pytest.approx(2 / 5)
    assert found["units"]["orbital_tightening"]["n_scores"] == 4


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    """A table, a CSV, a figure, one JSON document."""
    lines = [
        f"i{n},r{k},{unit},{int(SCORES[n, k])}"
        for n in range(60) for k in range(4) for unit in ("orbital_tightening", "ear_position")
    ]  # fmt: skip
    path = long_table(tmp_path, lines)
    done = amgs("agreement", path, "--out", tmp_path / "a.csv", "--figures", tmp_path / "f")
    assert done.returncode == 0, done.stderr
    assert "60 images, 4 raters" in done.stdout
    assert (tmp_path / "f/agreement_by_unit.png").exists()
    found = json.loads(amgs("agreement", path, "--json").stdout)
    assert found["units"]["ear_position"]["icc"]["value"] == pytest.approx(R["icc2"]["value"])
    drawn = agreement_by_unit.figure(found)
    assert [row[0] for row in drawn.rows] == [
        "mean of the units",
        "ear_position",
        "orbital_tightening",
    ]


@pytest.mark.reference
def test_the_published_raters() -> None:
    """TU Berlin: α per unit and of the mean, one rater against the others (science of the method)."""
    path = SHARED / "data/scores/mgs_by_rater.csv"
    if not path.exists():
        pytest.skip("the reference data are not here")
    table, notes = read_any_ratings(path)
    found = measure_agreement(first_answers(table))
    assert (found["n_images"], found["n_raters"]) == (3413, 11)
    assert notes == ("1 scores of '3' are not on the scale and were left out",)
    # With the stray 3 counted as a score, ear position would be 0.5454; it is none of the scale.
    assert found["units"]["ear_position"]["krippendorff_alpha"] == pytest.approx(0.5448, abs=5e-5)
    expected = {
        "orbital_tightening": 0.71, "whisker_change": 0.45,
        "cheek_bulge": 0.39, "nose_bulge": 0.34,
    }  # fmt: skip
    for unit, alpha in expected.items():
        assert found["units"][unit]["krippendorff_alpha"] == pytest.approx(alpha, abs=0.005), unit
    assert found["mgs_per_unit"]["krippendorff_alpha"] == pytest.approx(0.62, abs=0.005)
    assert found["leave_one_rater_out"]["pearson_r"] == pytest.approx(0.72, abs=0.005)
    assert found["leave_one_rater_out"]["rmse"] == pytest.approx(0.36, abs=0.005)
    assert found["units"]["whisker_change"]["not_scorable"] == pytest.approx(0.18, abs=0.005)
