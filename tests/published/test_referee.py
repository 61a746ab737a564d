"""What a referee asks for, against R: ANCOVA, Dunnett, equivalence, factors, cages, exact tests.

The numbers are from `make_r_referee.R`; Dunnett's in R are random to about 1e-6.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from amgs.cohort.clusters import cage_means, nested_in_cages, with_random_cages
from amgs.cohort.design import Cell, Cohort
from amgs.cohort.differences import Change
from amgs.cohort.equivalence import equivalence_tests
from amgs.cohort.factors import two_factors
from amgs.cohort.group_model import fit_groups, parallel_slopes
from amgs.cohort.loss import fisher_exact
from amgs.cohort.mixed import mixed_model
from amgs.cohort.paired import paired_tests
from amgs.cohort.permutation import permutation_test
from amgs.cohort.plan import Plan
from amgs.cohort.primary import primary_analysis
from amgs.model.by_animal import agree_by_animal
from amgs.prediction.precision import measure_reliability
from amgs.prediction.summary_options import SummaryOptions
from amgs.scoring.crossed import crossed_variances

R = json.loads((Path(__file__).parent / "data" / "r_referee.json").read_text(encoding="utf-8"))
CASES = tuple(R["ancova"])
CLOSE = {"rel": 1e-6, "abs": 1e-9}


def changes_of(rows: list[dict]) -> list[Change]:
    return [
        Change(r["animal"], r["group"], r["baseline"], r["after"], r["after"] - r["baseline"])
        for r in rows
    ]


@pytest.mark.parametrize("case", CASES)
def test_analysis_of_covariance(case: str) -> None:
    """F, adjusted means and Tukey's pairs (car, emmeans), and whether slopes are parallel."""
    expected = R["ancova"][case]
    changes = changes_of(expected["rows"])
    model = fit_groups(changes, "ancova")
    found = model.omnibus()
    assert found["df_within"] == expected["df"]
    assert found["F"] == pytest.approx(expected["F"], **CLOSE)
    assert found["p"] == pytest.approx(expected["p"], **CLOSE)
    for mean, row in zip(model.means(), expected["means"], strict=True):
        assert mean["group"] == row["group"]
        assert mean["mean"] == pytest.approx(row["emmean"], **CLOSE)
        assert mean["se"] == pytest.approx(row["SE"], **CLOSE)
        assert mean["lower"] == pytest.approx(row["lower.CL"], **CLOSE)
    by_name = {f"{r['a']} - {r['b']}": r for r in model.all_pairs()}
    for row in expected["pairs"]:
        mine = by_name[row["contrast"]]
        assert mine["difference"] == pytest.approx(row["estimate"], **CLOSE)
        assert mine["se"] == pytest.approx(row["SE"], **CLOSE)
        # R's ptukey is good to about 1e-6 at such degrees of freedom.
        assert mine["p"] == pytest.approx(row["p.value"], rel=1e-5, abs=1e-7)
        assert mine["lower"] == pytest.approx(row["lower.CL"], rel=1e-5)
    slopes = parallel_slopes(changes)
    assert [slopes["F"], slopes["p"]] == pytest.approx(expected["parallel"], **CLOSE)


@pytest.mark.parametrize("case", CASES)
def test_dunnett(case: str) -> None:
    """Adjusted for a covariate (multcomp)."""
    expected = R["ancova"][case]
    rows = fit_groups(changes_of(expected["rows"]), "ancova").against(expected["control"])
    assert [r["p"] for r in rows] == pytest.approx(expected["dunnett"], abs=3e-6)


