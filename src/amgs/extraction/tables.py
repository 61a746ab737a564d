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
    "file",
    "file_time_s",
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
    "from_s",
    "to_s",
    "pauses",
    "two_faces",
    "look",
    "problem",
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
    """What came of a video.

    Parameters
    ----------
    video
        Which.
    period_s
        Which part of it was used.
    pauses
        From when to when nothing was filmed, in seconds of the recording.
    sharpness_p75
        How sharp its faces are in each zone.
    looks
        The way to look that was used in each zone; several where the files of a session differ.
    results
        For each recording the entries of its journal, in the order of time.
    """

    video: VideoToExtract
    period_s: tuple[float, float]
    pauses: Sequence[tuple[float, float]]
    sharpness_p75: Sequence[float | None]
    looks: Sequence[str]
    results: Sequence[Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class RecordingRows:
    """What the three tables say of one recording: one row, its faces, its possible sleep."""

    recording: Recording
    row: dict[str, Any]
    faces: list[dict[str, Any]]
    sleep: list[tuple[float, float]]


def describe_outcome(outcome: VideoOutcome) -> list[RecordingRows]:
    """Return what the tables say of the recordings of a video."""
    return [
        _describe(outcome, number, recording)
        for number, recording in enumerate(outcome.video.recordings)
    ]


def _describe(outcome: VideoOutcome, number: int, recording: Recording) -> RecordingRows:
    entries = outcome.results[number]
    candidates = sorted(
        (candidate for entry in entries for candidate in entry["candidates"]),
        key=lambda candidate: candidate["time_s"],
    )
    asleep = find_possible_sleep([read_sleep_candidate(c) for c in candidates])
    faces = [_face_row(recording, entry, asleep) for entry in entries if entry["kept"] is not None]
    p75 = outcome.sharpness_p75[number]
    row = (
        _recording_row(outcome, number, entries, candidates, asleep)
        | {"sharpness_p75": None if p75 is None else round(p75, 4)}
        | dict(recording.known)
    )
    return RecordingRows(recording, row, faces, asleep)


def describe_failure(video: VideoToExtract, problem: str) -> list[RecordingRows]:
    """Return what the tables say of the recordings of a video that could not be used."""
    return [
        RecordingRows(r, {**empty_row(r, video.name), "problem": problem, **dict(r.known)}, [], [])
        for r in video.recordings
    ]


def empty_row(recording: Recording, video: str) -> dict[str, Any]:
    """Return a row of ``extraction.csv`` for a recording from which nothing was taken."""
    return {
        "recording": recording.name,
        "video": video,
        "zone": recording.zone.name,
        "duration_s": None,
        "intervals": 0,
        "kept": 0,
        "candidates": 0,
        "possible_sleep_s": 0.0,
        "sharpness_p75": None,
    }


def write_tables(
    folder: Path, recordings: Sequence[RecordingRows], archived: Sequence[str] = ()
) -> None:
    """Write ``faces.csv``, ``extraction.csv`` and ``possible_sleep.csv``.

    Rows of `archived` recordings, whose videos cannot be read any more, are taken over from the
    tables that are there.
    """
    kept = {name: _rows_of(folder / name, archived) for name in TABLES}
    listed = {key for row in kept[EXTRACTION_TABLE] for key in row if row[key]}
    listed |= {key for r in recordings for key, _ in r.recording.known}
    known = [column for column in KNOWN_COLUMNS if column in listed]
    faces = [*kept[FACES_TABLE], *(face for r in recordings for face in r.faces)]
    sleep = kept[SLEEP_TABLE] + [
        {"recording": r.recording.name, "from_s": f"{a:.2f}", "to_s": f"{b:.2f}"}
        for r in recordings
        for a, b in r.sleep
    ]
    rows = [*kept[EXTRACTION_TABLE], *(r.row for r in recordings)]
    _write(folder / FACES_TABLE, (*FACES_COLUMNS, *known), faces)
    _write(folder / SLEEP_TABLE, SLEEP_COLUMNS, sleep)
    _write(folder / EXTRACTION_TABLE, (*EXTRACTION_COLUMNS, *known), rows)


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
    entry: Mapping[str, Any],
    asleep: Sequence[tuple[float, float]],
) -> dict[str, Any]:
    kept = entry["kept"]
    time_s = kept["time_s"]
    box = dict(zip(("box_x1", "box_y1", "box_x2", "box_y2"), kept["box"], strict=True))
    return {
        **kept,
        **box,
        **dict(recording.known),
        "image": entry["image"],
        "recording": recording.name,
        "time_s": f"{time_s:.3f}",
        # A journal of an earlier version knew one file only, and no period.
        "file": kept.get("file", 1),
        "file_time_s": f"{kept.get('file_time_s', time_s):.3f}",
        "zone": recording.zone.name,
        "possible_sleep": "yes" if any(a <= time_s <= b for a, b in asleep) else "no",
    }


def _recording_row(
    outcome: VideoOutcome,
    number: int,
    entries: Sequence[Mapping[str, Any]],
    candidates: Sequence[Mapping[str, Any]],
    asleep: Sequence[tuple[float, float]],
) -> dict[str, Any]:
    recording = outcome.video.recordings[number]
    rejected = Counter(candidate["rejected"] for candidate in candidates)
    return {
        "recording": recording.name,
        "video": outcome.video.name,
        "zone": recording.zone.name,
        "duration_s": round(outcome.period_s[1] - outcome.period_s[0], 3),
        "intervals": len(entries),
        "kept": sum(entry["kept"] is not None for entry in entries),
        "candidates": len(candidates),
        **{
            column: rejected[reason]
            for column, reason in zip(REJECTION_COLUMNS, REJECTIONS, strict=True)
        },
        "possible_sleep_s": round(sum(b - a for a, b in asleep), 2),
        "from_s": round(outcome.period_s[0], 3),
        "to_s": round(outcome.period_s[1], 3),
        "pauses": "; ".join(f"{a:.2f}-{b:.2f}" for a, b in outcome.pauses),
        "two_faces": sum(candidate.get("faces", 0) > 1 for candidate in candidates),
        "look": outcome.looks[number],
        "problem": "",
    }
