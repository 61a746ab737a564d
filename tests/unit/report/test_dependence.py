"""The same analysis with other choices; what becomes of it without possible sleep is worded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from amgs.cohort.comparison import ComparisonChoice, compare_groups
from amgs.cohort.design import Cell, Cohort
from amgs.prediction.summarise import summarise_animals
from amgs.prediction.summary_options import SummaryOptions
from amgs.report.dependence import Images, how_it_depends, say_dependence, say_sleep

EACH = 20
OPTIONS = SummaryOptions(min_per_minute=0, min_images=0)


def make_table(sleepers: int = 4, *, known: bool = True) -> pd.DataFrame:
    """Two groups of six; surgery hurts, and some shams sleep, which looks like pain."""
    rng = np.random.default_rng(4)
    rows = []
    for number in range(12):
        group = ("sham", "surgery")[number % 2]
        for timepoint in ("baseline", "60min"):
            hurts = 0.75 if (group, timepoint) == ("surgery", "60min") else 0.1
            for k in range(EACH):
                asleep = (
                    group == "sham" and timepoint == "60min" and number < 2 * sleepers and k < 8
                )
                p = 0.95 if asleep or rng.uniform() < hurts else 0.05
                rows.append(
                    {
                        "image": f"{number}_{timepoint}_{k}",
                        "animal": f"m{number:02d}",
                        "group": group,
                        "timepoint": timepoint,
                        "predicted": "pain" if p > 0.5 else "no pain",
                        "p_pain": p,
                        "confidence": 0.95,
                        "signed_score": 0.45 if p > 0.5 else -0.45,
                        **({"possible_sleep": "yes" if asleep else "no"} if known else {}),
                    }
                )
    return pd.DataFrame(rows)


def depends(table: pd.DataFrame, options: SummaryOptions = OPTIONS) -> list[dict[str, Any]]:
    summary = summarise_animals(table, options)
    cells = tuple(
        Cell(r["animal"], r["group"], r["timepoint"], r["pct_pain"], r["reason"]) for r in summary
    )
    choice = ComparisonChoice()
    document = compare_groups(Cohort("pct_pain", cells), choice).document
    return how_it_depends(Images(table, options), document, choice)


def test_the_recommended_analysis_is_worded_first() -> None:
    """How many images, and both differences as in the rows."""
    rows = depends(make_table())
    without = next(row for row in rows if row["choice"] == "without possible sleep")
    assert without["marked"] == (32, 4)
    reported, other = rows[0]["rows"][0], without["rows"][0]
    assert abs(other["difference"]) > abs(reported["difference"]) + 10
    (text,) = say_sleep(rows)
    assert text.startswith("A sleeping mouse looks like one in pain. 32 images of 4 animals lie in")
    assert "Recommended sensitivity analysis, without them, " in text
    for row in (reported, other):
        assert f"{row['difference']:.2f}".replace("-", "−") in text
    assert text.index(f"{abs(other['difference']):.2f}") < text.index(" instead of ")
    assert say_dependence(rows)


def test_sleep_that_was_left_out_is_put_back() -> None:
    """Then the words are the other way round."""
    (text,) = say_sleep(depends(make_table(), replace(OPTIONS, leave_out_sleep=True)))
    assert "and are left out. With them, " in text


@pytest.mark.parametrize("table", [make_table(0), make_table(known=False)])
def test_no_sleep_no_words(table: pd.DataFrame) -> None:
    assert say_sleep(depends(table)) == []


def test_a_reported_analysis_that_could_not_be_made() -> None:
    """There is nothing to set the other one against; how much sleep there is stands all the same."""
    reported, *others = depends(make_table())
    (text,) = say_sleep([{**reported, "rows": []}, *others])
    assert text.endswith("lie in stretches of possible sleep and count here.")


def test_animals_that_always_sleep() -> None:
    """Without their images nothing is left to compare, and that is said."""
    table = make_table()
    table.loc[table["timepoint"] == "60min", "possible_sleep"] = "yes"
    (text,) = say_sleep(depends(table))
    assert "Without possible sleep nothing can be computed: " in text
