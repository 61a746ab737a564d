"""What is checked before a long extraction begins; and clearing away an earlier one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from amgs.errors import ImpossibleValueError, OutputExistsError, TableError, list_faults
from amgs.faces.extraction_tables import FACES_COLUMNS, FACES_TABLE
from amgs.faces.journal import JOURNALS
from amgs.faces.recordings import KNOWN_COLUMNS, FilmToExtract
from amgs.tables import read_table
from amgs.video.reader import read_header

MARKER = "extraction.json"
"""Options, versions and hashes of an extraction."""


def refuse_to_forget(folder: Path, recordings: Sequence[str]) -> None:
    """Stop when tables in the folder would lose rows or columns by being written again.

    Raises
    ------
    OutputExistsError
        If `faces.csv` was not made by an extraction here or has further columns, or if recordings
        of an earlier run are not among those named now.
    """
    faces, extraction = folder / FACES_TABLE, folder / "extraction.csv"
    if faces.exists():
        further = set(_columns(faces)) - {*FACES_COLUMNS, *KNOWN_COLUMNS}
        if further or not (folder / JOURNALS).is_dir():
            why = f"has the columns {', '.join(sorted(further))}" if further else "is another table"
            msg = (
                f"Expected {faces} as `amgs extract` wrote it, but it {why} and would be replaced. "
                "Save it under another name first, or choose another --out."
            )
            raise OutputExistsError(msg)
    if not extraction.exists():
        return
    earlier = read_table(extraction, required=("recording",))["recording"].tolist()
    lost = [name for name in earlier if name not in set(recordings)]
    if lost:
        msg = (
            f"Expected all films of {folder} to be named again, but these recordings are there and "
            f"not named now:\n{list_faults(lost)}\nName all films together (a folder, or one CSV), "
            "or choose another --out."
        )
        raise OutputExistsError(msg)


def _columns(path: Path) -> list[str]:
    try:
        return list(read_table(path, required=()).columns)
    except TableError:  # no rows: the header says it
        return path.read_text(encoding="utf-8-sig", errors="replace").split("\n")[0].split(",")


def clear_extraction(folder: Path) -> None:
    """Remove what an earlier extraction left in a folder, and nothing else.

    Raises
    ------
    OutputExistsError
        If the folder holds no extraction.
    """
    if not folder.exists():
        return
    if not (folder / JOURNALS).is_dir():
        msg = (
            f"Expected a folder made by `amgs extract`, found {folder} without a record of one; "
            "nothing was removed. Choose another --out."
        )
        raise OutputExistsError(msg)
    for name in (JOURNALS, "faces"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (FACES_TABLE, "extraction.csv", "possible_sleep.csv", MARKER):
        (folder / name).unlink(missing_ok=True)


def check_zones(films: Sequence[FilmToExtract]) -> None:
    """Stop at zones that fit a film neither upright nor turned, by the size in its header.

    Raises
    ------
    ImpossibleValueError
        With every such zone.
    """
    faults = []
    for film in films:
        header = read_header(film.path)
        if header is None:
            continue  # what is wrong with it will be said when it is opened
        size = header.width, header.height
        for recording in film.recordings:
            try:
                recording.zone.box(*size)
            except ImpossibleValueError as error:
                try:
                    recording.zone.box(size[1], size[0])
                except ImpossibleValueError:
                    faults.append(f"{film.path}, {recording.name}: {error}")
    if faults:
        raise ImpossibleValueError(
            f"Expected every zone inside its frame, found {len(faults)} that are not:\n"
            f"{list_faults(faults)}"
        )
