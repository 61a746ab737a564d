"""Studies of drawn mice: laid out from a plan, scored by simulated raters who know no group."""

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
from amgs.simulate.cubicle import FilmOptions
from amgs.simulate.experiment import DESIGN_COLUMNS, Experiment, write_films
from amgs.simulate.film import read_truth, truth_beside
from amgs.simulate.raters import SimulatedRater, seen_by_raters
from amgs.study.answers import finished_answers
from amgs.study.design import RECORDINGS_FILE
from amgs.study.study import Study
from amgs.tables import write_notice, write_table
from amgs.vocabulary import DRAWN_NOTICE, Prediction

RATER_NAME = "Simulated rater"

Truth = Mapping[str, Mapping[str, float]]
"""The action units of every image, by its name in the study."""


def create_drawn_study(
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
    write_notice(folder, DRAWN_NOTICE)
    return study


def draw_study(
    study: Study,
    experiment: Experiment,
    options: FilmOptions,
    seed: int,
    executor: Executor,
    *,
    progress: ProgressCallback = no_progress,
) -> None:
    """Draw the films of an experiment into a study, and write its design.

    Parameters
    ----------
    study
        A new study.
    experiment, options, seed
        The plan, how films are made, and which animals.
    executor
        Draws several films at once.
    progress
        Told how many films are done.
    """
    rows = write_films(study.folder, experiment, options, seed, executor, progress=progress)
    write_table(study.folder / RECORDINGS_FILE, DESIGN_COLUMNS, rows)


def truth_of_films(study: Study) -> dict[str, dict[str, float]]:
    """Return what every extracted face shows, from the truth beside its film; see `true_rows`.

    Of an animal asleep the lids are seen shut: people who score a face cannot know why.
    """
    return {
        image: seen_by_raters(
            {unit: float(row[unit]) for unit in UNITS}, asleep=row["doing"] == "asleep"
        )
        for image, row in true_rows(study).items()
    }


def true_rows(study: Study) -> dict[str, dict[str, str]]:
    """Return what is true of every extracted face, by its name: a row of the film's truth.

    Raises
    ------
    StudyError
        If a film has no truth beside it, as those of real mice, or one of other animals.
    """
    planned = study.planned()
    films: dict[str, dict[tuple[str, int], dict[str, str]]] = {}
    rows = {}
    for face in study.store.faces.all():
        recording = planned[face.recording]
        if recording.film not in films:
            films[recording.film] = _truth_of_film(study.folder, recording.film)
        row = films[recording.film].get((recording.animal, int(face.frame or 0)))
        if row is None:
            animals = ", ".join(sorted({animal for animal, _ in films[recording.film]}))
            msg = (
                f"Expected the animals of {truth_beside(Path(recording.film)).name} ({animals}) in "
                f"recordings.csv, found {recording.animal!r} there. Studies that "
                "`amgs simulate cohort` makes agree with their truth."
            )
            raise StudyError(msg)
        rows[face.image] = row
    return rows


def _truth_of_film(folder: Path, film: str) -> dict[tuple[str, int], dict[str, str]]:
    truth = truth_beside(folder / film)
    if not truth.is_file():
        msg = (
            f"Expected films drawn by `amgs simulate cohort`, with their truth beside them, found "
            f"no {truth.name} beside {film}. Real mice are scored by people: `amgs score`."
        )
        raise StudyError(msg)
    return read_truth(folder / film)


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
        If the study's scale has a unit that drawn mice do not show.
    """
    units = study.scale.unit_names
    missing = sorted(set(units) - set(UNITS))
    if missing:
        msg = (
            f"Expected a scale of mice ({', '.join(UNITS)}), found the scale {study.scale.title} "
            f"with {', '.join(missing)}: drawn mice do not show it."
        )
        raise StudyError(msg)
    room = study.room()
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
        row.image: Prediction.from_p_pain(row.p_pain).signed_score
        for row in study.store.predictions.all(model)
        if row.p_pain is not None
    }
    answers = finished_answers(study.store.scoring.all(), units)
    images = [image for image in answers if image in said]
    raters = sorted({rater for image in images for rater in answers[image]})

    def scores_of(wanted: Sequence[str]) -> list[float]:
        found = []
        for image in images:
            given = [answers[image][rater] for rater in wanted if rater in answers[image]]
            mgs = score_image(image, given, units, rule).mgs
            found.append(np.nan if mgs is None else mgs)
        return found

    true = [sum(truth[image][unit] for unit in units) for image in images]
    signed = [said[image] for image in images]
    people = scores_of(raters)
    singles = [r for rater in raters if (r := pearson_r(scores_of([rater]), true)) is not None]
    return {
        "n": len(images),
        "r_model": pearson_r(signed, true),
        "r_one_rater": float(np.mean(singles)) if singles else None,
        "r_raters": pearson_r(people, true),
        "r_model_raters": pearson_r(signed, people),
    }
