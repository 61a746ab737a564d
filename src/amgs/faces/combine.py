"""Two looks at one face made into one, and several finds of one face reduced to the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import hypot
from typing import TypeVar

from amgs.faces.decode import MOST_OF_A_KIND, Box, FoundEar, FoundEye, FoundFace

SAME_PART_WITHIN = 0.12
"""Parts of two looks are the same if they are this near, in widths of the face."""

Part = TypeVar("Part", FoundEye, FoundEar)


def combine_looks(far: FoundFace, near: FoundFace) -> FoundFace:
    """Make one face of a look from afar and one from nearby.

    Places come from nearby. How far an eye is open is the mean of both looks, weighted by how
    surely the eye was seen in each; parts that only one look saw are kept. The score is the mean.
    """
    within = SAME_PART_WITHIN * near.width
    eyes = [_mean_state(eye, _same(eye, far.eyes, within)) for eye in near.eyes]
    eyes += [eye for eye in far.eyes if _same(eye, near.eyes, within) is None]
    ears = [*near.ears, *(ear for ear in far.ears if _same(ear, near.ears, within) is None)]
    return replace(
        near,
        score=(near.score + far.score) / 2,
        eyes=tuple(eyes[: MOST_OF_A_KIND["eye"]]),
        ears=tuple(ears[: MOST_OF_A_KIND["ear"]]),
        nose=near.nose or far.nose,
        view_p=tuple((a + b) / 2 for a, b in zip(near.view_p, far.view_p, strict=True)),
    )


def _same(part: Part, others: Sequence[Part], within: float) -> Part | None:
    close = [other for other in others if distance(part.box, other.box) <= within]
    return min(close, key=lambda other: distance(part.box, other.box), default=None)


def _mean_state(near: FoundEye, far: FoundEye | None) -> FoundEye:
    if far is None:
        return near
    weight = near.score / (near.score + far.score)
    return replace(
        near,
        score=max(near.score, far.score),
        p_open=weight * near.p_open + (1 - weight) * far.p_open,
        p_narrowed=weight * near.p_narrowed + (1 - weight) * far.p_narrowed,
        p_closed=weight * near.p_closed + (1 - weight) * far.p_closed,
    )


def distance(a: Box, b: Box) -> float:
    """Return how far the centres of two boxes are apart."""
    return hypot((a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the intersection of two boxes over their union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared)


def remove_doubles(faces: Sequence[FoundFace], most_overlap: float = 0.45) -> list[FoundFace]:
    """Keep the best of faces that cover each other."""
    kept: list[FoundFace] = []
    for face in sorted(faces, key=lambda f: -f.score):
        if all(overlap(face.box, other.box) < most_overlap for other in kept):
            kept.append(face)
    return kept
