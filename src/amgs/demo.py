"""The first five minutes: a drawn laboratory, from its films to its report.

Two studies, as a laboratory would do it: in the *pilot*, people score faces and a model is trained;
in the *experiment*, films of other animals are classified by it. All mice are drawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.config import thread_count
from amgs.files import whole_folder
from amgs.jobs import ProgressCallback, no_progress
from amgs.vocabulary import DRAWN_NOTICE

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from amgs.study import Study

EFFECTS = {"sham": 0.05, "surgery": 1.15, "surgery + analgesic": 0.45}
"""What each group's action units rise by after surgery, on the scale from 0 to 2."""

PILOT_EFFECTS = {"surgery": EFFECTS["surgery"]}
PILOT_ANIMALS, ANIMALS_PER_GROUP = 18, 5
FILM_S = 16.0
FILM_SIZE, FILM_RATE = (800, 450), 10
NOISE_SD, BLUR_PX = 5.0, 1.2
"""A camera in dim light: with a better one, a model is right more often than the published ones."""

INTERVAL_S = 2.0
SCORED_PER_RECORDING = 2
RATERS = ("Rater one", "Rater two")
MARKER = "amgs-demo.txt"
REPORT = "experiment/results/report.html"

NEXT_COMMANDS = (
    "amgs new my-study",
    "amgs check my-study       (after filling in my-study/recordings.csv)",
    "amgs extract my-study     then: amgs score my-study",
)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Where the demo lies and how it came out."""

    folder: Path
    page: Path
    document: dict[str, Any]


def run_demo(
    folder: Path,
    seed: int = 0,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = no_progress,
) -> DemoResult:
    """Draw a laboratory, and go the whole way with it.

    Parameters
    ----------
    folder
        Gets two studies, ``pilot`` and ``experiment``.
    seed
        The same seed gives the same demo.
    overwrite
        Replace an earlier demo.
    progress
        Told what is going on.

    Raises
    ------
    OutputExistsError
        If the folder exists and `overwrite` is false.
    """
    from concurrent.futures import ProcessPoolExecutor

    with whole_folder(folder, MARKER, overwrite=overwrite) as work:
        (work / MARKER).write_text(DRAWN_NOTICE + "\n", encoding="utf-8")
        with ProcessPoolExecutor(thread_count()) as pool:
            card = _pilot(work / "pilot", seed, pool, progress)
            model = work / "pilot" / "models" / "pilot"
            found = _experiment(work / "experiment", model, seed, pool, progress)
    document = {"model": card["metrics"]["test"], **found}
    return DemoResult(folder, folder / REPORT, document)


def _pilot(
    folder: Path, seed: int, pool: ProcessPoolExecutor, progress: ProgressCallback
) -> dict[str, Any]:
    """Films of the pilot animals, their faces scored by two raters, and a model made of them."""
    from amgs.model.train import TrainingOptions
    from amgs.study.simulating import create_drawn_study, score_by_simulated_raters, truth_of_films

    settings = {("extract", "interval_s"): INTERVAL_S}
    with create_drawn_study(folder, "Pilot (drawn mice)", seed, settings) as study:
        _film(study, PILOT_EFFECTS, PILOT_ANIMALS, seed, pool, progress=progress)
        study.extract(progress=progress)
        score_by_simulated_raters(study, truth_of_films(study), RATERS, seed, progress)
        return study.train("pilot", TrainingOptions(seed=seed, use_cache=False), progress=progress)


def _experiment(
    folder: Path, model: Path, seed: int, pool: ProcessPoolExecutor, progress: ProgressCallback
) -> dict[str, Any]:
    """Films of other animals: extracted, classified by the pilot's model, compared, reported."""
    from amgs.report.gather import ComparisonChoice
    from amgs.study.answering import comparison_file
    from amgs.study.reporting import report_study
    from amgs.study.simulating import (
        compare_with_truth,
        create_drawn_study,
        score_by_simulated_raters,
        truth_of_films,
    )
    from amgs.study.unblinding import unblind

    settings = {
        ("extract", "interval_s"): INTERVAL_S,
        ("scoring", "images_per_recording"): SCORED_PER_RECORDING,
    }
    with create_drawn_study(folder, "Drawn mice after surgery", seed, settings) as study:
        _film(study, EFFECTS, ANIMALS_PER_GROUP, seed + 1000, pool, progress=progress)
        study.extract(progress=progress)
        truth = truth_of_films(study)
        score_by_simulated_raters(study, truth, RATERS, seed + 1, progress)
        study.adopt_model(model)
        study.classify(study.model_folder(), progress)
        unblind(study, "the demo", "all simulated raters have finished")
        report_study(study, ComparisonChoice(), progress=progress)
        kept = comparison_file(study, "pct_pain").read_text(encoding="utf-8")
        return {"comparison": json.loads(kept), "truth": compare_with_truth(study, truth)}


def _film(
    study: Study,
    effects: Mapping[str, float],
    animals: int,
    seed: int,
    pool: ProcessPoolExecutor,
    *,
    progress: ProgressCallback,
) -> None:
    from amgs.simulate.cubicle import FilmOptions
    from amgs.simulate.experiment import Experiment, SimulatedGroup
    from amgs.study.simulating import draw_study

    groups = tuple(SimulatedGroup(name, (effect,)) for name, effect in effects.items())
    options = FilmOptions(*FILM_SIZE, FILM_RATE, FILM_S, NOISE_SD, BLUR_PX)
    draw_study(study, Experiment(groups, animals), options, seed, pool, progress=progress)
