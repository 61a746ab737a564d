"""How good a face image is for scoring: what is visible, from where, how sharp, how still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from amgs.faces.base import VIEWS, FoundFace
from amgs.faces.detections import Box
from amgs.images.reading import RGB

Grey = npt.NDArray[np.float32]

SHARPNESS_PX = 160
"""Faces are made this long before their sharpness is measured: it means the same for all."""

MOTION_PX = 48

DEFAULT_MIN_SHARPNESS = 0.35
"""Of 399 faces in real photographs nearly all are sharper (2nd of a hundred: 0.40), and videos are
softer than photographs. Blurred over 2.5 % of their length, one in ten is (docs/methods.md)."""

SOFT_SHARE, SHARPNESS_FLOOR = 0.75, 0.20
"""White animals and soft cameras may never reach 0.35: the two face images of the original
authors have 0.34 and 0.31. So in a recording whose sharp faces are soft, the limit is three
quarters of what is usual there, but never below 0.20."""

DEFAULT_MAX_MOTION = 0.35
"""A face that differs more from its neighbour in time is moving; noise alone gives 0.05 to 0.15."""

VIEW_WORTH = {"front": 1.0, "three_quarter": 0.95, "profile": 0.8, "other": 0.5}
"""How much of the five action units each view shows."""

_NOISE_SD_PX = 0.8
_BLUR_PX = 11
_LEAST_CONTRAST = 5.0
_LEAST_SIDE_PX = 12


@dataclass(frozen=True, slots=True)
class Quality:
    """The parts of the quality of a face image, each from 0 (bad) to 1 (good), but motion.

    ``quality = visibility · view · sharpness · (1 - motion / 2)``, motion at most 1 counted; the
    score of the detector is not part of it, as it is high for every face that is kept.
    """

    visibility: float
    view: float
    sharpness: float
    motion: float | None

    @property
    def value(self) -> float:
        """The product; without a known motion, as if there were none."""
        motion = min(1.0, self.motion or 0.0)
        return self.visibility * self.view * self.sharpness * (1 - motion / 2)


def measure_visibility(face: FoundFace) -> float:
    """Return how much of the face is visible: (eyes + ears + nose) / 5, counted by their scores."""
    parts = [eye.score for eye in face.eyes] + [ear.score for ear in face.ears]
    return (sum(parts) + (face.nose is not None)) / 5


def measure_view(face: FoundFace) -> float:
    """Return the expected worth of the view."""
    return float(sum(p * VIEW_WORTH[view] for p, view in zip(face.view_p, VIEWS, strict=True)))


def measure_sharpness(rgb: RGB, box: Box) -> float:
    """Return how sharp the face is, 1 minus the perceptual blur of Crété-Roffet et al. 2007.

    The face is made 160 pixels long if it is longer, and smoothed a little so that camera noise
    does not pass for detail. Real photographs lie between 0.40 and 0.67.

    Parameters
    ----------
    rgb
        The image in full resolution.
    box
        The face in it.

    Returns
    -------
    float
        0–1; 0 for a face of fewer than 12 pixels.
    """
    from scipy.ndimage import gaussian_filter

    grey = cut_grey(rgb, box, SHARPNESS_PX)
    if grey is None:
        return 0.0
    return 1 - perceptual_blur(gaussian_filter(grey, _NOISE_SD_PX))


def perceptual_blur(grey: Grey) -> float:
    """Return how blurred an image looks, 0 (sharp) to 1 (Crété-Roffet et al. 2007).

    The image is blurred once more, by a mean over 11 pixels, along its rows and along its columns:
    the less its steps from pixel to pixel shrink by that, the more blurred it was. The larger
    of both counts. Steps are Sobel's; the two pixels along the border do not count.

    Parameters
    ----------
    grey
        (height, width); the scale of brightness does not matter.

    Returns
    -------
    float
        1 for an image without any step.
    """
    from scipy.ndimage import sobel, uniform_filter1d

    shares = []
    for axis in (0, 1):
        steps = np.abs(sobel(grey, axis))[2:-1, 2:-1]
        after = np.abs(sobel(uniform_filter1d(grey, _BLUR_PX, axis), axis))[2:-1, 2:-1]
        total = steps.sum()
        lost = np.maximum(0, steps - after).sum()
        shares.append(float((total - lost) / total) if total > 0 else 1.0)
    return max(shares)


def cut_for_motion(rgb: RGB, box: Box) -> Grey | None:
    """Cut what `measure_motion` needs of the first image; ``None`` where that is too small."""
    return cut_grey(rgb, box, MOTION_PX)


def measure_motion(before: Grey | None, after: RGB, box: Box) -> float:
    """Return how much the face differs between two images shortly after each other.

    Mean absolute difference of the face region (48 pixels long, so that noise averages out), over
    the standard deviation of its brightness; 0 for two equal images.

    Parameters
    ----------
    before
        From `cut_for_motion` of the first image and the same box.
    after
        The second image in full resolution.
    box
        The face.
    """
    a, b = before, cut_for_motion(after, box)
    if a is None or b is None:
        return 0.0
    return float(np.abs(a - b).mean() / (a.std() + _LEAST_CONTRAST))


def sharpness_limit(usual: float | None, limit: float = DEFAULT_MIN_SHARPNESS) -> float:
    """Return from which sharpness on a face of a recording is sharp enough.

    ``min(limit, max(0.20, 0.75 · usual))``, `usual` being what the sharper faces of that recording
    have; without it, `limit`.
    """
    if usual is None:
        return limit
    return min(limit, max(SHARPNESS_FLOOR, SOFT_SHARE * usual))


def cut_grey(rgb: RGB, box: Box, longest_px: int) -> Grey | None:
    """Cut a box as grey values, at most `longest_px` long; ``None`` if there is nearly nothing."""
    height, width = rgb.shape[:2]
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    right, bottom = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    if right - left < _LEAST_SIDE_PX or bottom - top < _LEAST_SIDE_PX:
        return None
    image = Image.fromarray(rgb[top:bottom, left:right]).convert("L")
    scale = longest_px / max(image.size)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BOX)
    return np.asarray(image, np.float32)
