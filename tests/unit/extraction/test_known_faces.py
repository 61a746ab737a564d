"""Faces that another program found in a video, in place of the detector."""

from __future__ import annotations

import csv
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from amgs.errors import ResumeError, UnreadableVideoError
from amgs.extraction.extract import ExtractionOptions, extract_faces
from amgs.extraction.recordings import list_videos
from amgs.faces.detections import iou
from amgs.faces.detectors import open_detector
from amgs.faces.key_points import make_face
from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.experiment import Experiment, SimulatedGroup, write_videos
from amgs.video import open_video

HEADS = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn video of two animals, and what the detector sees in it, as DeepLabCut would write it."""
    folder = tmp_path_factory.mktemp("tracked")
    options = VideoOptions(640, 360, 10, 6.0, 5.0, 1.2)
    experiment = Experiment((SimulatedGroup("sham", (0.05,)),), 2)
    with ThreadPoolExecutor(2) as pool:
        write_videos(folder, experiment, options, 5, pool)
    video = next((folder / "videos").glob("*.mp4"))
    detector, opened = open_detector(), open_video(video)
    rows = []
    for index in range(len(opened.table)):
        rgb = opened.frame(index).rgb()
        row = [str(index)]
        for left in (0, 320):
            faces = detector.find(np.ascontiguousarray(rgb[:, left : left + 320]))
            row += points_of(faces[0], left) if faces else [""] * 15
        rows.append(row)
    opened.close()
    cells = [(a, p, c) for a in "ab" for p in HEADS for c in ("x", "y", "likelihood")]
    heads = [["scorer", *["DLC"] * 30], ["individuals", *(a for a, _, _ in cells)]]
    heads += [["bodyparts", *(p for _, p, _ in cells)], ["coords", *(c for _, _, c in cells)]]
    text = "\n".join(",".join(row) for row in (*heads, *rows))
    video.with_name(f"{video.stem}DLC_resnet50.csv").write_text(text + "\n", encoding="utf-8")
    return video


def points_of(face, left: int) -> list[str]:
    """Return nose, two eyes and two ears as cells; empty where the detector saw none."""
    middles = [face.nose] if face.nose else [None]
    for parts in (face.eyes, face.ears):
        boxes = [part.box for part in parts]
        middles += [((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for b in boxes]
        middles += [None] * (2 - len(boxes))
    cells = []
    for middle in middles:
        cells += ["", "", "0.0"] if middle is None else [
            f"{middle[0] + left:.2f}", f"{middle[1]:.2f}", "0.95",
        ]  # fmt: skip
    return cells


def extract(video: Path, out: Path, name: str):
    return extract_faces(
        list_videos([video], ("left", "right")),
        out,
        ExtractionOptions(interval_s=2.0),
        detector=open_detector(name),
        jobs=2,
    )


def test_faces_stand_where_the_key_points_say(tracked: Path, tmp_path: Path) -> None:
    """As many images as by the detector, each in its own zone, at the place of its points."""
    by_points = extract(tracked, tmp_path / "points", "key_points")
    by_detector = extract(tracked, tmp_path / "detector", "centre_net")
    assert by_points.images >= 0.75 * by_detector.images > 0
    rows = rows_of(tmp_path / "points/faces.csv")
    table = next(tracked.parent.glob("*DLC*.csv")).read_text(encoding="utf-8").splitlines()[4:]
    points = {int(row[0]): row for row in csv.reader(table)}
    for row in rows:
        cells = points[int(row["frame"])]
        start = 1 if row["zone"] == "left" else 16
        nose = float(cells[start]), float(cells[start + 1])
        box = [float(row[f"box_{side}"]) for side in ("x1", "y1", "x2", "y2")]
        assert box[0] <= nose[0] <= box[2]
        assert box[1] <= nose[1] <= box[3]
        assert row["p_eyes_not_open"] == ""  # points do not say how far eyes are open
    assert {row["zone"] for row in rows} == {"left", "right"}


def test_a_video_without_key_points_is_told(tracked: Path, tmp_path: Path) -> None:
    """It is not looked through by the detector instead: the numbers would mix two methods."""
    alone = tmp_path / "alone.mp4"
    alone.write_bytes(tracked.read_bytes())
    with pytest.raises(UnreadableVideoError, match="key points beside alone.mp4"):
        extract(alone, tmp_path / "out", "key_points")


def test_other_key_points_are_noticed(tracked: Path, tmp_path: Path) -> None:
    """What was begun with one file is not gone on with by another one."""
    video = tmp_path / "video.mp4"
    video.write_bytes(tracked.read_bytes())
    table = tmp_path / "videoDLC.csv"
    table.write_bytes(next(tracked.parent.glob("*DLC*.csv")).read_bytes())
    extract(video, tmp_path / "out", "key_points")
    table.write_bytes(table.read_bytes().replace(b"0.95", b"0.96"))
    with pytest.raises(ResumeError, match="key points"):
        extract(video, tmp_path / "out", "key_points")


def test_a_face_needs_a_nose_and_something_beside() -> None:
    """Points of little likelihood are as if they were not there."""
    points = np.array([[100, 100, 0.9], [80, 70, 0.9], [120, 60, 0.3]], np.float32)
    face = make_face(points, ("nose", "eye", "ear"))
    assert face is not None
    assert (len(face.eyes), len(face.ears)) == (1, 0)
    assert not face.eyes[0].is_clear
    assert face.p_eyes_not_open is None
    assert face.box == pytest.approx((69.75, 64.75, 110.25, 105.25))
    assert make_face(points, ("eye", "eye", "ear")) is None
    assert make_face(points[:1], ("nose",)) is None
    unsure = points.copy()
    unsure[0, 2] = 0.2
    assert make_face(unsure, ("nose", "eye", "ear")) is None


def test_it_travels_to_other_processes() -> None:
    """Without what was read of videos."""
    detector = open_detector("key_points")
    assert pickle.loads(pickle.dumps(detector)).sha256 == detector.sha256  # noqa: S301


def test_boxes_are_those_of_the_detector_nearly(tracked: Path) -> None:
    """From the detector's own parts comes a box that shares most of its place with the detector's."""
    detector, opened = open_detector(), open_video(tracked)
    shared = []
    for index in range(0, len(opened.table), 6):
        rgb = np.ascontiguousarray(opened.frame(index).rgb()[:, :320])
        for found in detector.find(rgb)[:1]:
            cells = np.array(points_of(found, 0), object).reshape(5, 3)
            points = np.array([[float(v or "nan") for v in row] for row in cells], np.float32)
            face = make_face(points, ("nose", "eye", "eye", "ear", "ear"))
            if face is not None:
                shared.append(iou(face.box, found.box))
    opened.close()
    assert len(shared) >= 5
    assert float(np.median(shared)) > 0.5
