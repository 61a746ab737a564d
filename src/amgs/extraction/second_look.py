"""Looking again from nearby at what a first look at a zone took for faces."""

from __future__ import annotations

from collections.abc import Sequence

from amgs.extraction.fixtures import is_fixture
from amgs.faces.base import FaceDetector, FoundFace
from amgs.faces.detections import Box, non_maximum_suppression
from amgs.images.reading import RGB

MOST_FACES_REFINED = 2
"""A zone holds one animal; a second face is looked at in case the first is an illusion."""

SURE_TIMES, DOUBTFUL_TIMES = 1.5, 0.75
"""Beside a face with a score of so many times the least one, a second one below so many times it in
the first look is left alone: of 84 in frames of eight videos none was better from nearby, and none
counted as another animal."""

SAME_FACE_IOU = 0.3
"""Boxes that share more than this are two readings of one face."""


def look_near(
    detector: FaceDetector,
    full: RGB,
    found: Sequence[FoundFace],
    scale: float,
    *,
    fixtures: Sequence[Box],
    min_score: float,
) -> list[FoundFace]:
    """Look again from nearby at the best face, and at a second one where that may matter.

    Parameters
    ----------
    detector
        The face detector.
    full
        The whole frame.
    found
        What the first look showed, best first, in pixels of `full`.
    scale
        By how much the frame had been made smaller for it.
    fixtures
        Places of what looks like a face and never moves.
    min_score
        From which score on a face is reported here.
    """
    first, *others = found[:MOST_FACES_REFINED]
    near = [detector.refine(full, first, scale)]
    sure = near[0].score >= SURE_TIMES * detector.min_score
    least = min(min_score, detector.min_score)
    for other in others:
        doubtful = other.score < DOUBTFUL_TIMES * least
        if not (sure and doubtful) or is_fixture(near[0].box, fixtures):
            near.append(detector.refine(full, other, scale))
    return near


def count_apart(faces: Sequence[FoundFace], min_score: float) -> int:
    """Return how many faces of at least this score there are that do not share a place."""
    sure = [face for face in faces if face.score >= min_score]
    return len(non_maximum_suppression(sure, SAME_FACE_IOU))
