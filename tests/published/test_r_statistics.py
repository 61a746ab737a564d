"""Every statistic agrees with R (numbers made by make_r_statistics.R, kept in data/)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import f as f_distribution
from scipy.stats import ttest_ind

from amgs.cohort.effects import anova_power, hedges_g
from amgs.cohort.oneway import (
    Samples,
    anderson_darling_test,
    levene_test,
    one_way_anova,
    pairs,
    studentised_residuals,
    tukey_test,
)
from amgs.cohort.robust import dunn_test, games_howell_test, holm, kruskal_wallis_test, welch_anova

R = json.loads((Path(__file__).parent / "data/r_statistics.json").read_text(encoding="utf-8"))
CASES = list(R["cases"])
close = {"rel": 1e-6, "abs": 1e-12}


def like_r(row: dict) -> dict[str, float]:
    """R's qtukey iterates only so far: limits agree to a millionth of the interval's width."""
    return {"rel": 1e-6, "abs": 1e-6 * (row["upper"] - row["lower"])}


def samples_of(case: str) -> Samples:
    value, group = np.array(R["cases"][case]["value"], float), R["cases"][case]["group"]
    names = list(dict.fromkeys(group))
    return {name: value[[g == name for g in group]] for name in names}


@pytest.mark.parametrize("case", CASES)
def test_anova(case: str) -> None:
    """F, degrees of freedom, p, and both effect sizes."""
    expected, found = R["cases"][case]["anova"], one_way_anova(samples_of(case))
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, **close), name


@pytest.mark.parametrize("case", CASES)
def test_tukey(case: str) -> None:
    """Differences, limits and p of all pairs, in R's order."""
    found = tukey_test(samples_of(case))
    expected = R["cases"][case]["tukey"]
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours["difference"] == pytest.approx(theirs["difference"], **close)
        for name in ("lower", "upper"):
            assert ours[name] == pytest.approx(theirs[name], **like_r(theirs)), name
        assert ours["p"] == pytest.approx(theirs["p"], rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_levene(case: str) -> None:
    """By the mean and by the median."""
    found, expected = levene_test(samples_of(case)), R["cases"][case]["levene"]
    assert found["F"] == pytest.approx(expected["F"], **close)
    assert found["p"] == pytest.approx(expected["p"], **close)
    assert found["by_median"]["F"] == pytest.approx(expected["F_median"], **close)
    assert found["by_median"]["p"] == pytest.approx(expected["p_median"], **close)


@pytest.mark.parametrize("case", CASES)
def test_anderson_darling(case: str) -> None:
    """Of the residuals."""
    found, expected = anderson_darling_test(samples_of(case)), R["cases"][case]["anderson_darling"]
    assert found["a_squared"] == pytest.approx(expected["A"], **close)
    assert found["p"] == pytest.approx(expected["p"], **close)


@pytest.mark.parametrize("case", CASES)
def test_studentised_residuals(case: str) -> None:
    """R's rstudent, in the order of the groups."""
    found = studentised_residuals(samples_of(case))
    assert isinstance(found, dict)
    expected = np.array(R["cases"][case]["rstudent"])
    assert np.concatenate(list(found.values())) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_welch(case: str) -> None:
    """F, fractional degrees of freedom, p."""
    found, expected = welch_anova(samples_of(case)), R["cases"][case]["welch"]
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, **close), name


@pytest.mark.parametrize("case", CASES)
def test_games_howell(case: str) -> None:
    """Differences, limits, degrees of freedom and p."""
    found = games_howell_test(samples_of(case))
    for ours, theirs in zip(found, R["cases"][case]["games_howell"], strict=True):
        for name, value in theirs.items():
            assert ours[name] == pytest.approx(value, **like_r(theirs)), name


def test_two_groups_are_students_t() -> None:
    """Where R stops iterating, the exact answer is known: q = √2 t."""
    samples = samples_of("two")
    (row,) = tukey_test(samples)
    x, y = samples["treated"], samples["control"]
    exact = ttest_ind(x, y).confidence_interval()
    assert (row["lower"], row["upper"]) == pytest.approx((exact.low, exact.high), rel=1e-12)
    assert row["p"] == pytest.approx(ttest_ind(x, y).pvalue, rel=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_kruskal_and_dunn(case: str) -> None:
    """With ties; Dunn's p also by Holm."""
    expected = R["cases"][case]
    found = kruskal_wallis_test(samples_of(case))
    assert found["H"] == pytest.approx(expected["kruskal"]["H"], **close)
    assert found["p"] == pytest.approx(expected["kruskal"]["p"], **close)
    dunn = dunn_test(samples_of(case))
    for ours, theirs in zip(dunn, expected["dunn"], strict=True):
        assert ours["z"] == pytest.approx(theirs["z"], **close)
        assert ours["p_unadjusted"] == pytest.approx(theirs["p"], **close)
    adjusted = np.atleast_1d(expected["holm"])
    assert [row["p"] for row in dunn] == pytest.approx(list(adjusted), **close)
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@pytest.mark.parametrize("case", CASES)
def test_hedges_g(case: str) -> None:
    """With the exact correction and limits from the noncentral t."""
    samples = samples_of(case)
    expected = R["cases"][case]["hedges"]
    for (a, b), theirs in zip(pairs(list(samples)), expected, strict=True):
        ours = hedges_g(samples[a], samples[b])
        assert ours["hedges_g"] == pytest.approx(theirs["g"], **close)
        assert ours["lower"] == pytest.approx(theirs["lower"], rel=1e-6, abs=1e-8)
        assert ours["upper"] == pytest.approx(theirs["upper"], rel=1e-6, abs=1e-8)


def test_power() -> None:
    """R's power.anova.test: one animal fewer is too few, its number is enough."""
    cases = [(3, 1 / 4, 0.8, R["power"]["a"]), (4, 1 / 3, 0.9, R["power"]["b"])]
    for groups, ratio, power, n in cases:
        f_squared = (groups - 1) / groups * ratio
        assert anova_power(f_squared, groups, int(np.ceil(n))) >= power
        assert anova_power(f_squared, groups, int(np.floor(n))) < power
    assert anova_power(2 / 3 / 4, 3, 10) == pytest.approx(R["power"]["at_ten"], rel=1e-6)


def test_the_papers_p_values() -> None:
    """F(2,36) = 9.7 has p = 0.0004, where the paper prints p < 0.0001; F(2,33) = 4.0 has 0.03."""
    p = float(f_distribution.sf(9.7, 2, 36))
    assert p == pytest.approx(R["paper"]["p_2_36"], **close)
    assert p == pytest.approx(0.0004, abs=5e-5)
    assert float(f_distribution.sf(4.0, 2, 33)) == pytest.approx(0.03, abs=5e-3)
