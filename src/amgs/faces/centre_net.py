"""The face detector that ships inside amgs: centres of faces, eyes, ears and noses on maps.

One small network does it all in one pass; a face that is small in the image gets a second look
at full resolution with the same network.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from amgs.errors import WeightsError
from amgs.faces.base import FaceDetector, FoundFace
from amgs.faces.centre_maps import MULTIPLE_PX, decode_maps
from amgs.faces.detections import iou
from amgs.faces.merging import merge_detections
from amgs.images.reading import RGB
from amgs.model.backbones.networks import open_session
from amgs.provenance import hash_file

INPUT_PX = 320
"""Longest side of what the network sees, as it was trained."""

PADDING_GREY = 127

DEFAULT_MIN_SCORE = 0.4
"""Faces with a lower score are not reported; chosen on the validation photographs."""

REFINE_BELOW_PX = 150
"""A face narrower than this in the network's input is looked at again, from nearby."""

REFINE_FROM_PX = 24
"""Narrower faces hold too few pixels for a second look to see more."""

CANDIDATE_SCORE = 0.12
"""From this score on, a face may still be confirmed by the second look."""

MIN_FACE_PX = 80.0
"""Narrower faces are found, but not kept from videos (docs/models.md has the measurement)."""

NEAR_PX = 256
"""Longest side of a second look. With 320 validation photographs and marked frames of videos are
read no better, at one and a half times the cost (docs/models.md)."""

DOUBTED_BELOW = 0.6
"""A face that would just be reported, with a lower score than this, gets its second look with 320
pixels after all: folds of bedding are told from faces by fine detail."""

MOST_ZOOM = 2.0
"""A second look enlarges the image at most so much: more shows no more."""

_SURROUND = 1.7
"""Side of the second look, in lengths of the face."""

_SAME_FACE_IOU = 0.35

OUTPUTS = ("peaks", "raw_values")
"""What the network gives: centres of faces and parts, and what belongs to them at every place."""


class CentreNet(FaceDetector):
    """The network that ships inside amgs, ready to run.

    Parameters
    ----------
    onnx_file
        The network; the one inside amgs if not given.

    Raises
    ------
    WeightsError
        If the file is missing or is not this detector's network.
    """

    name = "centre_net"
    version = "3.1"
    input_px = INPUT_PX
    min_score = DEFAULT_MIN_SCORE
    candidate_score = CANDIDATE_SCORE
    min_face_px = MIN_FACE_PX

    def __init__(self, onnx_file: Path | None = None) -> None:
        self._file = onnx_file or centre_net_path()
        self._session = open_session(self._file, "the network of the face detector")
        found = sorted(output.name for output in self._session.get_outputs())
        if found != sorted(OUTPUTS):
            # Networks before 3.0 gave probabilities, which are no raw values.
            msg = (
                f"Expected a face detector with the outputs {' and '.join(OUTPUTS)} in "
                f"{self._file}, found {' and '.join(found)}: a network made for another version of "
                "amgs. Export it again with `python -m finder_training`."
            )
            raise WeightsError(msg)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the path of its file: sessions cannot be pickled."""
        return _open_once, (self._file,)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the network that is really used."""
        return hash_file(self._file)

    def detect(self, rgb: RGB, min_score: float) -> list[FoundFace]:
        """See `FaceDetector.detect`; the image is made small enough for the network."""
        canvas, scale = letterbox(rgb, INPUT_PX)
        found = self._run(canvas, min_score)
        return [face.moved(1 / scale, 0.0, 0.0) for face in found]

    def refine(self, rgb: RGB, face: FoundFace, scale: float | None = None) -> FoundFace:
        """See `FaceDetector.refine`.

        Both looks are combined (see `merge_detections`); a face that is not seen again from nearby
        keeps half its score.
        """
        left, top, right, bottom = face.box
        length = max(right - left, bottom - top)
        # A small image is enlarged for the network, which adds nothing to what can be seen.
        # What the network saw of the face in the first pass decides whether a second can add to it.
        seen_px = length * (min(1.0, INPUT_PX / max(rgb.shape[:2])) if scale is None else scale)
        if length < REFINE_FROM_PX or seen_px >= REFINE_BELOW_PX:
            return face
        side = _SURROUND * length
        x0, y0 = (left + right - side) / 2, (top + bottom - side) / 2
        if not _touches(rgb, x0, y0, side):
            return face
        useful_px = _round_up(round(side * MOST_ZOOM))
        near = self._look_near(rgb, face, (x0, y0, side), min(NEAR_PX, useful_px))
        if DEFAULT_MIN_SCORE <= near.score < DOUBTED_BELOW and useful_px > NEAR_PX:
            near = self._look_near(rgb, face, (x0, y0, side), min(INPUT_PX, useful_px))
        return near

    def _look_near(
        self, rgb: RGB, face: FoundFace, square: tuple[float, float, float], to_px: int
    ) -> FoundFace:
        x0, y0, side = square
        canvas, zoom = cut_square(rgb, x0, y0, side, to_px)
        again = [f.moved(1 / zoom, x0, y0) for f in self._run(canvas, CANDIDATE_SCORE / 2)]
        # A cage mate may be in the square too: only what overlaps is the same face.
        same = [f for f in again if iou(f.box, face.box) >= _SAME_FACE_IOU]
        if not same:
            # Not seen again at higher resolution: a reflection or a fold of bedding, most likely.
            return replace(face, score=face.score / 2)
        nearest = max(same, key=lambda f: f.score * iou(f.box, face.box))
        return merge_detections(face, nearest)

    def _run(self, canvas: RGB, min_score: float) -> list[FoundFace]:
        peaks, values = self._session.run(list(OUTPUTS), {"pictures": canvas[None]})
        return decode_maps(peaks[0], values[0], min_score)


