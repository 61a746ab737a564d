"""One picture of a film with its zones and the faces in them, to check before a long run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from amgs.faces.decode import FoundFace
from amgs.faces.draw import draw_zones
from amgs.faces.finder import FaceFinder
from amgs.faces.recordings import FilmToExtract
from amgs.files import whole_file
from amgs.video import open_film

_TRIED = (0.1, 0.3, 0.5, 0.7)
"""Places in the film at which a picture with a face in every zone is looked for."""


def write_preview(film: FilmToExtract, folder: Path, finder: FaceFinder | None = None) -> Path:
    """Draw the zones on the picture, of four, that shows faces in the most of them.

    Returns
    -------
    Path
        The JPEG written, named after the first recording of the film.

    Raises
    ------
    UnreadableFilmError
        If the film cannot be used.
    ImpossibleValueError
        If a zone reaches beyond the frame.
    """
    finder = finder or FaceFinder()
    opened = open_film(film.path)
    try:
        info = opened.info
        zones = [(r.zone.name, r.zone.box(info.width, info.height)) for r in film.recordings]
        best: tuple[int, np.ndarray, list[FoundFace]] | None = None
        for share in _TRIED:
            index = opened.table.key_before(int(share * (len(opened.table) - 1)))
            rgb = opened.still(index)
            faces = []
            for _, (left, top, right, bottom) in zones:
                part = np.ascontiguousarray(rgb[top:bottom, left:right])
                faces += [face.moved(1.0, left, top) for face in finder.find(part)[:1]]
            if best is None or len(faces) > best[0]:
                best = (len(faces), rgb, faces)
            if len(faces) == len(zones):
                break
    finally:
        opened.close()
    assert best is not None  # noqa: S101 - at least one picture was tried
    name = film.recordings[0].name.replace("/", "_")
    target = folder / f"{name}.jpg"
    with whole_file(target) as temporary:
        Image.fromarray(draw_zones(best[1], zones, best[2])).save(temporary, "JPEG", quality=90)
    return target
