"""Looking through the faces of a study: what was kept and why the rest was not, without groups.

Recordings have numbers of their own here, in an order that tells nothing: who curates while the
study is blinded learns neither animal nor timepoint from them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from amgs.errors import StudyError, UnknownNameError
from amgs.extraction.journal import JOURNALS
from amgs.extraction.tables import count_rejections
from amgs.store import FaceRecord, SourceRecord
from amgs.study.exclusions import Exclusion, exclude, include, read_exclusions
from amgs.study.folder import StudyFolder
from amgs.study.settings import BLINDED
from amgs.study.sources import VIDEO, list_wanted
from amgs.video.header import read_header

NEAR_S = 10.0
"""Candidates so far from a face are of the same stretch of the video."""


def is_blinded(study: StudyFolder) -> bool:
    """Whether who looks through the faces of a study must not see whose they are."""
    return study.settings.study.curation == BLINDED and not study.unblindings


@dataclass(frozen=True, slots=True)
class CuratedRecording:
    """One recording as it is looked through.

    Parameters
    ----------
    code
        The neutral name under which its images are filed.
    number
        From 1, in an order that tells nothing.
    recording, place
        Whose it is and where it was filmed; not for whoever must not know.
    faces, set_aside
        How many images were kept, and how many of them a person set aside.
    intervals, duration_s
        How many intervals there were, and how long it is.
    rejections
        How many frames were not kept, by the reason.
    sleep
        From when to when the animal may have slept, in seconds.
    problem
        What hinders its use.
    """

    code: str
    number: int
    recording: str
    place: str
    faces: int
    set_aside: int
    intervals: int
    duration_s: float | None
    rejections: Mapping[str, int]
    sleep: Sequence[tuple[float, float]]
    problem: str


@dataclass(frozen=True, slots=True)
class CuratedFace:
    """One face: its record, and why a person set it aside (empty if nobody did)."""

    face: FaceRecord
    reason: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame that was examined: when, and why it was not kept (empty if it might have been)."""

    time_s: float
    rejected: str


@dataclass(frozen=True)
class Curation:
    """All recordings of a study with their faces."""

    recordings: Sequence[CuratedRecording]
    faces: Mapping[str, Sequence[CuratedFace]] = field(default_factory=dict)

    def find(self, code: str) -> CuratedRecording:
        """Return a recording by its code.

        Raises
        ------
        UnknownNameError
            If there is none.
        """
        found = next((r for r in self.recordings if r.code == code), None)
        if found is None:
            raise UnknownNameError("Expected a recording of this study, found no such one.")
        return found


def curate(study: StudyFolder) -> Curation:
    """Return all that was extracted, to be looked through."""
    reasons = _reasons(study)
    grouped: dict[str, list[CuratedFace]] = {}
    for face in study.store.faces.all():
        grouped.setdefault(face.source, []).append(CuratedFace(face, reasons.get(face.image, "")))
    for faces in grouped.values():
        faces.sort(key=lambda one: (one.face.time_s or 0.0, one.face.image))
    sources = {s.code: s for s in study.store.sources.all() if s.recording}
    recordings = [
        _describe(number, sources[code], grouped.get(code, []))
        for number, code in enumerate(_in_neutral_order(study, sources), start=1)
    ]
    return Curation(recordings, grouped)


def extraction_progress(study: StudyFolder) -> list[tuple[str, int, int]]:
    """Return the recordings of videos, how many of their intervals are examined, and of how many.

    In the order in which `curate` numbers them. The last number follows from what the header of a
    video says of its length; it is 0 where that says nothing.
    """
    listed = list_wanted(study, study.design(), study.store.sources.all())
    wanted = [w for w in listed.values() if w.kind == VIDEO and w.is_here]
    step = study.settings.extract.interval_s
    found = {}
    for w in wanted:
        entries = _entries(study.faces / JOURNALS / f"{w.base}.jsonl")
        headers = [read_header(study.folder / str(file["path"])) for file in w.files]
        seconds = sum(h.duration_s or 0.0 for h in headers if h is not None)
        period = w.recording.period
        seconds = max(0.0, min(seconds, period.stop_s) - period.start_s)
        done = sum("candidates" in entry for entry in entries)
        found[w.base] = (w.recording.name, done, max(done, ceil(seconds / step)))
    return [found[code] for code in _in_neutral_order(study, found)]


