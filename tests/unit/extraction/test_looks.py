"""How near the camera is, is found and not assumed; what is too small or never there is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amgs.extraction.extract import ExtractionOptions, ExtractionSummary, extract_faces
from amgs.extraction.recordings import list_videos
from amgs.faces.base import FoundFace
from amgs.faces.looks import detect_from, find_anywhere, possible_looks
from marked import MarkDetector, Mouse, frame_with, video_of
from videos import KINDS, write_video

RATE = 25


class RightSize(MarkDetector):
    """Sees only faces between two shares of the longest side of what it is shown."""

    def __init__(self, low: float = 0.2, high: float = 0.55) -> None:
        super().__init__()
        self.low, self.high = low, high

    def detect(self, rgb: np.ndarray, min_score: float) -> list[FoundFace]:
        longest = max(rgb.shape[:2])
        found = super().detect(rgb, min_score)
        return [f for f in found if self.low * longest <= f.width <= self.high * longest]


class Earless(MarkDetector):
    """Sees no ears."""

    def detect(self, rgb: np.ndarray, min_score: float) -> list[FoundFace]:
        from dataclasses import replace

        return [replace(face, ears=()) for face in super().detect(rgb, min_score)]


def extract(
    folder: Path, where: object, detector: MarkDetector, seconds: float = 20, **options: float
) -> ExtractionSummary:
    path, _ = write_video(
        folder, KINDS["mp4_gop15"], int(seconds * RATE), RATE, video_of(where, RATE), "video"
    )
    return extract_faces(
        list_videos([path]),
        folder / "out",
        ExtractionOptions(**options),
        detector=detector,
        jobs=2,
    )


@pytest.mark.parametrize("look", ["ordinary", "half", "third", "tiles"])
def test_every_way_to_look_says_where_in_the_image_a_face_is(look: str) -> None:
    rgb = frame_with([Mouse(30, 60, size=64)])
    (face,) = detect_from(MarkDetector(), rgb, look, 0.1)
    assert np.abs(np.array(face.box) - (30, 60, 94, 124)).max() <= 3
    assert np.abs(np.array(face.eyes[0].box) - face.box).max() == 0


def test_tiles_are_for_large_images() -> None:
    assert possible_looks(320, 240) == ["half", "third"]
    assert possible_looks(640, 240) == ["half", "third", "tiles"]


@pytest.mark.parametrize(
    ("size", "low", "high", "look"),
    [
        (190, 0.2, 0.4, "half"),  # 0.59 of the width: too large to be seen as it is
        (190, 0.1, 0.25, "third"),
        (90, 0.2, 0.55, "ordinary"),
    ],
)
def test_a_face_that_fills_the_image_is_seen_from_further_away(
    tmp_path: Path, size: int, low: float, high: float, look: str
) -> None:
    """In single images and in videos, at its true place."""
    rgb = frame_with([Mouse(70, 1, size=size)])
    (face,) = find_anywhere(RightSize(low, high), rgb)
    assert np.abs(np.array(face.box) - (70, 1, 70 + size, 1 + size)).max() <= 4
    summary = extract(tmp_path, lambda t: [Mouse(70, 1, size=size)], RightSize(low, high))
    (row,) = summary.recordings
    assert (row["kept"], row["look"]) == (2, look)


def test_single_illusions_do_not_change_how_a_video_is_seen(tmp_path: Path) -> None:
    """A face from further away in a few frames only is not the way to look at all of them."""

    def seldom(t: float) -> list[Mouse]:
        return [Mouse(70, 1, size=190)] if 8 < t < 11 else []

    summary = extract(tmp_path, seldom, RightSize(0.2, 0.4))
    assert summary.recordings[0]["look"] == "ordinary"


def test_faces_too_small_to_be_scored_are_not_kept(tmp_path: Path) -> None:
    summary = extract_small(tmp_path / "80", 0)
    assert (summary.recordings[0]["kept"], summary.warnings) == (2, [])
    (tmp_path / "limit").mkdir()
    summary = extract_small(tmp_path / "limit", 81)
    (row,) = summary.recordings
    assert row["kept"] == 0
    assert row["rejected_too_small"] == row["candidates"]
    (warning,) = summary.warnings
    assert "narrower than 81 pixels, too small to be scored. Move the camera nearer" in warning


def extract_small(folder: Path, least: float) -> ExtractionSummary:
    from amgs.extraction.candidates import CandidateOptions

    folder.mkdir(exist_ok=True)
    candidates = CandidateOptions(min_face_px=least)
    return extract(folder, lambda t: [Mouse(100, 50)], MarkDetector(), candidates=candidates)


@pytest.mark.parametrize(
    ("x", "size", "kept"), [(0, 90, 2), (230, 90, 2), (100, 90, 0), (0, 60, 0)]
)
def test_no_ear_is_needed_where_a_large_face_reaches_the_edge(
    tmp_path: Path, x: int, size: int, kept: int
) -> None:
    """A small face at the edge, or one in the middle, shows an ear in another frame."""
    summary = extract(tmp_path, lambda t: [Mouse(x, 50, size=size)], Earless())
    assert summary.recordings[0]["kept"] == kept


def test_a_face_in_a_video_that_seemed_empty_is_looked_for(tmp_path: Path) -> None:
    """The frames spread over the video miss it; the one per 2 s leads to it."""

    def late(t: float) -> list[Mouse]:
        return [Mouse(100, 50)] if 44.1 <= t < 47 else []

    summary = extract(tmp_path, late, MarkDetector(), seconds=60)
    assert summary.images == 1


def test_a_video_of_a_second_says_why_there_is_nothing(tmp_path: Path) -> None:
    summary = extract(tmp_path, lambda t: [Mouse(100, 50)], MarkDetector(), seconds=1)
    (warning,) = summary.warnings
    assert "no frame was examined. It is 1 s long, and its first second is left out" in warning
