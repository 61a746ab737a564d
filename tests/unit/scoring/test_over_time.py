"""Agreement by timepoint, of raters with themselves, and as scoring goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from amgs.errors import TableError
from amgs.scoring.over_time import (
    agreement_by,
    detailed_agreement,
    drift,
    not_scorable_by_rater,
    within_raters,
)
from amgs.scoring.ratings import read_ratings_table
from amgs.scoring.reliability import krippendorff_alpha


def table(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["image", "rater", "unit", "value", "repeat", "position"])


def test_raters_are_compared_with_themselves() -> None:
    rows = [
        ("i1", "A", "u", 0.0, False, 0),
        ("i1", "A", "v", 2.0, False, 0),
        ("i2", "A", "u", 1.0, False, 1),
        ("i1", "A", "u", 1.0, True, 2),
        ("i1", "A", "v", 2.0, True, 2),
        ("i2", "A", "u", np.nan, True, 3),
        ("i1", "B", "u", 0.0, False, 0),
    ]
    (found,) = within_raters(table(rows))
    assert found["rater"] == "A"
    assert (found["n_images"], found["n_units"], found["not_scorable_once"]) == (2, 2, 1)
    assert found["exact_agreement"] == 0.5
    # κ of (0, 2) against (1, 2): 1 - 0.5 / (1 + 0.25 + 0.25)
    assert found["weighted_kappa"] == pytest.approx(1 - 0.5 / 1.5)


def test_drift_is_found_and_its_absence_too() -> None:
    rng = np.random.default_rng(1)
    rows = []
    for image in range(200):
        true = rng.uniform(0, 1.5)
        for rater, slope in (("steady", 0.0), ("stricter", 0.004), ("other", 0.0)):
            position = int(rng.integers(0, 10_000)) if rater == "other" else image
            rows.append(
                (
                    f"i{image}",
                    rater,
                    "u",
                    true + slope * position * (rater != "other"),
                    False,
                    position,
                )
            )
    found = {row["rater"]: row for row in drift(table(rows))}
    strict = found["stricter"]
    assert strict["slope_per_100"] == pytest.approx(0.4)
    assert strict["p"] < 1e-10
    assert strict["parts"] == sorted(strict["parts"])
    assert found["steady"]["n_images"] == 200


def test_drift_needs_other_raters() -> None:
    assert drift(table([("i", "A", "u", 1.0, False, 0)])) == []


def test_agreement_by_timepoint_is_that_of_its_part() -> None:
    rng = np.random.default_rng(2)
    rows = [
        {
            "image": f"i{i}",
            "rater": r,
            "unit": "u",
            "value": float(rng.integers(0, 3)),
            "timepoint": "ab"[i % 2],
        }
        for i in range(40)
        for r in "AB"
    ]
    frame = pd.DataFrame(rows)
    for found in agreement_by(frame, "timepoint"):
        part = frame[frame["timepoint"] == found["timepoint"]]
        wide = part.pivot_table(index="image", columns="rater", values="value").to_numpy()
        assert found["n_images"] == 20
        assert found["units"]["u"] == pytest.approx(krippendorff_alpha(wide))


def test_not_scorable_by_rater() -> None:
    rows = [
        ("i", "A", "u", np.nan, False, 0),
        ("i", "A", "v", 1.0, False, 0),
        ("i", "B", "u", 0.0, False, 0),
    ]
    assert not_scorable_by_rater(table(rows)) == {"A": 0.5, "B": 0.0}


def test_a_table_says_as_much_as_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(
        "image,rater,unit,score,timepoint,position,repeat\n"
        "i1,A,u,1,pre,0,no\ni1,A,u,2,pre,5,yes\ni1,B,u,1,pre,0,no\n",
        encoding="utf-8",
    )
    found = detailed_agreement(read_ratings_table(path))
    assert set(found) == {"not_scorable_by_rater", "within_raters", "by_timepoint", "drift"}
    path.write_text("image,rater,unit,score\ni1,A,u,1\ni1,B,u,1\n", encoding="utf-8")
    assert set(detailed_agreement(read_ratings_table(path))) == {"not_scorable_by_rater"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("i1,A,u,1,0,perhaps", "repeat is 'perhaps'"),
        ("i1,A,u,1,first,no", "position is 'first'"),
        ("i1,A,u,1,0,no\ni1,A,u,1,0,no", "a second time"),
        ("i1,A,u,1,0,yes\ni1,A,u,1,0,yes", "a second time"),
    ],
)
def test_faults_in_further_columns_are_told(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(f"image,rater,unit,score,position,repeat\n{line}\n", encoding="utf-8")
    with pytest.raises(TableError, match=message):
        read_ratings_table(path)
