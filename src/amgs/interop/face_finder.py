"""Images that Rodent Face Finder wrote: recording and time stand in their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from amgs.errors import NoImagesError
from amgs.images import find_images
from amgs.interop.base import Imported, Importer

COLUMNS = ("image", "recording", "time_s", "frame_in_second")
_NAME = re.compile(r"face_clean_(?P<recording>.+)_(?P<m>\d+)m(?P<s>\d{2})s(?P<f>\d{2})f", re.DOTALL)
_LOOKED_AT = 40
_SECONDS_OF_A_MINUTE = 60


class FaceName(NamedTuple):
    """What a file name says: the recording, whole seconds of its time, the frame in this second."""

    recording: str
    time_s: float
    frame: int


class FaceFinderImages(Importer):
    """A folder of such images with recording and time."""

    name = "face-clean"
    title = "images of Rodent Face Finder (face_clean_RECORDING_MMmSSsFFf.jpg)"
    kind = "images"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        if not place.is_dir():
            return False
        try:
            images = list(islice(find_images([place]), _LOOKED_AT))
        except (NoImagesError, OSError):
            return False
        return bool(images) and all(parse_face_name(image.path.name) for image in images)

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`; names of another form are left out and counted."""
        import pandas as pd

        del only
        rows, others = [], 0
        for found in find_images([place]):
            said = parse_face_name(found.path.name)
            if said is None:
                others += 1
                continue
            rows.append((found.path.relative_to(place).as_posix(), *said))
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        notes = (f"{others} images with names of another form were left out",) if others else ()
        facts = {"images": len(table), "recordings": table["recording"].nunique()}
        return Imported(table, notes, facts, images_at=place)


def parse_face_name(file_name: str) -> FaceName | None:
    """Return recording and time of a file name, or ``None`` if it has another form.

    >>> parse_face_name("face_clean_MVI_0226_32m58s25f.jpg")
    FaceName(recording='MVI_0226', time_s=1978.0, frame=25)
    >>> parse_face_name("03-17_CTC03 HR1.jpg") is None
    True
    """
    match = _NAME.fullmatch(Path(file_name).stem)
    if match is None or int(match["s"]) >= _SECONDS_OF_A_MINUTE:
        return None
    time_s = float(_SECONDS_OF_A_MINUTE * int(match["m"]) + int(match["s"]))
    return FaceName(match["recording"], time_s, int(match["f"]))
