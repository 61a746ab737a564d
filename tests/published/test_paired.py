"""Animals against themselves agree with R (numbers made by make_r_paired.R, kept in data/)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from amgs.cohort.effects import animals_needed
from amgs.cohort.paired import paired_tests

R = json.loads((Path(__file__).parent / "data/r_paired.json").read_text(encoding="utf-8"))
CASES = [name for name in R if name not in {"holm", "power_t"}]
FOUND = {
    row["group"]: row
    for row in paired_tests({name: np.array(R[name]["x"], float) for name in CASES})
}


@pytest.mark.parametrize("case", CASES)
def test_paired_t_and_wilcoxon(case: str) -> None:
    """t, limits, p, V and its p, and the effect size."""
    expected, found = R[case], FOUND[case]
    for name in ("mean", "lower", "upper", "t", "df", "p"):
        assert found[name] == pytest.approx(expected[name], rel=1e-6), name
    assert found["wilcoxon"]["V"] == expected["V"]
    # R takes a normal approximation where there are ties, zeros or fifty animals; here it is exact,
    # which `test_referee.py` compares with R's coin.
    close = {"abs": 0.002} if case in {"ties", "many"} else {"rel": 1e-6}
    assert found["wilcoxon"]["p"] == pytest.approx(expected["p_wilcoxon"], **close)
    if expected["g"] is None:
        assert found["hedges_g"] is None
    else:
        assert found["hedges_g"] == pytest.approx(expected["g"], rel=1e-6)


def test_holm_over_groups() -> None:
    """R's p.adjust."""
    assert [FOUND[name]["p_holm"] for name in CASES] == pytest.approx(R["holm"], rel=1e-6)


def test_what_cannot_be_computed_says_why() -> None:
    """One animal; all the same; nothing changed."""
    rows = paired_tests(
        {"a": np.array([1.0]), "b": np.array([2.0, 2.0]), "c": np.array([0.0, 0.0])}
    )
    almost = np.array([60.1, 70.1, 80.1]) - np.array([50.0, 60.0, 70.0])
    (row,) = paired_tests({"rounding": almost})
    assert "by the same" in row["reason"]
    assert [row["computed"] for row in rows] == [False] * 3
    assert "one animal" in rows[0]["reason"]
    assert "by the same (2)" in rows[1]["reason"]


@pytest.mark.parametrize(("wanted", "sd", "case"), [(1, 1, 0), (20, 11, 1)])
def test_animals_for_a_wanted_difference(wanted: float, sd: float, case: int) -> None:
    """R's power.t.test, rounded up to whole animals; the spread is that of the pilot."""
    pilot = np.array([-1.0, 0.0, 1.0]) * sd
    found = animals_needed({"a": pilot, "b": pilot + 3 * sd}, wanted=wanted)["wanted"]
    assert found["sd"] == pytest.approx(sd)
    assert found["per_group"] == int(np.ceil(R["power_t"][case]))
