"""Adding a figure is one file and one line: commands draw it wherever the data fit."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from matplotlib.figure import Figure

from amgs.cohort.comparison import compare_groups
from amgs.cohort.design import Cell, Cohort
from amgs.figures.saving import DrawnFigure
from amgs.figures.table import FIGURES, draw_figures
from program import amgs_output


def fits(document: dict[str, Any]) -> bool:
    """Whether there are at least two groups."""
    return len(document["groups"]) > 1


def figure(document: dict[str, Any]) -> DrawnFigure:
    """Draw the size of every group as a bar."""
    drawing = Figure(figsize=(2, 2))
    names = [group["group"] for group in document["groups"]]
    sizes = [group["n"] for group in document["groups"]]
    drawing.subplots().bar(names, sizes)
    return DrawnFigure(
        drawing, ("group", "n"), [list(row) for row in zip(names, sizes, strict=True)]
    )


def caption(document: dict[str, Any]) -> str:
    """Say what it shows."""
    return f"Animals in {len(document['groups'])} groups."


@pytest.fixture(autouse=True)
def _in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the one line; the functions above stand for a module of their own."""
    module = ModuleType("group_sizes")
    module.fits, module.figure, module.caption = fits, figure, caption  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "group_sizes", module)
    monkeypatch.setitem(FIGURES, "group_sizes", ("group_sizes", "comparison"))


def test_the_command_draws_it(tmp_path: Path) -> None:
    """Beside those there were before."""
    rows = [f"m{k},{'ab'[k % 2]},x,{10 * (k % 2) + k}" for k in range(8)]
    table = tmp_path / "s.csv"
    table.write_text("animal,group,timepoint,pct_pain\n" + "\n".join(rows) + "\n", "utf-8")
    amgs_output("compare", table, "--figures", tmp_path / "figures", "--quiet")
    drawn = {path.name for path in (tmp_path / "figures").glob("*.png")}
    assert {"group_sizes.png", "group_difference.png", "estimation.png"} <= drawn
    data = (tmp_path / "figures/group_sizes.csv").read_text("utf-8")
    assert data.splitlines() == ["group,n", "a,4", "b,4"]


def test_data_that_do_not_fit_are_left_alone() -> None:
    """One group is no comparison of sizes."""
    cells = tuple(Cell(f"m{k}", "a", "x", float(k)) for k in range(4))
    document = compare_groups(Cohort("pct_pain", cells)).document
    assert "group_sizes" not in {found.name for found in draw_figures("comparison", document)}