@lru_cache(maxsize=2)
def _open_once(onnx_file: Path) -> CentreNet:
    """Open the network once per process, however many units of work it receives."""
    return CentreNet(onnx_file)


def centre_net_path() -> Path:
    """Return the network that ships inside amgs."""
    return Path(str(files("amgs") / "data" / "face_finder" / "finder.onnx"))


def letterbox(rgb: RGB, longest_px: int) -> tuple[RGB, float]:
    """Make an image small (or large) enough for the network, padded right and below with grey.

    Returns
    -------
    canvas, scale
        uint8 with sides that are multiples of 32, and by how much the image was scaled.
    """
    height, width = rgb.shape[:2]
    scale = longest_px / max(height, width)
    small_w, small_h = max(1, round(width * scale)), max(1, round(height * scale))
    small = rgb
    if (small_w, small_h) != (width, height):
        small = np.asarray(
            Image.fromarray(rgb).resize((small_w, small_h), Image.Resampling.BILINEAR)
        )
    # Padded, not stretched: the network learned mice with their true proportions.
    canvas = np.full((_round_up(small_h), _round_up(small_w), 3), PADDING_GREY, np.uint8)
    canvas[:small_h, :small_w] = small
    return canvas, scale


def cut_square(rgb: RGB, x0: float, y0: float, side: float, to_px: int) -> tuple[RGB, float]:
    """Cut a square that may reach beyond the image, resized; what lies beyond is grey."""
    height, width = rgb.shape[:2]
    left, top = max(0, int(np.floor(x0))), max(0, int(np.floor(y0)))
    right, bottom = min(width, int(np.ceil(x0 + side))), min(height, int(np.ceil(y0 + side)))
    zoom = to_px / side
    canvas = np.full((to_px, to_px, 3), PADDING_GREY, np.uint8)
    u0, v0 = max(0, round((left - x0) * zoom)), max(0, round((top - y0) * zoom))
    u1, v1 = min(to_px, round((right - x0) * zoom)), min(to_px, round((bottom - y0) * zoom))
    box = (
        max(0.0, x0 + u0 / zoom),
        max(0.0, y0 + v0 / zoom),
        min(float(width), x0 + u1 / zoom),
        min(float(height), y0 + v1 / zoom),
    )
    patch = Image.fromarray(rgb[top:bottom, left:right]).resize(
        (u1 - u0, v1 - v0),
        Image.Resampling.BILINEAR,
        box=(box[0] - left, box[1] - top, box[2] - left, box[3] - top),
    )
    canvas[v0:v1, u0:u1] = np.asarray(patch)
    return canvas, zoom


def _touches(rgb: RGB, x0: float, y0: float, side: float) -> bool:
    """Say whether a square holds at least a pixel's width of the image in both directions."""
    height, width = rgb.shape[:2]
    inside_x = min(width, x0 + side) - max(0.0, x0)
    inside_y = min(height, y0 + side) - max(0.0, y0)
    return bool(min(inside_x, inside_y) >= 2.0)  # noqa: PLR2004


def _round_up(length: int) -> int:
    return -(-length // MULTIPLE_PX) * MULTIPLE_PX
