"""Stretches in which an animal may be asleep: eyes not open, and not moving, for 10 s or more.

A sleeping mouse looks like one in pain. amgs does not decide between the two; it says where both
are possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.faces.detections import Box, iou

MIN_SLEEP_S = 10.0
"""As in Rodent Face Finder, which warned after 300 still frames at 30 per second."""

NOT_OPEN_FROM = 0.5
"""Eyes count as not open when, on average, they are narrowed or closed with this probability."""

STILL_OVERLAP = 0.6
STILL_DIFFERENCE = 0.25
"""Two candidates show the same still head if the IoU of their boxes is at least 0.6 and what both
show of the same place differs by less than a quarter of its contrast. Boxes of a still head jitter
(IoU 0.6 to 0.95), and breathing and camera noise differ by 0.05 to 0.25; a head that moved, by 0.4
and more."""

_COMPARED = 12

LONGEST_GAP_S = 12.0
"""Candidates further apart than this do not show what the animal did between them."""


@dataclass(frozen=True, slots=True, eq=False)
class SleepCandidate:
    """What a candidate says about sleep; ``p_eyes_not_open`` is ``None`` where no eye was seen."""

    time_s: float
    box: Box | None
    p_eyes_not_open: float | None
    thumbnail: npt.NDArray[np.uint8] | None


def find_possible_sleep(candidates: Sequence[SleepCandidate]) -> list[tuple[float, float]]:
    """Return the stretches of possible sleep as (from, to) in seconds, in order.

    A stretch begins and ends with eyes that are not open. Between them are only candidates of the
    same still head, none with open eyes; eyes may be unseen, as closed ones in dark fur often are.

    Parameters
    ----------
    candidates
        In the order of time.
    """
    found: list[tuple[float, float]] = []
    closed: list[SleepCandidate] = []
    before: SleepCandidate | None = None
    for candidate in candidates:
        if before is None or _awake(candidate) or not _still(before, candidate):
            _end_stretch(found, closed)
            closed = []
        if _not_open(candidate):
            closed.append(candidate)
        before = candidate
    _end_stretch(found, closed)
    return found


def _end_stretch(found: list[tuple[float, float]], closed: Sequence[SleepCandidate]) -> None:
    if closed and closed[-1].time_s - closed[0].time_s >= MIN_SLEEP_S:
        found.append((closed[0].time_s, closed[-1].time_s))


def _not_open(candidate: SleepCandidate) -> bool:
    return candidate.p_eyes_not_open is not None and candidate.p_eyes_not_open >= NOT_OPEN_FROM


def _awake(candidate: SleepCandidate) -> bool:
    return candidate.p_eyes_not_open is not None and candidate.p_eyes_not_open < NOT_OPEN_FROM


def _still(before: SleepCandidate, after: SleepCandidate) -> bool:
    if before.box is None or after.box is None or after.time_s - before.time_s > LONGEST_GAP_S:
        return False
    if iou(before.box, after.box) < STILL_OVERLAP:
        return False
    if before.thumbnail is None or after.thumbnail is None:
        return False
    (l1, t1, r1, b1), (l2, t2, r2, b2) = before.box, after.box
    shared = (max(l1, l2), max(t1, t2), min(r1, r2), min(b1, b2))
    a = _seen_of(before.thumbnail, before.box, shared)
    b = _seen_of(after.thumbnail, after.box, shared)
    return float(np.abs(a - b).mean()) <= STILL_DIFFERENCE * (float(a.std()) + 1.0)


def _seen_of(thumbnail: npt.NDArray[np.uint8], box: Box, place: Box) -> npt.NDArray[np.float64]:
    """Return what a thumbnail of `box` shows of a place inside it, as 12 × 12 values."""
    from scipy.ndimage import map_coordinates

    steps = (np.arange(_COMPARED) + 0.5) / _COMPARED
    at = [
        (place[low] + steps * (place[high] - place[low]) - box[low]) / (box[high] - box[low]) * size
        - 0.5
        for low, high, size in ((1, 3, thumbnail.shape[0]), (0, 2, thumbnail.shape[1]))
    ]
    grid = np.meshgrid(*at, indexing="ij")
    values = map_coordinates(thumbnail.astype(np.float64), grid, order=1, mode="nearest")
    return np.asarray(values, np.float64)
