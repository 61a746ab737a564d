"""The tables of a study's extraction, written from its store: every recording stands in them."""

from __future__ import annotations

from typing import Any

from amgs.extraction.checks import MARKER
from amgs.extraction.recordings import Recording
from amgs.extraction.tables import RecordingRows, empty_row, write_tables
from amgs.files import write_json
from amgs.provenance import record_provenance
from amgs.store import FaceRecord, SourceRecord
from amgs.study.design import Design
from amgs.study.folder import StudyFolder
from amgs.study.generations import read_generations
from amgs.study.layout import FACES
from amgs.study.planned import PlannedRecording
from amgs.study.sources import IMAGES

NOT_EXTRACTED = "not extracted yet"


def write_study_tables(
    study: StudyFolder, design: Design, settings: dict[str, Any]
) -> list[dict[str, Any]]:
    """Write the three tables of an extraction; return the rows of ``extraction.csv``.

    Recordings without faces have a row with the reason.
    """
    rows = list_recording_rows(study, design)
    write_tables(study.faces, rows)
    _write_marker(study, settings)
    return [r.row for r in rows]


def list_recording_rows(study: StudyFolder, design: Design) -> list[RecordingRows]:
    """Return what the tables say of every recording of a video, in the order of the design."""
    sources = {s.recording: s for s in study.store.sources.all() if s.recording}
    faces: dict[str, list[FaceRecord]] = {}
    for face in study.store.faces.all():
        faces.setdefault(face.recording, []).append(face)
    found = []
    for r in design.recordings:
        source = sources.get(r.name)
        is_folder = source is not None and source.detail.get("kind") == IMAGES
        if not is_folder and not (study.folder / r.video).is_dir():
            found.append(_rows(r, source, faces.get(r.name, [])))
    return found


def _rows(
    r: PlannedRecording, source: SourceRecord | None, faces: list[FaceRecord]
) -> RecordingRows:
    detail = {} if source is None else source.detail
    recording = Recording(r.name, r.zone, r.known)
    row = empty_row(recording, r.video)
    row["problem"] = detail.get("problem", "") if source is not None else NOT_EXTRACTED
    row["trimmed"] = "yes" if detail.get("period") else ""
    row |= {k: v for k, v in detail.get("row", {}).items() if k != "video"} | dict(r.known)
    listed = [
        dict(face.detail)
        | {
            "image": face.image.removeprefix(f"{FACES}/"),
            "recording": r.name,
            "time_s": None if face.time_s is None else f"{face.time_s:.3f}",
            "frame": face.frame,
            "possible_sleep": face.possible_sleep,
        }
        | dict(r.known)
        for face in sorted(faces, key=lambda face: (face.time_s or 0.0, face.image))
    ]
    sleep = [(float(a), float(b)) for a, b in detail.get("sleep", ())]
    return RecordingRows(recording, row, listed, sleep)


def _write_marker(study: StudyFolder, settings: dict[str, Any]) -> None:
    """Keep the settings, and which recordings were extracted with others."""
    generations = read_generations(study)
    used = [s for s in study.store.sources.all() if s.recording and s.detail.get("row")]
    written = {**settings["options"], "detector": settings["detector"]}
    made_earlier = {
        s.recording: {k: generations[s.generation][k] for k in ("options", "detector")}
        for s in used
        if s.kept and s.generation in generations
    }
    if made_earlier:
        written["made_earlier"] = made_earlier
    inputs = {
        f"{s.recording} ({file['path']})" if len(s.detail["files"]) > 1 else s.recording: file[
            "fingerprint"
        ]
        for s in used
        for file in s.detail["files"]
    }
    sha256 = settings["detector"]["sha256"]
    provenance = record_provenance(written, {"face_detector": sha256, **inputs})
    write_json(study.faces / MARKER, provenance.as_dict())
