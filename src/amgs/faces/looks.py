"""Ways to look at an image: as it is, from further away, or in tiles.

The network was trained on faces of a fifth to three quarters of the image. A face that fills it is
found when the image is shown smaller, with grey around it; one of a twentieth, in tiles.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from PIL import Image

from amgs.faces.base import FaceDetector, FoundFace
from amgs.faces.detections import non_maximum_suppression
from amgs.faces.other_animals import open_animal_kinds
from amgs.images.reading import RGB

Look: TypeAlias = Literal["ordinary", "half", "third", "tiles"]
"""``half`` and ``third``: the image at that share of its size, with grey around; ``tiles``: nine
overlapping parts of half its width and height."""

FAR: dict[Look, int] = {"half": 2, "third": 3}

TILES_FROM_PX = 640
"""Smaller images hold no more in their tiles than the network saw at once."""

SURROUND_GREY = 127

_TILES = 3
_EDGE_SHARE = 0.02


def shown_px(detector: FaceDetector, look: Look) -> int:
    """Return how long an image is made for a way to look; larger images show no more."""
    if look == "tiles":
        return 2 * detector.input_px
    return detector.input_px // FAR.get(look, 1)


def find_anywhere(
    detector: FaceDetector, rgb: RGB, min_score: float | None = None, *, refine: bool = True
) -> list[FoundFace]:
    """Find the faces in an image; where there seems to be none, look from further away or nearer.

    Parameters
    ----------
    detector
        The face detector.
    rgb
        uint8, height × width × 3, upright.
    min_score
        Faces with a lower score are left out; the detector's own limit if not given.
    refine
        Look again from nearby at faces that are small in the image, and in other ways where the
        first showed no face.

    Returns
    -------
    list of FoundFace
        In pixels of `rgb`, best first.
    """
    found = detector.find(rgb, min_score, refine=refine)
    if found or not refine:
        return leave_out_other_animals(rgb, found)
    limit = detector.min_score if min_score is None else min_score
    for look in possible_looks(rgb.shape[1], rgb.shape[0]):
        faces = detect_from(detector, rgb, look, detector.candidate_score)
        near = [detector.refine(rgb, face) for face in faces]
        kept = non_maximum_suppression([face for face in near if face.score >= limit])
        if kept:
            best_first = sorted(kept, key=lambda face: -face.score)
            return leave_out_other_animals(rgb, best_first)
    return []


def leave_out_other_animals(rgb: RGB, faces: list[FoundFace]) -> list[FoundFace]:
    """Return the faces that are not those of cats or dogs."""
    kinds = open_animal_kinds()
    return [face for face in faces if not kinds.is_other(rgb, face.box)]


def possible_looks(width: float, height: float) -> list[Look]:
    """Return the ways to look that may show more than the ordinary one in an image of that size."""
    tiles: list[Look] = ["tiles"] if max(width, height) >= TILES_FROM_PX else []
    return [*FAR, *tiles]


def detect_from(detector: FaceDetector, rgb: RGB, look: Look, min_score: float) -> list[FoundFace]:
    """Find faces with one way to look at an image, best first.

    Parameters
    ----------
    detector
        The face detector.
    rgb
        uint8, height × width × 3, upright.
    look
        The way to look.
    min_score
        Faces with a lower score are left out.

    Returns
    -------
    list of FoundFace
        In pixels of `rgb`.
    """
    if look == "ordinary":
        return detector.detect(rgb, min_score)
    if look == "tiles":
        return _detect_in_tiles(detector, rgb, min_score)
    return _detect_from_far(detector, rgb, FAR[look], min_score)


def _detect_from_far(
    detector: FaceDetector, rgb: RGB, times: int, min_score: float
) -> list[FoundFace]:
    height, width = rgb.shape[:2]
    scale = min(1.0, detector.input_px / times / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = Image.fromarray(rgb).resize(size, Image.Resampling.BOX)
    canvas = np.full((size[1] * times, size[0] * times, 3), SURROUND_GREY, np.uint8)
    left, top = (canvas.shape[1] - size[0]) // 2, (canvas.shape[0] - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = np.asarray(small)
    found = detector.detect(canvas, min_score)
    return [face.moved(1 / scale, -left / scale, -top / scale) for face in found]


def _detect_in_tiles(detector: FaceDetector, rgb: RGB, min_score: float) -> list[FoundFace]:
    height, width = rgb.shape[:2]
    tile_w, tile_h = -(-width // 2), -(-height // 2)
    faces: list[FoundFace] = []
    for row in range(_TILES):
        top = (height - tile_h) * row // (_TILES - 1)
        for column in range(_TILES):
            left = (width - tile_w) * column // (_TILES - 1)
            tile = np.ascontiguousarray(rgb[top : top + tile_h, left : left + tile_w])
            for face in detector.detect(tile, min_score):
                moved = face.moved(1.0, left, top)
                # What a tile cuts through is whole in the next one.
                if not _is_cut(moved, (left, top, left + tile_w, top + tile_h), (width, height)):
                    faces.append(moved)
    return sorted(non_maximum_suppression(faces), key=lambda face: -face.score)


def _is_cut(face: FoundFace, tile: tuple[int, int, int, int], size: tuple[int, int]) -> bool:
    near = _EDGE_SHARE * (tile[2] - tile[0])
    x1, y1, x2, y2 = face.box
    return (
        (tile[0] > 0 and x1 < tile[0] + near)
        or (tile[1] > 0 and y1 < tile[1] + near)
        or (tile[2] < size[0] and x2 > tile[2] - near)
        or (tile[3] < size[1] and y2 > tile[3] - near)
    )
