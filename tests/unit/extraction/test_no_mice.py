"""What is no face of a mouse: things of the cage, cats and dogs, an empty zone."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.io import imread

from amgs.extraction import survey
from amgs.extraction.candidates import FrameCandidate
from amgs.extraction.extract import ExtractionSummary, extract_faces
from amgs.extraction.fixtures import ZONE_PX, find_fixtures
from amgs.extraction.recordings import list_videos
from amgs.faces import looks
from amgs.faces.base import FoundFace
from amgs.faces.detectors import open_detector
from amgs.faces.looks import find_anywhere
from amgs.faces.other_animals import AnimalKinds
from marked import MarkDetector, Mouse, video_of
from videos import KINDS, write_video

RATE = 25
ZONE = (0.0, 0.0, 96.0, 96.0)
HOPPER = (20.0, 20.0, 44.0, 40.0)


def seen_in(frames: list[np.ndarray], box: tuple[float, float, float, float]) -> dict[int, list]:
    """Return the candidates of a survey that found a face in one box of each frame."""
    face = FoundFace(box, 0.5, (), (), None, (1.0, 0.0, 0.0, 0.0))
    return {
        n: [FrameCandidate(n, n / RATE, face=face, zone_thumbnail=frame)]
        for n, frame in enumerate(frames)
    }


def walking(n: int, *, moves: bool = True, noise: float = 1.0) -> list[np.ndarray]:
    """Draw frames of an animal that walks along the lower edge of a zone."""
    rng = np.random.default_rng(3)
    ground = rng.integers(40, 200, (ZONE_PX, ZONE_PX)).astype(float)
    frames = []
    for number in range(n):
        frame = ground + rng.normal(0, noise, ground.shape)
        if moves:
            left = number * 3 % 40
            frame[36:46, left : left + 8] = 10
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    return frames


class TestFixtures:
    """A place that never changes while the animal moves."""

    def test_a_still_thing_beside_a_moving_animal(self) -> None:
        assert HOPPER in find_fixtures(seen_in(walking(12), HOPPER), 0, ZONE)

    def test_the_animal_itself(self) -> None:
        """It walks through the place."""
        assert not find_fixtures(seen_in(walking(12), (20, 74, 44, 92)), 0, ZONE)

    def test_an_animal_that_stays_at_one_place(self) -> None:
        """Its face changes by more than the picture's noise."""
        frames = walking(12)
        for number, frame in enumerate(frames):
            frame[10:20, 10:22] = 80 + 12 * (number % 3)
        assert not find_fixtures(seen_in(frames, HOPPER), 0, ZONE)

    def test_a_sleeping_animal(self) -> None:
        """Nothing moves: nothing can be said."""
        assert not find_fixtures(seen_in(walking(12, moves=False), HOPPER), 0, ZONE)

    def test_an_animal_that_leaves_seldom(self) -> None:
        """It stays for four fifths of the time and is elsewhere in the rest."""
        frames = walking(15)
        for frame in frames[::5]:
            frame[8:22, 8:24] = 250
        assert not find_fixtures(seen_in(frames, HOPPER), 0, ZONE)

    def test_an_animal_that_sleeps_and_moves_once(self) -> None:
        """Its face goes with it: what stays for the rest of the time is no thing of the cage."""
        frames = walking(24, moves=False)
        for frame in (frames[0], frames[1]):
            frame[8:46, 8:30] = 20
        assert not find_fixtures(seen_in(frames, HOPPER), 0, ZONE)

    def test_a_still_thing_beside_an_animal_that_sleeps_for_long(self) -> None:
        """Three frames in which the animal is elsewhere are enough."""
        frames = walking(24, moves=False)
        for number in range(4):
            frames[number][36:46, 6 * number : 6 * number + 20] = 10
        assert HOPPER in find_fixtures(seen_in(frames, HOPPER), 0, ZONE)

    def test_a_face_at_the_edge(self) -> None:
        """That of a head-fixed animal, cut off by the frame."""
        assert not find_fixtures(seen_in(walking(12), (0, 20, 40, 40)), 0, ZONE)

    def test_too_few_frames(self) -> None:
        assert not find_fixtures(seen_in(walking(6), HOPPER), 0, ZONE)


