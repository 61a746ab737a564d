"""Zones that show no face in many frames: few frames of each interval decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from amgs.errors import UnreadableVideoError
from amgs.extraction.bare import count_without_face
from amgs.extraction.candidates import (
    CandidateOptions,
    FrameCandidate,
    IntervalResult,
    Survey,
    SurveyedZone,
)
from amgs.extraction.extract import ExtractionSummary, extract_faces
from amgs.extraction.first_look import survey_files
from amgs.extraction.interval import examine_interval, few_keyframes
from amgs.extraction.recordings import list_videos
from amgs.video import Frame, Video, open_video
from amgs.video.sampling import Interval, cut_intervals, keyframes_to_examine
from amgs.video.session import open_session
from marked import MarkDetector, Mouse, video_of
from videos import KINDS, write_video

RATE = 25
BARE = SurveyedZone(is_empty=True, bare_frames=48)
Scene = Callable[[float], list[Mouse]]


def nothing(t: float) -> list[Mouse]:
    return []


@contextmanager
def opened(folder: Path, scene: Scene, seconds: int, kind: str = "mp4_gop15") -> Iterator[Video]:
    """A video of 320 × 192 with a keyframe every 15 frames, or of another kind."""
    with closing(open_video(write_scene(folder, scene, seconds, kind))) as video:
        yield video


def write_scene(folder: Path, scene: Scene, seconds: int, kind: str = "mp4_gop15") -> Path:
    drawn = video_of(scene, RATE)
    return write_video(folder, KINDS[kind], seconds * RATE, RATE, drawn, "video")[0]


def examined(
    video: Any, seconds: float, zones: Sequence[tuple[float, ...]], known: Sequence[SurveyedZone]
) -> list[IntervalResult]:
    """Examine all of a video as one interval."""
    (interval,) = cut_intervals(seconds, seconds, 1.0)
    boxes: Any = zones
    return examine_interval(
        video, interval, boxes, MarkDetector(), CandidateOptions(min_face_px=70), Survey(known, {})
    )


def whole(video: Video) -> list[tuple[float, ...]]:
    return [(0.0, 0.0, float(video.info.width), float(video.info.height))]


def extract(folder: Path, scene: Scene, seconds: int) -> ExtractionSummary:
    path = write_scene(folder, scene, seconds)
    return extract_faces(list_videos([path]), folder / "out", detector=MarkDetector(), jobs=2)


def test_a_video_without_faces_ends_quickly_and_says_so(tmp_path: Path) -> None:
    summary = extract(tmp_path, nothing, 60)
    (row,) = summary.recordings
    assert row["candidates"] == 12, "two frames of each of six intervals"
    (warning,) = summary.warnings
    assert "no face in 12 of 12 frames examined. Is the camera above the animal" in warning


def test_a_shorter_video_without_faces_is_looked_at_every_2_s(tmp_path: Path) -> None:
    """With fewer than 40 keyframes nothing much is known of it."""
    assert extract(tmp_path, nothing, 20).recordings[0]["candidates"] == 10


def test_one_face_in_a_bare_video_opens_its_interval(tmp_path: Path) -> None:
    """Where one of the two frames shows a face, the interval is examined as any other."""

    def at_the_end(t: float) -> list[Mouse]:
        return [Mouse(100, 50)] if t > 6 else []

    with opened(tmp_path, at_the_end, 10) as video:
        (found,) = examined(video, 10.0, whole(video), [BARE])
    assert found.kept is not None
    assert len(found.keyframes) == 5


def halves(width: float) -> list[tuple[float, ...]]:
    return [(0.0, 0.0, width / 2, 192.0), (width / 2, 0.0, width, 192.0)]


def both_ways(
    video: Video, known: Sequence[SurveyedZone]
) -> tuple[list[IntervalResult], list[IntervalResult]]:
    """Examine the left and the right half, together and each alone."""
    zones = halves(float(video.info.width))
    alone = [examined(video, 10.0, [zones[n]], [known[n]])[0] for n in (0, 1)]
    return examined(video, 10.0, zones, known), alone


def assert_same(together: list[IntervalResult], alone: list[IntervalResult]) -> None:
    for one, other in zip(together, alone, strict=True):
        assert sorted(c.index for c in one.candidates) == sorted(c.index for c in other.candidates)
        assert (one.kept and one.kept.index) == (other.kept and other.kept.index)


def left_then_right(t: float) -> list[Mouse]:
    return [*([Mouse(20, 50)] if 2 < t < 5 else []), *([Mouse(220, 50)] if 6 < t < 6.8 else [])]


@pytest.mark.parametrize("bare", [(48, 48), (48, 0), (0, 48), (0, 0)])
def test_what_is_kept_of_a_zone_does_not_depend_on_the_others(
    tmp_path: Path, bare: tuple[int, int]
) -> None:
    """Whichever zones a run still has to do, and whichever of them seemed bare."""
    known = [SurveyedZone(is_empty=n > 0, bare_frames=n) for n in bare]
    with opened(tmp_path, left_then_right, 10) as video:
        assert_same(*both_ways(video, known))


def small_left_and_once_right(t: float) -> list[Mouse]:
    return [Mouse(20, 50, size=60), *([Mouse(220, 50)] if 2.95 < t < 3.3 else [])]


def test_frames_seen_in_one_zone_are_still_looked_at_in_another(tmp_path: Path) -> None:
    """A face too small in one zone, a good one in the other in a frame seen for the first."""
    with opened(tmp_path, small_left_and_once_right, 10, "mp4_gop250") as video:
        together, alone = both_ways(video, [SurveyedZone(is_empty=True), SurveyedZone()])
    assert together[1].kept is not None
    assert_same(together, alone)


def test_each_zone_is_bare_by_itself(tmp_path: Path) -> None:
    """A face in one zone says nothing of the other; nor does the look at both differ."""

    def left(t: float) -> list[Mouse]:
        return [Mouse(20, 50)]

    session = open_session([write_scene(tmp_path, left, 60)])
    boxes: Any = halves(float(session.width))
    look = (0.0, 60.0)
    (both,) = survey_files(session, look, boxes, MarkDetector(), CandidateOptions())
    assert [zone.is_bare for zone in both.zones] == [False, True]
    for number, box in enumerate(boxes):
        (one,) = survey_files(session, look, [box], MarkDetector(), CandidateOptions())
        assert one.zones[0] == both.zones[number]
    (live,) = survey_files(session, look, boxes, MarkDetector(), CandidateOptions(), bare=False)
    assert not any(zone.is_bare for zone in live.zones)


def test_long_intervals_of_a_bare_video_are_looked_at_every_5_s(tmp_path: Path) -> None:
    """A face of 9 s is found in an interval of a minute."""

    def once(t: float) -> list[Mouse]:
        return [Mouse(100, 50)] if 20.5 < t < 29.5 else []

    with opened(tmp_path, once, 60) as video:
        (found,) = examined(video, 60.0, whole(video), [BARE])
    assert found.kept is not None
    assert len(found.keyframes) == 30


def test_few_keyframes_lie_in_equal_parts_of_their_interval() -> None:
    ten = Interval(0, 0.0, 10.0)
    places = {n: few_keyframes(range(n), ten) for n in (1, 2, 3, 4, 5, 7)}
    assert places == {1: [0], 2: [0, 1], 3: [0, 2], 4: [1, 3], 5: [1, 3], 7: [1, 5]}


@pytest.mark.parametrize(("damaged", "is_bare"), [(0, True), (8, True), (9, False)])
def test_frames_that_cannot_be_decoded_are_none_without_a_face(damaged: int, is_bare: bool) -> None:
    seen = [FrameCandidate(n, n / RATE, "no face") for n in range(48)]
    for candidate in seen[:damaged]:
        candidate.rejected = "damaged"
    assert SurveyedZone(bare_frames=count_without_face(seen)).is_bare == is_bare


class Torn:
    """A video of which some frames cannot be decoded."""

    def __init__(self, video: Video, damaged: set[int]) -> None:
        self.video = video
        self.damaged = damaged

    def __getattr__(self, name: str) -> Any:
        return getattr(self.video, name)

    def frame(self, index: int) -> Frame:
        if index in self.damaged:
            raise UnreadableVideoError("damaged")
        return self.video.frame(index)


def test_where_few_frames_are_damaged_the_others_are_looked_at(tmp_path: Path) -> None:
    with opened(tmp_path, nothing, 10) as video:
        (interval,) = cut_intervals(10.0, 10.0, 1.0)
        few = few_keyframes(keyframes_to_examine(video.table, interval), interval)
        (found,) = examined(Torn(video, {few[0]}), 10.0, whole(video), [BARE])
    assert len(found.keyframes) == 5
