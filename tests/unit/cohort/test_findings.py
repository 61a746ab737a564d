"""Every error that an audit of the statistics found: each failed before it was mended."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amgs.cohort.comparison import ComparisonChoice, compare_groups
from amgs.cohort.design import Cell, Cohort, read_cohort
from amgs.cohort.effects import hedges_g, pair_power
from amgs.cohort.plan import Plan, parse_contrasts, parse_factors, parse_trend
from amgs.cohort.sentences import describe_primary
from amgs.errors import DesignError, ImpossibleValueError, TableError
from amgs.timepoints import order_timepoints, seconds_of

NEARLY_NO_ANIMAL_VARIANCE = (
    "a:-3.2:28.3 a:-39.9:17.8 a:2.6:-3.3 a:4.1:57.0 a:3.5:-9.7 b:2.8:-22.8 b:-4.6:13.6 "
    "b:-56.1:-11.6 b:-8.4:1.3 b:-22.0:46.4 c:-16.5:8.3 c:-12.5:16.7 c:2.8:1.4 c:-11.3:4.3 "
    "c:-13.6:-37.2"
)


def cells_of(values: str, scale: float = 1.0) -> list[Cell]:
    cells = []
    for number, part in enumerate(values.split()):
        group, before, after = part.split(":")
        cells.append(Cell(f"m{number}", group, "baseline", float(before) * scale))
        cells.append(Cell(f"m{number}", group, "post", float(after) * scale))
    return cells


def cohort(groups: dict[str, int], seed: int = 0, baseline: float = 20.0) -> Cohort:
    rng = np.random.default_rng(seed)
    cells = []
    for place, (group, n) in enumerate(groups.items()):
        for k in range(n):
            cells.append(Cell(f"{group}{k}", group, "baseline", baseline + rng.normal(0, 5)))
            cells.append(Cell(f"{group}{k}", group, "1h", 25 + 15 * place + rng.normal(0, 8)))
    return Cohort("v", tuple(cells))


def write(path: Path, rows: list[str], header: str = "animal,group,timepoint,pct_pain") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


FOUR = ["a,s,baseline,5", "a,s,p,15", "b,s,baseline,7", "b,s,p,30"]
FOUR += ["c,t,baseline,9", "c,t,p,60", "d,t,baseline,8", "d,t,p,55"]


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e-11, 1e7])
def test_e1_degrees_of_freedom_are_exact(scale: float) -> None:
    """Of a variance near 0 as of any other, in whatever unit: 12 for five animals of three."""
    found = compare_groups(Cohort("v", tuple(cells_of(NEARLY_NO_ANIMAL_VARIANCE, scale)))).document[
        "mixed_model"
    ]
    assert [row["df"] for row in found["contrasts"]] == pytest.approx([12.0] * 3, rel=1e-9)


def test_e1_a_test_that_fails_does_not_end_the_comparison() -> None:
    """Values without residual: the mixed model says why, the rest is there."""
    cells = [
        Cell(f"{g}{k}", g, t, 10.0 * k + (5.0 if t == "p" else 0.0) + 1e-12 * k)
        for g in "ab"
        for k in range(4)
        for t in ("baseline", "p")
    ]
    found = compare_groups(Cohort("v", tuple(cells))).document
    assert found["mixed_model"]["computed"] is False
    assert found["primary"]["computed"] is False
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "cell"),
    [("pct_pain", "-5"), ("pct_pain", "135"), ("mean_mgs_sum", "50"), ("mean_signed_score", "1.2")],
)
def test_e2_impossible_values_stop(tmp_path: Path, value: str, cell: str) -> None:
    """In the columns that amgs itself defines."""
    rows = ["a,s,baseline,0.5", f"a,s,p,{cell}"]
    path = write(tmp_path / "x.csv", rows, f"animal,group,timepoint,{value}")
    with pytest.raises(TableError, match=rf"line 3: {value} is {cell}, expected"):
        read_cohort(path, value)


def test_e2_shares_beside_percentages_are_said(tmp_path: Path) -> None:
    """One group as 0 to 1, the other as 0 to 100."""
    rows = [r.replace(",5", ",0.05").replace(",15", ",0.15") for r in FOUR[:2]]
    rows += ["b,s,baseline,0.1", "b,s,p,0.3", *FOUR[4:]]
    found = read_cohort(write(tmp_path / "x.csv", rows), "pct_pain")
    assert any("All values of s lie between 0 and 1" in note for note in found.notes)


@pytest.mark.parametrize("cell", ["N", "n", "x", "excluded"])
def test_e3_included_is_yes_or_no(tmp_path: Path, cell: str) -> None:
    """Anything else would count as included."""
    path = write(
        tmp_path / "x.csv", [f"{FOUR[0]},{cell}"], "animal,group,timepoint,pct_pain,included"
    )
    with pytest.raises(TableError, match=f"included is '{cell}', not yes or no"):
        read_cohort(path, "pct_pain")


@pytest.mark.parametrize("cell", ["1_5", "\uff11\uff15", "nan", "inf", "1e"])
def test_e4_numbers_as_laboratories_write_them(tmp_path: Path, cell: str) -> None:
    """Python would read 15 of the first two."""
    with pytest.raises(TableError, match="not a number"):
        read_cohort(write(tmp_path / "x.csv", [f"a,s,baseline,{cell}"]), "pct_pain")


def test_e5_both_residuals_and_both_results() -> None:
    """The rule is named, the internal residual stands beside, and the result the other way."""
    base = cohort({"a": 8, "b": 8, "c": 8})
    cells = [
        Cell(c.animal, c.group, c.timepoint, 60.0)
        if (c.animal, c.timepoint) == ("a0", "baseline")
        else c
        for c in base.cells
    ]
    odd = Cohort("v", tuple(cells))
    kept = compare_groups(odd).document
    (row,) = kept["outliers"]
    n, k = 24, 3
    t = row["studentised_residual"]
    assert row["internal"] == pytest.approx(t * np.sqrt((n - k) / (n - k - 1 + t**2)))
    assert row["internal"] < np.sqrt(n - k)
    assert any("externally studentised" in note for note in kept["notes"])
    removed = compare_groups(odd, ComparisonChoice(outliers="remove")).document
    assert removed["sensitivity"]["outliers"]["of"] == "with the outliers"
    assert removed["sensitivity"]["outliers"]["rows"] == kept["primary"]["rows"]
    assert kept["sensitivity"]["outliers"]["rows"] == removed["primary"]["rows"]
    assert "externally studentised" in removed["excluded"][0]["reason"]


def test_e7_absence_of_evidence_is_called_that() -> None:
    """With the animals, and the differences that are still possible."""
    rng = np.random.default_rng(3)
    cells = [Cell(f"{g}{k}", g, "t", float(rng.normal(20, 5))) for g in "ab" for k in range(5)]
    found = compare_groups(Cohort("v", tuple(cells))).document
    text = " ".join(describe_primary(found["primary"], None))
    assert "no difference between two groups was shown (n: a 5, b 5)" in text
    assert "This does not show that the groups are alike." in text
    assert "No two groups differ" not in text


def test_e8_timepoints_in_the_order_of_time() -> None:
    """Not of rows; names without a time stay as they are, which is said."""
    assert order_timepoints(["24h", "2h", "baseline", "30min", "day 3"]) == [
        *("baseline", "30min", "2h", "24h", "day 3")
    ]
    assert order_timepoints(["late", "early", "baseline"]) == ["baseline", "late", "early"]
    assert order_timepoints(["10", "9", "2h"], None) == ["10", "9", "2h"]  # no unit beside a unit
    assert seconds_of("-24h") == -86400
    assert seconds_of("D3") == seconds_of("post day 3") == 3 * 86400
    assert seconds_of("dose1") is None
    cells = [
        Cell(f"{g}{k}", g, t, float(k + len(t)))
        for g in "ab"
        for k in range(3)
        for t in (["baseline", "4h", "24h"] if k == 0 else ["baseline", "2h", "4h", "24h"])
    ]
    assert Cohort("v", tuple(cells)).timepoints == ["baseline", "2h", "4h", "24h"]


@pytest.mark.parametrize(
    ("what", "rows"),
    [
        ("group", ["a,sham,t,5", "b,Sham,t,7"]),
        ("animal", ["a,s,t,5", "A,s,t,7"]),
        ("timepoint", ["a,s,2h,5", "b,s,2 h,7"]),
        ("group", ["a,sham,t,5", "b,sh\u00a0am,t,7"]),
    ],
)
def test_e9_names_that_differ_in_capitals_or_blanks_stop(
    tmp_path: Path, what: str, rows: list[str]
) -> None:
    """One group would count as two."""
    with pytest.raises(DesignError, match=f"{what} .* differ in capitals or blanks only"):
        read_cohort(write(tmp_path / "x.csv", rows), "pct_pain")


def test_e10_a_group_of_one_does_not_silence_the_others() -> None:
    """The others are compared, and it is named."""
    found = compare_groups(cohort({"a": 6, "b": 6, "c": 1})).document
    assert found["groups_of_one"] == ["c"]
    assert [g["group"] for g in found["groups"]] == ["a", "b"]
    assert "F" in found["anova"]
    assert len(found["tukey"]) == 1
    assert any("One animal only in c" in note for note in found["notes"])


def test_e12_unequal_loss_is_said_with_its_p() -> None:
    """Five of eight animals of one group, none of the other."""
    cells = []
    for group in ("sham", "surgery"):
        for k in range(8):
            lost = group == "surgery" and k < 5
            for t in ("baseline", "1h"):
                cells.append(
                    Cell(f"{group}{k}", group, t, None if lost and t == "1h" else 10.0 + k + len(t))
                )
    found = compare_groups(Cohort("v", tuple(cells))).document
    assert found["loss"]["p"] == pytest.approx(0.02564, abs=1e-5)
    assert any("surgery 5 of 8" in note and "unequally" in note for note in found["notes"])


def test_e15_animals_are_planned_for_the_test_that_is_done() -> None:
    """Tukey's of all groups; 13 per group show 20 at SD 15 where a t-test of two asked for 10."""
    assert pair_power(20 / 15, 3, 12) < 0.8 <= pair_power(20 / 15, 3, 13)
    found = compare_groups(cohort({"a": 5, "b": 5, "c": 5}), ComparisonChoice(wanted=20)).document
    wanted = found["power"]["wanted"]
    assert wanted["sd_upper"] > wanted["sd"]
    assert wanted["per_group_sd_upper"] > wanted["per_group"]
    with pytest.raises(ImpossibleValueError, match="other than 0"):
        compare_groups(cohort({"a": 5, "b": 5}), ComparisonChoice(wanted=0))


