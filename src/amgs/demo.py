"""The first five minutes: a synthetic laboratory, from its videos to its report.

Two studies, as a laboratory would do it: in the *pilot*, people score faces and a model is trained;
in the *experiment*, videos of other animals are classified by it. All mice are drawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.config import thread_count
from amgs.files import atomic_folder
from amgs.jobs import ProgressCallback, no_progress
from amgs.vocabulary import SYNTHETIC_NOTICE

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from amgs.study import Study

EFFECTS = {"sham": 0.05, "surgery": 1.15, "surgery + analgesic": 0.45}
"""What each group's action units rise by after surgery, on the scale from 0 to 2."""

PILOT_EFFECTS = {"surgery": EFFECTS["surgery"]}


@dataclass(frozen=True, slots=True)
class DemoSize:
    """How large the demo is: animals of the pilot, animals per group, and their videos.

    ``min_images`` is what the experiment's study asks of an animal: videos of 24 seconds hold
    twelve images at most, so it is less than in a new study.
    """

    pilot: int
    per_group: int
    video_s: float
    frame_px: tuple[int, int]
    min_images: int


FULL = DemoSize(14, 5, 24.0, (800, 450), 3)
SMALL = DemoSize(10, 2, 8.0, (640, 360), 0)
"""Under a minute: to see that an installation works, not to see an effect."""

FRAME_RATE = 10
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
    small: bool = False,
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
    small
        Fewer animals and shorter videos, in under a minute.
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

    size = SMALL if small else FULL
    with atomic_folder(folder, MARKER, overwrite=overwrite) as work:
        (work / MARKER).write_text(SYNTHETIC_NOTICE + "\n", encoding="utf-8")
        with ProcessPoolExecutor(thread_count()) as pool:
            card = _pilot(work / "pilot", size, seed, pool, progress)
            model = work / "pilot" / "models" / "pilot"
            found = _experiment(work / "experiment", model, size, seed, pool, progress=progress)
    document = {"model": card["metrics"]["test"], **found}
    return DemoResult(folder, folder / REPORT, document)


def _pilot(
    folder: Path,
    size: DemoSize,
    seed: int,
    pool: ProcessPoolExecutor,
    progress: ProgressCallback,
) -> dict[str, Any]:
    """Videos of the pilot animals, their faces scored by two raters, and a model made of them."""
    from amgs.model.training.options import TrainingOptions
    from amgs.simulate.studies import (
        create_synthetic_study,
        read_true_units,
        score_by_simulated_raters,
    )

    settings = {("extract", "interval_s"): INTERVAL_S}
    with create_synthetic_study(folder, "Pilot (synthetic mice)", seed, settings) as study:
        _draw(study, PILOT_EFFECTS, size.pilot, size, seed, pool, progress=progress)
        study.extract(progress=progress)
        score_by_simulated_raters(study, read_true_units(study), RATERS, seed, progress)
        return study.train("pilot", TrainingOptions(seed=seed, use_cache=False), progress=progress)


def _experiment(
    folder: Path,
    model: Path,
    size: DemoSize,
    seed: int,
    pool: ProcessPoolExecutor,
    *,
    progress: ProgressCallback,
) -> dict[str, Any]:
    """Videos of other animals: extracted, classified by the pilot's model, compared, reported."""
    from amgs.simulate.studies import (
        compare_with_truth,
        create_synthetic_study,
        read_true_units,
        score_by_simulated_raters,
    )
    from amgs.study.comparing import comparison_file

    settings = {
        ("extract", "interval_s"): INTERVAL_S,
        ("classify", "min_images"): size.min_images,
        ("scoring", "images_per_recording"): SCORED_PER_RECORDING,
    }
    with create_synthetic_study(folder, "Synthetic mice after surgery", seed, settings) as study:
        _draw(study, EFFECTS, size.per_group, size, seed + 1000, pool, progress=progress)
        study.extract(progress=progress)
        truth = read_true_units(study)
        score_by_simulated_raters(study, truth, RATERS, seed + 1, progress)
        study.adopt_model(model)
        study.classify(progress=progress)
        study.seal_plan("the demo")
        study.unblind("the demo", "all simulated raters have finished")
        study.report(progress=progress)
        kept = comparison_file(study, "pct_pain")
        comparison = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else None
        return {"comparison": comparison, "truth": compare_with_truth(study, truth)}


def _draw(  # noqa: PLR0917
    study: Study,
    effects: Mapping[str, float],
    animals: int,
    size: DemoSize,
    seed: int,
    pool: ProcessPoolExecutor,
    *,
    progress: ProgressCallback,
) -> None:
    from amgs.simulate.cubicle import VideoOptions
    from amgs.simulate.experiment import Experiment, SimulatedGroup
    from amgs.simulate.studies import draw_study

    groups = tuple(SimulatedGroup(name, (effect,)) for name, effect in effects.items())
    options = VideoOptions(*size.frame_px, FRAME_RATE, size.video_s, NOISE_SD, BLUR_PX)
    draw_study(study, Experiment(groups, animals), options, seed, pool, progress=progress)
