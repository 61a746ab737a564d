"""Things of a cage that look like a face: they stay as they are while the animal moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from amgs.extraction.candidates import FrameCandidate
from amgs.faces.detections import Box, iou
from amgs.images.reading import RGB

ZONE_PX = 48
"""A zone is made so many pixels wide and high before what moves in it is measured."""

LEAST_FRAMES = 8
"""With fewer frames nothing can be said of what never moves."""

MOVES_FROM = 8.0
"""Grey levels by which the parts of a zone change where an animal moves about,"""

MOVING_SHARE = 0.05
"""in at least this share of the zone."""

STILL_TO, SELDOM_TO = 2.0, 8.0
"""Grey levels by which a thing changes between two frames at most, usually and in nine frames of
ten, beyond the quietest quarter of the zone. A food hopper changed by 2.0, and by 4.0 to 7.1 as
text ran over it; faces by 3.2 and 7.4 or more; those of two head-fixed animals, which the edge of
the frame cuts off, by 2.0 to 4.0 and 5.4 to 8.7."""

EDGE_SHARE = 0.03
"""A face this near to the edge of its zone, in widths of itself, is cut off by it."""

LEAST_MOVED, STAYS_SHARE = 3, 0.8
"""In so many frames other parts of the zone have to look otherwise, and in this share of them the
thing as ever: what an animal that keeps still for long leaves unchanged goes when it moves."""

SAME_PLACE_IOU = 0.5


def shrink_zone(part: RGB) -> npt.NDArray[np.uint8]:
    """Return a zone as 48 × 48 grey values."""
    image = Image.fromarray(part).convert("L")
    return np.asarray(image.resize((ZONE_PX, ZONE_PX), Image.Resampling.BOX))


def find_fixtures(
    by_frame: Mapping[int, Sequence[FrameCandidate]], number: int, zone: Box
) -> list[Box]:
    """Return the places in a zone at which a thing that never moves was taken for a face.

    How much a part of the zone changes is the median, over the other frames, of its distance from
    the frame in which the face was found; and its ninth tenth, so that what an animal leaves in one
    frame of ten is none. A place is a fixture if it changes as little as the quietest quarter of
    the zone, and does so while other parts move: in most of the frames in which these look
    otherwise. An animal that sleeps and moves once is none, as its face goes with it. A face that
    the edge of the zone cuts off is that of a head-fixed animal, and none either.

    Parameters
    ----------
    by_frame
        The candidates of the survey, with what the zones looked like.
    number, zone
        Which zone, and its box in pixels of the frame.

    Returns
    -------
    list of Box
        In pixels of the frame.
    """
    candidates = [found[number] for found in by_frame.values()]
    seen = [(c.zone_thumbnail, c.face) for c in candidates if c.zone_thumbnail is not None]
    if len(seen) < LEAST_FRAMES:
        return []
    frames = np.stack([thumbnail for thumbnail, _ in seen]).astype(np.float32)
    if float(np.quantile(np.ptp(frames, axis=0), 1 - MOVING_SHARE)) < MOVES_FROM:
        return []
    found = []
    for place, (_, face) in enumerate(seen):
        if face is not None and not _is_cut(face.box, zone):
            changes = np.abs(np.delete(frames, place, axis=0) - frames[place])
            usual, seldom = np.quantile(changes, (0.5, 0.9), axis=0)
            if (
                _inside(usual, face.box, zone) <= STILL_TO
                and _inside(seldom, face.box, zone) <= SELDOM_TO
                and _stays_while_others_move(changes, face.box, zone)
            ):
                found.append(face.box)
    return found


def _stays_while_others_move(changes: npt.NDArray[np.float32], box: Box, zone: Box) -> bool:
    """Say whether a box looks as ever in the frames in which the rest of its zone does not."""
    rows, columns = _cells(box, zone, grown=0.15)
    outside = np.ones(changes.shape[1:], bool)
    outside[rows, columns] = False
    if not outside.any():
        return True
    moved = (changes[:, outside] >= MOVES_FROM).mean(axis=1) >= MOVING_SHARE
    if int(moved.sum()) < LEAST_MOVED:
        return False
    stays = [_inside(frame, box, zone) <= SELDOM_TO for frame in changes[moved]]
    return float(np.mean(stays)) >= STAYS_SHARE


def _is_cut(box: Box, zone: Box) -> bool:
    near = EDGE_SHARE * (box[2] - box[0])
    return (
        box[0] < zone[0] + near
        or box[1] < zone[1] + near
        or box[2] > zone[2] - near
        or box[3] > zone[3] - near
    )


def is_fixture(box: Box, fixtures: Sequence[Box]) -> bool:
    """Say whether a face lies where a fixture does."""
    return any(iou(box, other) >= SAME_PLACE_IOU for other in fixtures)


def _inside(changes: npt.NDArray[np.float32], box: Box, zone: Box) -> float:
    """Return how much the middle of a box changes beyond the quietest quarter of its zone.

    The edges of a box show what is behind it.
    """
    rows, columns = _cells(box, zone, grown=-0.15)
    part = changes[rows, columns]
    if not part.size:
        return float("inf")
    return float(np.quantile(part, 0.75) - np.quantile(changes, 0.25))


def _cells(box: Box, zone: Box, *, grown: float) -> tuple[slice, slice]:
    """Return the rows and columns of the small zone that a box covers, grown by a share of it."""
    x_scale, y_scale = ZONE_PX / (zone[2] - zone[0]), ZONE_PX / (zone[3] - zone[1])
    dx, dy = grown * (box[2] - box[0]), grown * (box[3] - box[1])
    left, right = (box[0] - dx - zone[0]) * x_scale, (box[2] + dx - zone[0]) * x_scale
    top, bottom = (box[1] - dy - zone[1]) * y_scale, (box[3] + dy - zone[1]) * y_scale
    return (
        slice(max(0, int(top)), max(int(top) + 1, int(np.ceil(bottom)))),
        slice(max(0, int(left)), max(int(left) + 1, int(np.ceil(right)))),
    )
