"""Two detections of one face, from afar and from nearby, merged into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from amgs.faces.base import MOST_OF_A_KIND, FoundEar, FoundEye, FoundFace
from amgs.faces.detections import distance

SAME_PART_WITHIN = 0.12
"""Parts of two looks are the same if they are this near, in widths of the face."""

Part = TypeVar("Part", FoundEye, FoundEar)


def merge_detections(far: FoundFace, near: FoundFace) -> FoundFace:
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
        p_unclear=weight * near.p_unclear + (1 - weight) * far.p_unclear,
    )
