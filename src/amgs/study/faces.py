"""Faces into the study: from its films, and from folders of images."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import NoImagesError, TableError, UnreadableImageError, list_faults
from amgs.faces.extraction_tables import FACES_TABLE
from amgs.faces.recordings import KNOWN_COLUMNS, FilmToExtract, Recording
from amgs.files import whole_file
from amgs.images import find_images, read_image
from amgs.jobs import ProgressCallback
from amgs.provenance import hash_file, hash_text, record_provenance
from amgs.store import FaceRecord
from amgs.store.base import FaceStore
from amgs.study.design import Design, PlannedRecording
from amgs.study.layout import FACES
from amgs.tables import read_table

if TYPE_CHECKING:
    from amgs.faces.extraction import ExtractionSummary
    from amgs.faces.finder import FaceFinder
    from amgs.study.study import Study

IMPORTED = "imported"
_CODE_DIGITS = 10


def take_up_faces(
    study: Study, finder: FaceFinder | None, jobs: int | None, progress: ProgressCallback
) -> tuple[ExtractionSummary | None, list[str]]:
    """See `Study.extract`."""
    from amgs.faces.extraction import ExtractionOptions, extract_faces

    design, faces = study.design(), study.store.faces
    films = films_of(design, study.folder, {f.recording for f in faces.all()})
    summary = None
    if films:
        options = ExtractionOptions(
            interval_s=study.settings.number("extract", "interval_s"),
            margin=study.settings.number("extract", "margin"),
        )
        to = study.folder / FACES
        summary = extract_faces(films, to, options, finder=finder, jobs=jobs, progress=progress)
        take_up_extracted(study.folder, FACES, faces)
    return summary, take_up_images(design, study.folder, FACES, faces, progress)


def films_of(design: Design, folder: Path, taken: Collection[str] = ()) -> list[FilmToExtract]:
    """Return the films of a design with their recordings; folders of images are not among them.

    Films that are not there, but whose recordings are among those `taken` up before, are left out.
    """
    by_film: dict[str, list[PlannedRecording]] = {}
    for r in design.recordings:
        if not (folder / r.film).is_dir() and ((folder / r.film).exists() or r.name not in taken):
            by_film.setdefault(r.film, []).append(r)
    missing = [film for film in by_film if not (folder / film).exists()]
    if missing:
        msg = (
            f"Expected the films of the design in {folder}, found {len(missing)} missing:\n"
            f"{list_faults(missing)}\nPaths start at the folder of the study; see `amgs check`."
        )
        raise NoImagesError(msg)
    return [
        FilmToExtract(
            folder / film,
            Path(film).name,
            tuple(Recording(r.name, r.zone, _known(r)) for r in inside),
        )
        for film, inside in by_film.items()
    ]


def _known(r: PlannedRecording) -> tuple[tuple[str, str], ...]:
    values = {"animal": r.animal, "group": r.group, "timepoint": r.timepoint}
    return tuple((column, values[column]) for column in KNOWN_COLUMNS)


def take_up_extracted(folder: Path, inside: str, store: FaceStore) -> int:
    """Take up the faces of ``faces.csv``; return how many were new."""
    try:
        table = read_table(folder / inside / FACES_TABLE, required=("image", "recording"))
    except TableError:
        return 0  # no face was found in any film: a table without rows
    known = {face.image: face.content for face in store.all()}
    records = []
    for row in table.to_dict("records"):
        image = f"{inside}/{row['image']}"
        records.append(
            FaceRecord(
                image,
                row["recording"],
                known.get(image) or hash_file(folder / image),
                float(row["time_s"]),
                int(row["frame"]),
                row["possible_sleep"],
            )
        )
    return store.add(records, record_provenance({"step": "extract"}, {}).as_dict())


def take_up_images(
    design: Design, folder: Path, inside: str, store: FaceStore, progress: ProgressCallback
) -> list[str]:
    """Copy images of folders into the study, under neutral names; return those that are none.

    A copy has the name of a code and its content: nothing of the folder or the file name, which may
    tell the group, is left.
    """
    faces = store.all()
    taken: dict[str, set[str]] = {}
    for face in faces:
        taken.setdefault(face.recording, set()).add(face.content)
    elsewhere = {face.content: face.recording for face in faces}
    folders = [r for r in design.recordings if (folder / r.film).is_dir()]
    records: list[FaceRecord] = []
    faults: list[str] = []
    unreadable: list[str] = []
    for done, r in enumerate(folders, start=1):
        known, found = taken.get(r.name, set()), dict(_contents(folder / r.film))
        new = {path: c for path, c in found.items() if c not in known}
        lost = known - set(found.values())
        if new and lost and any(f.recording == r.name and IMPORTED in f.image for f in faces):
            faults.append(f"{r.film}: {len(lost)} images were changed or replaced there")
        for path, content in new.items():
            if elsewhere.setdefault(content, r.name) != r.name:
                faults.append(f"{path.name} of {r.name} is also in {elsewhere[content]}")
                continue
            problem = _problem(path)
            if problem:
                unreadable.append(f"{r.film}/{path.name}: {problem}")
                continue
            image = f"{inside}/{_neutral_name(r, path, content)}"
            records.append(FaceRecord(image, r.name, content))
            if not faults:
                _copy(path, folder / image)
        progress("taking up images", done, len(folders))
    if faults:
        msg = (
            f"Expected every image once, and as it was taken up, found {len(faults)} faults:\n"
            f"{list_faults(faults)}\nRemove copies; put changed images back, or list them as "
            "recordings of their own. Nothing was taken up."
        )
        raise TableError(msg)
    store.add(records, record_provenance({"step": "import images"}, {}).as_dict())
    return unreadable


def _problem(path: Path) -> str:
    try:
        read_image(path)
    except UnreadableImageError as error:
        return str(error)
    return ""


def _contents(place: Path) -> Iterator[tuple[Path, str]]:
    for found in find_images([place]):
        yield found.path, hash_file(found.path)


def _neutral_name(r: PlannedRecording, path: Path, content: str) -> str:
    code = hash_text([r.film, r.name])[:_CODE_DIGITS]
    return f"{IMPORTED}/{code}/{code}_{content[:_CODE_DIGITS]}{path.suffix.lower()}"


def _copy(source: Path, target: Path) -> None:
    with whole_file(target) as temporary:
        shutil.copyfile(source, temporary)
