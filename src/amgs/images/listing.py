"""Which image files a user means by the files and folders named."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from amgs.errors import NoImagesError
from amgs.vocabulary import IMAGE_SUFFIXES, OTHER_IMAGE_SUFFIXES


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image file and the name it gets in tables: the path as reached, with forward slashes."""

    path: Path
    name: str


def find_images(places: Iterable[Path]) -> Iterator[FoundImage]:
    """Yield the images in files and folders, in a fixed order, without holding them all.

    Folders are searched to any depth, names in sorted order, for the endings of
    `amgs.vocabulary.IMAGE_SUFFIXES` in upper or lower case. Hidden files (macOS leaves ``._name``
    beside each image) are passed over, and links to folders are not followed. A file named
    directly is always taken; if it is no image, reading it will say so.

    Parameters
    ----------
    places
        Files and folders.

    Raises
    ------
    NoImagesError
        If a place does not exist.
    """
    for place in places:
        if place.is_dir():
            yield from (FoundImage(path, _name(path)) for path in _search(place, IMAGE_SUFFIXES))
        elif place.exists():
            yield FoundImage(place, _name(place))
        else:
            msg = (
                f"Expected an image or a folder of images, found nothing at {place}. "
                "Check the spelling, and the folder you are in."
            )
            raise NoImagesError(msg)


def list_unread_formats(places: Iterable[Path]) -> str:
    """Say how many images in folders are in formats that are not read; empty if none are.

    Phones write HEIC and web pages WEBP: whoever names a folder means these too.
    """
    found: Counter[str] = Counter()
    for place in places:
        if place.is_dir():
            found.update(path.suffix.lower() for path in _search(place, OTHER_IMAGE_SUFFIXES))
    if not found:
        return ""
    listed = ", ".join(f"{n} {ending}" for ending, n in sorted(found.items()))
    return (
        f"Passed over, as amgs does not read their format: {listed}. Save them as JPEG or PNG "
        "first, if they are meant."
    )


def count_images(places: Iterable[Path]) -> int:
    """Count what `find_images` would yield.

    Raises
    ------
    NoImagesError
        If a place does not exist, or if there is no image in any of them.
    """
    named = list(places)
    total = sum(1 for _ in find_images(named))
    if total == 0:
        looked_in = ", ".join(str(place) for place in named)
        msg = (
            f"Expected images ({', '.join(IMAGE_SUFFIXES)}), found none in {looked_in}. "
            "Name the folder that holds the face images; folders inside it are searched too. "
            f"{list_unread_formats(named)}"
        ).rstrip()
        raise NoImagesError(msg)
    return total


def _search(folder: Path, suffixes: Container[str]) -> Iterator[Path]:
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _search(path, suffixes)
        elif path.suffix.lower() in suffixes:
            yield path


def _name(path: Path) -> str:
    """Return the path as text that any table can hold, also where a name is not valid UTF-8."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
