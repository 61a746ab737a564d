"""Asleep, drowsy or awake, from the video and the model together."""

from __future__ import annotations

import pandas as pd
import pytest

from amgs.errors import ImpossibleValueError
from amgs.prediction.recording_times import RecordingTime
from amgs.prediction.summarise import summarise_animals
from amgs.prediction.summary_columns import summary_columns
from amgs.prediction.summary_options import SummaryOptions
from amgs.prediction.wakefulness import STATE, sleep_seen_by_model, tell_states, units_besides_eyes
from amgs.vocabulary import PAIN_OUTPUTS, Output, call_pain

UNITS = ("orbital_tightening", "nose_bulge", "cheek_bulge", "ear_position", "whisker_change")
OUTPUTS = (*PAIN_OUTPUTS, *(Output(unit, "score", unit, 0, 2) for unit in UNITS))
SHUT, NARROWED, OPEN = 1.6, 0.8, 0.1


def images(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """Images 10 s apart: recording, whether marked, the eyes, and the other units."""
    made = []
    for number, (recording, marked, eyes, others) in enumerate(rows):
        known = {"image": f"{number}.jpg", "recording": recording, "time_s": 10.0 * number}
        known |= {"animal": recording, "group": "a", "timepoint": "baseline"}
        known |= {"possible_sleep": marked, "orbital_tightening": eyes}
        made.append(known | dict.fromkeys(UNITS[1:], others) | dict(call_pain(0.9).values))
    return pd.DataFrame(made)


def states_of(*rows: tuple[str, str, float, float]) -> list[str]:
    """What is said of each."""
    found = tell_states(images(*rows), OUTPUTS)
    assert found is not None
    return found.tolist()


def test_closed_eyes_in_a_calm_face_are_sleep() -> None:
    """Narrowed ones drowsiness; and eyes shut in a face in pain neither."""
    rows = [("m1", "yes", SHUT, 0.2), ("m2", "yes", NARROWED, 0.2), ("m3", "yes", SHUT, 1.1)]
    assert states_of(*rows) == ["asleep", "drowsy", "awake"]


def test_only_stretches_of_the_video_count() -> None:
    """A single shut eye is no sleep, nor are the images of an animal that moves."""
    assert states_of(("m1", "no", SHUT, 0.2)) == ["awake"]


def test_the_images_of_a_stretch_are_judged_together() -> None:
    """By their mean; a stretch ends where an image is not marked."""
    rows = [
        ("m1", "yes", 1.9, 0.2),
        ("m1", "yes", 0.5, 0.2),
        ("m1", "no", OPEN, 0.2),
        ("m1", "yes", NARROWED, 0.2),
        ("m2", "yes", 1.9, 0.1),
        ("m2", "yes", 1.9, 1.3),
    ]
    assert states_of(*rows) == ["asleep", "asleep", "awake", "drowsy", "awake", "awake"]


def test_without_units_nothing_is_said() -> None:
    """Of a model that calls pain alone, and of images without a recording."""
    table = images(("m1", "yes", SHUT, 0.2))
    assert units_besides_eyes(PAIN_OUTPUTS) == []
    assert tell_states(table, PAIN_OUTPUTS) is None
    assert tell_states(table.drop(columns="recording"), OUTPUTS) is None


def test_only_what_the_model_sees_as_sleep_is_left_out() -> None:
    """Images and minutes of it; an animal in pain keeps its own."""
    table = images(("m1", "yes", SHUT, 0.2), ("m1", "no", OPEN, 0.2), ("m2", "yes", SHUT, 1.1))
    table[STATE] = tell_states(table, OUTPUTS)
    times = {
        "m1": RecordingTime(120.0, ((0.0, 5.0),)),
        "m2": RecordingTime(120.0, ((15.0, 75.0),)),
    }
    options = SummaryOptions(leave_out_sleep=True)
    both = summarise_animals(table, options, times, OUTPUTS)
    assert [row["images"] for row in both] == [1, 0]
    assert [row["minutes"] for row in both] == pytest.approx([115 / 60, 1.0])
    by_model = SummaryOptions(leave_out_sleep=True, sleep_by_model=True)
    rows = summarise_animals(table, by_model, times, OUTPUTS)
    assert [row["images"] for row in rows] == [1, 1]
    assert [row["asleep_images"] for row in rows] == [1, 0]
    assert [row["minutes"] for row in rows] == pytest.approx([115 / 60, 2.0])
    assert sleep_seen_by_model(times, table)["m2"].sleep == ()
    usual = summarise_animals(table, SummaryOptions(), times, OUTPUTS)
    assert [row["asleep_images"] for row in usual] == [1, 0]
    assert set(usual[0]) == set(summary_columns(OUTPUTS, SummaryOptions()))


def test_images_that_come_from_no_video_have_an_empty_count() -> None:
    """The columns are there all the same."""
    table = images(("m1", "yes", SHUT, 0.2)).drop(columns=["recording", "possible_sleep"])
    (row,) = summarise_animals(table, SummaryOptions(), None, OUTPUTS)
    assert set(row) == set(summary_columns(OUTPUTS, SummaryOptions()))
    assert row["asleep_images"] is None


def test_a_model_without_units_cannot_be_asked() -> None:
    """It says what can be done instead."""
    table = images(("m1", "yes", SHUT, 0.2))
    with pytest.raises(ImpossibleValueError, match="--without-sleep alone"):
        summarise_animals(table, SummaryOptions(leave_out_sleep=True, sleep_by_model=True))
    with pytest.raises(ImpossibleValueError, match="only where sleep is left out"):
        summarise_animals(table, SummaryOptions(sleep_by_model=True))
