"""Stretches in which an animal may be asleep: eyes not open, and not moving, for 10 s or more.

A sleeping mouse looks like one in pain. amgs does not decide between the two; it says where both
are possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.faces.combine import overlap
from amgs.faces.decode import Box

MIN_SLEEP_S = 10.0
"""As in Rodent Face Finder, which warned after 300 still frames at 30 per second."""

SHUT_FROM = 0.5
"""Eyes count as shut when, on average, they are narrowed or closed with this probability."""

STILL_OVERLAP = 0.75
STILL_DIFFERENCE = 0.2
"""Two looks show the same still head if their boxes overlap by 0.75 and the thumbnails differ by
less than a fifth of their contrast."""

LONGEST_GAP_S = 12.0
"""Looks further apart than this do not show what the animal did between them."""


@dataclass(frozen=True, slots=True)
class SleepLook:
    """What one look says about sleep; ``p_shut`` is ``None`` where no eye was seen."""

    time_s: float
    box: Box | None
    p_shut: float | None
    thumbnail: npt.NDArray[np.uint8] | None


def find_possible_sleep(looks: Sequence[SleepLook]) -> list[tuple[float, float]]:
    """Return the stretches of possible sleep as (from, to) in seconds, in order.

    Parameters
    ----------
    looks
        In the order of time.
    """
    found: list[tuple[float, float]] = []
    start: SleepLook | None = None
    last: SleepLook | None = None
    for look in looks:
        goes_on = last is not None and _shut(look) and _still(last, look)
        if not goes_on:
            _close(found, start, last)
            start = look if _shut(look) else None
        last = look if _shut(look) else None
    _close(found, start, last)
    return found


def _close(
    found: list[tuple[float, float]], start: SleepLook | None, last: SleepLook | None
) -> None:
    if start is not None and last is not None and last.time_s - start.time_s >= MIN_SLEEP_S:
        found.append((start.time_s, last.time_s))


def _shut(look: SleepLook) -> bool:
    return look.p_shut is not None and look.p_shut >= SHUT_FROM


def _still(before: SleepLook, after: SleepLook) -> bool:
    if before.box is None or after.box is None or after.time_s - before.time_s > LONGEST_GAP_S:
        return False
    if overlap(before.box, after.box) < STILL_OVERLAP:
        return False
    if before.thumbnail is None or after.thumbnail is None:
        return False
    a, b = before.thumbnail.astype(float), after.thumbnail.astype(float)
    rows, columns = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    difference = np.abs(a[:rows, :columns] - b[:rows, :columns]).mean()
    return bool(difference <= STILL_DIFFERENCE * (a.std() + 1.0))
