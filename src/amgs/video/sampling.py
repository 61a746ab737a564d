"""Which frames of a video are looked at, and in which order; nothing of it depends on chance.

Time is cut into intervals. In each, a few keyframes are looked at first: they can be decoded
alone. Only where none of them is good enough are more frames looked at, in the order of time,
until one is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.errors import ImpossibleValueError
from amgs.video.frame_table import FrameTable

DEFAULT_INTERVAL_S = 10.0
"""One image per 10 s of video (Tuttle et al. 2018)."""

DEFAULT_SKIP_START_S = 1.0
"""The beginning, when the camera is touched, is left out, as in Rodent Face Finder."""

KEYFRAME_STEP_S = 2.0
"""Keyframes are examined first, at most one per 2 s."""

CLOSE_STEP_S = 0.5
"""Where none of them was good enough, one frame per half second is examined."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of video from which one image is wanted; `stop_s` is outside."""

    number: int
    start_s: float
    stop_s: float


def cut_intervals(
    duration_s: float, interval_s: float, skip_start_s: float, *, ends_there: bool = True
) -> list[Interval]:
    """Cut a video into intervals; a last one of less than half the length joins the one before.

    Intervals start at ``skip_start_s``, then at whole multiples of ``interval_s``, so that minutes
    of different videos compare.

    Parameters
    ----------
    duration_s
        How long the recording is.
    interval_s
        How long an interval is.
    skip_start_s
        What is left out at the start.
    ends_there
        Whether the video ends with the recording; else frames behind it are those of no interval.

    Raises
    ------
    ImpossibleValueError
        If the interval is not longer than what is left out at the start.
    """
    if interval_s <= skip_start_s:
        msg = (
            f"Expected an interval longer than the {skip_start_s:g} s left out at the start, found "
            f"{interval_s:g} s."
        )
        raise ImpossibleValueError(msg)
    # The last frame lies before the end of the video, and rounding must not lose it: one second
    # is added behind it.
    count = max(1, round(duration_s / interval_s))
    return [
        Interval(
            number,
            max(skip_start_s, number * interval_s),
            duration_s + ends_there if number == count - 1 else (number + 1) * interval_s,
        )
        for number in range(count)
    ]


def keyframes_to_examine(table: FrameTable, interval: Interval) -> list[int]:
    """Return the keyframes to look at first: in each 2 s of the interval, the first one."""
    return _first_of_slots(table, interval, KEYFRAME_STEP_S, np.flatnonzero(table.key))


def sparse_frames(table: FrameTable, interval: Interval) -> list[int]:
    """Return the frames to look at next where a whole video has shown no face yet.

    In each 2 s of the interval that has no keyframe, the first frame: without faces every frame
    would be looked at in vain, and videos without any would take longest.
    """
    keys = keyframes_to_examine(table, interval)
    times = table.times_s
    taken = {_slot(float(times[i]), interval, KEYFRAME_STEP_S) for i in keys}
    first = _first_of_slots(table, interval, KEYFRAME_STEP_S, np.arange(len(table)))
    return [i for i in first if _slot(float(times[i]), interval, KEYFRAME_STEP_S) not in taken]


def further_frames(table: FrameTable, interval: Interval) -> list[int]:
    """Return the frames to look at next: in each half second a keyframe, else the first."""
    keys = _first_of_slots(table, interval, CLOSE_STEP_S, np.flatnonzero(table.key))
    times = table.times_s
    taken = {_slot(float(times[i]), interval, CLOSE_STEP_S) for i in keys}
    others = [
        i
        for i in _first_of_slots(table, interval, CLOSE_STEP_S, np.arange(len(table)))
        if _slot(float(times[i]), interval, CLOSE_STEP_S) not in taken
    ]
    seen = set(keyframes_to_examine(table, interval))
    return sorted({*keys, *others} - seen)


def _first_of_slots(
    table: FrameTable, interval: Interval, slot_s: float, indices: npt.NDArray[np.int64]
) -> list[int]:
    times = table.times_s
    first: dict[int, int] = {}
    inside = indices[(times[indices] >= interval.start_s) & (times[indices] < interval.stop_s)]
    for index in inside.tolist():
        first.setdefault(_slot(float(times[index]), interval, slot_s), index)
    return list(first.values())


def _slot(time_s: float, interval: Interval, slot_s: float) -> int:
    return int((time_s - interval.start_s) // slot_s)
