"""Studies of synthetic mice: laid out from a plan, scored by simulated raters who know no group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from amgs.errors import StudyError
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.metrics import pearson_r
from amgs.scoring.labels import score_image
from amgs.simulate.behaviour import UNITS
from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.experiment import DESIGN_COLUMNS, Experiment, write_videos
from amgs.simulate.raters import SimulatedRater, seen_by_raters
from amgs.simulate.video import read_truth, truth_beside
from amgs.study.consistency import planned_recordings
from amgs.study.design import RECORDINGS_FILE
from amgs.study.ratings_table import finished_answers
from amgs.study.study import Study
from amgs.tables import write_notice, write_table
from amgs.vocabulary import SYNTHETIC_NOTICE

RATER_NAME = "Simulated rater"

Truth = Mapping[str, Mapping[str, float]]
"""The action units of every image, by its name in the study."""


def create_synthetic_study(
    folder: Path,
    name: str,
    seed: int,
    settings: Mapping[tuple[str, str], str | float] | None = None,
) -> Study:
    """Lay out a study that says of itself that its mice are drawn.

    Parameters
    ----------
    folder
        A new or empty folder.
    name
        What it is called in reports.
    seed
        The raters' orders follow from it.
    settings
        See `Study.create`.
    """
    study = Study.create(folder, name, seed=seed, settings=settings)
    write_notice(folder, SYNTHETIC_NOTICE)
    return study


def draw_study(
    study: Study,
    experiment: Experiment,
    options: VideoOptions,
    seed: int,
    executor: Executor,
    *,
    progress: ProgressCallback = no_progress,
) -> None:
    """Draw the videos of an experiment into a study, and write its design.

    Parameters
    ----------
    study
        A new study.
    experiment, options, seed
        The plan, how videos are made, and which animals.
    executor
        Draws several videos at once.
    progress
        Told how many videos are done.
    """
    rows = write_videos(study.folder, experiment, options, seed, executor, progress=progress)
    write_table(study.folder / RECORDINGS_FILE, DESIGN_COLUMNS, rows)


def read_true_units(study: Study) -> dict[str, dict[str, float]]:
    """Return what every extracted face shows, from the truth beside its video; see `true_rows`.

    Of an animal asleep the lids are seen shut: people who score a face cannot know why.
    """
    return {
        image: seen_by_raters(
            {unit: float(row[unit]) for unit in UNITS}, asleep=row["behaviour"] == "asleep"
        )
        for image, row in true_rows(study).items()
    }


def true_rows(study: Study) -> dict[str, dict[str, str]]:
    """Return what is true of every extracted face, by its name: a row of the video's truth.

    Raises
    ------
    StudyError
        If a video has no truth beside it, as those of real mice, or one of other animals.
    """
    planned = planned_recordings(study)
    videos: dict[str, dict[tuple[str, int], dict[str, str]]] = {}
    rows = {}
    for face in study.store.faces.all():
        recording = planned[face.recording]
        if recording.video not in videos:
            videos[recording.video] = _truth_of_video(study.folder, recording.video)
        row = videos[recording.video].get((recording.animal, int(face.frame or 0)))
        if row is None:
            animals = ", ".join(sorted({animal for animal, _ in videos[recording.video]}))
            msg = (
                f"Expected the animals of {truth_beside(Path(recording.video)).name} ({animals}) "
                f"in recordings.csv, found {recording.animal!r} there. Studies that "
                "`amgs simulate cohort` makes agree with their truth."
            )
            raise StudyError(msg)
        rows[face.image] = row
    return rows


def _truth_of_video(folder: Path, video: str) -> dict[tuple[str, int], dict[str, str]]:
    truth = truth_beside(folder / video)
    if not truth.is_file():
        msg = (
            f"Expected videos drawn by `amgs simulate cohort`, with their truth beside them, found "
            f"no {truth.name} beside {video}. Real mice are scored by people: `amgs score`."
        )
        raise StudyError(msg)
    return read_truth(folder / video)


def score_by_simulated_raters(
    study: Study,
    truth: Truth,
    names: Sequence[str],
    seed: int,
    progress: ProgressCallback = no_progress,
) -> None:
    """Let simulated raters score in the study's own scoring room, blinded as people are.

    Parameters
    ----------
    study
        With its faces extracted.
    truth
        What every face shows.
    names
        What the raters are called; they must be new.
    seed
        The same seed makes the same raters.
    progress
        Told how far each is.

    Raises
    ------
    StudyError
        If the study's scale has a unit that synthetic mice do not show.
    """
    units = study.scale.unit_names
    missing = sorted(set(units) - set(UNITS))
    if missing:
        msg = (
            f"Expected a scale of mice ({', '.join(UNITS)}), found the scale {study.scale.title} "
            f"with {', '.join(missing)}: synthetic mice do not show it."
        )
        raise StudyError(msg)
    # A known order, so that the same study comes out every time: there is nothing to be blind to.
    room = study.room(order_secret=0)
    for number, name in enumerate(names):
        rater = room.sign_in(name).rater
        person = SimulatedRater(10 * seed + number)
        order = study.store.scoring.order(rater.id)
        for done, shown in enumerate(order, start=1):
            scores = person.score({unit: truth[shown.image][unit] for unit in units})
            for unit, score in scores.items():
                room.answer(shown, unit, score)
            progress(f"{name} scores", done, len(order))


def new_rater_names(study: Study, n: int) -> list[str]:
    """Return names for simulated raters that nobody in the study has."""
    taken = {rater.name for rater in study.store.raters.all()}
    free = (name for number in count(1) if (name := f"{RATER_NAME} {number}") not in taken)
    return list(islice(free, n))


def compare_with_truth(study: Study, truth: Truth) -> dict[str, Any]:
    """Say how well the last model and the raters follow what is drawn.

    Parameters
    ----------
    study
        Scored and classified.
    truth
        What every face shows.

    Returns
    -------
    dict
        ``n`` images that a rater scored and the model classified; Pearson's r with the true sum
        of the units, of the model's signed score (``r_model``), of one rater's MGS, averaged over
        raters (``r_one_rater``), and of the raters' mean (``r_raters``); r of the model with the
        raters' mean (``r_model_raters``). ``None`` where a value does not vary.
    """
    units, rule = study.scale.unit_names, study.label_rule
    model = study.store.predictions.models()[-1][2]
    said = {
        row.image: score
        for row in study.store.predictions.all(model)
        if (score := row.reading.number("signed_score")) is not None
    }
    answers = finished_answers(study.store.scoring.all(), units)
    images = [image for image in answers if image in said]
    raters = sorted({rater for image in images for rater in answers[image]})

    def list_scores(wanted: Sequence[str]) -> list[float]:
        found = []
        for image in images:
            given = [answers[image][rater] for rater in wanted if rater in answers[image]]
            mgs = score_image(image, given, units, rule).mgs
            found.append(np.nan if mgs is None else mgs)
        return found

    true = [sum(truth[image][unit] for unit in units) for image in images]
    signed = [said[image] for image in images]
    people = list_scores(raters)
    singles = [r for rater in raters if (r := pearson_r(list_scores([rater]), true)) is not None]
    return {
        "n": len(images),
        "r_model": pearson_r(signed, true),
        "r_one_rater": float(np.mean(singles)) if singles else None,
        "r_raters": pearson_r(people, true),
        "r_model_raters": pearson_r(signed, people),
    }