def _in_neutral_order(study: StudyFolder, codes: Iterable[str]) -> list[str]:
    """Return codes in an order that tells nothing of them, and is always the same."""
    secret = study.store.events.secret("curation")
    return sorted(codes, key=lambda code: hashlib.sha256(f"{secret}{code}".encode()).hexdigest())


def _reasons(study: StudyFolder) -> dict[str, str]:
    try:
        exclusions = read_exclusions(study, study.design())
    except StudyError:  # the design has faults, which its own page shows
        return {}
    return {row.name: row.reason for row in exclusions.rows if row.kind == "face"}


def _describe(number: int, source: SourceRecord, faces: Sequence[CuratedFace]) -> CuratedRecording:
    row: Mapping[str, Any] = source.detail.get("row", {})
    return CuratedRecording(
        code=source.code,
        number=number,
        recording=source.recording,
        place=str(source.detail.get("place", "")),
        faces=len(faces),
        set_aside=sum(bool(one.reason) for one in faces),
        intervals=int(row.get("intervals") or 0),
        duration_s=None if row.get("duration_s") in {None, ""} else float(row["duration_s"]),
        rejections=count_rejections(row),
        sleep=[(float(a), float(b)) for a, b in source.detail.get("sleep", [])],
        problem=str(source.detail.get("problem") or row.get("problem") or ""),
    )


class FaceNames:
    """Names of faces for addresses: they tell nothing, not even the order of the table.

    Keys of the database follow the rows of ``recordings.csv``; whoever made that table would know
    a recording by them.
    """

    def __init__(self, study: StudyFolder) -> None:
        self._store = study.store.faces
        self._secret = study.store.events.secret("curation").encode()
        self._keys: dict[str, int] = {}

    def of(self, face: FaceRecord) -> str:
        """Return the name of a face."""
        return hmac.new(self._secret, str(face.id).encode(), "sha256").hexdigest()[:16]

    def find(self, name: str) -> FaceRecord:
        """Return the face of a name.

        Raises
        ------
        UnknownNameError
            If there is none.
        """
        if name not in self._keys:
            self._keys = {self.of(face): face.id for face in self._store.all()}
        found = self._store.find(self._keys[name]) if name in self._keys else None
        if found is None:
            raise UnknownNameError("Expected a face of this study, found no such one.")
        return found


def candidates_near(study: StudyFolder, face: FaceRecord) -> list[Candidate]:
    """Return the frames that were examined within ten seconds of a face, in the order of time.

    Empty where the journal of the extraction is gone, and for images that came from a folder.
    """
    if face.time_s is None:
        return []
    found: dict[float, Candidate] = {}
    for entry in _entries(study.faces / JOURNALS / f"{face.source}.jsonl"):
        for candidate in entry.get("candidates", []):
            time_s = float(candidate["time_s"])
            if abs(time_s - face.time_s) <= NEAR_S:
                found[time_s] = Candidate(time_s, candidate.get("rejected") or "")
    return [found[time_s] for time_s in sorted(found)]


def _entries(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:  # the last line of an extraction that was cut off
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


def video_of(study: StudyFolder, face: FaceRecord) -> tuple[Path, str, float] | None:
    """Return the video of a face, its zone, and when in it the face is; ``None`` without one."""
    source = next((s for s in study.store.sources.all() if s.code == face.source), None)
    if source is None or face.time_s is None:
        return None
    files = source.detail.get("files", [])
    place = int(face.detail.get("file") or 1) - 1
    if not 0 <= place < len(files):
        return None
    path = study.folder / str(files[place]["path"])
    if not path.is_file():
        return None
    time_s = float(face.detail.get("file_time_s") or face.time_s)
    return path, str(source.detail.get("zone") or "full"), time_s


def set_aside(study: StudyFolder, face: FaceRecord, reason: str) -> None:
    """Leave one image out of all results, with a reason.

    Raises
    ------
    StudyError
        If there is no reason, or the design has faults.
    """
    exclude(study, [Exclusion("face", face.image, " ".join(reason.split()))])


def take_back(study: StudyFolder, face: FaceRecord) -> None:
    """Let an image count again that was set aside."""
    include(study, "face", face.image)
