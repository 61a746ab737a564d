"""`check`: everything that is wrong or odd in a study's design, videos and face images."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import chain
from pathlib import Path

from amgs.errors import FAULTS_IN_FULL, StudyError, TableError, UnreadableVideoError
from amgs.provenance import hash_file
from amgs.scoring.course import REFERENCE_FILE, read_reference
from amgs.store import FaceRecord
from amgs.study.consistency import changed_since_scoring
from amgs.study.design import RECORDINGS_FILE, Design, read_design
from amgs.study.exclusions import read_exclusions
from amgs.study.fit import Fit, compare_with_table
from amgs.study.folder import StudyFolder
from amgs.study.importing import list_changed_folders
from amgs.study.layout import VIDEOS
from amgs.study.planned import CROPPED, UNKNOWN, PlannedRecording


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The design, all that is wrong (`faults`) or odd (`warnings`), and what is not extracted."""

    design: Design
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    waiting: tuple[str, ...] = ()


def check_study(study: StudyFolder) -> CheckReport:
    """Read the design, look for videos and face images; return what is wrong or odd."""
    path = study.folder / RECORDINGS_FILE
    design = read_design(path, study.settings.study.baseline)
    known = study.store.faces.all()
    fit = None if design.faults else compare_with_table(study, design)
    taken = {f.recording for f in known} if fit is None else fit.settled
    faults, warnings = check_videos(design, study.folder, taken)
    faults += check_faces(known, study.folder)
    faults += [f"study.toml: {change}" for change in changed_since_scoring(study)]
    try:
        read_reference(study.folder / REFERENCE_FILE, study.scale)
    except TableError as error:
        faults.append(str(error))
    waiting: list[str] = []
    if fit is not None:
        differences, odd, waiting = _check_fit(study, design, fit)
        faults += differences
        warnings += odd
    return CheckReport(
        design, (*design.faults, *faults), (*design.warnings, *warnings), tuple(waiting)
    )


def _check_fit(
    study: StudyFolder, design: Design, fit: Fit
) -> tuple[list[str], list[str], list[str]]:
    """Compare faces and exclusions with the table: what is wrong, odd, and not extracted yet."""
    faults = [f"{difference}; {remedy}" for difference, remedy in fit.remedies]
    try:
        read_exclusions(study, design)
    except StudyError as error:
        faults.append(str(error))
    warnings = [
        f"{name}: {source.detail['problem']}"
        for name, source in fit.assigned.items()
        if source.detail.get("problem")
    ]
    settled = [r for r in design.recordings if r.name in fit.settled]
    warnings += list_changed_folders(study, settled)
    if fit.new and fit.assigned:
        n = len(fit.new)
        more = f" and {n - FAULTS_IN_FULL} more" if n > FAULTS_IN_FULL else ""
        names = ", ".join(fit.new[:FAULTS_IN_FULL])
        warnings.append(
            f"{n} {'recording is' if n == 1 else 'recordings are'} not extracted yet: {names}{more}"
        )
    return faults, warnings, fit.new


def check_videos(
    design: Design, folder: Path, taken: Collection[str] = ()
) -> tuple[list[str], list[str]]:
    """Look for videos and folders of images; return what is wrong and what is odd.

    Parameters
    ----------
    design
        What is planned.
    folder
        The study's.
    taken
        Recordings whose faces are in the study: that their videos are elsewhere is only odd.
    """
    from amgs.images import find_images

    faults: list[str] = []
    warnings: list[str] = []
    seen: dict[str, list[PlannedRecording]] = {}
    hint = _Hint(folder)
    for r in design.recordings:
        for file in r.files if r.video else ():
            path = folder / file
            if not path.exists():
                where = warnings if r.name in taken else faults
                also = "; its faces are in the study" if r.name in taken else ""
                where.append(f"line {r.line}: nothing at {file}{also or hint.at(file)}")
                continue
            if path.is_dir():
                if next(find_images([path]), None) is None:
                    faults.append(f"line {r.line}: no image in the folder {file}")
                elif r.zone.name != "full" or not r.period.is_whole:
                    faults.append(
                        f"line {r.line}: {file} holds images, which have no zones and no periods"
                    )
                continue
            if r.images != CROPPED:
                faults.append(f"line {r.line}: {file} is no folder of {r.images}")
            if file not in seen and not path.resolve().is_relative_to(folder.resolve()):
                warnings.append(f"{file} lies outside the study and does not move with it")
            seen.setdefault(file, []).append(r)
    for file, inside in seen.items():
        faults += _check_zones(folder / file, file, inside)
    return sorted(faults, key=_line_of), warnings


def _line_of(fault: str) -> int:
    return int(fault.removeprefix("line ").partition(":")[0])


def _check_zones(path: Path, video: str, inside: Sequence[PlannedRecording]) -> list[str]:
    """Compare zones with the size of the frame, and with each other in pixels."""
    from amgs.extraction.checks import find_overlaps, zone_faults
    from amgs.video.convert import needs_conversion
    from amgs.video.header import read_header

    try:
        reason = needs_conversion(path)
    except UnreadableVideoError:
        reason = ""
    if reason:
        return [f"line {inside[0].line}: {video} cannot be searched: {reason}. First: amgs convert"]
    inside = [r for r in inside if r.zone != UNKNOWN]
    header = read_header(path)
    if header is None:
        return [f"line {r.line}: {video} cannot be opened as a video" for r in inside]
    faults = [f"line {r.line}: {fault}" for r in inside for fault in zone_faults(r.zone, header)]
    if header.duration_s is not None:
        faults += [
            f"line {r.line}: {video} is {header.duration_s / 60:.1f} minutes long, and its part "
            f"begins at minute {r.period.start_s / 60:g}"
            for r in inside
            if len(r.files) == 1 and r.period.start_s >= header.duration_s
        ]
    # Zones of one kind were compared in the table already; pixels against shares need the frame.
    mixed = find_overlaps([r.zone for r in inside], header, mixed_only=True)
    faults += [
        f"line {inside[j].line}: zone {inside[j].zone.name} of {video} overlaps "
        f"{inside[i].zone.name} of line {inside[i].line}: one animal would count as two"
        for i, j in mixed
    ]
    return faults


class _Hint:
    """Hints at files of nearly the name of one that is missing, for as many as are written out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left = FAULTS_IN_FULL  # comparing names takes long where many are missing

    @cached_property
    def _there(self) -> dict[str, str]:
        files = (path for path in self._folder.glob("*") if path.is_file())
        found = chain(files, (self._folder / VIDEOS).glob("*"))
        names = (path.relative_to(self._folder).as_posix() for path in found)
        return {name.casefold(): name for name in names}

    def at(self, video: str) -> str:
        """Return what to add to a fault."""
        self._left -= 1
        if self._left >= 0:
            for wanted in (video.casefold(), f"{VIDEOS}/{video}".casefold()):
                for near in get_close_matches(wanted, self._there, 1, 0.8):
                    return f"; is {self._there[near]} meant?"
        return "; paths start at the study's folder"


def check_faces(faces: Iterable[FaceRecord], folder: Path) -> list[str]:
    """Return what is wrong with the face images of a study: missing or changed."""
    faults = []
    for face in faces:
        path = folder / face.image
        if not path.is_file():
            faults.append(f"{face.image}: the face image is missing")
        elif hash_file(path) != face.content:
            faults.append(f"{face.image}: the face image is another one than was registered")
    return faults
