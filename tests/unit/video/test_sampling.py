"""Which frames are looked at, and which part of the frame is whose."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amgs.errors import ImpossibleValueError
from amgs.video import parse_zone
from amgs.video.frame_table import FrameTable
from amgs.video.sampling import cut_intervals, further_frames, keyframes_to_examine


def table(seconds: float, rate: int, gop: int) -> FrameTable:
    pts = np.arange(int(seconds * rate), dtype=np.int64)
    return FrameTable(pts, pts % gop == 0, Fraction(1, rate), "packets")


@given(st.floats(1.5, 4000), st.floats(2, 60), st.floats(0, 1.5))
def test_intervals_cover_the_video_once(duration: float, interval: float, skip: float) -> None:
    """Each begins where the one before ended."""
    cut = cut_intervals(duration, interval, skip)
    assert cut[0].start_s == skip
    assert cut[-1].stop_s > duration
    for before, after in pairwise(cut):
        assert before.stop_s == after.start_s


def test_key_pictures_come_first_one_per_two_seconds() -> None:
    """Of a video with two keyframes a second, and of one with few."""
    often, seldom = table(60, 30, 15), table(60, 30, 250)
    interval = cut_intervals(60, 10, 1)[2]
    assert len(keyframes_to_examine(often, interval)) == 5
    assert len(keyframes_to_examine(seldom, interval)) == 1
    for videos in (often, seldom):
        assert all(videos.key[i] for i in keyframes_to_examine(videos, interval))


def test_close_looks_fill_every_half_second_without_repeating() -> None:
    """Keyframes where there are any."""
    interval = cut_intervals(60, 10, 1)[2]
    for videos in (table(60, 30, 15), table(60, 30, 250)):
        first, close = keyframes_to_examine(videos, interval), further_frames(videos, interval)
        assert not set(first) & set(close)
        assert close == sorted(close)
        times = videos.times_s[sorted({*first, *close})]
        assert np.diff(times).max() <= 1.0
        assert times.min() >= interval.start_s
        assert times.max() < interval.stop_s
    assert table(60, 30, 15).key[further_frames(table(60, 30, 15), interval)].all()


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("full", (0, 0, 1920, 1080)),
        ("", (0, 0, 1920, 1080)),
        (" Left ", (0, 0, 960, 1080)),
        ("right", (960, 0, 1920, 1080)),
        ("10, 20, 300, 400", (10, 20, 310, 420)),
    ],
)
def test_zones(text: str, box: tuple[int, int, int, int]) -> None:
    """By name or in pixels."""
    assert parse_zone(text).box(1920, 1080) == box


@pytest.mark.parametrize("text", ["middle", "1,2,3", "1,2,0,4", "-1,2,3,4", "1.5,2,3,4"])
def test_no_zones(text: str) -> None:
    """What is expected is said."""
    with pytest.raises(ImpossibleValueError, match="full, left, right, .* or x,y,w,h in pixels"):
        parse_zone(text)
