"""Boxes of detections: how far they overlap, and the best of several detections of one face."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Protocol, TypeAlias, TypeVar

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


Point: TypeAlias = tuple[float, float]
"""To the right and down from the image's upper left corner, in pixels."""


class Detection(Protocol):
    """Whatever has a box and a score."""

    @property
    def box(self) -> Box:
        """Where it is."""
        ...

    @property
    def score(self) -> float:
        """How sure it is, 0–1."""
        ...


D = TypeVar("D", bound=Detection)


def distance(a: Box, b: Box) -> float:
    """Return how far the centres of two boxes are apart."""
    return hypot((a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2)


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the intersection of two boxes over their union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared)


def non_maximum_suppression(detections: Sequence[D], most_iou: float = 0.45) -> list[D]:
    """Keep the best of detections that cover each other (IoU of `most_iou` or more)."""
    kept: list[D] = []
    for detection in sorted(detections, key=lambda d: -d.score):
        if all(iou(detection.box, other.box) < most_iou for other in kept):
            kept.append(detection)
    return kept
