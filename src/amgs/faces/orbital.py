"""From the state of the eyes to a score of orbital tightening."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from amgs.faces.decode import FoundFace
from amgs.faces.finder import FaceFinder
from amgs.vocabulary import OrbitalReading

MIN_FACE_SCORE = 0.25
"""Lower than for finding: an image given for scoring shows a face, and the score only picks it."""


def read_orbital(finder: FaceFinder, rgb: npt.NDArray[np.uint8]) -> OrbitalReading:
    """Say how far the eyes of the best face in an image are open.

    For every eye, the expected score is ``p(narrowed) + 2 · p(closed)``; the face's score is the
    mean over its eyes, weighted by how surely each was found.

    Parameters
    ----------
    finder
        The face finder.
    rgb
        uint8, height × width × 3.

    Returns
    -------
    OrbitalReading
        Without numbers when no face, or no eye in it, was seen.
    """
    faces = finder.find(rgb, MIN_FACE_SCORE)
    if not faces:
        return OrbitalReading(None, None)
    return score_orbital(max(faces, key=lambda face: face.score * face.width))


def score_orbital(face: FoundFace) -> OrbitalReading:
    """Score one face; see `read_orbital`."""
    if not face.eyes:
        return OrbitalReading(None, None)
    weights = np.array([eye.score for eye in face.eyes])
    scores = np.array([eye.p_narrowed + 2 * eye.p_closed for eye in face.eyes])
    narrowed = np.array([1 - eye.p_open for eye in face.eyes])
    total = weights.sum()
    return OrbitalReading(
        float((weights * scores).sum() / total), float((weights * narrowed).sum() / total)
    )
