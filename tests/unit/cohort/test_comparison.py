"""Comparisons: the contract, what is left out and why, and what cannot be computed."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amgs.cohort.comparison import ComparisonChoice, compare_groups
from amgs.cohort.design import Cell, Cohort, read_cohort
from amgs.errors import DesignError, TableError


def cohort(rng_seed: int = 0, per_group: int = 8, shift: float = 20.0) -> Cohort:
    rng = np.random.default_rng(rng_seed)
    cells = []
    for g, name in enumerate(("sham", "surgery", "surgery+carprofen")):
        for k in range(per_group):
            animal = f"{name}{k}"
            before = float(rng.normal(20, 6))
            effect = shift * (0, 1, 0.4)[g]
            cells.append(Cell(animal, name, "baseline", before))
            cells.append(Cell(animal, name, "60min", before + effect + float(rng.normal(0, 8))))
    return Cohort("pct_pain", tuple(cells))


def write(path: Path, rows: list[str], header: str = "animal,group,timepoint,pct_pain") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def numbers_in(value) -> list[float]:
    if isinstance(value, dict):
        return [n for v in value.values() for n in numbers_in(v)]
    if isinstance(value, list | tuple):
        return [n for v in value for n in numbers_in(v)]
    return [value] if isinstance(value, float) else []


def test_the_document_has_the_agreed_keys() -> None:
    """And is plain JSON without NaN."""
    found = compare_groups(cohort()).document
    assert {
        "value",
        "baseline",
        "groups",
        "anderson_darling",
        "levene",
        "anova",
        "tukey",
        "outliers",
        "excluded",
    } <= set(found)
    assert [g["group"] for g in found["groups"]] == ["sham", "surgery", "surgery+carprofen"]
    assert set(found["groups"][0]) == {"group", "n", "mean", "sem", "sd"}
    assert {"F", "df_between", "df_within", "p", "eta_squared", "omega_squared"} <= set(
        found["anova"]
    )
    assert {"a", "b", "difference", "lower", "upper", "p", "hedges_g"} <= set(found["tukey"][0])
    json.dumps(found, allow_nan=False)
    assert found["anova"]["df_within"] == 21
    first = found["tukey"][0]
    means = {g["group"]: g["mean"] for g in found["groups"]}
    assert first["difference"] == pytest.approx(means[first["a"]] - means[first["b"]])


@cache
def compared_once() -> dict:
    """What every example is compared with; made once, as it takes a second."""
    return compare_groups(cohort(1)).document


@given(st.randoms(use_true_random=False), st.floats(-50, 50), st.floats(0.1, 10))
@settings(max_examples=8, deadline=None)
@pytest.mark.slow
def test_order_names_shift_and_scale_change_nothing_else(
    random, shift: float, scale: float
) -> None:
    """Rows in another order give the same p; a constant cancels; a factor scales differences."""
    base = compared_once()
    cells = list(cohort(1).cells)
    random.shuffle(cells)
    renamed = {"sham": "C", "surgery": "B", "surgery+carprofen": "A"}
    changed = Cohort(
        "pct_pain",
        tuple(
            Cell(c.animal, renamed[c.group], c.timepoint, (c.value or 0) * scale + shift)
            for c in cells
        ),
    )
    found = compare_groups(changed).document
    for test, name in (("anova", "F"), ("anova", "p"), ("levene", "F"), ("anderson_darling", "p")):
        assert found[test][name] == pytest.approx(base[test][name], rel=1e-6, abs=1e-12)
    ps = sorted(row["p"] for row in found["tukey"])
    assert ps == pytest.approx(sorted(row["p"] for row in base["tukey"]), rel=1e-6, abs=1e-9)
    sizes = sorted(abs(row["hedges_g"]) for row in found["tukey"])
    assert sizes == pytest.approx(sorted(abs(row["hedges_g"]) for row in base["tukey"]), rel=1e-6)


def test_animals_without_a_baseline_are_left_out_with_the_reason(tmp_path: Path) -> None:
    """Nothing is filled in."""
    rows = [
        f"m{k},{g},{t},{10 * k + len(t)}"
        for k in range(6)
        for g in [("a", "b")[k % 2]]
        for t in ("baseline", "30min")
    ]
    rows += ["m7,a,30min,40", "m8,b,baseline,10", "m9,b,baseline,3", "m9,b,30min,"]
    found = compare_groups(read_cohort(write(tmp_path / "s.csv", rows), "pct_pain")).document
    reasons = {e["animal"]: e["reason"] for e in found["excluded"]}
    assert reasons == {
        "m7": "no row at baseline",
        "m8": "no row at 30min",
        "m9": "no value at 30min",
    }
    assert sum(g["n"] for g in found["groups"]) == 6


def test_rows_marked_as_not_included_are_respected(tmp_path: Path) -> None:
    """With the reason that the summary gave."""
    header = "animal,group,timepoint,pct_pain,included,reason"
    rows = [f"m{k},{('a', 'b')[k % 2]},x,{k * 3},yes," for k in range(6)]
    rows[0] = "m0,a,x,0,no,fewer than 1 confident image per minute"
    found = compare_groups(
        read_cohort(write(tmp_path / "s.csv", rows, header), "pct_pain")
    ).document
    assert found["baseline"] is None
    assert found["excluded"] == [
        {"animal": "m0", "group": "a", "reason": "x: fewer than 1 confident image per minute"}
    ]


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (["m1,a,x,1", "m1,b,x,2"], DesignError, "animal m1 is in the groups a, b"),
        (["m1,a,x,1", "m1,a,x,2"], DesignError, "animal m1 has two rows at x"),
        (["m1,a,x,much"], TableError, "line 2: pct_pain is 'much', not a number"),
        (["m1,a,x,nan"], TableError, "line 2: pct_pain is 'nan', not a number"),
        ([",a,x,1"], TableError, "line 2: no animal"),
    ],
)
def test_faults_of_the_table(tmp_path: Path, rows, error, message: str) -> None:
    """Each with its own words."""
    with pytest.raises(error, match=message):
        read_cohort(write(tmp_path / "s.csv", rows), "pct_pain")


def test_a_missing_value_column_is_named(tmp_path: Path) -> None:
    """With those that are there."""
    path = write(tmp_path / "s.csv", ["m1,a,x,1"])
    with pytest.raises(TableError, match="'mean_mgs_sum'.*found pct_pain.*--value"):
        read_cohort(path, "mean_mgs_sum")


def test_tables_of_images_are_refused_with_the_reason(tmp_path: Path) -> None:
    """Images are not animals."""
    path = write(
        tmp_path / "p.csv",
        ["a.jpg,pain,0.9,m1,a,x"],
        "image,predicted,confidence,animal,group,timepoint",
    )
    with pytest.raises(DesignError, match="table of images.*amgs summarise"):
        read_cohort(path, "confidence")


def one(group_values: dict[str, list[float]]) -> dict:
    cells = [
        Cell(f"{g}{k}", g, "x", v)
        for g, values in group_values.items()
        for k, v in enumerate(values)
    ]
    return compare_groups(Cohort("pct_pain", tuple(cells))).document


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ({"a": [1.0, 2, 3], "b": [4.0]}, "one animal only in b"),
        ({"a": [5.0, 5, 5], "b": [5.0, 5]}, "all values within every group are equal"),
        ({"a": [1.0, 2, 3]}, "there is one group"),
    ],
)
def test_what_cannot_be_computed_says_why(groups, reason: str) -> None:
    """Never a NaN that looks like a number."""
    found = one(groups)
    assert found["anova"]["computed"] is False
    assert reason in found["anova"]["reason"]
    assert all(math.isfinite(n) for n in numbers_in(found))
    json.dumps(found, allow_nan=False)


def test_timepoints_must_be_clear() -> None:
    """No baseline, an unknown one, or several to compare: each asks for what is missing."""
    cells = [
        Cell(f"m{k}", "ab"[k % 2], t, float(k)) for k in range(6) for t in ("pre", "30min", "60min")
    ]
    three = Cohort("v", tuple(cells))
    with pytest.raises(DesignError, match="'baseline', found pre, 30min, 60min.*--baseline"):
        compare_groups(three)
    with pytest.raises(DesignError, match="one of pre, 30min, 60min, found 'before'"):
        compare_groups(three, ComparisonChoice(baseline="before"))
    with pytest.raises(DesignError, match="found 30min, 60min. Name one with --timepoint"):
        compare_groups(three, ComparisonChoice(baseline="pre"))
    chosen = ComparisonChoice(baseline="pre", timepoint="60min")
    assert compare_groups(three, chosen).document["timepoint"] == "60min"


def test_outliers_at_baseline_are_reported_or_removed() -> None:
    """Never silently."""
    cells = list(cohort(3).cells)
    cells = [
        Cell(
            c.animal,
            c.group,
            c.timepoint,
            95.0 if (c.animal, c.timepoint) == ("sham0", "baseline") else c.value,
        )
        for c in cells
    ]
    odd = Cohort("pct_pain", tuple(cells))
    reported = compare_groups(odd).document
    assert [o["animal"] for o in reported["outliers"]] == ["sham0"]
    assert reported["groups"][0]["n"] == 8
    assert any("sham0" in note and "outliers: remove" in note for note in reported["notes"])
    removed = compare_groups(odd, ComparisonChoice(outliers="remove")).document
    assert removed["groups"][0]["n"] == 7
    assert "studentised residual" in removed["excluded"][0]["reason"]


@pytest.mark.parametrize(
    "groups",
    [
        {"a": [1.0, 2], "b": [4.0, 6]},
        {"a": [0.0, 0, 0.001], "b": [100.0, 100, 100]},
        {"a": [0.3 - 0.1, 0.4 - 0.2, 0.6 - 0.4], "b": [0.8 - 0.1, 0.9 - 0.2, 1.4 - 0.7]},
        {"a": [1e9, 1e9 + 1e-7], "b": [1.0, 1.0]},
    ],
)
def test_degenerate_data_never_make_infinities(groups) -> None:
    """Two animals per group, rounding noise, huge effects: still plain JSON."""
    found = one(groups)
    json.dumps(found, allow_nan=False)
    assert all(math.isfinite(n) for n in numbers_in(found))


def test_values_that_follow_the_means_make_no_mixed_model() -> None:
    """No residual, no test."""
    rows = [
        ("a1", "a", 5.0, 5.0),
        ("a2", "a", 10.0, 10.0),
        ("b1", "b", 5.0, 55.0),
        ("b2", "b", 12.0, 62.0),
    ]
    cells = [Cell(n, g, t, v) for n, g, x, y in rows for t, v in (("baseline", x), ("60min", y))]
    found = compare_groups(Cohort("v", tuple(cells))).document
    json.dumps(found, allow_nan=False)
    assert found["mixed_model"]["computed"] is False


def test_removed_outliers_are_removed_everywhere() -> None:
    """Also from the mixed model."""
    cells = [
        Cell(
            c.animal,
            c.group,
            c.timepoint,
            95.0 if (c.animal, c.timepoint) == ("sham0", "baseline") else c.value,
        )
        for c in cohort(3).cells
    ]
    found = compare_groups(Cohort("v", tuple(cells)), ComparisonChoice(outliers="remove")).document
    assert found["mixed_model"]["n_animals"] == 23


def test_a_table_of_baselines_can_be_compared() -> None:
    """To see whether the groups start equal."""
    cells = tuple(c for c in cohort(2).cells if c.timepoint == "baseline")
    found = compare_groups(Cohort("v", cells)).document
    assert found["baseline"] is None
    assert found["anova"]["df_within"] == 21


def test_doubtful_assumptions_are_said() -> None:
    """And the other tests stand beside, whatever they say."""
    rng = np.random.default_rng(5)
    found = one({"a": list(rng.normal(0, 1, 20)), "b": list(rng.normal(0, 30, 20))})
    assert any("variances differ" in note for note in found["notes"])
    assert found["sensitivity"]["welch"]["p"] > 0
    assert len(found["sensitivity"]["dunn"]) == 1


def test_of_two_animals_none_is_an_outlier() -> None:
    """Each lies as far from their mean as the other."""
    values = {"sham": (2.34, 0.50), "surgery": (1.00, 1.01)}
    cells = [
        Cell(f"{group}{n}", group, timepoint, value + later)
        for group, both in values.items()
        for n, value in enumerate(both)
        for timepoint, later in (("baseline", 0.0), ("60min", n + 1.0))
    ]
    found = compare_groups(Cohort("v", tuple(cells)), ComparisonChoice(outliers="remove")).document
    assert found["outliers"] == []
    assert [group["n"] for group in found["groups"]] == [2, 2]
