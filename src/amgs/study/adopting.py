"""Faces of a study that an earlier amgs extracted: where they come from is read from its tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from amgs.errors import TableError
from amgs.extraction.checks import MARKER
from amgs.extraction.journal import JOURNALS, split_earlier_journals
from amgs.extraction.recordings import recording_code
from amgs.extraction.tables import EXTRACTION_TABLE, FACES_TABLE, SLEEP_TABLE
from amgs.provenance import hash_text
from amgs.store import SourceRecord
from amgs.study.design import Design
from amgs.study.folder import StudyFolder
from amgs.study.generations import GENERATION, read_generations
from amgs.study.layout import FACES
from amgs.study.planned import PlannedRecording
from amgs.study.sources import IMAGES, OF_THE_ANIMAL, VIDEO, images_base, say_place
from amgs.tables import read_table
from amgs.video.zones import parse_zone

_CODE_DIGITS = 10


def adopt_earlier_sources(study: StudyFolder, design: Design) -> None:
    """Complete what the store knows of sources that an earlier amgs made; once for a study.

    Tables that are damaged or gone leave a source without its lengths: its faces stay all the same.
    """
    sources = study.store.sources.all()
    rows = {} if sources and all(s.detail for s in sources) else _by_recording(study)
    if not rows and all(s.detail for s in sources):
        return
    if (study.faces / JOURNALS).is_dir():
        split_earlier_journals(study.faces / JOURNALS)
    fingerprints = _fingerprints(study)
    named, known = {s.recording for s in sources}, {s.code for s in sources}
    # A video without any face left no face by which the store could know it.
    for name, row in rows.items():
        code = recording_code(fingerprints.get(name, ""), parse_zone(row["zone"]))
        if name in fingerprints and name not in named and code not in known:
            sources.append(SourceRecord(code, code, recording=name))
    planned = {r.name: r for r in design.recordings}
    sleep: dict[str, list[list[float]]] = {}
    for row in _rows(study.faces / SLEEP_TABLE):
        sleep.setdefault(row["recording"], []).append([float(row["from_s"]), float(row["to_s"])])
    adopted = []
    for source in sources:
        name = source.recording
        if source.detail:
            continue
        if name in rows:
            fingerprint = fingerprints.get(name, "")
            detail = _video(rows[name], planned.get(name), fingerprint, sleep.get(name, []))
            adopted.append(replace(source, detail=detail))
        else:
            adopted.append(_images(source, planned.get(name)))
    adopted = _adopt_settings(study, adopted)
    study.store.sources.put(adopted)
    _adopt_faces(study)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    try:
        table = read_table(path, required=("recording",), rows_needed=False)
    except TableError:
        return []
    return [{str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")]


def _by_recording(study: StudyFolder) -> dict[str, dict[str, str]]:
    return {row["recording"]: row for row in _rows(study.faces / EXTRACTION_TABLE)}


def _fingerprints(study: StudyFolder) -> dict[str, str]:
    try:
        document = json.loads((study.faces / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    inputs = document.get("inputs", {})
    return {str(name): str(value) for name, value in inputs.items()}


def _video(
    row: Mapping[str, str],
    planned: PlannedRecording | None,
    fingerprint: str,
    sleep: list[list[float]],
) -> dict[str, Any]:
    video = row["video"]
    if planned is not None and Path(planned.video).name == video:
        video = planned.video
    zone = "" if row["zone"] == "full" else f", zone {row['zone']}"
    return {
        "kind": VIDEO,
        "files": [{"path": video, "fingerprint": fingerprint}],
        "zone": row["zone"],
        "period": "",
        "place": f"{video}{zone}",
        "row": {k: v for k, v in row.items() if k not in OF_THE_ANIMAL},
        "sleep": sleep,
    }


def _images(source: SourceRecord, planned: PlannedRecording | None) -> SourceRecord:
    """Return a folder of images; 0.1.0 named its images after the folder and the recording."""
    if planned is None:
        return replace(source, detail={"kind": IMAGES, "place": source.recording})
    legacy = hash_text([planned.video, planned.name])[:_CODE_DIGITS]
    base = images_base(planned) if legacy == source.code else source.base
    return replace(source, base=base, detail={"kind": IMAGES, "place": say_place(planned)})


def _adopt_settings(study: StudyFolder, adopted: list[SourceRecord]) -> list[SourceRecord]:
    """Take the settings that journals name for generations, in the order of the sources."""
    if read_generations(study):
        return adopted
    found: list[dict[str, Any]] = []
    numbered = []
    for source in adopted:
        settings = _settings_of(study.faces / JOURNALS / f"{source.code}.jsonl")
        if settings is not None and settings not in found:
            found.append(settings)
        number = 1 if settings is None else found.index(settings) + 1
        numbered.append(replace(source, generation=number))
    for number, settings in enumerate(found, start=1):
        options = settings["options"]
        extract = {"interval_s": options["interval_s"], "margin": options["margin"]}
        detail = {"number": number, **settings, "extract": extract}
        study.store.events.log(GENERATION, "", detail)
    # Earlier ones than the newest were kept on purpose, or extraction would not have gone on.
    return [replace(source, kept=source.generation < len(found)) for source in numbered]


def _settings_of(journal: Path) -> dict[str, Any] | None:
    try:
        with journal.open(encoding="utf-8") as stream:
            identity = json.loads(stream.readline())
        return {name: identity[name] for name in ("options", "detector")}
    except (OSError, ValueError, KeyError):
        return None


def _adopt_faces(study: StudyFolder) -> None:
    rows = {f"{FACES}/{row['image']}": row for row in _rows(study.faces / FACES_TABLE)}
    study.store.faces.describe(
        {
            face.id: {k: v for k, v in rows[face.image].items() if k not in OF_THE_ANIMAL}
            for face in study.store.faces.all(retired=True)
            if not face.detail and face.image in rows
        }
    )