@pytest.mark.parametrize("case", CASES)
def test_equivalence_and_trend(case: str) -> None:
    """Two one-sided tests with 90 % limits, and a linear trend over doses (emmeans)."""
    expected = R["ancova"][case]
    changes = changes_of(expected["rows"])
    model = fit_groups(changes, "ancova")
    control = expected["control"]
    pairs = [(g, control) for g in model.groups if g != control]
    rows = equivalence_tests(model, pairs, expected["margin"])
    assert [r["p"] for r in rows] == pytest.approx(expected["p_equivalence"], **CLOSE)
    assert [r["lower"] for r in rows] == pytest.approx(
        [r["lower.CL"] for r in expected["limits90"]], **CLOSE
    )
    for row in rows:
        inside = max(abs(row["lower"]), abs(row["upper"])) < expected["margin"]
        assert row["equivalent"] == inside
    doses = "; ".join(f"{g}: {d}" for g, d in expected["doses"].items())
    trend = primary_analysis(changes, Plan(trend=doses), {}, {})["trend"]
    assert trend["estimate"] == pytest.approx(expected["trend"][0]["estimate"], **CLOSE)
    assert trend["p"] == pytest.approx(expected["trend"][0]["p.value"], **CLOSE)


@pytest.mark.parametrize("case", CASES)
def test_two_factors(case: str) -> None:
    """Type III tests of either factor and the interaction, and cell means (car, emmeans)."""
    expected = R["ancova"][case]
    changes = changes_of(expected["rows"])
    sex = {r["animal"]: r["sex"] for r in expected["rows"]}
    group = {r["animal"]: r["group"] for r in expected["rows"]}
    found = two_factors(changes, {"group": group, "sex": sex}, "ancova")
    effects = list(found["effects"].values())
    assert [e["F"] for e in effects] == pytest.approx(expected["factors"]["F"], **CLOSE)
    assert [e["p"] for e in effects] == pytest.approx(expected["factors"]["p"], **CLOSE)
    means = {(c["group"], c["sex"]): c for c in found["cells"]}
    for cell in expected["factors"]["cells"]:
        mine = means[cell["group"], cell["sex"]]
        assert mine["mean"] == pytest.approx(cell["emmean"], **CLOSE)
        assert mine["lower"] == pytest.approx(cell["lower.CL"], **CLOSE)
    model = fit_groups(changes, "ancova", {"sex": sex})
    adjusted = sorted(r["difference"] for r in model.all_pairs())
    assert adjusted == pytest.approx(sorted(r["estimate"] for r in expected["with_sex"]), **CLOSE)


def test_cages() -> None:
    """The cage as random effect (lme4, lmerTest), and an analysis of cage means (car)."""
    expected = R["cages"]
    changes = changes_of(expected["rows"])
    cages = {r["animal"]: r["cage"] for r in expected["rows"]}
    found = with_random_cages(changes, cages, "ancova")
    assert found["var_cage"] == pytest.approx(expected["var_cage"], rel=1e-5)
    assert found["var_residual"] == pytest.approx(expected["var_residual"], rel=1e-5)
    rows = {f"{r['a']} - {r['b']}": r for r in found["rows"]}
    for row in expected["pairs"]:
        mine = rows[row["contrast"]]
        assert mine["difference"] == pytest.approx(row["estimate"], rel=1e-6)
        assert mine["se"] == pytest.approx(row["SE"], rel=1e-5)
        assert mine["df"] == pytest.approx(row["df"], rel=1e-4)  # lmerTest's are numerical
        assert mine["p"] == pytest.approx(row["p.value"], rel=1e-4)
    assert nested_in_cages(changes, cages)
    primary = primary_analysis(changes, Plan(), {}, cages)
    assert primary["unit"] == "cage"
    assert [primary["omnibus"]["F"], primary["omnibus"]["p"]] == pytest.approx(
        expected["cage_means"], **CLOSE
    )
    assert len(cage_means(changes, cages)) == 12


def test_mixed_model_with_three_random_effects() -> None:
    """Animal, cage, cage at a timepoint: variances, contrasts, group × time (lmerTest)."""
    expected = R["long"]
    cells = [Cell(r["animal"], r["group"], r["timepoint"], r["value"]) for r in expected["rows"]]
    facts = {"cage": {r["animal"]: r["cage"] for r in expected["rows"]}}
    found = mixed_model(Cohort("v", tuple(cells), facts), "baseline")
    named = {"animal": "animal", "cage": "cage", "ct": "cage_at_timepoint", "Residual": "residual"}
    for theirs, mine in named.items():
        assert found[f"var_{mine}"] == pytest.approx(expected["variances"][theirs], rel=1e-4)
    by_time = {r["timepoint"]: r for r in found["contrasts"]}
    for row in expected["contrasts"]:
        mine = by_time[row["timepoint"]]
        sign = 1 if mine["a"] == "drug" else -1
        assert sign * mine["estimate"] == pytest.approx(row["estimate"], rel=1e-5)
        assert mine["df"] == pytest.approx(row["df"], rel=1e-3)
        assert mine["p"] == pytest.approx(row["p"], rel=1e-3)
    test = found["interaction"]
    assert test["F"] == pytest.approx(expected["interaction"]["F"], rel=1e-4)
    assert test["df_within"] == pytest.approx(expected["interaction"]["df"], rel=1e-3)


