"""Synthetic mice show what they are told to, and videos tell the truth of every frame."""

from __future__ import annotations

import csv
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.faces.centre_net import CentreNet
from amgs.simulate import FaceParameters, draw_face
from amgs.simulate.anatomy import COATS
from amgs.simulate.behaviour import UNITS, FilmedAnimal, simulate_behaviour
from amgs.simulate.compositing import MOUSE_CENTRE_Y, MOUSE_HALF
from amgs.simulate.cubicle import VideoOptions, draw_cubicle_front
from amgs.simulate.face import locate_parts
from amgs.simulate.mouse import paint_mouse
from amgs.simulate.shapes import View
from amgs.simulate.sheet import draw_sheet
from amgs.simulate.video import TRUTH_COLUMNS, write_video
from amgs.video import open_video
from program import amgs


def quiet_face(**shown: object) -> np.ndarray:
    face = FaceParameters(noise_sd=0, **shown)  # type: ignore[arg-type]
    return draw_face(face, np.random.default_rng(0)).astype(float)


@pytest.mark.parametrize("coat", COATS)
@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_shows_at_each_level(coat: str, unit: str) -> None:
    """0, 1 and 2 differ from each other, in every coat."""
    levels = [quiet_face(coat=coat, **{unit: float(level)}) for level in (0, 1, 2)]
    for a, b in ((0, 1), (1, 2)):
        # Nose and cheek are hard to see on dark fur, as they are in life.
        assert np.abs(levels[a] - levels[b]).max() > (40 if coat == "white" else 25)
    assert np.abs(levels[0] - levels[2]).mean() > np.abs(levels[0] - levels[1]).mean()


def test_the_same_animal_looks_the_same() -> None:
    assert np.array_equal(quiet_face(animal_seed=4), quiet_face(animal_seed=4))
    assert np.abs(quiet_face(animal_seed=4) - quiet_face(animal_seed=5)).mean() > 1


@pytest.mark.parametrize(("yaw", "on_the_left"), [(80.0, True), (-80.0, False)])
def test_the_tail_lies_behind_an_animal_that_looks_aside(yaw: float, on_the_left: bool) -> None:
    """It lies on the floor beside the body, in the colour of skin, and nowhere else."""
    view = View(200, MOUSE_HALF, MOUSE_CENTRE_Y)
    face = FaceParameters(yaw_deg=yaw, coat="black")
    mouse = np.asarray(paint_mouse(face, view), float)
    floor = mouse[round(view.to_pixels(0, -0.98)[1]) : round(view.to_pixels(0, -1.2)[1])]
    left, right = floor[:, :40], floor[:, -40:]
    tail, other = (left, right) if on_the_left else (right, left)
    assert (tail[..., 3] > 200).sum() > 40
    assert (other[..., 3] > 200).sum() < (tail[..., 3] > 200).sum() / 4
    red, green, _ = tail[tail[..., 3] > 200][:, :3].mean(axis=0)
    assert red > green + 10


def test_parts_are_where_the_truth_says() -> None:
    """The eyes are the darkest places, the nose is pinker than what is around it."""
    for yaw in (-25.0, 0.0, 25.0):
        shown = {"yaw_deg": yaw, "shift_x": 0.05, "tilt_deg": 8.0}
        frame = quiet_face(**shown)
        parts = locate_parts(FaceParameters(**shown))  # type: ignore[arg-type]
        assert len(parts.eyes) == 2
        for left, top, right, bottom in parts.eyes:
            x, y = round((left + right) / 2), round((top + bottom) / 2)
            assert frame[y - 2 : y + 3, x - 2 : x + 3].mean() < 110
        x, y = map(round, parts.nose)
        red, green, _ = frame[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1))
        assert red > green + 15
        for (root, end), (left, top, right, bottom) in zip(parts.ear_ends, parts.ears, strict=True):
            # The root is nearer to the head, the end is at the upper rim; both are of the ear.
            assert abs(root[0] - 128) < abs(end[0] - 128)
            assert top - 1 <= end[1] < top + 0.25 * (bottom - top)
            assert all(left - 1 <= x <= right + 1 for x, _ in (root, end))
            assert root[1] <= bottom + 1


