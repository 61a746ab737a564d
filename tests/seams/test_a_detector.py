"""Adding a face detector is one file and one line: commands, studies and results then know it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from amgs.faces.base import FaceDetector, FoundEar, FoundEye, FoundFace
from amgs.faces.detectors import DETECTORS, DetectorEntry
from amgs.images.reading import RGB
from amgs.study import Study
from amgs.tables import write_table
from marked import Mouse, video_of
from program import amgs_output
from videos import KINDS, write_video


class BrightSpot(FaceDetector):
    """Takes whatever is magenta for a face."""

    name = "bright_spot"
    version = "2"
    sha256 = "5" * 64
    input_px = 320
    min_score = 0.5
    candidate_score = 0.5

    def detect(self, rgb: RGB, min_score: float) -> list[FoundFace]:
        """See `FaceDetector.detect`."""
        red, green, blue = (rgb[..., channel].astype(int) for channel in range(3))
        rows, columns = np.nonzero((red > 170) & (green < 110) & (blue > 170))
        if len(rows) < 20:
            return []
        box = tuple(map(float, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)))
        eye, ear = FoundEye(box, 0.9, 0.97, 0.02, 0.01), FoundEar(box, 0.9)
        return [FoundFace(box, 0.9, (eye, eye), (ear, ear), None, (1.0, 0.0, 0.0, 0.0))]


@pytest.fixture(autouse=True)
def _in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the one line."""
    home = f"{BrightSpot.__module__}:BrightSpot"
    entry = DetectorEntry(home, "magenta", "BSD-3-Clause", "5" * 64)
    monkeypatch.setitem(DETECTORS, "bright_spot", entry)


@pytest.fixture
def study(tmp_path: Path):
    """A study of one video, with the detector chosen in its settings."""
    with Study.create(tmp_path / "study") as made:
        videos = made.folder / "videos"
        scene = video_of(lambda _t: [Mouse(100, 50)], 25)
        write_video(videos, KINDS["mp4_gop15"], 25 * 21, 25, scene, "a")
        row = ["m1", "a", "baseline", "videos/a.mp4"]
        write_table(
            made.folder / "recordings.csv", ("animal", "group", "timepoint", "video"), [row]
        )
        settings = made.folder / "study.toml"
        text = settings.read_text("utf-8").replace(
            'detector = "centre_net"', 'detector = "bright_spot"'
        )
        settings.write_text(text, "utf-8")
    with Study.open(tmp_path / "study") as opened:
        yield opened


def test_commands_take_it_by_name(study: Study, tmp_path: Path) -> None:
    """`--detector` in `extract`, `find` and `classify`; what was used is written down."""
    out = tmp_path / "faces"
    video = study.folder / "videos/a.mp4"
    amgs_output("extract", video, "--out", out, "--detector", "bright_spot", "--quiet")
    written = json.loads((out / "extraction.json").read_text("utf-8"))
    assert written["options"]["detector"] == {
        "name": "bright_spot",
        "version": "2",
        "sha256": "5" * 64,
    }
    faces = out / "faces.csv"
    images = sorted((out / "faces").rglob("*.jpg"))
    assert len(images) == 2
    found = json.loads(amgs_output("find", images[0], "--detector", "bright_spot", "--json"))
    assert len(found[0]["faces"]) == 1
    eyes = tmp_path / "eyes.csv"
    amgs_output("classify", "orbital", faces, "--out", eyes, "--detector", "bright_spot", "--quiet")
    with eyes.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["orbital_tightening"]) for row in rows] == pytest.approx([0.04, 0.04])


def test_a_study_takes_it_from_its_settings(study: Study) -> None:
    """And says so where faces come from, so that another detector never mixes with it."""
    study.extract()
    assert study.store.faces.count() == 2
    written = json.loads((study.faces / "extraction.json").read_text("utf-8"))
    assert written["options"]["detector"]["name"] == "bright_spot"
    summary = study.extract().summary
    assert summary is not None
    assert summary.detector["name"] == "bright_spot"
    assert summary.images == 2
