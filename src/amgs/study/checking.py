"""Whether the films of a design are there and can be used."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path

from amgs.provenance import hash_file
from amgs.store import FaceRecord
from amgs.study.design import Design
from amgs.study.layout import FILMS


def check_films(
    design: Design, folder: Path, taken: Collection[str] = ()
) -> tuple[list[str], list[str]]:
    """Look for films and folders of images; return what is wrong and what is odd.

    Parameters
    ----------
    design
        What is planned.
    folder
        The study's.
    taken
        Recordings whose faces are in the study: that their films are elsewhere is only odd.
    """
    from amgs.errors import ImpossibleValueError
    from amgs.images import find_images
    from amgs.video.reader import read_header

    faults: list[str] = []
    warnings: list[str] = []
    seen: set[str] = set()
    for r in design.recordings:
        path = folder / r.film
        if not r.film:
            continue
        if not path.exists():
            where = warnings if r.name in taken else faults
            also = "; its faces are in the study" if r.name in taken else ""
            where.append(f"line {r.line}: nothing at {r.film}{also or _alike(folder, r.film)}")
            continue
        if path.is_dir():
            if next(find_images([path]), None) is None:
                faults.append(f"line {r.line}: no image in the folder {r.film}")
            elif r.zone.name != "full":
                faults.append(f"line {r.line}: {r.film} holds images, which have no zones")
            continue
        header = read_header(path)
        if header is None:
            faults.append(f"line {r.line}: {r.film} cannot be opened as a film")
            continue
        try:
            r.zone.box(header.width, header.height)
        except ImpossibleValueError as error:
            faults.append(f"line {r.line}: {error}")
        if not path.resolve().is_relative_to(folder.resolve()) and r.film not in seen:
            warnings.append(f"{r.film} lies outside the study and does not move with it")
        seen.add(r.film)
    return faults, warnings


def _alike(folder: Path, film: str) -> str:
    """Return a hint at a file of nearly that name."""
    there = [p.relative_to(folder).as_posix() for p in folder.glob("*") if p.is_file()]
    there += [p.relative_to(folder).as_posix() for p in (folder / FILMS).glob("*")]
    by_name = {name.casefold(): name for name in there}
    wanted = (film.casefold(), f"{FILMS}/{film}".casefold())
    near = [name for text in wanted for name in get_close_matches(text, by_name, 1, 0.8)]
    return f"; is {by_name[near[0]]} meant?" if near else "; paths start at the study's folder"


def check_faces(faces: Iterable[FaceRecord], design: Design, folder: Path) -> list[str]:
    """Return what is wrong with the face images that were taken up: missing, changed, orphaned."""
    planned = {r.name for r in design.recordings}
    faults, orphans = [], dict[str, int]()
    for face in faces:
        path = folder / face.image
        if face.recording not in planned:
            orphans[face.recording] = orphans.get(face.recording, 0) + 1
        if not path.is_file():
            faults.append(f"{face.image}: the face image is missing")
        elif hash_file(path) != face.content:
            faults.append(f"{face.image}: the face image is another one than was taken up")
    faults += [
        f"recording {name} is not in recordings.csv any more, and has {n} faces in the study"
        for name, n in orphans.items()
    ]
    return faults
