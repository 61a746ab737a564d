"""From a video to a table, by the commands, on synthetic mice and with the network that ships."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.simulate.face import FaceParameters, draw_face
from program import amgs
from videos import KINDS, write_video

OPEN = draw_face(FaceParameters(), np.random.default_rng(1))
SHUT = draw_face(FaceParameters(orbital_tightening=1.9), np.random.default_rng(1))
RATE = 10


def frame(number: int) -> np.ndarray:
    """Two cubicles: open eyes on the left, shut eyes on the right from second 8 on."""
    rgb = np.full((288, 640, 3), (96, 92, 88), np.uint8)
    rgb[16:272, 32:288] = OPEN
    if number >= 8 * RATE:
        rgb[16:272, 352:608] = SHUT
    grain = np.random.default_rng(number % 5).normal(0, 3, rgb.shape)
    return np.clip(rgb + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one video of 30 s."""
    made = tmp_path_factory.mktemp("videos")
    write_video(made, KINDS["mp4_gop15"], 30 * RATE, RATE, frame, "two mice")
    return made


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_extract_then_read_the_eyes(folder: Path) -> None:
    """Both animals, each in its zone; orbital tells them apart."""
    done = amgs(
        "extract", "two mice.mp4", "--zone", "left", "--zone", "right", "--out", "faces", "--json",
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    kept = {row["recording"]: row["kept"] for row in found["recordings"]}
    assert kept == {"two mice_left": 3, "two mice_right": 3}
    assert found["images"] == 6
    done = amgs("classify", "orbital", "faces/faces.csv", "--out", "eyes.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "it is not a pain score" in done.stderr
    scores: dict[str, list[float]] = {}
    for row in rows_of(folder / "eyes.csv"):
        scores.setdefault(row["recording"], []).append(float(row["orbital_tightening"]))
    assert max(scores["two mice_left"]) < 0.7
    assert min(scores["two mice_right"]) > 1.0
    asleep = rows_of(folder / "faces/possible_sleep.csv")
    assert {row["recording"] for row in asleep} == {"two mice_right"}


def test_extract_again_does_nothing_anew_and_restart_does(folder: Path) -> None:
    """The same command twice gives the same; other options are refused with the way out."""
    words = ("extract", "two mice.mp4", "--zone", "left", "--out", "again")
    assert amgs(*words, cwd=folder).returncode == 0
    before = (folder / "again/faces.csv").read_bytes()
    done = amgs(*words, cwd=folder)
    assert done.returncode == 0
    assert "3 intervals were done by an earlier run" in done.stderr
    assert (folder / "again/faces.csv").read_bytes() == before
    done = amgs(*words, "--interval", "5", cwd=folder)
    assert done.returncode == 1
    assert "--restart" in done.stderr
    assert amgs(*words, "--interval", "5", "--restart", cwd=folder).returncode == 0
    assert len(rows_of(folder / "again/faces.csv")) == 6


def test_preview_draws_the_zones(folder: Path) -> None:
    """One frame per video, nothing else."""
    done = amgs(
        "extract", ".", "--zone", "left", "--zone", "right", "--out", "check", "--preview", "--json",
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (preview,) = json.loads(done.stdout)["previews"]
    with Image.open(folder / preview) as image:
        assert image.size == (640, 288)
    assert [p.name for p in (folder / "check_preview").iterdir()] == ["two mice_left.jpg"]
    assert not (folder / "check").exists()


def test_find_prints_the_contract(tmp_path: Path) -> None:
    """Names and keys as agreed; broken files are listed and do not stop the others."""
    Image.fromarray(OPEN).save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_text("no image")
    done = amgs(
        "find", "a.png", "b.jpg", "--json", "--draw", "drawn", "--out", "faces.csv", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    image, broken = json.loads(done.stdout)
    assert (image["image"], image["width"], image["height"]) == ("a.png", 256, 256)
    (face,) = image["faces"]
    assert {"box", "score", "nose", "eyes", "ears", "sharpness"} <= set(face)
    assert len(face["box"]) == 4
    assert len(face["nose"]) == 2
    assert [set(eye) >= {"box", "score", "state"} for eye in face["eyes"]] == [True, True]
    assert {eye["state"] for eye in face["eyes"]} == {"open"}
    assert [set(ear) for ear in face["ears"]] == [{"box", "score", "base", "tip"}] * 2
    assert broken["faces"] == []
    assert broken["problem"] == "not a JPEG, PNG, TIFF or BMP image"
    assert (tmp_path / "drawn/a_faces.jpg").exists()
    (row,) = rows_of(tmp_path / "faces.csv")
    assert row["eyes"] == "2"
    assert float(row["score"]) == pytest.approx(face["score"])


def test_drawings_stay_inside_their_folder(tmp_path: Path) -> None:
    """Also for images reached by `..`; their folders are kept, none is overwritten."""
    for folder in ("a", "b/c"):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(OPEN).save(tmp_path / folder / "same.png")
    work = tmp_path / "work"
    work.mkdir()
    done = amgs("find", "../a", "../b", "--draw", "drawn", "-q", cwd=work)
    assert done.returncode == 0, done.stderr
    drawn = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*_faces.jpg"))
    assert drawn == ["work/drawn/a/same_faces.jpg", "work/drawn/b/c/same_faces.jpg"]


def test_find_without_any_image_fails(tmp_path: Path) -> None:
    """Exit code 1 and a reason."""
    (tmp_path / "b.jpg").write_text("no image")
    done = amgs("find", "b.jpg", cwd=tmp_path)
    assert done.returncode == 1
    assert "None of 1 file could be read" in done.stderr
    done = amgs("extract", "none.mp4", cwd=tmp_path)
    assert done.returncode == 1
    assert "found nothing at none.mp4" in done.stderr
