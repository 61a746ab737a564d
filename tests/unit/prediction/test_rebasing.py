"""Calls re-based on the animal's own baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from amgs.cohort.comparison import ComparisonChoice
from amgs.cohort.second_outcome import compare_table
from amgs.errors import ImpossibleValueError
from amgs.prediction.pilot import values_of_images
from amgs.prediction.rebasing import LEAST_BASELINE_IMAGES, rebase_calls, summarise_rebased
from amgs.prediction.summarise import summarise_animals, time_course
from amgs.prediction.summary_columns import summary_columns
from amgs.prediction.summary_options import SummaryOptions, with_baseline
from amgs.tables import format_cells, write_table
from amgs.vocabulary import PAIN_OUTPUTS, call_pain

OWN_FACE = {"m1": 0.0, "m2": 3.0, "m3": -1.0, "m4": 1.0}
"""By how much an animal's face looks more like pain than others', in log odds."""


def predictions(shift: dict[str, float], images: int = 12, seed: int = 0) -> pd.DataFrame:
    """Images of four animals before and after; m3 and m4 are in pain afterwards."""
    rng = np.random.default_rng(seed)
    rows = []
    for animal in OWN_FACE:
        for timepoint in ("baseline", "60min"):
            effect = 4.0 if timepoint == "60min" and animal in {"m3", "m4"} else 0.0
            noise = rng.normal(-2.0 + effect, 0.5, images)
            for number, value in enumerate(noise):
                p = 1 / (1 + np.exp(-(value + shift[animal])))
                known = {"animal": animal, "group": "AB"[animal in {"m3", "m4"}]}
                known |= {"timepoint": timepoint, "time_s": 30.0 * number, "image": f"{len(rows)}"}
                rows.append(known | dict(call_pain(p).values))
    return pd.DataFrame(rows)


def log_odds(p: pd.Series) -> pd.Series:  # type: ignore[type-arg]
    """Of probabilities."""
    return np.log(p / (1 - p))


def test_an_animals_own_face_is_taken_out() -> None:
    """What is left is the same as if all had the same face, but for a constant of all animals."""
    plain = rebase_calls(predictions(dict.fromkeys(OWN_FACE, 0.0)), "baseline")
    other = rebase_calls(predictions(OWN_FACE), "baseline")
    assert np.allclose(log_odds(other) - log_odds(plain), np.mean(list(OWN_FACE.values())))


def test_all_animals_have_the_same_mean_at_baseline() -> None:
    """That of the animals' own means."""
    table = predictions(OWN_FACE)
    rebased = log_odds(rebase_calls(table, "baseline"))
    before = table["timepoint"] == "baseline"
    means = rebased[before].groupby(table["animal"]).mean()
    asked = log_odds(table["p_pain"])[before].groupby(table["animal"]).mean().mean()
    assert np.allclose(means, asked)


def test_an_animal_with_few_images_at_baseline_has_no_rebased_value() -> None:
    """Its value without re-basing stays, and that of the others does not depend on it."""
    table = predictions(OWN_FACE)
    few = table[~((table["animal"] == "m2") & (table["timepoint"] == "baseline"))]
    kept = table[(table["animal"] == "m2") & (table["timepoint"] == "baseline")]
    few = pd.concat([few, kept[: LEAST_BASELINE_IMAGES - 1]])
    rows = summarise_animals(few, SummaryOptions(baseline="baseline"))
    of = {(row["animal"], row["timepoint"]): row for row in rows}
    assert of["m2", "60min"]["pct_pain"] is not None
    assert of["m2", "60min"]["pct_pain_rebased"] is None
    assert of["m2", "60min"]["confident_images_rebased"] is None
    assert of["m1", "60min"]["pct_pain_rebased"] is not None


def test_columns_are_there_where_a_baseline_is() -> None:
    """And where a model calls pain."""
    table = predictions(OWN_FACE)
    options = with_baseline(SummaryOptions(), table, "baseline")
    assert "pct_pain_rebased" in summary_columns(PAIN_OUTPUTS, options)
    assert "pct_pain_rebased" not in summary_columns((), options)
    without = with_baseline(SummaryOptions(), table, "day 0")
    assert "pct_pain_rebased" not in summary_columns(PAIN_OUTPUTS, without)
    assert "pct_pain_rebased" not in summarise_animals(table, without)[0]


def test_bins_are_rebased_on_the_whole_baseline() -> None:
    """Not on the part of it that lies in the same minutes."""
    table = predictions(OWN_FACE)
    options = SummaryOptions(baseline="baseline")
    whole = rebase_calls(table, "baseline")
    first = next(iter(time_course(table, options, 2.0)))
    mine = table[(table["animal"] == "m1") & (table["timepoint"] == "baseline")]
    early = mine.index[mine["time_s"] < 120]
    assert first["animal"] == "m1"
    expected = summarise_rebased(whole[early], options.threshold)
    assert first["mean_signed_score_rebased"] == pytest.approx(
        expected["mean_signed_score_rebased"]
    )


def test_groups_are_compared_by_it(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """By its name, with the re-based signed score beside it."""
    table = predictions(OWN_FACE)
    options = SummaryOptions(baseline="baseline")
    columns = summary_columns(PAIN_OUTPUTS, options)
    path = tmp_path / "summary.csv"
    rows = summarise_animals(table, options, outputs=PAIN_OUTPUTS)
    write_table(path, columns, [format_cells(row, columns) for row in rows])
    found = compare_table(path, "pct_pain_rebased", ComparisonChoice(baseline="baseline"))
    assert found["value"] == "pct_pain_rebased"
    assert found["second_outcome"]["value"] == "mean_signed_score_rebased"


def test_a_pilot_cannot_be_of_it() -> None:
    """No image has a re-based % pain of its own that the others would not move."""
    with pytest.raises(ImpossibleValueError, match="pct_pain"):
        values_of_images(predictions(OWN_FACE), SummaryOptions(), "pct_pain_rebased")
