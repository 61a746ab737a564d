"""From which value on an animal is in pain: a threshold from a positive control."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from amgs.cli.main import app
from amgs.cohort.design import Cell, Cohort
from amgs.cohort.own_threshold import (
    best_threshold,
    count_above,
    find_own_threshold,
    say_own_threshold,
)
from amgs.errors import DesignError


def cohort(without: list[float], within: list[float], group: str = "surgery") -> Cohort:
    cells = [
        Cell(f"{group}{k}", group, timepoint, value)
        for timepoint, values in (("baseline", without), ("60min", within))
        for k, value in enumerate(values)
    ]
    return Cohort("pct_pain", tuple(cells))


def test_the_best_threshold_is_the_best_of_all() -> None:
    """Against every one between the lowest and the highest value."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        painless = rng.integers(0, 12, rng.integers(4, 9)).astype(float)
        painful = rng.integers(3, 15, rng.integers(4, 9)).astype(float)
        found = best_threshold(painless, painful)

        def youden(t: float, a=painless, b=painful) -> float:
            return (b >= t).mean() + (a < t).mean() - 1

        both = np.concatenate([painless, painful])
        every = [youden(t) for t in np.arange(both.min() + 0.25, both.max(), 0.25)]
        assert youden(found) == pytest.approx(max(every))
    assert best_threshold(np.array([0.0, 10.0]), np.array([50.0, 60.0])) == 30.0


def test_a_positive_control_gives_a_threshold_with_what_to_expect() -> None:
    rng = np.random.default_rng(2)
    without, within = rng.normal(10, 5, 12), rng.normal(60, 12, 12)
    found = find_own_threshold(
        cohort(list(without), list(within)), "baseline", "60min", ["surgery"]
    )
    assert found.animals == 12
    assert max(without) < found.threshold < min(within)
    assert found.interval is not None
    assert found.interval[0] <= found.threshold <= found.interval[1]
    assert found.sensitivity == found.specificity == found.left_out_specificity == 1.0
    assert say_own_threshold(found) == []


def test_states_that_are_alike_are_told() -> None:
    rng = np.random.default_rng(3)
    alike = cohort(list(rng.normal(30, 5, 30)), list(rng.normal(30, 5, 30)))
    found = find_own_threshold(alike, "baseline", "60min", ["surgery"])
    assert found.left_out_sensitivity + found.left_out_specificity < 1.3
    assert found.sensitivity + found.specificity > (
        found.left_out_sensitivity + found.left_out_specificity
    )
    turned = cohort([60.0, 70, 80, 65], [10.0, 12, 9, 30])
    notes = say_own_threshold(find_own_threshold(turned, "baseline", "60min", ["surgery"]))
    assert "does not separate" in notes[0]
    assert "too few" in notes[1]


def test_names_and_numbers_that_are_missing_stop() -> None:
    few = cohort([1.0, 2, 3], [4.0, 5, 6])
    with pytest.raises(DesignError, match=r"Expected at least 4 animals of surgery .* found 3"):
        find_own_threshold(few, "baseline", "60min", ["surgery"])
    with pytest.raises(DesignError, match="Expected timepoints out of baseline, 60min, found 24h"):
        find_own_threshold(few, "baseline", "24h", ["surgery"])
    with pytest.raises(DesignError, match="Expected groups out of surgery, found sham"):
        find_own_threshold(few, "baseline", "60min", ["sham"])


def test_excluded_animals_count_nowhere() -> None:
    both = cohort([1.0, 2, 3, 4, 5], [40.0, 50, 60, 70, 80])
    cells = list(both.cells)
    cells[0] = Cell("surgery0", "surgery", "baseline", 99.0, "ill")
    found = Cohort("pct_pain", tuple(cells))
    threshold = find_own_threshold(found, "baseline", "60min", ["surgery"])
    assert threshold.animals == 4
    rows = {row["timepoint"]: row for row in count_above(found, threshold.threshold)}
    assert (rows["baseline"]["animals"], rows["baseline"]["above"]) == (4, 0)
    assert (rows["60min"]["animals"], rows["60min"]["above"]) == (5, 5)


def test_the_command_reads_a_table(tmp_path: Path) -> None:
    lines = ["animal,group,timepoint,pct_pain"]
    for k in range(9):
        lines += [f"m{k},surgery,baseline,{k}", f"m{k},surgery,60min,{50 + k}"]
        lines += [f"s{k},sham,baseline,{k}", f"s{k},sham,60min,{k + 2 * (k % 2)}"]
    table = tmp_path / "summary.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    asked = ["threshold", str(table), "--pain", "60min", "--group", "surgery"]
    result = CliRunner().invoke(app, [*asked, "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["threshold"] == 29.0
    assert [row["above"] for row in said["above"]] == [0, 9, 0, 0]
    shown = CliRunner().invoke(app, asked)
    assert "in pain from" in shown.output
    wrong = CliRunner().invoke(app, ["threshold", str(table), "--pain", "24h"])
    assert wrong.exit_code == 1


def test_limits_do_not_depend_on_the_order_of_rows() -> None:
    """Nor on who comes first."""
    rng = np.random.default_rng(2)
    table = cohort(rng.normal(10, 5, 12).tolist(), rng.normal(30, 9, 12).tolist())
    turned = Cohort(table.value, tuple(reversed(table.cells)))
    found, again = (
        find_own_threshold(one, "baseline", "60min", ["surgery"]) for one in (table, turned)
    )
    assert found.interval == again.interval
    with pytest.raises(DesignError, match="found 60min for both"):
        find_own_threshold(table, "60min", "60min", ["surgery"])
