"""The tables an extraction leaves: faces, recordings with what was rejected, possible sleep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs.extraction.candidates import REJECTIONS
from amgs.extraction.journal import read_sleep_candidate
from amgs.extraction.recordings import KNOWN_COLUMNS, Recording, VideoToExtract
from amgs.extraction.sleep import find_possible_sleep
from amgs.tables import read_table, write_table

FACES_TABLE = "faces.csv"
"""The table of face images in the folder of an extraction."""

EXTRACTION_TABLE, SLEEP_TABLE = "extraction.csv", "possible_sleep.csv"
TABLES = (FACES_TABLE, EXTRACTION_TABLE, SLEEP_TABLE)

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
    "p_eyes_not_open",
    "possible_sleep",
)
"""Columns of ``faces.csv``; animal, group and timepoint follow where they are known."""

REJECTION_COLUMNS = tuple(f"rejected_{reason.replace(' ', '_')}" for reason in REJECTIONS)

EXTRACTION_COLUMNS = (
    "recording",
    "video",
    "zone",
    "duration_s",
    "intervals",
    "kept",
    "candidates",
    *REJECTION_COLUMNS,
    "possible_sleep_s",
    "sharpness_p75",
)
"""Columns of ``extraction.csv``."""

SLEEP_COLUMNS = ("recording", "from_s", "to_s")


def count_rejections(row: Mapping[str, Any]) -> dict[str, int]:
    """Return from a row of ``extraction.csv`` how many candidates were rejected, by the reason."""
    return {
        reason: int(row[column])
        for column, reason in zip(REJECTION_COLUMNS, REJECTIONS, strict=True)
        if row.get(column)
    }


@dataclass(frozen=True, slots=True)
class VideoOutcome:
    """A video, its length, how sharp its faces are in each zone, and what its journal holds."""

    video: VideoToExtract
    duration_s: float
    sharpness_p75: Sequence[float | None]
    entries: Mapping[int, Mapping[str, Any]]


def write_tables(
    folder: Path, outcomes: Sequence[VideoOutcome], archived: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Write ``faces.csv``, ``extraction.csv`` and ``possible_sleep.csv``; return the second.

    Rows of `archived` recordings, whose videos cannot be read any more, are taken over from the
    tables that are there.
    """
    kept = {name: _rows_of(folder / name, archived) for name in TABLES}
    listed = {key for row in kept[EXTRACTION_TABLE] for key in row if row[key]}
    listed |= {key for o in outcomes for r in o.video.recordings for key, _ in r.known}
    known = [column for column in KNOWN_COLUMNS if column in listed]
    faces: list[dict[str, Any]] = list(kept[FACES_TABLE])
    sleep: list[dict[str, Any]] = list(kept[SLEEP_TABLE])
    recordings: list[dict[str, Any]] = list(kept[EXTRACTION_TABLE])
    for outcome in outcomes:
        for number, recording in enumerate(outcome.video.recordings):
            zones = [outcome.entries[i]["zones"][number] for i in sorted(outcome.entries)]
            candidates = sorted(
                (candidate for zone in zones for candidate in zone["candidates"]),
                key=lambda candidate: candidate["time_s"],
            )
            asleep = find_possible_sleep([read_sleep_candidate(c) for c in candidates])
            sleep += [
                {"recording": recording.name, "from_s": f"{a:.2f}", "to_s": f"{b:.2f}"}
                for a, b in asleep
            ]
            faces += [
                _face_row(recording, zone, asleep) for zone in zones if zone["kept"] is not None
            ]
            p75 = outcome.sharpness_p75[number]
            recordings.append(
                _recording_row(outcome, recording, zones, candidates, asleep)
                | {"sharpness_p75": None if p75 is None else round(p75, 4)}
                | dict(recording.known)
            )
    _write(folder / FACES_TABLE, (*FACES_COLUMNS, *known), faces)
    _write(folder / SLEEP_TABLE, SLEEP_COLUMNS, sleep)
    _write(folder / EXTRACTION_TABLE, (*EXTRACTION_COLUMNS, *known), recordings)
    return recordings


def _write(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    write_table(path, columns, [[row.get(column) for column in columns] for row in rows])


def _rows_of(path: Path, recordings: Collection[str]) -> list[dict[str, Any]]:
    """Return the rows of some recordings as they stand in a table of an earlier run."""
    if not recordings or not path.exists():
        return []
    table = read_table(path, required=("recording",), rows_needed=False)
    rows = table.to_dict("records")
    return [{str(k): v for k, v in row.items()} for row in rows if row["recording"] in recordings]


def _face_row(
    recording: Recording,
    zone: Mapping[str, Any],
    asleep: Sequence[tuple[float, float]],
) -> dict[str, Any]:
    kept = zone["kept"]
    time_s = kept["time_s"]
    box = dict(zip(("box_x1", "box_y1", "box_x2", "box_y2"), kept["box"], strict=True))
    return {
        **kept,
        **box,
        **dict(recording.known),
        "image": zone["image"],
        "recording": recording.name,
        "time_s": f"{time_s:.3f}",
        "zone": recording.zone.name,
        "possible_sleep": "yes" if any(a <= time_s <= b for a, b in asleep) else "no",
    }


def _recording_row(
    outcome: VideoOutcome,
    recording: Recording,
    zones: Sequence[Mapping[str, Any]],
    candidates: Sequence[Mapping[str, Any]],
    asleep: Sequence[tuple[float, float]],
) -> dict[str, Any]:
    rejected = Counter(candidate["rejected"] for candidate in candidates)
    return {
        "recording": recording.name,
        "video": outcome.video.name,
        "zone": recording.zone.name,
        "duration_s": round(outcome.duration_s, 3),
        "intervals": len(zones),
        "kept": sum(zone["kept"] is not None for zone in zones),
        "candidates": len(candidates),
        **{
            column: rejected[reason]
            for column, reason in zip(REJECTION_COLUMNS, REJECTIONS, strict=True)
        },
        "possible_sleep_s": round(sum(b - a for a, b in asleep), 2),
    }
