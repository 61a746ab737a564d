"""Faces in a picture: where they are, their eyes, ears and nose, and how far the eyes are open.

One small network does it all in one pass; a face that is small in the picture gets a second look
at full resolution with the same network.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from amgs.faces.combine import combine_looks, overlap, remove_doubles
from amgs.faces.decode import FoundEar, FoundEye, FoundFace, decode_maps
from amgs.faces.maps import MULTIPLE_PX
from amgs.images.reading import RGB
from amgs.model.network import open_session

INPUT_PX = 320
"""Longest side of what the network sees, as it was trained."""

PADDING_GREY = 127

DEFAULT_MIN_SCORE = 0.4
"""Faces with a lower score are not reported; chosen on the validation photographs."""

SECOND_LOOK_BELOW_PX = 150
"""A face narrower than this in the network's input is looked at again, from nearby."""

SECOND_LOOK_FROM_PX = 24
"""Narrower faces hold too few pixels for a second look to see more."""

CANDIDATE_SCORE = 0.12
"""From this score on, a face may still be confirmed by the second look."""

MOST_ZOOM = 2.0
"""A second look enlarges the picture at most so much: more shows no more."""

_SURROUND = 1.7
"""Side of the second look, in lengths of the face."""

_SAME_FACE_IOU = 0.35

FINDER_SHA256 = "23fefaba00a1515ab23312cb86351f3c6fc4675b4a48f82473e8ea0ae7ea71ed"
"""Of the network inside amgs; `amgs doctor` and a test compare."""


class FaceFinder:
    """The network, ready to run; several threads may use one finder at once.

    Parameters
    ----------
    onnx_file
        The network; the one inside amgs if not given.

    Raises
    ------
    WeightsError
        If the file is missing or is not the finder's network.
    """

    def __init__(self, onnx_file: Path | None = None) -> None:
        self._session = open_session(onnx_file or finder_path(), "the network of the face finder")

    def find(
        self, rgb: RGB, min_score: float = DEFAULT_MIN_SCORE, *, second_look: bool = True
    ) -> list[FoundFace]:
        """Find the faces in a picture, best first.

        Parameters
        ----------
        rgb
            uint8, height × width × 3, upright.
        min_score
            Faces with a lower score are left out.
        second_look
            Look again from nearby at faces that are small in the picture.

        Returns
        -------
        list of FoundFace
            In pixels of `rgb`.
        """
        first = self.look(rgb, CANDIDATE_SCORE if second_look else min_score)
        if second_look:
            first = [self.look_closer(rgb, face) for face in first]
        kept = [face for face in first if face.score >= min_score]
        return sorted(remove_doubles(kept), key=lambda face: -face.score)

    def look(self, rgb: RGB, min_score: float) -> list[FoundFace]:
        """Find faces with one pass over the whole picture, made small enough for the network."""
        canvas, scale = letterbox(rgb, INPUT_PX)
        found = self._run(canvas, min_score)
        return [face.moved(1 / scale, 0.0, 0.0) for face in found]

    def look_closer(self, rgb: RGB, face: FoundFace, scale: float = 1.0) -> FoundFace:
        """Look again at one face, from nearby, if it was small in the first look.

        Both looks are combined (see `combine_looks`); a face that is not seen again from nearby
        keeps half its score.

        Parameters
        ----------
        rgb
            The picture in full resolution.
        face
            From the first look, in pixels of `rgb`.
        scale
            How much smaller the picture of the first look was than `rgb`.
        """
        left, top, right, bottom = face.box
        length = max(right - left, bottom - top)
        seen_px = length * min(1.0, INPUT_PX / max(rgb.shape[:2])) * scale
        if length < SECOND_LOOK_FROM_PX or seen_px >= SECOND_LOOK_BELOW_PX:
            return face
        side = _SURROUND * length
        x0, y0 = (left + right - side) / 2, (top + bottom - side) / 2
        to_px = min(INPUT_PX, _round_up(round(side * MOST_ZOOM)))
        if not _touches(rgb, x0, y0, side):
            return face
        canvas, zoom = cut_square(rgb, x0, y0, side, to_px)
        again = [f.moved(1 / zoom, x0, y0) for f in self._run(canvas, CANDIDATE_SCORE / 2)]
        same = [f for f in again if overlap(f.box, face.box) >= _SAME_FACE_IOU]
        if not same:
            return replace(face, score=face.score / 2)
        nearest = max(same, key=lambda f: f.score * overlap(f.box, face.box))
        return combine_looks(face, nearest)

    def _run(self, canvas: RGB, min_score: float) -> list[FoundFace]:
        peaks, values = self._session.run(["peaks", "values"], {"pictures": canvas[None]})
        return decode_maps(peaks[0], values[0], min_score)

    @property
    def session(self) -> Any:
        """The engine's session, for measurements."""
        return self._session


def finder_path() -> Path:
    """Return the network that ships inside amgs."""
    return Path(str(files("amgs") / "data" / "face_finder" / "finder.onnx"))


def letterbox(rgb: RGB, longest_px: int) -> tuple[RGB, float]:
    """Make a picture small (or large) enough for the network, padded right and below with grey.

    Returns
    -------
    canvas, scale
        uint8 with sides that are multiples of 32, and by how much the picture was scaled.
    """
    height, width = rgb.shape[:2]
    scale = longest_px / max(height, width)
    small_w, small_h = max(1, round(width * scale)), max(1, round(height * scale))
    small = rgb
    if (small_w, small_h) != (width, height):
        small = np.asarray(
            Image.fromarray(rgb).resize((small_w, small_h), Image.Resampling.BILINEAR)
        )
    canvas = np.full((_round_up(small_h), _round_up(small_w), 3), PADDING_GREY, np.uint8)
    canvas[:small_h, :small_w] = small
    return canvas, scale


def cut_square(rgb: RGB, x0: float, y0: float, side: float, to_px: int) -> tuple[RGB, float]:
    """Cut a square that may reach beyond the picture, resized; what lies beyond is grey."""
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
    """Say whether a square holds at least a pixel's width of the picture in both directions."""
    height, width = rgb.shape[:2]
    inside_x = min(width, x0 + side) - max(0.0, x0)
    inside_y = min(height, y0 + side) - max(0.0, y0)
    return bool(min(inside_x, inside_y) >= 2.0)  # noqa: PLR2004


def _round_up(length: int) -> int:
    return -(-length // MULTIPLE_PX) * MULTIPLE_PX


__all__ = ["FaceFinder", "FoundEar", "FoundEye", "FoundFace", "finder_path"]
