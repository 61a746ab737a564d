"""Folders of images into a study: cropped faces as they are, whole photographs after finding faces.

A copy has the name of a code and its content: nothing of the folder or the file name, which may
tell the group, is left. An image is known by its content; it belongs to the folder in which it
lies now.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amgs.errors import TableError, UnreadableImageError, count_of, list_faults
from amgs.faces.base import FaceDetector
from amgs.faces.crop import crop_face, write_crop
from amgs.faces.detectors import open_detector
from amgs.faces.looks import find_anywhere
from amgs.files import atomic_file
from amgs.images import find_images, list_unread_formats, read_image
from amgs.jobs import ProgressCallback
from amgs.provenance import hash_file, record_provenance
from amgs.store import FaceRecord, SourceRecord
from amgs.study.design import Design
from amgs.study.folder import StudyFolder
from amgs.study.layout import FACES
from amgs.study.planned import PHOTOGRAPHS, PlannedRecording
from amgs.study.sources import IMAGES, images_base, say_place

IMPORTED = "imported"
SET_ASIDE = "images-set-aside"
"""The source of images that are in no folder of the table any more."""

_CODE_DIGITS = 10


@dataclass(slots=True)
class ImportedImages:
    """What folders of images gave: by recording its source, files that are none, and counts."""

    sources: dict[str, SourceRecord] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Folder:
    """A folder of the table and what lies in it: paths by content."""

    recording: PlannedRecording
    source: SourceRecord
    contents: dict[str, Path]


def import_images(
    study: StudyFolder,
    design: Design,
    detector: FaceDetector | None,
    progress: ProgressCallback,
) -> ImportedImages:
    """Take images of all folders of the design into the study; what is there follows its folder.

    Raises
    ------
    TableError
        If an image is in two folders: nothing is changed.
    """
    known = {s.base: s for s in study.store.sources.all() if s.detail.get("kind") == IMAGES}
    result = ImportedImages()
    folders: list[_Folder] = []
    for r in design.recordings:
        base = images_base(r)
        place = study.folder / r.video
        source = known.get(base)
        if place.is_dir():
            source = source or SourceRecord(base, base, detail=_detail(r))
            folders.append(_Folder(r, source, _contents(place)))
        if source is not None and (place.is_dir() or not place.exists()):
            result.sources[r.name] = source
    if not folders:
        return result
    _refuse_twice(folders)
    faces = {
        _content(face): face
        for face in study.store.faces.all(retired=True)
        if f"/{IMPORTED}/" in face.image
    }
    records: list[FaceRecord] = []
    moves: dict[int, str] = {}
    for done, folder in enumerate(folders, start=1):
        for content in folder.contents:
            face = faces.get(content)
            if face is not None and face.source != folder.source.code:
                moves[face.id] = folder.source.code
        records += _import_folder(study, folder, faces, detector, result)
        progress("importing images", done, len(folders))
    codes = {folder.source.code for folder in folders}
    gone = {
        face.id: SET_ASIDE
        for content, face in faces.items()
        if face.source in codes and not any(content in folder.contents for folder in folders)
    }
    if gone:
        n = count_of(len(gone), "image")
        result.told.append(f"Set aside: {n} of the study, no longer in a folder of the table")
    sources = [folder.source for folder in folders]
    if gone:
        sources.append(SourceRecord(SET_ASIDE, SET_ASIDE, detail={"kind": "set aside"}))
    study.store.sources.put(sources)
    study.store.faces.add(records, record_provenance({"step": "import images"}, {}).as_dict())
    study.store.faces.move(moves | gone)
    return result


def list_changed_folders(study: StudyFolder, recordings: Iterable[PlannedRecording]) -> list[str]:
    """Say of which folders of images the content is not what the study took its faces from.

    Files that cannot be read as images count as new as long as they lie there.
    """
    known: dict[str, set[str]] = {}
    for face in study.store.faces.all():
        known.setdefault(face.recording, set()).add(_content(face))
    without = {
        s.recording: set(s.detail.get("without_face", ())) for s in study.store.sources.all()
    }
    said = []
    for r in recordings:
        place = study.folder / r.video
        if not place.is_dir():
            continue
        there, taken = set(_contents(place)), known.get(r.name, set())
        new, gone = there - taken - without.get(r.name, set()), taken - there
        if new or gone:
            said.append(
                f"{r.name}: {r.video} holds {count_of(len(new), 'image')} that the study does not "
                f"know, and lacks {len(gone)} that it was given; amgs extract follows the folder"
            )
    return said


def _detail(r: PlannedRecording) -> dict[str, Any]:
    return {"kind": IMAGES, "place": say_place(r), "images": r.images}


def _content(face: FaceRecord) -> str:
    """Return what an image is known by: the content of the file that it was taken from."""
    return str(face.detail.get("photograph") or face.content)


def _contents(place: Path) -> dict[str, Path]:
    return {hash_file(found.path): found.path for found in find_images([place])}


def _refuse_twice(folders: list[_Folder]) -> None:
    owner: dict[str, str] = {}
    faults = [
        f"{path.name} of {folder.recording.name} is also in {owner[content]}"
        for folder in folders
        for content, path in folder.contents.items()
        if owner.setdefault(content, folder.recording.name) != folder.recording.name
    ]
    if faults:
        msg = (
            f"Expected every image once, found {len(faults)} in two recordings:\n"
            f"{list_faults(faults)}\nRemove the copies. Nothing was imported."
        )
        raise TableError(msg)


def _import_folder(
    study: StudyFolder,
    folder: _Folder,
    faces: Mapping[str, FaceRecord],
    detector: FaceDetector | None,
    result: ImportedImages,
) -> Iterator[FaceRecord]:
    """Yield faces that are new, their files written."""
    r, code = folder.recording, folder.source.code
    whole = r.images == PHOTOGRAPHS
    without = set(folder.source.detail.get("without_face", ()))
    new = {c: path for c, path in folder.contents.items() if c not in faces and c not in without}
    finder = (detector or open_detector(study.settings.extract.detector)) if whole and new else None
    unreadable = small = several = 0
    own_limit = study.settings.extract.min_face_px
    least_px = own_limit or (0.0 if finder is None else finder.min_face_px)
    for content, path in new.items():
        try:
            rgb = read_image(path)
        except UnreadableImageError as error:
            result.unreadable.append(f"{r.video}/{path.name}: {error}")
            unreadable += 1
            continue
        suffix = ".jpg" if whole else path.suffix.lower()
        image = f"{FACES}/{IMPORTED}/{code}/{code}_{content[:_CODE_DIGITS]}{suffix}"
        target = study.folder / image
        if finder is None:
            _copy(path, target)
            yield FaceRecord(image, code, content)
            continue
        found = find_anywhere(finder, rgb)
        wide = [face for face in found if face.width >= least_px]
        if not wide:
            without.add(content)
            small += bool(found)
            continue
        several += len(wide) > 1
        best = max(wide, key=lambda face: face.score)
        write_crop(target, crop_face(rgb, best.box, study.settings.extract.margin))
        box = {
            f"box_{corner}": round(v, 1)
            for corner, v in zip(("x1", "y1", "x2", "y2"), best.box, strict=True)
        }
        detail = {"photograph": content, "score": round(best.score, 4), "faces": len(found), **box}
        yield FaceRecord(image, code, hash_file(target), detail=detail)
    if whole:
        without &= set(folder.contents)
        folder.source.detail["without_face"] = sorted(without)  # type: ignore[index]
        n = len(folder.contents)
        seen = n - unreadable - len(without)
        text = f"{r.name}: a face in {seen} of {n} photographs"
        text += f"; in {small} none of {least_px:g} pixels or more" if small else ""
        text += f"; in {several} more than one, of which the surest was taken" if several else ""
        result.told.append(text)
    unread = list_unread_formats([study.folder / r.video])
    if unread:
        result.told.append(f"{r.name}: {unread}")


def _copy(source: Path, target: Path) -> None:
    with atomic_file(target) as temporary:
        shutil.copyfile(source, temporary)
