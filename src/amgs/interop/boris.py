"""BORIS: readings as a project that it opens, and scores that people gave in it.

The form of a project (JSON) and of a table of events was read off BORIS 8.27, which opens what is
written here without a remark.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amgs.errors import TableError
from amgs.files import write_json
from amgs.interop.base import Imported, Importer
from amgs.interop.unit_table import RATER_COLUMNS
from amgs.interop.unit_words import as_ratings, find_unit, parse_unit_score
from amgs.tables import read_column_names, read_table

SUFFIX = ".boris"
PROJECT_VERSION = "7.0"
SLEEP = "possible sleep"
_NEEDED = {"Observation id", "Subject", "Behavior", "Time"}
_NOT_GIVEN = {"", "NA", "Not found"}
_MOST_BYTES = 200_000_000


@dataclass(frozen=True)
class Observation:
    """One recording as BORIS has it.

    Parameters
    ----------
    name, animal, group, timepoint, date
        Of the recording; the date as ``2026-03-01`` or empty.
    files
        Path of a file, seen from the project → its length in seconds and its frames per second.
    faces
        Per kept image: seconds in the files one after the other, frame, what is said, remark.
    sleep
        Stretches of possible sleep, in the same seconds.
    """

    name: str
    animal: str
    group: str
    timepoint: str
    date: str
    files: Mapping[str, tuple[float, float]]
    faces: Sequence[tuple[float, int, str, str]]
    sleep: Sequence[tuple[float, float]] = field(default_factory=tuple)


def write_boris_project(
    out: Path, title: str, about: str, observations: Sequence[Observation]
) -> None:
    """Write a project of BORIS: every kept image a point event, possible sleep a state event.

    Parameters
    ----------
    out
        The file.
    title, about
        Name and description of the project.
    observations
        The recordings.
    """
    codes = list(dict.fromkeys(code for o in observations for _, _, code, _ in o.faces))
    animals = list(dict.fromkeys(o.animal for o in observations))
    variables = ("group", "timepoint")
    behaviours = [_behaviour(code, "Point event", "called by the model") for code in codes]
    behaviours.append(_behaviour(SLEEP, "State event", "still for long, eyes not open"))
    project = {
        "time_format": "hh:mm:ss",
        "project_date": "",
        "project_name": title,
        "project_description": about,
        "project_format_version": PROJECT_VERSION,
        "subjects_conf": _numbered({"key": "", "name": a, "description": ""} for a in animals),
        "behaviors_conf": _numbered(behaviours),
        "observations": {o.name: _observation(o) for o in observations},
        "behavioral_categories": [],
        "independent_variables": _numbered(
            {"label": v, "description": "", "type": "text", "default value": "",
             "possible values": ""}
            for v in variables
        ),
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }  # fmt: skip
    write_json(out, project)


def _numbered(entries: Any) -> dict[str, Any]:
    return {str(number): entry for number, entry in enumerate(entries)}


def _behaviour(code: str, kind: str, description: str) -> dict[str, Any]:
    return {
        "type": kind, "key": "", "code": code, "description": description, "color": "",
        "category": "", "modifiers": {}, "excluded": "", "coding map": "",
    }  # fmt: skip


def _observation(o: Observation) -> dict[str, Any]:
    events: list[list[Any]] = [[t, o.animal, code, "", said, i] for t, i, code, said in o.faces]
    # A state event is two events of the same name, at its start and at its end.
    events += [[t, o.animal, SLEEP, "", "", "NA"] for stretch in o.sleep for t in stretch]
    players = {str(number): list(o.files) if number == 1 else [] for number in range(1, 9)}
    return {
        "file": players,
        "type": "MEDIA",
        "date": f"{o.date or '1970-01-01'}T00:00:00",
        "description": "" if o.date else "The day is not known.",
        "time offset": 0,
        "events": sorted(events, key=lambda event: event[0]),
        "observation time interval": [0, 0],
        "independent_variables": {"group": o.group, "timepoint": o.timepoint},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {path: length for path, (length, _) in o.files.items()},
            "fps": {path: fps for path, (_, fps) in o.files.items()},
            "hasVideo": dict.fromkeys(o.files, True),
            "hasAudio": dict.fromkeys(o.files, False),
            "offset": {"1": 0.0},
        },
    }


class BorisScores(Importer):
    """Scores of action units given in BORIS: its project, or its table of events."""

    name = "boris"
    title = "scores of action units given in BORIS (its project, or exported tabular events)"
    kind = "ratings"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        if not place.is_file():
            return False
        if place.suffix.lower() == SUFFIX:
            return True
        try:
            return set(read_column_names(place)) >= _NEEDED
        except TableError:
            return False

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`: every event whose behaviour is an action unit is a score.

        The score is the first modifier, or ends the name of the behaviour (``nose bulge 2``). Units
        that were scored at the same moment of the same observation are of one image, which is
        called by its file, or by observation and time. The rater stands in an independent variable
        called rater, scorer, observer or coder; without one, all is of one rater, called like the
        file.
        """
        del only
        project = place.suffix.lower() == SUFFIX
        events = _project_events(place) if project else _table_events(place)
        found, others = [], set()
        faults: list[str] = []
        for event in events:
            unit, ending = find_unit(event["behaviour"])
            if unit is None:
                others.add(event["behaviour"])
                continue
            cell = event["modifier"] or ending
            score = parse_unit_score(cell, faults, f"{event['image']}, {event['behaviour']}")
            known = {name: event[name] for name in ("animal", "timepoint", "recording", "time_s")}
            rater = event["rater"] or place.stem
            found.append(
                {"image": event["image"], "rater": rater, "unit": unit, "score": score, **known}
            )
        notes = []
        if others:
            left = ", ".join(sorted(others))
            notes.append(f"behaviours that are no action unit were left out: {left}")
        if any(row["rater"] == place.stem for row in found):
            notes.append(f"nothing says who scored: all is of one rater, {place.stem}")
        return as_ratings(found, faults, notes, place)