def test_a_detector_made_for_photographs_takes_them_for_mice() -> None:
    """Open, narrowed and shut eyes of synthetic mice are read as such."""
    detector = CentreNet()
    states = []
    for tightening in (0.0, 1.1, 2.0):
        face = FaceParameters(orbital_tightening=tightening, animal_seed=1)
        (found,) = detector.find(draw_face(face, np.random.default_rng(0)))
        assert found.view == "front"
        states.append({eye.state for eye in found.eyes})
    assert states[0] == {"open"}
    assert "open" not in states[2]


def test_an_animal_does_one_thing_after_the_other() -> None:
    animal = FilmedAnimal("m", FaceParameters(), (0.2,) * 5, sleepiness=0.1)
    holds = list(simulate_behaviour(animal, 600, np.random.default_rng(2)))
    assert holds[0].start_s == 0
    assert holds[-1].end_s == 600
    for a, b in pairwise(holds):
        assert a.end_s == b.start_s
    behaviour = {hold.behaviour for hold in holds}
    assert behaviour == {"sitting", "looking away", "grooming", "rearing", "asleep"}
    assert all(hold.face.blink == 1 for hold in holds if hold.behaviour == "asleep")
    units = np.array([[getattr(h.face, u) for u in UNITS] for h in holds])
    assert 0 <= units.min() <= units.max() <= 2
    assert abs(units.mean() - 0.3) < 0.15, "cut off at 0, the mean lies above 0.2"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "two.mp4"
    cast = [
        FilmedAnimal("m1", FaceParameters(animal_seed=3), (0.0,) * 5),
        FilmedAnimal("m2", FaceParameters(animal_seed=4), (1.8,) * 5),
    ]
    write_video(path, cast, VideoOptions(960, 540, 12, 12.0), seed=1)
    return path


def truth_of(path: Path) -> list[dict[str, str]]:
    with path.with_name(f"{path.stem}_truth.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_video_has_its_frames_and_their_truth(video: Path) -> None:
    rows = truth_of(video)
    assert tuple(rows[0]) == TRUTH_COLUMNS
    opened = open_video(video)
    assert opened.info.duration_s == pytest.approx(12, abs=0.1)
    assert len(rows) == 2 * 144
    opened.close()


def test_the_box_of_the_truth_holds_the_face(video: Path) -> None:
    """The detector, which knows nothing of the truth, finds the face there."""
    detector = CentreNet()
    opened = open_video(video)
    hits = seen = 0
    for row in truth_of(video)[::7]:
        if not row["box_x1"] or row["behaviour"] != "sitting" or row["blinking"] == "yes":
            continue
        frame = opened.frame(int(row["frame"])).rgb()
        half = frame[:, :480] if row["zone"] == "left" else frame[:, 480:]
        x = (float(row["box_x1"]) + float(row["box_x2"])) / 2 - (
            480 if row["zone"] == "right" else 0
        )
        y = (float(row["box_y1"]) + float(row["box_y2"])) / 2
        faces = detector.find(half)
        seen += 1
        hits += any(f.box[0] < x < f.box[2] and f.box[1] < y < f.box[3] for f in faces)
    opened.close()
    assert seen > 15
    assert hits / seen > 0.9


def test_the_same_seed_gives_the_same_video(video: Path, tmp_path: Path) -> None:
    cast = [FilmedAnimal("m", FaceParameters(animal_seed=3), (0.5,) * 5)]
    options = VideoOptions(320, 240, 5, 2.0, infrared=True)
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, cast, options, seed=9)
    assert (tmp_path / "a_truth.csv").read_bytes() == (tmp_path / "b_truth.csv").read_bytes()
    first = open_video(tmp_path / "a.mp4")
    rgb = first.frame(3).rgb().astype(int)
    first.close()
    assert np.abs(rgb[..., 0] - rgb[..., 2]).mean() < 4, "infrared has no colour"


