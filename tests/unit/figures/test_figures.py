"""Figures are tested by the numbers they show, and by the files they leave."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from amgs.cohort.comparison import ComparisonChoice, compare_groups
from amgs.cohort.design import Cell, Cohort
from amgs.cohort.plan import Plan
from amgs.figures import (
    accuracy_coverage,
    estimation,
    factors,
    group_difference,
    mgs_signed_score,
    reliability,
    unit_profile,
)
from amgs.figures.saving import save_figure, svg_text
from amgs.figures.unit_profile import UnitProfile
from amgs.model.evaluate import CurvePoint, compare_with_mgs
from amgs.model.metrics import Confusion, reliability_table

CURVE = [
    CurvePoint(0.5, 100, Confusion(40, 10, 15, 35)),
    CurvePoint(0.75, 100, Confusion(30, 4, 5, 21)),
    CurvePoint(0.95, 100, Confusion(0, 0, 0, 0)),
]


def test_accuracy_coverage_draws_the_points_that_have_images() -> None:
    """Empty points are in the data, not in the drawing."""
    figure = accuracy_coverage.figure(SimpleNamespace(curve=CURVE))
    lines = {line.get_label(): line for line in figure.drawing.axes[0].lines}
    np.testing.assert_allclose(lines["accuracy"].get_xdata(), [100, 60])
    np.testing.assert_allclose(lines["accuracy"].get_ydata(), [75, 85])
    np.testing.assert_allclose(lines["sensitivity"].get_ydata(), [80, 100 * 30 / 34])
    assert figure.rows[2] == [0.95, 0, 0.0, None, None, None]


def test_reliability_draws_each_bin_with_its_interval() -> None:
    """One dot and one line per bin that holds images, and the diagonal."""
    table = reliability_table(np.array([True, False, True]), np.array([0.55, 0.55, 0.9]))
    figure = reliability.figure(SimpleNamespace(reliability=table))
    assert len(figure.drawing.axes[0].lines) == 1 + 2 * 2
    assert sum(row[2] for row in figure.rows) == 3


def test_mgs_figure_draws_means_and_sems() -> None:
    """A bar per MGS value; stars by corrected p."""
    mgs = np.repeat([0.0, 5.0], 20)
    score = np.concatenate([np.linspace(-0.9, -0.7, 20), np.linspace(-0.9, 1, 20)])
    figure = mgs_signed_score.figure(compare_with_mgs(mgs, score))
    bars = figure.drawing.axes[0].patches
    assert [bar.get_height() for bar in bars] == pytest.approx([-0.8, 0.05])
    texts = [text.get_text() for text in figure.drawing.axes[0].texts]
    assert texts[0] == "20\n***"
    assert texts[1] == "\n20"


def test_four_files_and_the_same_ones_again(tmp_path: Path) -> None:
    """PNG, SVG, PDF and the data; the same data give the same SVG."""
    png = save_figure(tmp_path / "f/curve", accuracy_coverage.figure(SimpleNamespace(curve=CURVE)))
    assert sorted(p.name for p in png.parent.iterdir()) == [
        "curve.csv", "curve.pdf", "curve.png", "curve.svg",
    ]  # fmt: skip
    assert png.read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "f/curve.csv").open() as stream:
        assert [row["n"] for row in csv.DictReader(stream)] == ["100", "60", "0"]
    first, second = (
        svg_text(accuracy_coverage.figure(SimpleNamespace(curve=CURVE))) for _ in range(2)
    )
    assert first == second
    assert "<text" in first


def comparison() -> dict:
    rng = np.random.default_rng(0)
    cells = [
        Cell(
            f"{g}{k}",
            g,
            t,
            float(rng.normal(20 + (40 if (g, t) == ("surgery", "60min") else 0), 8)),
        )
        for g in ("sham", "surgery")
        for k in range(7)
        for t in ("baseline", "60min")
    ]
    return compare_groups(Cohort("pct_pain", tuple(cells))).document


def test_every_animal_is_drawn_with_the_groups_mean() -> None:
    """Dots, bars, error bars and stars are the numbers of the comparison."""
    found = comparison()
    figure = group_difference.figure(found)
    axes = figure.drawing.axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    drawn = sorted(y for line in dots for y in line.get_ydata())
    assert drawn == pytest.approx(sorted(a["difference"] for a in found["animals"]))
    bars = [bar.get_height() for bar in axes.patches]
    assert bars == pytest.approx([g["mean"] for g in found["groups"]])
    assert "***" in [text.get_text() for text in axes.texts]
    assert len(figure.rows) == 14


def test_differences_are_drawn_with_their_limits() -> None:
    """One line per pair."""
    found = comparison()
    figure = estimation.figure(found)
    lines = [list(line.get_xdata()) for line in figure.drawing.axes[0].lines]
    row = found["tukey"][0]
    assert [row["lower"], row["upper"]] in lines
    assert figure.rows[0][0] == "surgery – sham"


def test_a_comparison_without_a_test_is_still_drawn() -> None:
    """One animal in a group: the title says why there is no ANOVA."""
    cells = (Cell("a", "x", "t", 1.0), Cell("b", "x", "t", 2.0), Cell("c", "y", "t", 3.0))
    found = compare_groups(Cohort("v", cells)).document
    figure = group_difference.figure(found)
    assert "one animal only in y" in figure.drawing.axes[0].get_title(loc="left")
    assert estimation.figure(found).rows == []


def test_a_dollar_in_a_name_is_no_formula(tmp_path: Path) -> None:
    """Groups may be called as people call them."""
    groups = ("a $5", "b $x_{")
    cells = tuple(
        Cell(f"{g}{n}", g, t, float(n + 10 * (t == "after")))
        for g in groups
        for n in range(4)
        for t in ("baseline", "after")
    )
    found = compare_groups(Cohort("pct_pain", cells)).document
    save_figure(tmp_path / "f", group_difference.figure(found))
    assert "b $x_{" in svg_text(group_difference.figure(found))


def test_the_profile_of_units_is_the_change_of_every_animal() -> None:
    """Animals without a baseline do not count; without any baseline the scores are shown."""

    def row(animal: str, group: str, timepoint: str, ear: float | None, eye: float) -> dict:
        return {
            "animal": animal,
            "group": group,
            "timepoint": timepoint,
            "mean_ear": ear,
            "mean_eye": eye,
        }

    rows = [
        row("a", "sham", "baseline", 0.2, 0.1),
        row("a", "sham", "60min", 0.4, 0.1),
        row("b", "sham", "baseline", 0.0, 0.3),
        row("b", "sham", "60min", 0.6, 0.3),
        row("c", "surgery", "60min", 1.5, 1.9),
        row("d", "surgery", "baseline", None, 0.5),
        row("d", "surgery", "60min", 1.0, 1.5),
    ]
    drawn = unit_profile.figure(UnitProfile(rows, ("ear", "eye"), "60min", "baseline"))
    found = {(unit, group): (n, mean) for unit, group, n, mean, _ in drawn.rows}
    assert found["ear", "sham"] == (2, pytest.approx(0.4))
    assert found["eye", "surgery"] == (1, pytest.approx(1.0))
    assert ("ear", "surgery") not in found
    plain = unit_profile.figure(UnitProfile(rows, ("ear", "eye"), "60min"))
    assert {(r[0], r[1]): r[2] for r in plain.rows}["ear", "surgery"] == 2
    assert not unit_profile.fits(UnitProfile(rows, ("ear",), "60min"))
    assert "change from baseline" in unit_profile.caption(
        UnitProfile(rows, ("ear", "eye"), "60min", "baseline")
    )


@pytest.mark.parametrize("analysis", ["ancova", "change"])
def test_two_factors_are_lines_of_cells_and_animals(analysis: str) -> None:
    """Means of the cells, one line per level of the second factor, and one dot per animal."""
    rng = np.random.default_rng(2)
    cells = []
    for place, group in enumerate(("sham + saline", "sham + drug", "cut + saline", "cut + drug")):
        for k in range(4):
            cells.append(Cell(f"{group}{k}", group, "baseline", 20 + rng.normal(0, 5)))
            cells.append(Cell(f"{group}{k}", group, "1h", 25 + 9 * place + rng.normal(0, 5)))
    cohort = Cohort("pct_pain", tuple(cells))
    plain = compare_groups(cohort).document
    assert not factors.fits(plain)
    plan = Plan(factors="surgery:drug", analysis=analysis)
    document = compare_groups(cohort, ComparisonChoice(plan=plan)).document
    assert factors.fits(document)
    drawn = factors.figure(document)
    axes = drawn.drawing.axes[0]
    dots = [line for line in axes.lines if len(line.get_xdata()) == 1]
    assert len(dots) == 16
    changes = {a["after"] - (a["baseline"] if analysis == "change" else 0)
               for a in document["animals"]}  # fmt: skip
    assert {float(dot.get_ydata()[0]) for dot in dots} == changes
    found = document["primary"]["factors"]["cells"]
    assert [row[3] for row in drawn.rows] == [cell["mean"] for cell in found]
    assert [c.get_label() for c in axes.containers] == ["saline", "drug"]
