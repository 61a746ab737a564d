"""Synthetic studies for the tests of truth, and what is true of what was extracted from them."""

from __future__ import annotations

import csv
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from amgs.model.training.options import TrainingOptions
from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.experiment import Experiment, SimulatedGroup
from amgs.simulate.studies import (
    create_synthetic_study,
    draw_study,
    read_true_units,
    score_by_simulated_raters,
)
from amgs.simulate.video import read_truth
from amgs.study import Study
from amgs.study.consistency import planned_recordings
from small import ANY_NUMBER

EFFECT = 1.15
TIMES = ("baseline", "again", "60min")
SMALL = VideoOptions(640, 360, 6, 10.0)
RATERS = ("one", "two")
INTERVAL_S = 2.0
SETTINGS = {("extract", "interval_s"): INTERVAL_S, **ANY_NUMBER}


def drawn_study(folder: Path, plan: Experiment, options: VideoOptions, seed: int) -> Study:
    study = create_synthetic_study(folder, "drawn", seed, SETTINGS)
    with ProcessPoolExecutor(2) as pool:
        draw_study(study, plan, options, seed, pool)
    study.extract()
    return study


def pilot_study(folder: Path, animals: int = 20) -> Study:
    """Animals whose faces two raters scored, and the model made of them."""
    plan = Experiment((SimulatedGroup("surgery", (EFFECT,)),), animals_per_group=animals)
    study = drawn_study(folder, plan, SMALL, 1)
    score_by_simulated_raters(study, read_true_units(study), RATERS, 1)
    study.train("first", TrainingOptions(use_cache=False))
    return study


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


def sleep_marks(
    faces: list[tuple[dict[str, str], dict[str, str]]],
) -> tuple[list[bool], list[bool]]:
    """Whether images are marked as possible sleep, of animals that sleep and of others."""
    marks: dict[bool, list[bool]] = {True: [], False: []}
    for row, true in faces:
        marks[true["behaviour"] == "asleep"].append(row["possible_sleep"] == "yes")
    return marks[True], marks[False]
