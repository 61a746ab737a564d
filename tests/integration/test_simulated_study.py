"""`amgs simulate cohort` makes a study that goes the way of real ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from amgs.model.bundle import load_model
from amgs.study import Study
from amgs.vocabulary import SYNTHETIC_NOTICE
from program import amgs

SMALL = ("--minutes", "0.15", "--size", "480x270", "--rate", "5", "--animals", "1")


def test_a_cohort_is_drawn_extracted_and_scored(tmp_path: Path, model_folder: Path) -> None:
    words = (
        "--group",
        "sham=0",
        "--group",
        "surgery=1.2,0.4",
        "--timepoints",
        'before "it",1 h,24/7',
    )
    done = amgs("simulate", "cohort", "plan", *words, *SMALL, "--sleepy", "sham", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert SYNTHETIC_NOTICE in " ".join(done.stderr.split())
    with Study.open(tmp_path / "plan") as study:
        assert study.check().faults == ()
        design = study.design()
        assert design.groups == ["sham", "surgery"]
        assert design.timepoints[0] == design.baseline == 'before "it"'
    assert amgs("extract", "plan", cwd=tmp_path).returncode == 0
    done = amgs("simulate", "scores", "plan", "--raters", "2", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["raters"] == ["Simulated rater 1", "Simulated rater 2"]
    done = amgs("simulate", "scores", "plan", "--raters", "1", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["raters"] == ["Simulated rater 3"], "nobody is replaced"
    with Study.open(tmp_path / "plan") as study:
        assert study.agreement()["n_raters"] == 3
        faces = {face.recording: face for face in study.store.faces.all()}
        shutil.copytree(model_folder, tmp_path / "plan/models/paper")
        study.classify("paper")
    done = amgs("export", "plan", "--format", "boris", "--out", "plan.boris", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    observations = json.loads((tmp_path / "plan.boris").read_text(encoding="utf-8"))["observations"]
    assert set(faces) <= set(observations)
    for name, face in faces.items():
        (video,) = observations[name]["file"]["1"]
        assert (tmp_path / video).is_file(), "seen from the project"
        events = observations[name]["events"]
        assert [face.time_s, face.frame] in [[e[0], e[5]] for e in events]
        assert {e[2] for e in events} <= {"pain", "no pain", "possible sleep"}
    again = amgs("simulate", "cohort", "plan", *SMALL, cwd=tmp_path)
    assert again.returncode == 1
    assert "Choose another name" in again.stderr
    assert "--out" not in again.stderr, "it has no such option"


@pytest.mark.parametrize(
    "wrong",
    [
        ("--group", "sham"),
        ("--group", "sham=much"),
        ("--group", "a=0", "--group", "a=1"),
        ("--timepoints", "a,a"),
        ("--sleepy", "nobody"),
        ("--size", "2x2"),
    ],
)
def test_wrong_plans_are_told_before_anything_is_drawn(
    wrong: tuple[str, ...], tmp_path: Path
) -> None:
    assert amgs("simulate", "cohort", "plan", *wrong, cwd=tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_real_videos_are_never_scored_by_a_program(tmp_path: Path) -> None:
    done = amgs("simulate", "cohort", "plan", "--group", "a=0", *SMALL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert amgs("extract", "plan", cwd=tmp_path).returncode == 0
    for truth in (tmp_path / "plan/videos").glob("*_truth.csv"):
        truth.write_text(truth.read_text(encoding="utf-8").replace("m01", "x9"), encoding="utf-8")
    done = amgs("simulate", "scores", "plan", cwd=tmp_path)
    assert done.returncode == 1
    assert "(x9) in recordings.csv, found 'm01'" in " ".join(done.stderr.split())
    for truth in (tmp_path / "plan/videos").glob("*_truth.csv"):
        truth.unlink()
    done = amgs("simulate", "scores", "plan", cwd=tmp_path)
    assert done.returncode == 1
    assert "amgs score" in done.stderr
    with Study.open(tmp_path / "plan") as study:
        assert study.store.raters.all() == []


def test_every_command_says_that_the_mice_are_drawn(tmp_path: Path) -> None:
    words = ("simulate", "cohort", "plan", "--group", "a=0", *SMALL)
    assert amgs(*words, cwd=tmp_path).returncode == 0
    for words in (("check", "plan"), ("extract", "plan"), ("label", "plan", "--quiet")):
        done = amgs(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert SYNTHETIC_NOTICE in " ".join(done.stderr.split()), words


def test_a_model_of_drawn_mice_says_so_wherever_it_goes(cohort: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    done = amgs("train", cohort, "--out", folder, "--no-cache")
    assert done.returncode == 0, done.stderr
    assert SYNTHETIC_NOTICE in " ".join(done.stderr.split())
    assert load_model(folder).notice == SYNTHETIC_NOTICE
    done = amgs("classify", folder, cohort, "--out", tmp_path / "p.csv")
    assert SYNTHETIC_NOTICE in " ".join(done.stderr.split())
    assert SYNTHETIC_NOTICE in " ".join(amgs("models", folder).stderr.split())