@pytest.mark.parametrize("case", R["wilcoxon"])
def test_exact_signed_ranks(case: str) -> None:
    """Exact with ties and zeros (coin)."""
    expected = R["wilcoxon"][case]
    found = paired_tests({"a": np.array(expected["x"], float)})[0]["wilcoxon"]
    assert found["exact"]
    assert found["p"] == pytest.approx(expected["p"], **CLOSE)


@pytest.mark.parametrize("case", R["permutation"])
def test_exact_permutation(case: str) -> None:
    """All ways of dealing out the groups (coin for two groups, by hand for three)."""
    expected = R["permutation"][case]
    names = [f"g{k}" for k, n in enumerate(expected["sizes"]) for _ in range(n)]
    changes = [
        Change(f"a{i}", g, None, v, v)
        for i, (g, v) in enumerate(zip(names, expected["values"], strict=True))
    ]
    found = permutation_test(changes, "change")
    assert found["exact"]
    assert found["p"] == pytest.approx(expected["p"], **CLOSE)


@pytest.mark.parametrize("case", R["fisher"], ids=lambda c: str(c["lost"]))
def test_unequal_loss(case: dict) -> None:
    """Fisher's exact test of two and three groups."""
    assert fisher_exact(case["lost"], case["of"]) == pytest.approx(case["p"], **CLOSE)


def test_reliability_of_images() -> None:
    """The mean squares of a one-way analysis of variance with unequal numbers."""
    import pandas as pd

    expected = R["images"]
    table = pd.DataFrame(
        {
            "animal": [str(a) for a in expected["animal"]],
            "group": "g",
            "timepoint": "t",
            "mgs": expected["value"],
        }
    )
    (found,) = measure_reliability(table, SummaryOptions())
    n = np.bincount(expected["animal"])[1:]
    size = (n.sum() - (n**2).sum() / n.sum()) / (len(n) - 1)
    assert found.var_image == pytest.approx(expected["ms_within"], **CLOSE)
    between = (expected["ms_between"] - expected["ms_within"]) / size
    assert found.var_animal == pytest.approx(between, **CLOSE)
    assert found.of(found.images_needed) >= 0.8 > found.of(found.images_needed - 1)


def test_correlation_of_all_scores() -> None:
    """Variances of images and raters over incomplete scores (lme4)."""
    expected = R["crossed"]
    images = sorted({r["image"] for r in expected["rows"]})
    raters = sorted({r["rater"] for r in expected["rows"]})
    scores = np.full((len(images), len(raters)), np.nan)
    for r in expected["rows"]:
        scores[images.index(r["image"]), raters.index(r["rater"])] = r["score"]
    found = crossed_variances(scores)
    assert found is not None
    assert found.image == pytest.approx(expected["variances"]["image"], rel=1e-4)
    assert found.rater == pytest.approx(expected["variances"]["rater"], rel=1e-3)
    assert found.rest == pytest.approx(expected["variances"]["Residual"], rel=1e-4)


def test_correlation_within_and_between_animals() -> None:
    """Repeated-measures correlation as partial correlation given the animals."""
    expected = R["repeated"]
    animals = np.array([f"a{a}" for a in expected["animal"]])
    found = agree_by_animal(np.array(expected["x"]), np.array(expected["y"]), animals)
    assert found is not None
    assert found.within_r == pytest.approx(expected["r"], **CLOSE)
    assert found.between_r == pytest.approx(expected["between"], **CLOSE)
