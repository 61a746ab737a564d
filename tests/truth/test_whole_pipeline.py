"""From videos to conclusions, where the truth is known: synthetic mice go the way of real ones."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from amgs.cohort.comparison import compare_groups
from amgs.cohort.design import Cell, Cohort
from amgs.faces.detections import Box, iou
from amgs.model.training.train import TrainingOptions
from amgs.simulate.behaviour import SLEEPY
from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.experiment import DESIGN_COLUMNS, Experiment, SimulatedGroup, write_videos
from amgs.simulate.studies import (
    compare_with_truth,
    create_synthetic_study,
    draw_study,
    read_true_units,
    score_by_simulated_raters,
)
from amgs.simulate.video import read_truth
from amgs.study import Study
from amgs.study.consistency import planned_recordings
from amgs.study.summarising import SummaryChoice, summarise_study
from amgs.tables import write_table
from program import amgs

EFFECT = 1.15
TIMES = ("baseline", "again", "60min")
SMALL = VideoOptions(640, 360, 6, 10.0)
RATERS = ("one", "two")
INTERVAL_S = 2.0
SETTINGS = {("extract", "interval_s"): INTERVAL_S}


def drawn_study(folder: Path, plan: Experiment, options: VideoOptions, seed: int) -> Study:
    study = create_synthetic_study(folder, "drawn", seed, SETTINGS)
    with ProcessPoolExecutor(2) as pool:
        draw_study(study, plan, options, seed, pool)
    study.extract()
    return study


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """Animals whose faces two raters scored, and the model made of them."""
    plan = Experiment((SimulatedGroup("surgery", (EFFECT,)),), animals_per_group=20)
    folder = tmp_path_factory.mktemp("pilot") / "pilot"
    with drawn_study(folder, plan, SMALL, 1) as study:
        score_by_simulated_raters(study, read_true_units(study), RATERS, 1)
        study.train("first", TrainingOptions(use_cache=False))
        yield study


@pytest.fixture(scope="module")
def others(pilot: Study, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """Other animals, filmed three times: twice without any effect, once with it."""
    plan = Experiment((SimulatedGroup("all", (0.0, EFFECT)),), 24, TIMES)
    with drawn_study(tmp_path_factory.mktemp("others") / "others", plan, SMALL, 2) as study:
        score_by_simulated_raters(study, read_true_units(study), RATERS, 2)
        study.adopt_model(pilot.model_folder())
        study.classify(study.model_folder())
        yield study


def faces_with_truth(study: Study) -> list[tuple[dict[str, str], dict[str, str]]]:
    """What extraction says of every face, and what is true of that frame and animal."""
    planned = planned_recordings(study)
    videos = {r.video: read_truth(study.folder / r.video) for r in planned.values()}
    with (study.folder / "faces/faces.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    pairs = []
    for row in found:
        recording = planned[row["recording"]]
        pairs.append((row, videos[recording.video][recording.animal, int(row["frame"])]))
    return pairs


def box_of(row: dict[str, str]) -> Box:
    return (
        float(row["box_x1"]),
        float(row["box_y1"]),
        float(row["box_x2"]),
        float(row["box_y2"]),
    )


def test_extraction_finds_the_true_face(others: Study) -> None:
    """Of the right animal, where the truth says; and something from nearly every interval."""
    found = faces_with_truth(others)
    overlaps = []
    for row, true in found:
        assert true["zone"] == row["zone"]
        if true["box_x1"]:
            overlaps.append(iou(box_of(row), box_of(true)))
    assert len(found) > 0.8 * len(planned_recordings(others)) * SMALL.duration_s / INTERVAL_S
    assert len(overlaps) > 0.9 * len(found), "on the move a face has no box in the truth"
    assert np.median(overlaps) > 0.7
    assert np.mean(np.array(overlaps) > 0.4) > 0.97


def test_the_model_follows_the_truth_about_as_one_rater_does(others: Study) -> None:
    """On animals never seen; and it is not right every time, as no real model is."""
    found = compare_with_truth(others, read_true_units(others))
    assert found["n"] > 280
    assert 0.6 < found["r_model"] < 0.95
    assert found["r_model"] < found["r_raters"]
    assert found["r_model_raters"] > 0.55
    assert 0.7 < found["r_one_rater"] < found["r_raters"] < 0.98


def change_cohort(values: dict[tuple[str, str], float], groups: dict[str, list[str]]) -> Cohort:
    """A cohort in which the group `treated` is seen with the effect, the others without."""
    cells = []
    for group, animals in groups.items():
        after = "60min" if group == "treated" else "again"
        for animal in animals:
            cells.append(Cell(animal, group, "baseline", values[animal, "baseline"]))
            cells.append(Cell(animal, group, "60min", values[animal, after]))
    return Cohort("pct_pain", tuple(cells))


def test_an_effect_is_found_and_none_is_not_over_many_experiments(others: Study) -> None:
    """100 experiments of three groups of 7, drawn at random from the animals."""
    rows = summarise_study(others, SummaryChoice()).rows
    values = {(r["animal"], r["timepoint"]): r["pct_pain"] for r in rows if r["included"] == "yes"}
    known = {a for a, _ in values}
    animals = sorted(a for a in known if all((a, time) in values for time in TIMES))
    assert len(animals) >= 21
    rng = np.random.default_rng(5)
    p: dict[str, list[float]] = {"treated": [], "third": []}
    for _ in range(100):
        order = [str(a) for a in rng.permutation(animals)[:21]]
        for name, found in p.items():
            groups = {"first": order[:7], "second": order[7:14], name: order[14:]}
            anova = compare_groups(change_cohort(values, groups)).document["anova"]
            found.append(anova["p"] if anova.get("p") is not None else 1.0)
    power, false = (np.mean(np.array(p[name]) < 0.05) for name in ("treated", "third"))
    assert power > 0.95
    assert false < 0.12, "0.05 is expected; 0.12 lies three standard errors above"


def sleep_marks(
    faces: list[tuple[dict[str, str], dict[str, str]]],
) -> tuple[list[bool], list[bool]]:
    """Whether images are marked as possible sleep, of animals that sleep and of others."""
    marks: dict[bool, list[bool]] = {True: [], False: []}
    for row, true in faces:
        marks[true["behaviour"] == "asleep"].append(row["possible_sleep"] == "yes")
    return marks[True], marks[False]


def test_sleep_is_noticed_of_small_faces_in_dark_fur(tmp_path: Path) -> None:
    """Shut eyes are often not seen there, and boxes jitter."""
    groups = (
        SimulatedGroup("awake", (0.0,), 0.0),
        SimulatedGroup("sleepy", (0.0,), 2 * SLEEPY),
    )
    plan = Experiment(groups, 2, ("baseline",), coats=("black", "agouti"))
    with drawn_study(tmp_path / "night", plan, VideoOptions(640, 360, 5, 120.0), 7) as study:
        asleep, others = sleep_marks(faces_with_truth(study))
    assert len(asleep) > 20
    assert np.mean(asleep) > 0.8
    assert np.mean(others) < 0.05


def test_sleep_is_noticed_and_left_out(pilot: Study, tmp_path: Path) -> None:
    """A sham that falls asleep may be called in pain, and is not once its sleep is left out."""
    awake = SimulatedGroup("awake", (0.0,), 0.0)
    sleepy = SimulatedGroup("sleepy", (0.0,), 2 * SLEEPY)
    plan = Experiment((awake, sleepy), 1, ("baseline",), resting=0.05, spread=0.0)
    with drawn_study(tmp_path / "night", plan, VideoOptions(1280, 720, 5, 150.0), 4) as study:
        study.adopt_model(pilot.model_folder())
        study.classify(study.model_folder())
        percent = {}
        for out in (False, True):
            rows = summarise_study(study, SummaryChoice(leave_out_sleep=out)).rows
            percent[out] = {r["group"]: r["pct_pain"] for r in rows}
        faces = faces_with_truth(study)
    asleep, others = sleep_marks(faces)
    assert len(asleep) > 20
    assert np.mean(asleep) > 0.9
    assert np.mean(others) < 0.05
    assert percent[False]["sleepy"] > percent[True]["sleepy"]
    assert percent[True]["sleepy"] < 10
    assert percent[True]["awake"] < 10


@pytest.mark.parametrize(("later", "noticed"), [(0.7, True), (1.0, False)])
def test_a_camera_that_changed_is_noticed(later: float, noticed: bool, tmp_path: Path) -> None:
    """The light was turned down after the baseline, or not: `amgs images` tells."""
    with create_synthetic_study(tmp_path / "dim", "dim", 0, SETTINGS) as study:
        rows: list[tuple[str, ...]] = []
        with ProcessPoolExecutor(2) as pool:
            for brightness, timepoint in ((1.0, "baseline"), (later, "60min")):
                plan = Experiment((SimulatedGroup("all", (0.0,)),), 8, (timepoint,))
                options = VideoOptions(480, 270, 6, 6.0, brightness=brightness)
                rows += write_videos(study.folder, plan, options, 3, pool)
        write_table(study.folder / "recordings.csv", DESIGN_COLUMNS, rows)
        study.extract()
    done = amgs("images", tmp_path / "dim", "--by", "timepoint", "--json")
    assert done.returncode == 0, done.stderr
    measures = [m for m in json.loads(done.stdout)["measures"] if m["by"] == "timepoint"]
    p = {m["measure"]: m["p_holm"] for m in measures}
    assert (p["brightness"] < 0.05) == noticed
    assert p["width"] > 0.05