def test_cages_of_one_group_make_the_cage_the_unit() -> None:
    """And it is said; where a group has one cage, that cage and treatment cannot be told apart."""
    base = cohort({"a": 9, "b": 9})
    animals = list(dict.fromkeys(c.animal for c in base.cells))
    three = {"cage": {a: f"{a[0]}{int(a[1:]) // 3}" for a in animals}}
    found = compare_groups(Cohort("v", base.cells, three)).document
    assert found["primary"]["unit"] == "cage"
    assert found["primary"]["omnibus"]["df_within"] == 6 - 3
    assert any("cage is the experimental unit" in note for note in found["notes"])
    one = {"cage": {a: a[0] for a in animals}}
    found = compare_groups(Cohort("v", base.cells, one)).document
    assert found["primary"]["unit"] == "animal"
    assert any("cannot be told apart" in note for note in found["notes"])
    mixed = {"cage": {a: f"c{int(a[1:]) // 2}" for a in animals}}
    assert compare_groups(Cohort("v", base.cells, mixed)).document["primary"]["unit"] == "animal"


def test_a_plan_that_names_what_is_not_there_stops() -> None:
    """With the groups or columns there are."""
    three = cohort({"vehicle": 5, "low": 5, "high": 5})
    for plan, says in (
        (
            Plan(control="saline"),
            "control\\) to be one of the groups vehicle, low, high",
        ),
        (Plan(contrasts="low - vehicle; low"), "GROUP - GROUP"),
        (Plan(trend="vehicle: 0; low: much"), "GROUP: NUMBER"),
        (Plan(covariates=("sex",)), "covariates of the plan as columns of the animals"),
        (Plan(factors="a:b"), "every group to be named by its levels"),
    ):
        with pytest.raises(DesignError, match=says):
            compare_groups(three, ComparisonChoice(plan=plan))


