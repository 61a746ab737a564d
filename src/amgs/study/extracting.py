"""`extract`: faces into the study, from its videos and from folders of images."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from amgs.errors import (
    NoImagesError,
    ResumeError,
    TableError,
    UnreadableImageError,
    list_faults,
    quoted,
)
from amgs.extraction.checks import clear_extraction
from amgs.extraction.extract import ExtractionOptions, ExtractionSummary, extract_faces
from amgs.extraction.recordings import KNOWN_COLUMNS, Recording, VideoToExtract
from amgs.extraction.tables import FACES_TABLE
from amgs.faces.base import FaceDetector
from amgs.faces.detectors import open_detector
from amgs.files import atomic_file
from amgs.images import find_images, read_image
from amgs.jobs import ProgressCallback, no_progress
from amgs.provenance import hash_file, hash_text, record_provenance
from amgs.store import FaceRecord
from amgs.study.design import Design, PlannedRecording
from amgs.study.folder import StudyFolder
from amgs.study.layout import FACES
from amgs.tables import read_table

IMPORTED = "imported"
_CODE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class StudyExtraction:
    """What came into a study.

    Parameters
    ----------
    summary
        Of its videos; ``None`` when there is no video to examine, only folders of images.
    unreadable
        Files in folders of images that cannot be used, with the reason.
    archived
        Recordings whose videos are elsewhere now; their faces stay.
    """

    summary: ExtractionSummary | None
    unreadable: list[str] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)


def extract_study(
    study: StudyFolder,
    *,
    detector: FaceDetector | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
    only_new: bool = False,
    restart: bool = False,
    progress: ProgressCallback = no_progress,
) -> StudyExtraction:
    """Take faces from all videos, and images from all folders, of the design into the study.

    Parameters
    ----------
    study
        The study.
    detector
        The face detector; that of the settings if not given.
    executor, jobs, progress
        As for `amgs.extraction.extract.extract_faces`.
    only_new
        Keep recordings that were extracted with other settings or another detector as they are,
        and extract the others with those of today.
    restart
        Forget all faces and begin again; refused once one was scored or classified.

    Raises
    ------
    ResumeError
        If settings or detector are others than before; the message names both ways on.
    """
    design = study.design()
    if restart:
        study.store.faces.clear()
        clear_extraction(study.faces)
    registered = {face.recording for face in study.store.faces.all()}
    videos = list_planned_videos(design, study.folder, registered)
    named = {r.name for video in videos for r in video.recordings}
    archived = [
        r.name
        for r in design.recordings
        if r.name in registered - named and not (study.folder / r.video).is_dir()
    ]
    summary = None
    if videos:
        settings = study.settings.extract
        options = ExtractionOptions(interval_s=settings.interval_s, margin=settings.margin)
        chosen = detector or open_detector(settings.detector)
        try:
            summary = extract_faces(
                videos,
                study.faces,
                options,
                detector=chosen,
                executor=executor,
                jobs=jobs,
                archived=archived,
                keep_earlier=only_new,
                progress=progress,
            )
        except ResumeError as error:
            raise ResumeError(_explain_change(study, error)) from error
        register_extracted(study, summary)
    return StudyExtraction(summary, import_images(study, design, progress), archived)


def _explain_change(study: StudyFolder, error: ResumeError) -> str:
    found = str(error).split("options (", maxsplit=1)[-1].split("). Use", maxsplit=1)[0]
    folder = quoted(study.folder)
    return (
        "Expected the settings that the study's faces were extracted with, found others "
        f"({found}). Nothing was changed. There are three ways on:\n"
        "  - put the settings in study.toml back;\n"
        "  - keep the faces that are there, and extract only new recordings with the new "
        f"settings: amgs extract {folder} --only-new\n"
        "  - as long as no face was scored or classified, begin again with the new settings: "
        f"amgs extract {folder} --restart"
    )


def list_planned_videos(
    design: Design, folder: Path, registered: Collection[str] = ()
) -> list[VideoToExtract]:
    """Return the videos of a design with their recordings; folders of images are not among them.

    Videos that are not there, but whose recordings are `registered` already, are left out.

    Raises
    ------
    NoImagesError
        If other videos are not there.
    """
    by_video: dict[str, list[PlannedRecording]] = {}
    for r in design.recordings:
        path = folder / r.video
        if not path.is_dir() and (path.exists() or r.name not in registered):
            by_video.setdefault(r.video, []).append(r)
    missing = [video for video in by_video if not (folder / video).exists()]
    if missing:
        msg = (
            f"Expected the videos of the design in {folder}, found {len(missing)} missing:\n"
            f"{list_faults(missing)}\nPaths are relative to the study folder; see `amgs check`."
        )
        raise NoImagesError(msg)
    return [
        VideoToExtract(
            folder / video,
            Path(video).name,
            tuple(Recording(r.name, r.zone, _known(r)) for r in inside),
        )
        for video, inside in by_video.items()
    ]


def _known(r: PlannedRecording) -> tuple[tuple[str, str], ...]:
    values = {"animal": r.animal, "group": r.group, "timepoint": r.timepoint}
    return tuple((column, values[column]) for column in KNOWN_COLUMNS)


def register_extracted(study: StudyFolder, summary: ExtractionSummary) -> int:
    """Register the faces of ``faces.csv`` in the store; return how many were new."""
    table = read_table(
        study.faces / FACES_TABLE, required=("image", "recording"), rows_needed=False
    )
    known = {face.image: face.content for face in study.store.faces.all()}
    records = []
    for row in table.to_dict("records"):
        image = f"{FACES}/{row['image']}"
        records.append(
            FaceRecord(
                image,
                row["recording"],
                known.get(image) or hash_file(study.folder / image),
                float(row["time_s"]),
                int(row["frame"]),
                row["possible_sleep"],
            )
        )
    options = {
        "step": "extract",
        "detector": summary.detector,
        "settings": study.settings.as_dict()["extract"],
    }
    inputs = {"face_detector": summary.detector["sha256"]}
    return study.store.faces.add(records, record_provenance(options, inputs).as_dict())


def import_images(study: StudyFolder, design: Design, progress: ProgressCallback) -> list[str]:
    """Copy images of folders into the study, under neutral names; return those that are none.

    A copy has the name of a code and its content: nothing of the folder or the file name, which may
    tell the group, is left.
    """
    folder, store = study.folder, study.store.faces
    faces = store.all()
    registered: dict[str, set[str]] = {}
    for face in faces:
        registered.setdefault(face.recording, set()).add(face.content)
    elsewhere = {face.content: face.recording for face in faces}
    folders = [r for r in design.recordings if (folder / r.video).is_dir()]
    records: list[FaceRecord] = []
    faults: list[str] = []
    unreadable: list[str] = []
    for done, r in enumerate(folders, start=1):
        known, found = registered.get(r.name, set()), dict(_contents(folder / r.video))
        new = {path: c for path, c in found.items() if c not in known}
        lost = known - set(found.values())
        if new and lost and any(f.recording == r.name and IMPORTED in f.image for f in faces):
            faults.append(f"{r.video}: {len(lost)} images were changed or replaced there")
        for path, content in new.items():
            if elsewhere.setdefault(content, r.name) != r.name:
                faults.append(f"{path.name} of {r.name} is also in {elsewhere[content]}")
                continue
            problem = _problem(path)
            if problem:
                unreadable.append(f"{r.video}/{path.name}: {problem}")
                continue
            image = f"{FACES}/{_neutral_name(r, path, content)}"
            records.append(FaceRecord(image, r.name, content))
            if not faults:
                _copy(path, folder / image)
        progress("importing images", done, len(folders))
    if faults:
        msg = (
            f"Expected every image once, and as it was imported, found {len(faults)} faults:\n"
            f"{list_faults(faults)}\nRemove copies; put changed images back, or list them as "
            "recordings of their own. Nothing was imported."
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
    code = hash_text([r.video, r.name])[:_CODE_DIGITS]
    return f"{IMPORTED}/{code}/{code}_{content[:_CODE_DIGITS]}{path.suffix.lower()}"


def _copy(source: Path, target: Path) -> None:
    with atomic_file(target) as temporary:
        shutil.copyfile(source, temporary)
