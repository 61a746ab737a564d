"""Evaluation: what is counted, what is refused, and the statistics of the MGS comparison."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from amgs.errors import ConflictingLabelsError, ImpossibleValueError, OneClassError, TableError
from amgs.model.evaluate import (
    compare_with_mgs,
    evaluate_predictions,
    trained_on,
)
from amgs.prediction import join_truth, read_predictions

GOOD = """image,predicted,confidence,label,mgs
a.jpg,pain,0.90,pain,6
b.jpg,no pain,0.80,no pain,0
c.jpg,pain,0.75,no pain,1
d.jpg,no pain,0.60,pain,4
e.jpg,pain,0.70,,2
f.jpg,pain,0.95,pain,9
"""


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "predictions.csv"
    path.write_text(content, encoding="utf-8")
    return path


def test_counts_threshold_and_unlabelled(tmp_path: Path) -> None:
    """A confidence of exactly the threshold counts; rows without truth are counted apart."""
    result = evaluate_predictions(read_predictions(write(tmp_path, GOOD)), 0.75)
    found = result.as_dict()
    assert {k: found[k] for k in ("n_total", "n", "tp", "fn", "fp", "tn")} == {
        "n_total": 5, "n": 4, "tp": 2, "fn": 0, "fp": 1, "tn": 1,
    }  # fmt: skip
    assert found["coverage"] == 0.8
    assert found["n_unlabelled"] == 1
    assert found["curve"][0]["n"] == 5
    assert [p["threshold"] for p in found["curve"]] == [round(0.5 + 0.05 * k, 2) for k in range(10)]
    assert found["mgs"]["n"] == 6


def test_the_document_has_the_promised_keys(tmp_path: Path) -> None:
    """The contract of `amgs evaluate --json`; it holds no NaN."""
    found = evaluate_predictions(read_predictions(write(tmp_path, GOOD))).as_dict()
    assert {"threshold", "n_total", "n", "coverage", "tp", "fn", "fp", "tn", "sensitivity",
            "specificity", "accuracy", "auc", "curve"} <= set(found)  # fmt: skip
    assert {"threshold", "coverage", "accuracy", "sensitivity", "specificity", "n"} <= set(
        found["curve"][0]
    )
    assert {"pearson_r", "p", "slope", "intercept", "by_score"} <= set(found["mgs"])
    assert {"mgs", "n", "mean", "sem", "t", "p_bonferroni"} <= set(found["mgs"]["by_score"][0])
    json.dumps(found, allow_nan=False)


def test_mgs_comparison_agrees_with_scipy() -> None:
    """r, line and t-tests computed the plain way."""
    rng = np.random.default_rng(0)
    mgs = rng.integers(0, 4, 200).astype(float)
    score = np.clip(0.3 * (mgs - 1.5) + rng.normal(0, 0.4, 200), -1, 1)
    found = compare_with_mgs(mgs, score)
    line = stats.linregress(score, mgs)
    assert found.pearson_r == pytest.approx(line.rvalue)
    assert (found.slope, found.intercept, found.p) == pytest.approx(
        (line.slope, line.intercept, line.pvalue)
    )
    for row in found.by_score:
        group = score[mgs == row.mgs]
        test = stats.ttest_1samp(group, 0)
        assert row.sem == pytest.approx(stats.sem(group))
        assert (row.t, row.p) == pytest.approx((test.statistic, test.pvalue))
        assert row.p_bonferroni == pytest.approx(min(1, test.pvalue * 4))


def test_what_cannot_be_computed_is_none() -> None:
    """One image has no spread, equal scores have no t; neither becomes a number."""
    found = compare_with_mgs(np.array([0.0, 1, 1]), np.array([0.2, 0.5, 0.5]))
    assert found.pearson_r is None
    single, equal = found.by_score
    assert (single.sem, single.t, single.p_bonferroni) == (None, None, None)
    assert (equal.t, equal.p_bonferroni) == (None, None)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (("0.90", "0.4"), ImpossibleValueError, r"Expected confidences from 0.5 to 1 .* 1 other:\n.*line 2: 0.4"),
        (("0.90", "nan"), TableError, "line 2: confidence is 'nan', not a number"),
        (("0.90", ""), TableError, "line 2: confidence is '', not a number"),
        (("0.90", "high"), TableError, "line 2: confidence is 'high', not a number"),
        (("a.jpg,pain", "a.jpg,hurt"), TableError, "predicted is 'hurt', not `pain` or `no pain`"),
        (("0.90,pain,6", "0.90,pain,11"), TableError, "mgs is '11', not a number from 0 to 10"),
        (("confidence", "score"), TableError, "confidence is missing"),
    ],
)  # fmt: skip
def test_bad_predictions(
    change: tuple[str, str], error: type[Exception], message: str, tmp_path: Path
) -> None:
    """Every impossible cell is named with its line."""
    path = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(error, match=message):
        read_predictions(path)


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Two wrong confidences, two lines."""
    path = write(tmp_path, GOOD.replace("0.90", "0.1").replace("0.80", "7"))
    with pytest.raises(ImpossibleValueError, match=r"2 others:\n  - line 2: 0.1\n  - line 3: 7.0"):
        read_predictions(path)


