"""The mixed model agrees with lme4, lmerTest and emmeans in R."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amgs.cohort.comparison import ComparisonChoice, compare_groups
from amgs.cohort.design import Cell, Cohort
from amgs.cohort.mixed import mixed_model

R = json.loads((Path(__file__).parent / "data/r_mixed.json").read_text(encoding="utf-8"))


def cohort_of(case: str) -> Cohort:
    return Cohort("pct_pain", tuple(Cell(*cell) for cell in R[case]["cells"]))


@pytest.mark.parametrize("case", R)
def test_variances_estimates_and_p(case: str) -> None:
    """Complete data, missing cells, and animals that do not differ (variance on the border)."""
    found, expected = mixed_model(cohort_of(case), "baseline"), R[case]
    spread = expected["var_residual"]
    assert found["var_animal"] == pytest.approx(expected["var_animal"], rel=1e-4, abs=1e-6 * spread)
    assert found["var_residual"] == pytest.approx(expected["var_residual"], rel=1e-5)
    theirs = {(row["timepoint"], row["a"], row["b"]): row for row in expected["contrasts"]}
    assert len(found["contrasts"]) == len(theirs)
    for ours in found["contrasts"]:
        row = theirs[ours["timepoint"], ours["a"], ours["b"]]
        assert ours["estimate"] == pytest.approx(row["estimate"], rel=1e-5, abs=1e-6)
        assert ours["se"] == pytest.approx(row["se"], rel=1e-5)
        assert ours["df"] == pytest.approx(row["df"], rel=2e-3)
        assert ours["p"] == pytest.approx(row["p"], rel=2e-3)
        assert ours["p_holm"] >= ours["p"]


def test_it_stands_in_the_comparison_where_there_are_timepoints() -> None:
    """And says why not where there is one."""
    found = compare_groups(cohort_of("missing"), ComparisonChoice(timepoint="60min")).document[
        "mixed_model"
    ]
    assert found["n_animals"] == 24
    single = Cohort("v", tuple(Cell(f"m{k}", "ab"[k % 2], "x", float(k)) for k in range(6)))
    assert "one timepoint" in compare_groups(single).document["mixed_model"]["reason"]
