"""The tables an extraction leaves: faces, recordings with what was rejected, possible sleep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs.faces.journal import sleep_look
from amgs.faces.looking import REJECTIONS
from amgs.faces.recordings import KNOWN_COLUMNS, FilmToExtract, Recording
from amgs.faces.sleep import find_possible_sleep
from amgs.tables import write_table

FACES_TABLE = "faces.csv"
"""The table of face images in the folder of an extraction."""

FACES_COLUMNS = (
    "image",
    "recording",
    "frame",
    "time_s",
    "zone",
    "box_x1",
    "box_y1",
    "box_x2",
    "box_y2",
    "eyes",
    "ears",
    "sharpness",
    "motion",
    "score",
    "view",
    "quality",
    "p_shut",
    "possible_sleep",
)
"""Columns of ``faces.csv``; animal, group and timepoint follow where they are known."""

REJECTION_COLUMNS = tuple(f"rejected_{reason.replace(' ', '_')}" for reason in REJECTIONS)

EXTRACTION_COLUMNS = (
    "recording",
    "film",
    "zone",
    "duration_s",
    "intervals",
    "kept",
    "looks",
    *REJECTION_COLUMNS,
    "possible_sleep_s",
    "usual_sharpness",
)
"""Columns of ``extraction.csv``."""

SLEEP_COLUMNS = ("recording", "from_s", "to_s")


@dataclass(frozen=True, slots=True)
class FilmOutcome:
    """A film, its length, the usual sharpness in each zone, and what was written down of it."""

    film: FilmToExtract
    duration_s: float
    usual_sharpness: Sequence[float | None]
    entries: Mapping[int, Mapping[str, Any]]


def write_tables(folder: Path, outcomes: Sequence[FilmOutcome]) -> list[dict[str, Any]]:
    """Write ``faces.csv``, ``extraction.csv`` and ``possible_sleep.csv``; return the second."""
    known = [
        column
        for column in KNOWN_COLUMNS
        if any(column in dict(r.known) for o in outcomes for r in o.film.recordings)
    ]
    faces: list[list[object]] = []
    sleep: list[list[object]] = []
    recordings: list[dict[str, Any]] = []
    for outcome in outcomes:
        for number, recording in enumerate(outcome.film.recordings):
            zones = [outcome.entries[i]["zones"][number] for i in sorted(outcome.entries)]
            looks = sorted(
                (look for zone in zones for look in zone["looks"]), key=lambda k: k["time_s"]
            )
            asleep = find_possible_sleep([sleep_look(look) for look in looks])
            sleep += [[recording.name, f"{a:.2f}", f"{b:.2f}"] for a, b in asleep]
            faces += [
                _face_row(recording, zone, asleep, known)
                for zone in zones
                if zone["kept"] is not None
            ]
            usual = outcome.usual_sharpness[number]
            recordings.append(
                _recording_row(outcome, recording, zones, looks, asleep)
                | {"usual_sharpness": None if usual is None else round(usual, 4)}
                | dict(recording.known)
            )
    write_table(folder / FACES_TABLE, (*FACES_COLUMNS, *known), faces)
    write_table(folder / "possible_sleep.csv", SLEEP_COLUMNS, sleep)
    columns = (*EXTRACTION_COLUMNS, *known)
    rows = [[row.get(column) for column in columns] for row in recordings]
    write_table(folder / "extraction.csv", columns, rows)
    return recordings


def _face_row(
    recording: Recording,
    zone: Mapping[str, Any],
    asleep: Sequence[tuple[float, float]],
    known: Sequence[str],
) -> list[object]:
    kept = zone["kept"]
    time_s = kept["time_s"]
    return [
        zone["image"],
        recording.name,
        kept["frame"],
        f"{time_s:.3f}",
        recording.zone.name,
        *kept["box"],
        kept["eyes"],
        kept["ears"],
        kept["sharpness"],
        kept["motion"],
        kept["score"],
        kept["view"],
        kept["quality"],
        kept["p_shut"],
        "yes" if any(start <= time_s <= stop for start, stop in asleep) else "no",
        *(dict(recording.known).get(column, "") for column in known),
    ]


def _recording_row(
    outcome: FilmOutcome,
    recording: Recording,
    zones: Sequence[Mapping[str, Any]],
    looks: Sequence[Mapping[str, Any]],
    asleep: Sequence[tuple[float, float]],
) -> dict[str, Any]:
    rejected = Counter(look["rejected"] for look in looks)
    return {
        "recording": recording.name,
        "film": outcome.film.name,
        "zone": recording.zone.name,
        "duration_s": round(outcome.duration_s, 3),
        "intervals": len(zones),
        "kept": sum(zone["kept"] is not None for zone in zones),
        "looks": len(looks),
        **{
            column: rejected[reason]
            for column, reason in zip(REJECTION_COLUMNS, REJECTIONS, strict=True)
        },
        "possible_sleep_s": round(sum(b - a for a, b in asleep), 2),
    }
