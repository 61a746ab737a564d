"""Faces in many images: found side by side, told as plain values, drawn where that is wanted."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from amgs.errors import UnreadableImageError
from amgs.faces.base import FaceDetector
from amgs.faces.description import describe_faces
from amgs.faces.detectors import open_detector
from amgs.faces.draw import draw_faces
from amgs.faces.looks import find_anywhere
from amgs.files import atomic_file
from amgs.images import FoundImage, find_images, read_image
from amgs.jobs import bounded_map, open_executor


def find_faces(
    places: Sequence[Path],
    *,
    detector: FaceDetector | None = None,
    min_score: float | None = None,
    refine: bool = True,
    draw: Path | None = None,
    executor: Executor | None = None,
) -> Iterator[dict[str, Any]]:
    """Find the faces of mice and rats in images, with eyes, ears and nose.

    Parameters
    ----------
    places
        Images, or folders of images (searched to any depth).
    detector
        The face detector; the default of amgs if not given.
    min_score
        Faces with a lower score are left out; the detector's own limit if not given.
    refine
        Look again from nearby at faces that are small in the image.
    draw
        A folder for copies of the images with what was found drawn on them.
    executor
        Works on several images at a time; threads of this process if not given.

    Yields
    ------
    dict
        For every image, in order: ``image, width, height, faces`` (each with ``box, score, view,
        nose, eyes, ears, sharpness``, in pixels); a ``problem`` where it cannot be read.

    Raises
    ------
    NoImagesError
        If a place does not exist.
    """
    work = partial(
        _find_in_one,
        detector or open_detector(),
        min_score,
        refine,
        None if draw is None else (draw, _common_folder(places)),
    )
    with open_executor(executor) as chosen:
        yield from bounded_map(chosen, work, find_images(places))


def _find_in_one(
    detector: FaceDetector,
    min_score: float | None,
    refine: bool,
    draw: tuple[Path, Path | None] | None,
    image: FoundImage,
) -> dict[str, Any]:
    try:
        rgb = read_image(image.path)
    except UnreadableImageError as error:
        size = {"width": None, "height": None}
        return {"image": image.name, **size, "faces": [], "problem": str(error)}
    faces = find_anywhere(detector, rgb, min_score, refine=refine)
    if draw is not None:
        target = _target(*draw, image.path)
        with atomic_file(target) as temporary:
            Image.fromarray(draw_faces(rgb, faces)).save(temporary, "JPEG", quality=92)
    return describe_faces(image.name, rgb, faces)


def _target(folder: Path, base: Path | None, path: Path) -> Path:
    absolute = _plain(path)
    relative = Path(absolute.name) if base is None else absolute.relative_to(base)
    return folder / relative.with_name(f"{relative.stem}_faces.jpg")


def _common_folder(places: Sequence[Path]) -> Path | None:
    """Return the folder that holds everything named, so that drawings keep its order."""
    folders = [place if place.is_dir() else place.parent for place in places]
    try:
        return Path(os.path.commonpath([_plain(folder) for folder in folders]))
    except ValueError:  # several drives
        return None


def _plain(path: Path) -> Path:
    """Return the absolute path without `..`; links are not followed, as they may lead elsewhere."""
    return Path(os.path.normpath(path.absolute()))
