"""Found faces as plain values, with the keys of the command-line contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.faces.base import FoundFace
from amgs.faces.detections import Box, Point
from amgs.faces.quality import measure_sharpness


def describe_faces(name: str, rgb: npt.NDArray[np.uint8], faces: list[FoundFace]) -> dict[str, Any]:
    """Return what was found in an image: boxes in pixels, scores, states, sharpness."""
    return {
        "image": name,
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "faces": [_describe(face, rgb) for face in faces],
    }


def _describe(face: FoundFace, rgb: npt.NDArray[np.uint8]) -> dict[str, Any]:
    return {
        "box": _pixels(face.box),
        "score": round(face.score, 4),
        "view": face.view,
        "p_eyes_not_open": None if face.p_eyes_not_open is None else round(face.p_eyes_not_open, 4),
        "nose": _point(face.nose),
        "eyes": [
            {
                "box": _pixels(eye.box),
                "score": round(eye.score, 4),
                "state": eye.state if eye.is_clear else "cannot tell",
                "p_open": round(eye.p_open, 4),
                "p_narrowed": round(eye.p_narrowed, 4),
                "p_closed": round(eye.p_closed, 4),
                "p_unclear": round(eye.p_unclear, 4),
            }
            for eye in face.eyes
        ],
        "ears": [
            {
                "box": _pixels(ear.box),
                "score": round(ear.score, 4),
                "base": _point(ear.base),
                "tip": _point(ear.tip),
            }
            for ear in face.ears
        ],
        "sharpness": round(measure_sharpness(rgb, face.box), 4),
    }


def _point(point: Point | None) -> list[float] | None:
    return None if point is None else [round(v, 1) for v in point]


def _pixels(box: Box) -> list[float]:
    return [round(v, 1) for v in box]
