"""Whether the films of a design are there and can be used."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import cached_property
from itertools import chain
from pathlib import Path

from amgs.errors import FAULTS_IN_FULL
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
    hint = _Hint(folder)
    for r in design.recordings:
        path = folder / r.film
        if not r.film:
            continue
        if not path.exists():
            where = warnings if r.name in taken else faults
            also = "; its faces are in the study" if r.name in taken else ""
            where.append(f"line {r.line}: nothing at {r.film}{also or hint.at(r.film)}")
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


class _Hint:
    """Hints at files of nearly the name of one that is missing, for as many as are written out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left = FAULTS_IN_FULL  # comparing names takes long where many are missing

    @cached_property
    def _there(self) -> dict[str, str]:
        files = (path for path in self._folder.glob("*") if path.is_file())
        found = chain(files, (self._folder / FILMS).glob("*"))
        names = (path.relative_to(self._folder).as_posix() for path in found)
        return {name.casefold(): name for name in names}

    def at(self, film: str) -> str:
        """Return what to add to a fault."""
        self._left -= 1
        if self._left >= 0:
            for wanted in (film.casefold(), f"{FILMS}/{film}".casefold()):
                for near in get_close_matches(wanted, self._there, 1, 0.8):
                    return f"; is {self._there[near]} meant?"
        return "; paths start at the study's folder"


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
