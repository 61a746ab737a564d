"""What an extraction made, taken into the store: sources, faces, scores that carry over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from amgs.extraction.run import FinishedRun
from amgs.extraction.tables import RecordingRows
from amgs.faces.detections import iou
from amgs.provenance import hash_file, record_provenance
from amgs.store import FaceRecord, SourceRecord
from amgs.study.folder import StudyFolder
from amgs.study.layout import FACES
from amgs.study.sources import OF_THE_ANIMAL, VIDEO, WantedSource, say_place

SAME_PLACE_IOU = 0.5
"""Boxes of one frame that share at least this are the same face, cropped with another margin."""


def register_run(
    study: StudyFolder, run: FinishedRun, wanted: Mapping[str, WantedSource], generation: int
) -> None:
    """Take what an extraction made into the store; what could not be used, with the reason.

    Parameters
    ----------
    study
        The study.
    run
        The extraction.
    wanted
        By recording what the table wanted of it.
    generation
        The number of the settings.
    """
    known = {source.code: source for source in study.store.sources.all()}
    by_name = {r.recording.name: r for r in run.rows}
    made = [
        (code, by_name[recording.name])
        for opened in run.opened
        for code, recording in zip(opened.codes, opened.source.recordings, strict=True)
    ]
    sources = [
        _source(wanted[r.recording.name], code, generation, known, row=r) for code, r in made
    ]
    sources += [
        _source(wanted[r.name], r.code, generation, known, problem=problem)
        for video, problem in run.failed
        for r in video.recordings
    ]
    study.store.sources.put(sources)
    contents = {f.image: f.content for f in study.store.faces.all(retired=True)}
    faces = [record for code, r in made for record in _faces(study, code, r, contents)]
    options = {
        "step": "extract",
        "detector": run.summary.detector,
        "settings": study.settings.as_dict()["extract"],
    }
    inputs = {"face_detector": run.summary.detector["sha256"]}
    origin = record_provenance(options, inputs).as_dict()
    study.store.faces.add(_carry_over(study, faces), origin)


def _source(
    wanted: WantedSource,
    code: str,
    generation: int,
    known: Mapping[str, SourceRecord],
    *,
    row: RecordingRows | None = None,
    problem: str = "",
) -> SourceRecord:
    r = wanted.recording
    detail: dict[str, Any] = {
        "kind": VIDEO,
        "files": list(wanted.files),
        "zone": r.zone.name,
        "period": r.period.name,
        "place": say_place(r),
        "problem": problem,
    }
    if row is not None:
        detail["row"] = {k: v for k, v in row.row.items() if k not in OF_THE_ANIMAL}
        detail["sleep"] = [[round(a, 2), round(b, 2)] for a, b in row.sleep]
    # Whose it is at present is changed for all sources at once, when all is extracted.
    before = known.get(code, SourceRecord(code, wanted.base))
    return replace(before, base=wanted.base, generation=generation, detail=detail)


def _faces(
    study: StudyFolder, code: str, rows: RecordingRows, contents: Mapping[str, str]
) -> list[FaceRecord]:
    records = []
    for row in rows.faces:
        image = f"{FACES}/{row['image']}"
        content = contents.get(image) or hash_file(study.folder / image)
        detail = {k: v for k, v in row.items() if k not in OF_THE_ANIMAL}
        sleep = str(row["possible_sleep"])
        time_s, frame = float(row["time_s"]), int(row["frame"])
        records.append(FaceRecord(image, code, content, time_s, frame, sleep, detail=detail))
    return records


def _carry_over(study: StudyFolder, faces: Sequence[FaceRecord]) -> list[FaceRecord]:
    """Let faces at the same place of the same frame of the same video share their scores."""
    sources = {source.code: source for source in study.store.sources.all()}
    earlier: dict[tuple[str, int], list[FaceRecord]] = {}
    for face in study.store.faces.all(retired=True):
        key = _frame_of(face, sources)
        if key is not None:
            earlier.setdefault(key, []).append(face)
    found = []
    for face in faces:
        key = _frame_of(face, sources)
        same = [
            other
            for other in (earlier.get(key, ()) if key is not None else ())
            if other.image != face.image
            and iou(_box(face.detail), _box(other.detail)) >= SAME_PLACE_IOU
        ]
        found.append(replace(face, same_as=same[0].root) if same else face)
    return found


def _frame_of(face: FaceRecord, sources: Mapping[str, SourceRecord]) -> tuple[str, int] | None:
    """Return which frame of which video, by its content, a face was taken from."""
    files = sources[face.source].detail.get("files", ())
    number = int(face.detail.get("file") or 1) - 1
    if face.frame is None or "box_x1" not in face.detail or number >= len(files):
        return None
    fingerprint = files[number]["fingerprint"]
    return (fingerprint, face.frame) if fingerprint else None


def _box(detail: Mapping[str, Any]) -> list[float]:
    return [float(detail[f"box_{corner}"]) for corner in ("x1", "y1", "x2", "y2")]