def test_reading_a_plan() -> None:
    """Names may hold the signs that divide them."""
    groups = ["sham", "surgery", "surgery - late"]
    assert parse_contrasts("surgery - late - sham; surgery - sham", groups) == [
        ("surgery - late", "sham"),
        ("surgery", "sham"),
    ]
    assert parse_trend("a: 0; b: 1.5; c: 3", ["a", "b", "c"]) == {"a": 0, "b": 1.5, "c": 3}
    with pytest.raises(DesignError, match="none in ' ; '"):
        parse_contrasts(" ; ", groups)
    with pytest.raises(DesignError, match="fewer than three"):
        parse_trend("a: 0; b: 1", ["a", "b"])
    of = parse_factors("surgery:drug", {"m1": "sham + saline", "m2": "cut + drug"}, {})
    assert of == {"surgery": {"m1": "sham", "m2": "cut"}, "drug": {"m1": "saline", "m2": "drug"}}


def test_the_planned_comparisons() -> None:
    """Against a control, and contrasts; a smaller family has a smaller p."""
    three = cohort({"vehicle": 6, "low": 6, "high": 6}, seed=4)
    all_pairs = compare_groups(three).document["primary"]
    against = compare_groups(three, ComparisonChoice(plan=Plan(control="vehicle"))).document
    planned = compare_groups(
        three, ComparisonChoice(plan=Plan(contrasts="high - vehicle", margin=40))
    ).document["primary"]

    def p_of(rows: list[dict]) -> float:
        return next(r["p"] for r in rows if (r["a"], r["b"]) == ("high", "vehicle"))

    assert p_of(planned["rows"]) < p_of(against["primary"]["rows"]) < p_of(all_pairs["rows"])
    assert len(against["primary"]["rows"]) == 2
    assert [(r["a"], r["b"]) for r in planned["equivalence"]] == [("high", "vehicle")]
    text = " ".join(describe_primary(planned, "baseline"))
    assert "margin ±40" in text


