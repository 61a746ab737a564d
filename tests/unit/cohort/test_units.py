"""Units and covariates are those of the plan in every part of a comparison; order says nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from amgs.cohort.comparison import ComparisonChoice, compare_groups
from amgs.cohort.course import area_under_course
from amgs.cohort.design import Cell, Cohort
from amgs.cohort.differences import Change
from amgs.cohort.permutation import permutation_test
from amgs.cohort.plan import Plan
from amgs.cohort.sentences import describe_primary
from amgs.cohort.words import name_of_means, written
from amgs.timepoints import order_timepoints, seconds_of


def caged(seed: int = 5, *, times: tuple[str, ...] = ("60min",), cages: int = 4) -> Cohort:
    """Return two groups in cages of four, each cage of one group, that share what they do."""
    rng = np.random.default_rng(seed)
    cells, cage_of, sex_of = [], {}, {}
    for group in ("sham/vehicle", "surgery/vehicle"):
        for number in range(cages):
            shared = rng.normal(0, 8)
            for k in range(4):
                name = f"{group}{number}{k}"
                cage_of[name], sex_of[name] = f"{group}{number}", "fm"[number % 2]
                before = rng.normal(20, 4)
                cells.append(Cell(name, group, "baseline", before))
                cells += [Cell(name, group, t, before + shared + rng.normal(0, 6)) for t in times]
    return Cohort("v", tuple(cells), {"cage": cage_of, "sex": sex_of})


def test_an_animal_that_is_left_out_does_not_decide_whether_cages_count() -> None:
    """One without a cage, excluded, changes nothing but the list of those left out."""
    cohort = caged()
    escaped = Cell("x1", "sham/vehicle", "60min", 20.0, "escaped")
    found = compare_groups(replace(cohort, cells=(*cohort.cells, escaped))).document
    assert found["primary"] == compare_groups(cohort).document["primary"]
    assert found["primary"]["unit"] == "cage"


def test_an_unknown_cage_stops_the_comparison_of_cages() -> None:
    """With a message that names the animal, and no p that takes animals as independent."""
    cohort = caged()
    cages = {**cohort.facts["cage"], "sham/vehicle00": ""}
    found = compare_groups(replace(cohort, facts={"cage": cages})).document
    assert found["primary"]["unit"] == "cage"
    assert "the cage of sham/vehicle00 is not known" in found["primary"]["reason"]
    assert "sham/vehicle00" in found["sensitivity"]["cages"]["reason"]
    assert any("no test takes account of cages" in note for note in found["notes"])
    assert "n_cages" not in found["mixed_model"]


def test_factors_and_areas_have_the_units_of_the_primary_analysis() -> None:
    """Cages throughout: as many degrees of freedom as there are cages."""
    cohort = caged(times=("1h", "2h"), cages=6)
    plan = Plan(factors="group:sex")
    choice = ComparisonChoice(timepoint="2h", plan=plan)
    found = compare_groups(cohort, choice).document
    primary = found["primary"]
    assert primary["unit"] == found["course"]["unit"] == "cage"
    assert found["course"]["omnibus"]["df_within"] == 12 - 3
    assert primary["factors"]["effects"]["group"]["df_within"] == 12 - 5
    assert set(primary["factors"]["levels"]) == set(cohort.facts["cage"])


def test_factors_that_differ_within_cages_are_not_analysed_by_cage() -> None:
    """Nor is a covariate used that does; both are said."""
    cohort = caged()
    mixed = {name: "fm"[number % 2] for number, name in enumerate(cohort.facts["cage"])}
    cohort = replace(cohort, facts={**cohort.facts, "sex": mixed})
    found = compare_groups(
        cohort, ComparisonChoice(plan=Plan(factors="group:sex", covariates=("sex",)))
    ).document
    assert found["primary"]["covariates_left_out"] == ["sex"]
    assert "differ in sex" in found["primary"]["factors"]["reason"]
    assert any("not adjusted for it, as was planned" in note for note in found["notes"])


def by_sex(rng: np.random.Generator) -> tuple[list[Change], dict[str, str]]:
    """Return two groups that differ in how many males they hold and in nothing else."""
    changes, sex = [], {}
    for group, males in (("a", 7), ("b", 2)):
        for k in range(9):
            name = f"{group}{k}"
            sex[name] = "m" if k < males else "f"
            before = rng.normal(20, 4)
            after = before + rng.normal(0, 5) + (12 if sex[name] == "m" else 0)
            changes.append(Change(name, group, before, after, after - before))
    return changes, sex


@pytest.mark.parametrize("analysis", ["ancova", "change"])
def test_the_permutation_test_adjusts_for_what_the_plan_does(analysis: str) -> None:
    """Sex alone differs: in 60 experiments the test finds a group effect in about 3, not 20."""
    rng = np.random.default_rng(3)
    found = {"with": 0, "without": 0}
    for _ in range(60):
        changes, sex = by_sex(rng)
        adjusted = permutation_test(changes, analysis, {"sex": sex})  # type: ignore[arg-type]
        found["with"] += adjusted["p"] < 0.05
        found["without"] += permutation_test(changes, analysis)["p"] < 0.05  # type: ignore[arg-type]
    assert found["with"] <= 8
    assert found["without"] >= 15


def test_the_permutation_test_does_not_depend_on_the_order_of_animals() -> None:
    """Nor on that of groups."""
    changes, sex = by_sex(np.random.default_rng(1))
    p = permutation_test(changes, "ancova", {"sex": sex})["p"]
    assert permutation_test(changes[::-1], "ancova", {"sex": sex})["p"] == p


@pytest.mark.parametrize("baseline", ["baseline", "pre", "Baseline"])
def test_areas_are_taken_in_the_order_of_time(baseline: str) -> None:
    """Whatever the baseline is called, and in whatever order the table comes."""
    rows = {"24h": 60.0, baseline: 10.0, "2h": 20.0, "4h": 40.0}
    cells = [
        Cell(f"{g}{k}", g, name, value + ((0, 3, 1, 2)[k] if name == baseline else k))
        for g in "ab"
        for k in range(4)
        for name, value in rows.items()
    ]
    found = compare_groups(
        Cohort("v", tuple(cells)), ComparisonChoice(baseline=baseline, timepoint="24h")
    ).document
    assert found["course"]["timepoints"] == ["2h", "4h", "24h"]
    # (2 h · 30 + 20 h · 50) / 22 h, and the mean of k
    change = {row["group"]: row["after_mean"] for row in found["course"]["means"]}
    assert change["a"] == pytest.approx((2 * 30 + 20 * 50) / 22 + 1.5)


def test_areas_of_names_that_say_one_time_are_not_computed() -> None:
    """An area over no time has no mean."""
    cells = [
        Cell(f"{g}{k}", g, t, 10.0 + k) for g in "ab" for k in range(3) for t in ("1h", "60min")
    ]
    found = area_under_course(Cohort("v", tuple(cells)), None, Plan())
    assert "same time" in found["reason"]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("1h 30min", 5400), ("1h30min", 5400), ("2d and 4h", 187200), ("1h30", None),
        ("day -1", -86400), ("D-1", -86400), ("day-1", None), ("2h after surgery", 7200),
        ("2h 2nd", None), ("post-2h", 7200), ("24hours", 86400), ("1 hello", None),
    ],
)  # fmt: skip
def test_what_names_say_of_time(name: str, seconds: float | None) -> None:
    """Compound times, signs, words behind; what is not clear is not guessed."""
    assert seconds_of(name) == seconds


def test_names_without_a_unit_do_not_stand_beside_names_with_one() -> None:
    """``post 30`` beside ``post 2h`` may be minutes."""
    assert order_timepoints(["post 2h", "post 30"], None) == ["post 2h", "post 30"]
    assert order_timepoints(["day 1", "day -1", "day -2"], None) == ["day -2", "day -1", "day 1"]


def test_not_higher_does_not_depend_on_the_order_of_rows() -> None:
    """What one direction says of a pair, the other says of it turned round."""
    rng = np.random.default_rng(2)
    values = {"sham": rng.normal(20, 3, 12), "drug": rng.normal(14, 3, 12)}

    def rows(order: list[str]) -> dict[str, float]:
        cells = [Cell(f"{g}{k}", g, "1h", v) for g in order for k, v in enumerate(values[g])]
        found = compare_groups(Cohort("v", tuple(cells)), ComparisonChoice(plan=Plan(margin=5)))
        row = found.document["primary"]["equivalence"][0]
        text = " ".join(describe_primary(found.document["primary"], None))
        assert ("not higher" if row["a"] == "drug" else "not lower") in text
        key = "p_not_higher" if row["a"] == "drug" else "p_not_lower"
        return row[key]

    assert rows(["sham", "drug"]) == pytest.approx(rows(["drug", "sham"]))


def test_the_test_that_is_named_is_the_one_that_was_made() -> None:
    """Changes adjusted for sex: Holm against a control, not Dunnett."""
    changes, sex = by_sex(np.random.default_rng(4))
    cells = [c for a in changes for c in (
        Cell(a.animal, a.group, "baseline", a.baseline), Cell(a.animal, a.group, "1h", a.after)
    )]  # fmt: skip
    plan = Plan(analysis="change", control="a", covariates=("sex",))
    found = compare_groups(
        Cohort("pct_pain", tuple(cells), {"sex": sex}), ComparisonChoice(plan=plan)
    )
    primary = found.document["primary"]
    assert "Holm" in primary["comparisons"]
    assert name_of_means(primary, "baseline") == "adjusted mean change"
    assert not any("lies outside" in note for note in found.document["notes"])


def test_outliers_and_single_animals_are_not_counted_as_lost() -> None:
    """Each is said in its own place, and every animal that is not compared is in the list."""
    rng = np.random.default_rng(0)
    cells = []
    for group, n in (("a", 8), ("b", 8), ("c", 1)):
        for k in range(n):
            before = 90.0 if (group, k) == ("a", 0) else rng.normal(20, 2)
            cells.append(Cell(f"{group}{k}", group, "baseline", before))
            cells.append(Cell(f"{group}{k}", group, "1h", before + rng.normal(5, 2)))
    found = compare_groups(Cohort("v", tuple(cells)), ComparisonChoice(outliers="remove")).document
    assert not any("left out (" in note for note in found["notes"])
    assert {row["animal"] for row in found["excluded"]} == {"a0", "c0"}
    assert len(found["animals"]) + len(found["excluded"]) == 17


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [(12.34, 20.0, "12.3"), (0.0019, 0.057, "0.002"), (-0.01, 5.0, "0.0"), (0.1234, 0.4, "0.12")],
)
def test_numbers_are_written_as_finely_as_their_intervals(
    value: float, width: float, text: str
) -> None:
    """A signed score has more decimals than % pain; nothing is -0.0."""
    assert written(value, width) == text


def test_where_a_group_has_one_cage_an_unknown_one_stops_nothing() -> None:
    """Animals are compared there anyway, and a note says why."""
    cohort = caged()
    cages = {
        name: "one" if name.startswith("sham") else cage
        for name, cage in cohort.facts["cage"].items()
    }
    cages["sham/vehicle00"] = ""
    found = compare_groups(replace(cohort, facts={"cage": cages})).document
    assert found["primary"]["unit"] == "animal"
    assert found["primary"]["omnibus"]["p"] > 0
    assert any("is not known" in note for note in found["notes"])


def test_a_plan_with_a_group_of_one_animal_says_so() -> None:
    """The rest of the comparison is there."""
    rng = np.random.default_rng(0)
    cells = [
        Cell(f"{g}{k}", g, t, rng.normal(20, 3))
        for g, n in (("a", 6), ("b", 6), ("c", 1))
        for k in range(n)
        for t in ("baseline", "1h")
    ]
    plan = Plan(control="c")
    found = compare_groups(Cohort("v", tuple(cells)), ComparisonChoice(plan=plan)).document
    assert "too few animals are left (c)" in found["primary"]["reason"]
    assert found["anova"]["p"] > 0