class TwoPlaces(MarkDetector):
    """Sees a face of full score on the left half and a surer one on the right."""

    def detect(self, rgb: np.ndarray, min_score: float) -> list[FoundFace]:
        from dataclasses import replace

        middle = rgb.shape[1] // 2
        left = super().detect(np.ascontiguousarray(rgb[:, :middle]), min_score)
        right = super().detect(np.ascontiguousarray(rgb[:, middle:]), min_score)
        sure = [replace(face.moved(1.0, middle, 0), score=0.95) for face in right]
        return sorted([*left, *sure], key=lambda face: -face.score)


def test_a_fixture_is_passed_over_for_the_animal(tmp_path: Path) -> None:
    """The still thing on the right is surer; the images show the animal on the left."""

    def scene(t: float) -> list[Mouse]:
        return [Mouse(4 + int(9 * t) % 70, 40, size=72), Mouse(230, 60, size=72)]

    summary = extract(tmp_path, scene, TwoPlaces(), seconds=40)
    (row,) = summary.recordings
    assert row["kept"] >= 3
    kept = (tmp_path / "out/faces.csv").read_text(encoding="utf-8").splitlines()
    column = kept[0].split(",").index("box_x1")
    assert all(float(line.split(",")[column]) < 100 for line in kept[1:])
    assert row["rejected_fixture"] > 0
    assert any("a thing that never moves looks like a face" in w for w in summary.warnings)


def test_a_cat_is_no_mouse() -> None:
    """The detector itself takes it for one."""
    import skimage

    rgb = imread(Path(skimage.__file__).parent / "data" / "chelsea.png")
    detector = open_detector()
    assert all(AnimalKinds().is_other(rgb, face.box) for face in detector.find(rgb))
    assert find_anywhere(detector, rgb) == []
    assert AnimalKinds().is_other(rgb, (130, 20, 330, 210))
    assert not AnimalKinds().is_other(rgb, (500, 400, 600, 500)), "outside of the image"


def test_drawn_mice_are_mice() -> None:
    from amgs.simulate.cohort import random_face
    from amgs.simulate.face import draw_face, locate_parts

    kinds = AnimalKinds()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        parameters = random_face(rng)
        assert not kinds.is_other(draw_face(parameters, rng), locate_parts(parameters).face)


class AlwaysCats:
    """Says of every face that it is a cat's."""

    def is_other(self, rgb: np.ndarray, box: object) -> bool:
        return True


def test_a_video_of_a_cat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No image is kept, and the summary says why."""
    monkeypatch.setattr(survey, "open_animal_kinds", AlwaysCats)
    summary = extract(tmp_path, lambda t: [Mouse(100, 50)], MarkDetector())
    (row,) = summary.recordings
    assert row["kept"] == 0
    assert row["rejected_other_animal"] == row["candidates"]
    assert "most faces in it look like those of a cat or a dog" in summary.warnings[0]


def test_images_of_cats(monkeypatch: pytest.MonkeyPatch) -> None:
    """`amgs find` does not report them."""
    from marked import frame_with

    rgb = frame_with([Mouse(100, 50)])
    assert len(find_anywhere(MarkDetector(), rgb)) == 1
    monkeypatch.setattr(looks, "open_animal_kinds", AlwaysCats)
    assert find_anywhere(MarkDetector(), rgb) == []


def test_a_video_without_faces_is_told_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Before the work begins, with an image that shows the zones; and only once."""
    with caplog.at_level(logging.WARNING, "amgs.extraction"):
        summary = extract(tmp_path, lambda t: [], MarkDetector(), seconds=60)
        (early,) = [record.getMessage() for record in caplog.records]
        assert "video: no face in the first 48 frames looked at. Is the camera above" in early
        picture = tmp_path / "out/no_faces/video.jpg"
        assert str(picture) in early
        assert str(picture) in summary.warnings[0]
        with Image.open(picture) as opened:
            assert opened.size == (640, 384)
        extract(tmp_path, lambda t: [], MarkDetector(), seconds=60)
        assert len(caplog.records) == 1, "the run is only taken up again"


def extract(
    folder: Path, where: object, detector: MarkDetector, seconds: float = 20
) -> ExtractionSummary:
    path = folder / "video.mp4"
    if not path.exists():
        write_video(
            folder, KINDS["mp4_gop15"], int(seconds * RATE), RATE, video_of(where, RATE), "video"
        )
    return extract_faces(list_videos([path]), folder / "out", detector=detector, jobs=2)
