"""Where the faces of a study come from, and whose they are by ``recordings.csv``.

A source is a zone and a period of a video (known by its content, not its name), or a folder of
images. Faces belong to their source for good; which recording a source is, the table says. So a
slip in the table is mended in the table: scores and predictions follow the face.

What `SourceRecord.detail` holds: ``kind`` (``video`` or ``images``), ``files`` (path, size, time of
change and fingerprint of every file), ``zone``, ``period``, ``place`` (all of that in words), and
what extraction said: ``row`` of ``extraction.csv``, stretches of possible ``sleep``, and the
``problem`` where it could not be used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from amgs.extraction.recordings import fingerprint_session, fingerprint_video, recording_code
from amgs.provenance import hash_text
from amgs.store import SourceRecord
from amgs.study.design import Design
from amgs.study.folder import StudyFolder
from amgs.study.planned import PlannedRecording

VIDEO, IMAGES = "video", "images"

OF_THE_ANIMAL = {"animal", "group", "timepoint", "recording", "image"}
"""Columns of extraction's tables that say whose something is; the store keeps the others."""

_BASE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class WantedSource:
    """What a line of the table wants: which source, and of which files.

    Parameters
    ----------
    recording
        The line.
    base
        What it is, whatever the settings; empty when a file is not there and never was.
    kind
        ``video`` or ``images``.
    files
        Path, size, time of change and fingerprint of every file; without size when it is elsewhere.
    """

    recording: PlannedRecording
    base: str
    kind: str
    files: tuple[dict[str, Any], ...] = ()

    @property
    def is_here(self) -> bool:
        """Whether all its files can be read."""
        return bool(self.base) and all("size" in file for file in self.files)

    @property
    def place(self) -> str:
        """Return video, zone and period as people name them."""
        return say_place(self.recording)


def say_place(r: PlannedRecording) -> str:
    """Return video, zone and period of a line as people name them."""
    zone = "" if r.zone.name == "full" else f", zone {r.zone.name}"
    if r.period.is_whole:
        return f"{r.video}{zone}"
    stop = r.period.stop_s
    end = "the end" if stop == float("inf") else f"minute {stop / 60:g}"
    return f"{r.video}{zone}, minute {r.period.start_s / 60:g} to {end}"


class _Files:
    """Fingerprints of files, each read once: those that did not change are known by the store."""

    def __init__(self, study: StudyFolder, sources: Iterable[SourceRecord]) -> None:
        self._folder = study.folder
        self._known: dict[tuple[str, int, int], str] = {}
        self._last: dict[str, str] = {}
        for source in sources:
            for file in source.detail.get("files", ()):
                if file["fingerprint"]:
                    self._last[file["path"]] = file["fingerprint"]
                if "size" in file:
                    key = (file["path"], file["size"], file["mtime_ns"])
                    self._known[key] = file["fingerprint"]

    def describe(self, path: str) -> dict[str, Any] | None:
        """Return what is known of a file; ``None`` when it is not there and never was."""
        place = self._folder / path
        if not place.is_file():
            known = self._last.get(path)
            return None if known is None else {"path": path, "fingerprint": known}
        stat = place.stat()
        key = (path, stat.st_size, stat.st_mtime_ns)
        if key not in self._known:
            self._known[key] = fingerprint_video(place)
        return {
            "path": path,
            "size": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
            "fingerprint": self._known[key],
        }


def list_wanted(
    study: StudyFolder, design: Design, sources: Iterable[SourceRecord]
) -> dict[str, WantedSource]:
    """Return by recording which source every line of the table wants."""
    files = _Files(study, sources)
    known = {s.base for s in sources}
    return {r.name: _wanted(study, r, files, known) for r in design.recordings}


def _wanted(
    study: StudyFolder, r: PlannedRecording, files: _Files, known: set[str]
) -> WantedSource:
    # A folder that is elsewhere now is known by its name still.
    if (study.folder / r.video).is_dir() or images_base(r) in known:
        return WantedSource(r, images_base(r), IMAGES)
    described = [files.describe(path) for path in r.files]
    found = [file for file in described if file is not None]
    base = ""
    if len(found) == len(described):
        fingerprint = fingerprint_session([file["fingerprint"] for file in found])
        base = recording_code(fingerprint, r.zone, r.period)
    return WantedSource(r, base, VIDEO, tuple(found))


def images_base(r: PlannedRecording) -> str:
    """Return what a folder of images is known by: where it lies, and what its images are."""
    return hash_text([IMAGES, r.images, r.video])[:_BASE_DIGITS]