@pytest.mark.slow
def test_an_animal_that_rears_has_no_face(tmp_path: Path) -> None:
    """Its trunk reaches the top of the image, and the detector sees no face there."""
    cast = [FilmedAnimal("m", FaceParameters(animal_seed=3), (0.2,) * 5)]
    options = VideoOptions(640, 480, 6, 40.0, glare=False, bars=False)
    write_video(tmp_path / "a.mp4", cast, options, seed=5)
    behaviour: dict[str, list[int]] = {}
    for row in truth_of(tmp_path / "a.mp4"):
        if row["moving"] == "no":
            behaviour.setdefault(row["behaviour"], []).append(int(row["frame"]))
        if row["behaviour"] == "rearing":
            assert row["box_x1"] == ""
    assert {"sitting", "rearing", "looking away", "grooming"} <= set(behaviour)
    detector = CentreNet()
    opened = open_video(tmp_path / "a.mp4")
    found = {
        what: np.mean([bool(detector.find(opened.frame(f).rgb())) for f in frames[:12]])
        for what, frames in behaviour.items()
    }
    opened.close()
    assert found["sitting"] > 0.8
    assert found["rearing"] < 0.2


def test_glare_and_bars_stand_before_the_animal() -> None:
    options = VideoOptions(640, 480)
    place = (0.0, 0.0, 640.0, 480.0)
    cover = np.asarray(draw_cubicle_front(place, options, 1))[..., 3]
    assert 0 < (cover > 0).mean() < 0.6
    assert (cover == 255).any()
    assert not np.asarray(draw_cubicle_front(place, replace(options, bars=False, glare=False), 1))[
        ..., 3
    ].any()


@pytest.mark.slow
def test_the_command_draws_sheets_faces_and_videos(tmp_path: Path) -> None:
    done = amgs("simulate", "sheet", "sheet.png", "--coat", "black", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Synthetic images" in done.stderr
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == draw_sheet("black").size
    words = ("simulate", "faces", "faces", "--animals", "3", "--per-animal", "2")
    assert amgs(*words, cwd=tmp_path).returncode == 0
    assert len(list((tmp_path / "faces").rglob("*.jpg"))) == 6
    words = ("simulate", "video", "a.mp4", "--size", "480x270", "--rate", "5", "--minutes", "0.05")
    assert amgs(*words, cwd=tmp_path).returncode == 0
    assert (tmp_path / "a_truth.csv").exists()
    assert amgs(*words, cwd=tmp_path).returncode == 1, "nothing is replaced"
    for wrong in (("--pain", "3"), ("--size", "small"), ("--pain", "0,0,0"), ("--pain", "much")):
        assert amgs("simulate", "video", "b.mp4", *wrong, cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("words", "name", "content"),
    [
        (
            ("simulate", "faces", "set", "--animals", "1", "--per-animal", "1"),
            "set/labels.csv",
            "x",
        ),
        (("simulate", "video", "mouse.mp4", "--minutes", "0.05"), "mouse.mp4", "a real video"),
        (("simulate", "sheet", "mouse.png"), "mouse.png", "a photograph"),
    ],
)
def test_nothing_of_others_is_overwritten(
    words: tuple[str, ...], name: str, content: str, tmp_path: Path
) -> None:
    """Not even with leave: a mistyped name costs nothing."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    done = amgs(*words, "--overwrite", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert path.read_text(encoding="utf-8") == content


@pytest.mark.slow
def test_what_it_made_itself_is_overwritten(tmp_path: Path) -> None:
    for words in (
        ("simulate", "sheet", "s.png"),
        ("simulate", "faces", "f", "--animals", "1", "--per-animal", "1"),
    ):
        assert amgs(*words, cwd=tmp_path).returncode == 0
        assert amgs(*words, cwd=tmp_path).returncode == 1
        assert amgs(*words, "--overwrite", cwd=tmp_path).returncode == 0