def test_columns_that_contradict_each_other(tmp_path: Path) -> None:
    """A table changed by hand is noticed."""
    content = "image,predicted,confidence,p_pain\na,pain,0.9,0.9\nb,no pain,0.9,0.9\n"
    with pytest.raises(
        ImpossibleValueError, match=r"1 lines in which they contradict.*\n  - line 3: b"
    ):
        read_predictions(write(tmp_path, content))


def test_rows_with_a_problem_are_counted_not_used(tmp_path: Path) -> None:
    """A broken file is neither right nor wrong."""
    content = "image,predicted,confidence,label,problem\na,pain,0.9,pain,\nb,no pain,0.9,no pain,\nc,,,pain,cut\n"
    result = evaluate_predictions(read_predictions(write(tmp_path, content)))
    assert result.n_problems == 1
    assert result.point.n_total == 2


def test_truth_from_folders(tmp_path: Path) -> None:
    """As in the authors' log: the folder says what is true."""
    content = "image,predicted,confidence\nx/pain/m1/a,pain,0.9\nx/no pain/b,pain,0.8\n"
    result = evaluate_predictions(read_predictions(write(tmp_path, content)))
    assert result.truth == "the folder of each image"
    assert (result.point.counts.tp, result.point.counts.fp) == (1, 1)


def test_without_truth(tmp_path: Path) -> None:
    """The message names the three ways to give it."""
    table = read_predictions(write(tmp_path, "image,predicted,confidence\na,pain,0.9\n"))
    with pytest.raises(TableError, match=r"Expected the truth in a `label` column.*--truth"):
        evaluate_predictions(table)


def test_one_class_only(tmp_path: Path) -> None:
    """Without no-pain images there is no specificity and no AUC."""
    table = read_predictions(write(tmp_path, "image,predicted,confidence,label\na,pain,0.9,pain\n"))
    with pytest.raises(OneClassError, match="found only `pain`"):
        evaluate_predictions(table)


@pytest.mark.parametrize("threshold", [0.4, 1.1, float("nan")])
def test_impossible_threshold(threshold: float, tmp_path: Path) -> None:
    """No confidence lies there."""
    table = read_predictions(write(tmp_path, GOOD))
    with pytest.raises(ImpossibleValueError, match="Expected a threshold from 0.5 to 1"):
        evaluate_predictions(table, threshold)


def test_joining_truth_by_name() -> None:
    """Whole names from the end; what is ambiguous is refused."""
    table = pd.DataFrame({"image": ["faces/m1/a.jpg", "faces/m2/a.jpg", "faces/b.jpg"]})
    joined, notes = join_truth(table, [("m1/a.jpg", "", "pain"), ("m2/a.jpg", "", "no pain")])
    assert joined["label"].tolist()[:2] == ["pain", "no pain"]
    assert pd.isna(joined["label"].tolist()[2])
    assert notes == ["2 of 3 predictions have a label in --truth, matched by name."]
    one = pd.DataFrame({"image": ["a.jpg"]})
    with pytest.raises(TableError, match=r"Expected one label for a\.jpg, found several"):
        join_truth(one, [("x/a.jpg", "", "pain"), ("y/a.jpg", "", "no pain")])
    with pytest.raises(TableError, match="found none"):
        join_truth(table, [("other.jpg", "", "pain")])
    with pytest.raises(TableError, match=r"but a\.jpg fits several"):
        join_truth(table, [("a.jpg", "", "pain")])


def test_joining_truth_by_content() -> None:
    """Equal names of other images are no danger; contradicting labels are counted."""
    table = pd.DataFrame(
        {"image": ["a.jpg", "b.jpg"], "content": ["11", "22"], "label": ["pain", "pain"]}
    )
    joined, notes = join_truth(table, [("x.jpg", "11", "no pain"), ("b.jpg", "33", "no pain")])
    assert joined["label"].iloc[0] == "no pain"
    assert pd.isna(joined["label"].iloc[1])
    assert "matched by content" in notes[0]
    assert notes[1].startswith("1 of them carry another label")


def test_repeated_images_are_refused(tmp_path: Path) -> None:
    """A row pasted twice would count twice."""
    path = write(tmp_path, GOOD + "a.jpg,pain,0.90,pain,6\n")
    with pytest.raises(TableError, match=r"1 lines that repeat one:\n  - line 8: a\.jpg"):
        read_predictions(path)


def test_images_the_model_was_trained_with_are_counted(tmp_path: Path) -> None:
    """Train and validation part; the test part is fair."""
    content = "image,predicted,confidence,label,part\na,pain,0.9,pain,train\n"
    content += "b,no pain,0.9,no pain,validation\nc,pain,0.9,no pain,test\nd,pain,0.9,pain,\n"
    table = read_predictions(write(tmp_path, content))
    assert evaluate_predictions(table).n_trained_on == 2
    assert trained_on(table).tolist() == [True, True, False, False]


def test_equal_files_with_two_labels_are_no_truth() -> None:
    """Whichever came last used to count."""
    table = pd.DataFrame({"image": ["a.jpg", "b.jpg"], "content": ["x", "y"]})
    with pytest.raises(ConflictingLabelsError, match=r"pain/a.jpg \(pain\) and no/a.jpg"):
        join_truth(table, [("pain/a.jpg", "x", "pain"), ("no/a.jpg", "x", "no pain")])