def test_the_area_under_the_course() -> None:
    """By hand: a mean over the time between the timepoints."""
    cells = []
    for place, group in enumerate("ab"):
        for k in range(4):
            for t, v in (
                ("baseline", 10.0),
                ("1h", 20.0 + 9 * place),
                ("3h", 40.0 + k),
                ("4h", 10.0),
            ):
                cells.append(Cell(f"{group}{k}", group, t, v + k))
    choice = ComparisonChoice(timepoint="1h", plan=Plan(analysis="change"))
    found = compare_groups(Cohort("v", tuple(cells)), choice).document["course"]
    means = {m["group"]: m["mean"] for m in found["means"]}
    expected = [
        (2 * (20 + k + 40 + 2 * k) / 2 + (40 + 2 * k + 10 + k) / 2) / 3 - (10 + k) for k in range(4)
    ]
    assert means["a"] == pytest.approx(np.mean(expected))
    assert means["b"] - means["a"] == pytest.approx(9 * 2 / 2 / 3)


def test_what_is_said_twice_of_a_group_is_no_plan() -> None:
    """The last of two doses would be taken, and a contrast counted twice by Holm."""
    groups = ["vehicle", "low", "high"]
    with pytest.raises(DesignError, match="after another dose of low"):
        parse_trend("vehicle: 0; low: 1; high: 3; low: 30", groups)
    with pytest.raises(DesignError, match="a second time"):
        parse_contrasts("low - vehicle; vehicle - low", groups)


@pytest.mark.parametrize("size", [1.0, 300.0, 4000.0, 1e6])
def test_an_effect_of_any_size_is_computed_soon(size: float) -> None:
    """Groups that hardly vary: limits near the effect, or none, and never a search without end."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 1, 4), rng.normal(size, 1, 4)
    begun = time.process_time()
    found = hedges_g(x, y)
    assert time.process_time() - begun < 5
    assert found["hedges_g"] < 0
    if found["lower"] is not None:
        assert found["lower"] < found["hedges_g"] < found["upper"]


@pytest.mark.parametrize(
    "wrong", [{"analysis": "nope"}, {"margin": -3.0}, {"margin": float("nan")}]
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ImpossibleValueError, match="in a plan"):
        Plan(**wrong)


def test_all_animals_alike_at_baseline_are_compared_by_their_changes() -> None:
    """At 0 % pain before surgery there is nothing to adjust for, and still an answer."""
    values = {"sham": [0, 10, 5, 0], "surgery": [40, 60, 50, 70]}
    cells = [
        Cell(f"{group}{k}", group, timepoint, 0.0 if timepoint == "baseline" else float(v), "")
        for group, listed in values.items()
        for k, v in enumerate(listed)
        for timepoint in ("baseline", "60min")
    ]
    cohort = Cohort("pct_pain", tuple(cells), {})
    choice = ComparisonChoice(value="pct_pain", baseline="baseline", timepoint="60min")
    found = compare_groups(cohort, choice).document
    by_change = compare_groups(cohort, replace(choice, plan=Plan(analysis="change"))).document[
        "primary"
    ]
    assert found["primary"]["constant_baseline"]
    assert found["primary"]["analysis"] == "change"
    assert found["primary"]["rows"] == by_change["rows"]
    assert any("nothing to adjust for" in note for note in found["notes"])
