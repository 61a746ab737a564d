"""Scores given in BORIS and in spreadsheets become ratings; nothing unscorable becomes a 0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amgs.errors import TableError
from amgs.interop.boris import Observation, write_boris_project
from amgs.interop.formats import read_any_ratings, require_recognised
from amgs.interop.unit_words import find_unit
from amgs.scoring.agreement import measure_agreement
from amgs.scoring.ratings import first_answers
from amgs.tables import write_table

HEADER = (
    "Observation id", "Observation date", "Observation type", "rater", "timepoint", "Subject",
    "Behavior", "Behavioral category", "Modifier #1", "Behavior type", "Time", "Media file name",
    "Image index", "Image file path", "Comment",
)  # fmt: skip


def event(rater: str, behaviour: str, score: str, time: str, path: str = "NA") -> list[str]:
    return [
        "m1 before", "2026-03-01 10:00:00", "Media file(s)", rater, "baseline", "m1", behaviour, "",
        score, "POINT", time, "m1.mp4", "25", path, "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "unit", "ending"),
    [
        ("Orbital Tightening", "orbital_tightening", ""),
        ("nose.bulge 2", "nose_bulge", "2"),
        ("Ears", "ear_position", ""),
        ("whisker-change_0", "whisker_change", "0"),
        ("Nose/cheek flattening", "nose_cheek", ""),
        ("grooming", None, ""),
        ("mgs", None, ""),
    ],
)
def test_names_of_units(text: str, unit: str | None, ending: str) -> None:
    assert find_unit(text) == (unit, ending)


def test_events_of_boris(tmp_path: Path) -> None:
    """One image per moment, or per file; other behaviours are named and left out."""
    rows = [
        event("Ada", "orbital tightening", "2 (marked)", "12.34"),
        event("Ada", "ears", "1", "12.34"),
        event("Ada", "nose bulge", "not scorable", "12.34"),
        event("Bob", "orbital tightening 1", "", "12.34"),
        event("Ada", "Orbital", "0", "15.0", "images/face_7.png"),
        event("Ada", "grooming", "", "20"),
    ]
    path = tmp_path / "events.csv"
    write_table(path, HEADER, rows)
    table, notes = read_any_ratings(path)
    told = {(r.image, r.rater, r.unit): r.value for r in table.itertuples()}
    at = "m1 before at 12.34 s"
    assert told[at, "Ada", "orbital_tightening"] == 2
    assert told[at, "Ada", "ear_position"] == 1
    assert told[at, "Ada", "nose_bulge"] != told[at, "Ada", "nose_bulge"]
    assert told[at, "Bob", "orbital_tightening"] == 1
    assert told["images/face_7.png", "Ada", "orbital_tightening"] == 0
    assert len(told) == 5
    assert notes == ("behaviours that are no action unit were left out: grooming",)
    assert set(table["animal"]) == {"m1"}
    assert measure_agreement(first_answers(table))["units"]


def test_a_project_of_boris(tmp_path: Path) -> None:
    """What is written can be read: readings are no scores, scores in it are."""
    path = tmp_path / "study.boris"
    write_boris_project(path, "t", "", [
        Observation("m1_1h", "m1", "sham", "1h", "", {"v.mp4": (60.0, 25.0)},
                    [(2.0, 50, "pain", "p_pain 0.9")], [(10.0, 30.0)]),
    ])  # fmt: skip
    document = json.loads(path.read_text(encoding="utf-8"))
    events = document["observations"]["m1_1h"]["events"]
    assert [e[2] for e in events] == ["pain", "possible sleep", "possible sleep"]
    with pytest.raises(TableError, match="Expected scores of action units"):
        require_recognised(path).read(path)
    document["observations"]["m1_1h"]["events"] += [[2.0, "m1", "Cheeks", "1", "", 50]]
    path.write_text(json.dumps(document), encoding="utf-8")
    found = require_recognised(path).read(path)
    assert found.table[["image", "rater", "unit", "score"]].to_numpy().tolist() == [
        ["m1_1h at 2.0 s", "study", "cheek_bulge", 1]
    ]
    assert any("nothing says who scored" in note for note in found.notes)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(TableError, match="Expected a project of BORIS"):
        require_recognised(path).read(path)


def test_a_spreadsheet_of_scores(tmp_path: Path) -> None:
    """A row per image and rater; sums and remarks are no units; what cannot be scored is missing."""
    path = tmp_path / "scores.csv"
    path.write_text(
        "File Name;Observer;Orbital;Nose;Cheek;Ears;Whiskers;Sum;Animal\n"
        "a.png;Ada;0;1;2;x;1;4;m1\n"
        "a.png;Bob;1;1;1;0;-1;3;m1\n",
        encoding="utf-8-sig",
    )
    table, notes = read_any_ratings(path)
    assert notes == ()
    told = {(r.rater, r.unit): r.value for r in table.itertuples()}
    assert told["Ada", "cheek_bulge"] == 2
    assert told["Bob", "ear_position"] == 0
    assert told["Ada", "ear_position"] != told["Ada", "ear_position"]
    assert told["Bob", "whisker_change"] != told["Bob", "whisker_change"]
    assert len(told) == 10


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a.png,Ada,3,1", "line 2, Orbital: the score is '3', not 0 to 2"),
        ("a.png,Ada,0.5,1", "the score is '0.5'"),
        ("a.png,,0,1", "line 2: no rater"),
        ("a.png,Ada,0,1\na.png,Ada,0,1", "a.png: Ada scores orbital_tightening twice"),
    ],
)
def test_doubtful_scores_stop(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(f"image,rater,Orbital,Nose\n{line}\n", encoding="utf-8")
    with pytest.raises(TableError, match=says):
        read_any_ratings(path)
