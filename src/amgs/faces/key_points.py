"""Faces from the key points that another program found in a video, in place of the detector.

Whoever has tracked a video with DeepLabCut or SLEAP knows where its faces are. Single images, which
have no such file, are looked at by the face detector of amgs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from amgs.errors import TableError, UnreadableVideoError
from amgs.faces.base import FaceDetector, FoundEar, FoundEye, FoundFace
from amgs.faces.centre_net import CentreNet
from amgs.faces.detections import Box
from amgs.images.reading import RGB
from amgs.provenance import hash_file, hash_text
from amgs.video.key_points import KeyPoints, Points, find_key_points, read_key_points

LEAST_LIKELIHOOD = 0.6
"""Points of less are as if they were not found; DeepLabCut's own ``pcutoff``."""

GROWN = 1.35
"""A face's box is the square around nose, eyes and ears, larger by this (see docs/methods.md)."""

EYE_SHARE = 0.12
"""How wide an eye's box is, as a share of the face's."""

_KEPT = 4


class KeyPointFaces(FaceDetector):
    """The faces that DeepLabCut or SLEAP found; how far eyes are open they do not say."""

    name: ClassVar[str] = "key_points"
    version: ClassVar[str] = "1"
    input_px: ClassVar[int] = CentreNet.input_px
    min_score: ClassVar[float] = CentreNet.min_score
    candidate_score: ClassVar[float] = CentreNet.candidate_score
    min_face_px: ClassVar[float] = CentreNet.min_face_px

    def __init__(self) -> None:
        self._images = CentreNet()
        self._known: OrderedDict[Path, KeyPoints] = OrderedDict()
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[KeyPointFaces], tuple[()]]:
        """Travel to other processes without what was read."""
        return KeyPointFaces, ()

    @property
    def sha256(self) -> str:
        """See `FaceDetector.sha256`; the files of key points are named by `known_of`."""
        numbers = [str(value) for value in (LEAST_LIKELIHOOD, GROWN, EYE_SHARE)]
        return hash_text([self.name, self.version, *numbers, self._images.sha256])

    def detect(self, rgb: RGB, min_score: float) -> list[FoundFace]:
        """See `FaceDetector.detect`; by the detector of amgs."""
        return self._images.detect(rgb, min_score)

    def refine(self, rgb: RGB, face: FoundFace, scale: float | None = None) -> FoundFace:
        """See `FaceDetector.refine`; by the detector of amgs."""
        return self._images.refine(rgb, face, scale)

    def known_of(self, videos: Sequence[Path]) -> str:
        """See `FaceDetector.known_of`: a hash over the files of key points.

        Raises
        ------
        UnreadableVideoError
            If there is no file of key points beside a video, more than one, or none that can be
            read.
        """
        return hash_text([hash_file(self._file(video)) for video in videos])

    def in_frame(self, video: Path, index: int) -> list[FoundFace]:
        """See `FaceDetector.in_frame`."""
        known = self._read(video)
        kinds = known.kinds()
        faces = [make_face(points, kinds) for points in known.frames.get(index, ())]
        return sorted((f for f in faces if f is not None), key=lambda face: -face.score)

    def _file(self, video: Path) -> Path:
        found = find_key_points(video)
        if len(found) == 1:
            return found[0]
        listed = ", ".join(path.name for path in found) or "none"
        msg = (
            f"Expected one file of key points beside {video.name} (of DeepLabCut: "
            f"{video.stem}DLC….csv; of SLEAP: {video.stem}….analysis.h5, .slp or .csv), found "
            f"{listed}."
        )
        raise UnreadableVideoError(msg)

    def _read(self, video: Path) -> KeyPoints:
        with self._lock:
            if video not in self._known:
                try:
                    self._known[video] = read_key_points(self._file(video))
                except TableError as error:
                    raise UnreadableVideoError(str(error)) from error
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            return self._known[video]


def make_face(points: Points, kinds: Sequence[str]) -> FoundFace | None:
    """Return the face of one animal's key points; ``None`` without a nose, or with a nose alone.

    Parameters
    ----------
    points
        Parts × (x, y, likelihood), in pixels of the frame.
    kinds
        What each part is: ``nose``, ``eye``, ``ear``, or empty.
    """
    sure = np.isfinite(points[:, :2]).all(axis=1) & (points[:, 2] >= LEAST_LIKELIHOOD)
    of: dict[str, list[int]] = {
        kind: [n for n, k in enumerate(kinds) if k == kind and sure[n]]
        for kind in ("nose", "eye", "ear")
    }
    if not of["nose"] or not (of["eye"] or of["ear"]):
        return None
    used = [*of["nose"][:1], *_best(of["eye"], points), *_best(of["ear"], points)]
    x, y = points[used, 0].astype(float), points[used, 1].astype(float)
    side = GROWN * max(np.ptp(x), np.ptp(y), 1.0)
    middle = (float(x.min() + x.max()) / 2, float(y.min() + y.max()) / 2)
    box = _square(middle, side)
    eyes = tuple(
        # A point says where an eye is, not how far it is open: nobody could tell from it.
        FoundEye(_square(_at(points, n), EYE_SHARE * side), _score(points, n), 1.0, 0.0, 0.0, 1.0)
        for n in _best(of["eye"], points)
    )
    ears = tuple(
        FoundEar(_square(_at(points, n), 2 * EYE_SHARE * side), _score(points, n))
        for n in _best(of["ear"], points)
    )
    both = len(eyes) == 2 and len(ears) == 2  # noqa: PLR2004 - both sides are seen
    view_p = (1.0, 0.0, 0.0, 0.0) if both else (0.0, 0.0, 1.0, 0.0)
    return FoundFace(
        box, float(points[used, 2].mean()), eyes, ears, _at(points, of["nose"][0]), view_p
    )


def _best(places: Sequence[int], points: Points) -> list[int]:
    """Return at most two parts, the surest first."""
    return sorted(places, key=lambda n: -float(points[n, 2]))[:2]


def _at(points: Points, place: int) -> tuple[float, float]:
    return float(points[place, 0]), float(points[place, 1])


def _score(points: Points, place: int) -> float:
    return min(1.0, float(points[place, 2]))


def _square(middle: tuple[float, float], side: float) -> Box:
    half = side / 2
    return middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half