def _table_events(place: Path) -> Iterator[dict[str, str]]:
    table = read_table(place, required=tuple(sorted(_NEEDED)))
    rater = next((c for c in table.columns if c.strip().casefold() in RATER_COLUMNS), None)
    for row in table.to_dict("records"):
        path = row.get("Image file path", "")
        yield _event(
            {str(name): str(cell) for name, cell in row.items()},
            str(row["Observation id"]),
            str(row["Time"]),
            "" if path in _NOT_GIVEN else str(path),
            str(row[rater]) if rater else "",
        )


def _event(
    row: Mapping[str, str], observation: str, time: str, path: str, rater: str
) -> dict[str, str]:
    return {
        "image": path or f"{observation} at {time} s",
        "behaviour": row["Behavior"],
        "modifier": row.get("Modifier #1", ""),
        "rater": rater,
        "animal": "" if row["Subject"] == "No focal subject" else row["Subject"],
        "timepoint": row.get("timepoint", ""),
        "recording": observation,
        "time_s": "" if time in _NOT_GIVEN else time,
    }


def _project_events(place: Path) -> Iterator[dict[str, str]]:
    if place.stat().st_size > _MOST_BYTES:
        raise TableError(f"Expected a project of at most 200 MB, found more at {place}.")
    try:
        observations = json.loads(place.read_text(encoding="utf-8"))["observations"]
        for name, observation in observations.items():
            about = observation.get("independent_variables", {})
            rater = next((v for k, v in about.items() if k.casefold() in RATER_COLUMNS), "")
            for time, subject, code, modifiers, _, *frame in observation["events"]:
                row = {
                    "Behavior": str(code),
                    "Modifier #1": str(modifiers).split("|")[0],
                    "Subject": str(subject),
                    "timepoint": str(about.get("timepoint", "")),
                }
                # Of observations of images, the file stands last; of videos, the frame.
                path = str(frame[1]) if len(frame) > 1 else ""
                yield _event(row, str(name), f"{time}", path, str(rater))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = (
            f"Expected a project of BORIS (JSON with observations and their events) at {place}, "
            f"found something else ({type(error).__name__}). Save it again in BORIS."
        )
        raise TableError(msg) from error
