"""The image of a face that people score and models see: its box with a margin, as filmed."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from amgs.faces.detections import Box
from amgs.files import atomic_file
from amgs.images.reading import RGB

DEFAULT_MARGIN = 0.15
"""Added on each side, in lengths of the box: ears and whiskers reach beyond the marked face."""

_JPEG_QUALITY = 95


def crop_face(rgb: RGB, box: Box, margin: float, within: Box | None = None) -> RGB:
    """Cut a face at the resolution of the video.

    Parameters
    ----------
    rgb
        The image.
    box
        The face.
    margin
        Added on each side, as a share of the box's width and height.
    within
        Never reach beyond this box: the animal's zone, so that no neighbour is seen.

    Returns
    -------
    numpy.ndarray
        uint8, height × width × 3.
    """
    height, width = rgb.shape[:2]
    edge = within or (0, 0, width, height)
    dx, dy = (box[2] - box[0]) * margin, (box[3] - box[1]) * margin
    left, top = max(edge[0], box[0] - dx), max(edge[1], box[1] - dy)
    right, bottom = min(edge[2], box[2] + dx), min(edge[3], box[3] + dy)
    return rgb[round(top) : round(bottom), round(left) : round(right)]


def write_crop(path: Path, crop: RGB) -> None:
    """Write a face image as JPEG of quality 95 without metadata, whole or not at all."""
    with atomic_file(path) as temporary:
        Image.fromarray(crop).save(temporary, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
