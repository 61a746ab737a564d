"""The numbers of Tuttle et al. 2018 come out of the authors' own log."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amgs.model.evaluate import evaluate_predictions
from amgs.prediction import read_predictions

pytestmark = pytest.mark.reference

TABLE_1 = [
    # threshold, n, tp, fn, fp, tn, coverage, sensitivity, specificity, accuracy (%)
    (0.50, 6_862, 2_793, 743, 425, 2_901, 100.0, 79.0, 87.2, 83.0),
    (0.65, 5_527, 2_435, 410, 199, 2_483, 80.5, 85.6, 92.6, 89.0),
    (0.75, 4_577, 2_159, 226, 85, 2_107, 66.7, 90.5, 96.1, 93.2),
]


@pytest.mark.parametrize("row", TABLE_1, ids=lambda row: str(row[0]))
def test_table_1(row: tuple[float, ...], authors_log: Path) -> None:
    """Counts exactly, percentages as printed."""
    threshold, n, tp, fn, fp, tn, *percentages = row
    found = evaluate_predictions(read_predictions(authors_log), threshold).as_dict()
    assert [found[k] for k in ("n", "tp", "fn", "fp", "tn")] == [n, tp, fn, fp, tn]
    assert [
        round(100 * found[k], 1) for k in ("coverage", "sensitivity", "specificity", "accuracy")
    ] == percentages


def test_mgs(authors_log: Path) -> None:
    """R = 0.497 over 2,244 scored images; the mean score rises from MGS 1 to MGS 10."""
    mgs = evaluate_predictions(read_predictions(authors_log)).mgs
    assert mgs is not None
    assert mgs.n == 2_244
    assert mgs.pearson_r == pytest.approx(0.497, abs=5e-4)
    assert [row.mgs for row in mgs.by_score] == [0, 1, *range(3, 11)]
    assert sum(row.n for row in mgs.by_score) == 2_244
    means = np.array([row.mean for row in mgs.by_score])
    assert (means[:2] < 0).all()
    assert (means[2:] > 0).all()


def test_calibration(authors_log: Path) -> None:
    """The authors' confidences were close to right: mean gap 2.6 percent points."""
    result = evaluate_predictions(read_predictions(authors_log))
    assert result.expected_calibration_error == pytest.approx(0.0257, abs=5e-4)
    assert result.auc == pytest.approx(0.9188, abs=5e-4)
