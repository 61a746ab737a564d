"""Folders of the original authors' form: ``pain`` and ``no pain``, scores and times in file names.

Where an image was scored, its name begins with the MGS in two digits; altered copies begin with
``1-`` and are left out, as they would lie in training and test. Names of the face finder tell the
recording and the time (see `amgs.interop.face_finder`). Animals are not named, so images of one
recording are kept together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from amgs.errors import TableError
from amgs.images import find_images
from amgs.interop.authors_log import score_in_name
from amgs.interop.base import Imported, Importer
from amgs.interop.face_finder import parse_face_name
from amgs.vocabulary import parse_class

COLUMNS = ("image", "label", "mgs", "recording", "time_s")
_SCORED = re.compile(r"(?:0[0-9]|10)-\d+_(?P<recording>.+?)(?:\s*_\d+)?", re.DOTALL)
_COPY = re.compile(r"1-(?=(?:0[0-9]|10)-|face_clean_)")
_LOOKED_AT = 40


class AuthorsFolders(Importer):
    """Labelled images with scores and recordings out of their names."""

    name = "authors-folders"
    title = "folders of the original authors' form (pain, no pain; scores in the file names)"
    kind = "images"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        folders = _class_folders(place)
        if len(folders) != 2:  # noqa: PLR2004
            return False
        images = islice(find_images(list(folders)), _LOOKED_AT)
        return any(
            _SCORED.match(_COPY.sub("", image.path.name)) or parse_face_name(image.path.name)
            for image in images
        )

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`."""
        import pandas as pd

        del only
        rows, copies = [], 0
        for folder, label in _class_folders(place).items():
            for found in find_images([folder]):
                name = found.path.name
                if _COPY.match(name):
                    copies += 1
                    continue
                said = parse_face_name(name)
                scored = _SCORED.fullmatch(found.path.stem)
                recording = said.recording if said else scored["recording"] if scored else ""
                rows.append(
                    (
                        found.path.relative_to(place).as_posix(),
                        label,
                        score_in_name(name),
                        recording.strip() or found.path.stem,
                        said.time_s if said else None,
                    )
                )
        if not rows:
            raise TableError(f"Expected images in `pain` and `no pain` of {place}, found none.")
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        unnamed = (
            "animals are not named in these files; images of one recording are kept together, but "
            "an animal with several recordings may lie in training and test"
        )
        notes = [unnamed]
        if copies:
            notes.append(f"{copies} altered copies (1-…) were left out")
        facts = {
            "images": len(table),
            "with a score": int(table["mgs"].notna().sum()),
            "recordings": table["recording"].nunique(),
        }
        return Imported(table, tuple(notes), facts, images_at=place)


def _class_folders(place: Path) -> dict[Path, str]:
    if not place.is_dir():
        return {}
    folders = {path: parse_class(path.name) for path in sorted(place.iterdir()) if path.is_dir()}
    return {path: label for path, label in folders.items() if label is not None}
