"""From images to animals: counts, rates, exclusions with reasons, periods, sleep."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amgs.errors import DesignError, ImpossibleValueError, TableError
from amgs.prediction import read_predictions
from amgs.prediction.recording_times import RecordingTime, read_recording_times
from amgs.prediction.sinks import provenance_beside
from amgs.prediction.summarise import (
    summarise_animals,
    threshold_sensitivity,
    time_course,
    unseen_recordings,
)
from amgs.prediction.summary_columns import SUMMARY_COLUMNS
from amgs.prediction.summary_options import SummaryOptions
from amgs.prediction.table import declared_outputs
from program import amgs

HEADER = "image,predicted,confidence,animal,group,timepoint,recording,time_s,possible_sleep,mgs"


def images(
    animal: str, group: str, timepoint: str, confidences: list[float], pain: int, **more: str
) -> list[str]:
    """One image per 30 s; the first `pain` of them are called pain."""
    recording = f"{animal}_{timepoint}"
    return [
        f"{recording}_{k}.jpg,{'pain' if k < pain else 'no pain'},{confidence},{animal},{group},"
        f"{timepoint},{recording},{30 * k},{more.get('sleep', 'no')},{more.get('mgs', 0)}"
        for k, confidence in enumerate(confidences)
    ]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [
        *images("m1", "sham", "baseline", [0.9] * 10, 1),
        *images("m1", "sham", "60min", [0.9] * 8 + [0.6] * 2, 2),
        *images("m2", "surgery", "baseline", [0.8] * 10, 0),
        *images("m2", "surgery", "60min", [0.95] * 10, 7, mgs="4"),
        *images("m3", "surgery", "baseline", [0.9] * 2 + [0.55] * 8, 0),
        *images("m3", "surgery", "60min", [0.55] * 10, 5),
    ]
    path = tmp_path / "predictions.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


TIMES = {
    f"{animal}_{t}": RecordingTime(300.0, ((120.0, 180.0),) if animal == "m2" else ())
    for animal in ("m1", "m2", "m3")
    for t in ("baseline", "60min")
}


def by_unit(rows) -> dict:
    return {(row["animal"], row["timepoint"]): row for row in rows}


def test_one_row_per_animal_and_timepoint(table: Path) -> None:
    """Counted by hand."""
    rows = by_unit(summarise_animals(read_predictions(table), SummaryOptions(), TIMES))
    assert len(rows) == 6
    row = rows["m1", "60min"]
    assert tuple(row) == SUMMARY_COLUMNS
    assert (row["images"], row["confident_images"], row["pain_images"]) == (10, 8, 2)
    assert row["pct_pain"] == 25.0
    assert row["minutes"] == 5.0
    assert row["confident_per_minute"] == pytest.approx(1.6)
    assert row["mean_signed_score"] == pytest.approx((2 * 0.8 - 6 * 0.8) / 8)
    assert rows["m2", "60min"]["pct_pain"] == 70.0
    assert rows["m2", "60min"]["mean_mgs_sum"] == 4.0


def test_too_few_images_are_a_reason_not_a_hole(table: Path) -> None:
    """The row stays, marked."""
    rows = by_unit(summarise_animals(read_predictions(table), SummaryOptions(), TIMES))
    assert rows["m3", "baseline"]["included"] == "no"
    assert rows["m3", "baseline"]["reason"] == "fewer than 1 confident images per minute"
    assert rows["m3", "baseline"]["pct_pain"] == 0.0
    assert rows["m3", "60min"]["reason"] == "no image of confidence 0.75 or more"
    assert rows["m3", "60min"]["pct_pain"] is None
    assert rows["m1", "baseline"]["included"] == "yes"


def test_without_lengths_nothing_is_said_per_minute(table: Path) -> None:
    """And no animal is left out for it."""
    rows = by_unit(summarise_animals(read_predictions(table), SummaryOptions()))
    assert rows["m3", "baseline"]["included"] == "yes"
    assert rows["m3", "baseline"]["confident_per_minute"] is None


def test_a_period_cuts_images_and_minutes(table: Path) -> None:
    """From minute 1 to 3: four images of two minutes."""
    options = SummaryOptions(from_min=1, to_min=3)
    row = by_unit(summarise_animals(read_predictions(table), options, TIMES))["m2", "60min"]
    assert (row["images"], row["minutes"], row["pct_pain"]) == (4, 2.0, 100.0)
    beyond = SummaryOptions(from_min=30)
    rows = summarise_animals(read_predictions(table), beyond, TIMES)
    assert len(rows) == 6
    assert all(row["images"] == 0 and row["included"] == "no" for row in rows)


def test_possible_sleep_can_be_left_out(table: Path) -> None:
    """Its images and its minutes."""
    text = table.read_text(encoding="utf-8")
    for k in (4, 5):
        text = text.replace(f"m2_60min,{30 * k},no", f"m2_60min,{30 * k},yes")
    table.write_text(text, encoding="utf-8")
    options = SummaryOptions(leave_out_sleep=True)
    row = by_unit(summarise_animals(read_predictions(table), options, TIMES))["m2", "60min"]
    assert (row["images"], row["minutes"]) == (8, 4.0)
    assert row["pct_pain"] == pytest.approx(100 * 5 / 8)


def test_an_animal_without_any_image_keeps_a_row(table: Path) -> None:
    """And a video without images still counts its minutes."""
    times = TIMES | {
        "m4_60min": RecordingTime(600.0, (), ("m4", "sham", "60min")),
        "m1_second": RecordingTime(600.0, (), ("m1", "sham", "60min")),
    }
    rows = by_unit(summarise_animals(read_predictions(table), SummaryOptions(), times))
    assert rows["m4", "60min"]["images"] == 0
    assert rows["m4", "60min"]["included"] == "no"
    assert rows["m1", "60min"]["minutes"] == 15.0
    assert rows["m1", "60min"]["included"] == "no"
    unknown = TIMES | {"lost": RecordingTime(60.0)}
    assert unseen_recordings(read_predictions(table), unknown) == ["lost"]


@pytest.mark.parametrize(("bin_min", "bins"), [(1.0, 3), (2.0, 2), (3.0, 1), (10.0, 1)])
def test_bins_end_with_the_period(table: Path, bin_min: float, bins: int) -> None:
    """Also where they divide it."""
    options = SummaryOptions(to_min=3)
    rows = list(time_course(read_predictions(table), options, bin_min, TIMES))
    assert len({row["from_min"] for row in rows}) == bins
    assert max(row["to_min"] for row in rows) == 3


def test_damaged_lengths_are_told(tmp_path: Path) -> None:
    """Such as a decimal comma."""
    (tmp_path / "extraction.csv").write_text('recording,duration_s\na,"1800,5"\n')
    with pytest.raises(TableError, match="extraction.csv line 2: '1800,5'"):
        read_recording_times(tmp_path)


def test_order_of_rows_changes_nothing(table: Path) -> None:
    """But the order of animals."""
    predictions = read_predictions(table)
    shuffled = predictions.sample(frac=1, random_state=3)
    a = by_unit(summarise_animals(predictions, SummaryOptions(), TIMES))
    b = by_unit(summarise_animals(shuffled, SummaryOptions(), TIMES))
    assert a.keys() == b.keys()
    for key, row in a.items():
        for name, value in row.items():
            assert b[key][name] == (pytest.approx(value) if isinstance(value, float) else value)


def test_the_time_course_adds_up(table: Path) -> None:
    """Images of all bins are all images."""
    rows = list(time_course(read_predictions(table), SummaryOptions(), 2.0, TIMES))
    of_m2 = [r for r in rows if (r["animal"], r["timepoint"]) == ("m2", "60min")]
    assert [r["from_min"] for r in of_m2] == [0, 2, 4]
    assert sum(r["images"] for r in of_m2) == 10
    assert [r["pain_images"] for r in of_m2] == [4, 3, 0]
    with pytest.raises(ImpossibleValueError, match="longer than 0"):
        list(time_course(read_predictions(table), SummaryOptions(), 0.0))


def test_the_threshold_table(table: Path) -> None:
    """At 0.5 every image counts."""
    found = threshold_sensitivity(read_predictions(table), SummaryOptions(), TIMES)
    at = {(r["threshold"], r["group"], r["timepoint"]): r for r in found}
    assert at[0.5, "surgery", "60min"]["animals"] == 2
    assert at[0.5, "surgery", "60min"]["mean_pct_pain"] == pytest.approx(np.mean([70, 50]))
    assert at[0.75, "surgery", "60min"]["animals"] == 1
    assert at[0.95, "sham", "60min"]["mean_pct_pain"] is None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (("animal,", "mouse,"), TableError, "found no animal. They come from the table"),
        (
            ("m1,sham,60min", "m1,surgery,60min"),
            DesignError,
            "animal m1 is in the groups sham, surgery",
        ),
        (("m1,sham,60min", ",sham,60min"), TableError, "line 12: no animal"),
        (("m2_60min,0", "unknown,0"), TableError, "recording unknown is not in extraction.csv"),
    ],
)
def test_faults(table: Path, change: tuple[str, str], error, message: str) -> None:
    """Each with its own words."""
    table.write_text(table.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(error, match=message):
        summarise_animals(read_predictions(table), SummaryOptions(), TIMES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 75}, "threshold from 0.5 to 1, found 75"),
        ({"threshold": float("nan")}, "threshold from 0.5 to 1"),
        ({"from_min": 5, "to_min": 5}, "a period that ends after it begins, found minute 5 to 5"),
        ({"from_min": float("nan")}, "found minute nan to the end"),
        ({"from_min": -5}, "found minute -5 to the end"),
        ({"min_per_minute": -1}, "minimum of at least 0"),
        ({"min_per_minute": float("nan")}, "minimum of at least 0"),
        ({"min_images": -1}, "minimum of at least 0 images"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    """Of what is no number every comparison is false: a rule would be switched off in silence."""
    with pytest.raises(ImpossibleValueError, match=message):
        SummaryOptions(**options)


def test_an_animal_of_two_groups_in_two_tables(table: Path) -> None:
    """The images say one, the table of recordings another."""
    predictions = read_predictions(table)
    name = str(predictions["recording"].iloc[0])
    unit = (str(predictions["animal"].iloc[0]), "another group", "60min")
    times = {**TIMES, name: replace(TIMES[name], unit=unit)}
    with pytest.raises(DesignError, match="another group"):
        summarise_animals(predictions, SummaryOptions(), times)


@pytest.mark.slow
def test_summarise_then_compare_by_the_commands(tmp_path: Path) -> None:
    """From predictions to Tukey's test, with the lengths that `amgs extract` wrote."""
    rng = np.random.default_rng(1)
    rows, lengths = [], []
    for g, group in enumerate(("sham", "surgery", "surgery+carprofen")):
        for k in range(6):
            for timepoint in ("baseline", "60min"):
                pain = rng.binomial(20, 0.15 + (0.5, 0.0)[timepoint == "baseline"] * (0, 1, 0.3)[g])
                rows += images(f"{g}{k}", group, timepoint, [0.9] * 20, int(pain))
                lengths.append(f"{g}{k}_{timepoint},600")
    (tmp_path / "p.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces/extraction.csv").write_text(
        "recording,duration_s\n" + "\n".join(lengths) + "\n"
    )
    (tmp_path / "faces/possible_sleep.csv").write_text(
        "recording,from_s,to_s\n00_baseline,60,120\n"
    )
    times = read_recording_times(tmp_path / "faces")
    assert times["00_baseline"].minutes((0, 600), without_sleep=True) == 9.0
    done = amgs("summarise", "p.csv", "--extraction", "faces", "--out", "summary.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = amgs("compare", "summary.csv", "--json", "--out", "pairs.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [g["n"] for g in found["groups"]] == [6, 6, 6]
    assert found["anova"]["p"] < 0.01
    text = amgs("compare", "summary.csv", cwd=tmp_path).stdout
    assert "one-way ANOVA" in text
    assert "surgery – sham" in text
    refused = amgs("compare", "p.csv", cwd=tmp_path)
    assert refused.returncode == 1
    assert "table of images" in refused.stderr
    warned = amgs("summarise", "p.csv", "--json", cwd=tmp_path)
    assert "length of the recordings is not known" in warned.stderr
    assert json.loads(warned.stdout)["threshold"] == 0.75


def test_a_table_without_a_last_newline_counts_whole(tmp_path: Path) -> None:
    """An editor left it out; the one stretch of sleep is read all the same."""
    (tmp_path / "extraction.csv").write_text("recording,duration_s\na,600")
    (tmp_path / "possible_sleep.csv").write_text("recording,from_s,to_s\na,60,180")
    assert read_recording_times(tmp_path)["a"].sleep == ((60.0, 180.0),)


def test_a_rest_of_a_bin_belongs_to_the_bin_before(tmp_path: Path) -> None:
    """Two seconds are no bin of their own, whose one image would be 0 or 100 %."""
    rows = images("m1", "a", "baseline", [0.9] * 61, 61)  # one each 30 s, the last after 30 min
    path = tmp_path / "p.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    table = read_predictions(path)
    times = {"m1_baseline": RecordingTime(1802.0)}
    for known in (times, None):
        course = list(time_course(table, SummaryOptions(), 10.0, known))
        assert [row["from_min"] for row in course] == [0, 10, 20]
        assert sum(row["images"] for row in course) == 61


def test_a_smallest_number_of_images(table: Path) -> None:
    """An animal with fewer confident ones does not count, and the reason says so."""
    rows = summarise_animals(read_predictions(table), SummaryOptions(min_images=9))
    reasons = {(row["animal"], row["timepoint"]): row["reason"] for row in rows}
    assert reasons["m1", "baseline"] == ""
    assert reasons["m1", "60min"] == "fewer than 9 confident images"
    done = amgs("summarise", table, "--min-images", "9", "--json")
    assert done.returncode == 0, done.stderr
    included = {
        (r["animal"], r["timepoint"]): r["included"] for r in json.loads(done.stdout)["animals"]
    }
    assert (included["m1", "baseline"], included["m1", "60min"]) == ("yes", "no")


@pytest.mark.parametrize(
    ("column", "cell"),
    [("pauses", "612.00"), ("duration_s", "-600"), ("duration_s", "6_00"), ("duration_s", "1e999")],
)
def test_times_that_are_none_are_told(tmp_path: Path, column: str, cell: str) -> None:
    row = {"recording": "a", "duration_s": "600", "pauses": ""} | {column: cell}
    text = f"{','.join(row)}\n{','.join(row.values())}\n"
    (tmp_path / "extraction.csv").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=re.escape(cell)):
        read_recording_times(tmp_path)


def test_a_damaged_provenance_is_told(table: Path) -> None:
    """What a model of its own says would be left out without a word."""
    provenance_beside(table).write_text("{broken", encoding="utf-8")
    with pytest.raises(TableError, match="something damaged"):
        declared_outputs(table)
