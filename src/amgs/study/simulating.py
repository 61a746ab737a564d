"""Studies of drawn mice: laid out from a plan, scored by simulated raters who know no group."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from amgs.errors import StudyError
from amgs.jobs import ProgressCallback, no_progress
from amgs.scoring.labels import score_image
from amgs.simulate.behaviour import UNITS
from amgs.simulate.cubicle import FilmOptions
from amgs.simulate.experiment import DESIGN_COLUMNS, Experiment, write_films
from amgs.simulate.film import TRUTH_COLUMNS, truth_beside
from amgs.simulate.raters import SimulatedRater, seen_by_raters
from amgs.study.answers import finished_answers
from amgs.study.design import RECORDINGS_FILE
from amgs.study.settings import SETTINGS_FILE
from amgs.study.study import Study
from amgs.tables import read_table, write_table
from amgs.vocabulary import DRAWN_NOTICE, NOTICE_FILE

RATER_NAME = "Simulated rater"
_FEWEST = 3

Truth = Mapping[str, Mapping[str, float]]
"""The action units of every image, by its name in the study."""


def create_drawn_study(
    folder: Path, name: str, seed: int, changes: Mapping[str, str | float] | None = None
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
    changes
        Settings that differ from the defaults, by their names in ``study.toml``.
    """
    Study.create(folder, name, seed=seed).store.close()
    settings = folder / SETTINGS_FILE
    text = settings.read_text(encoding="utf-8")
    for setting, value in (changes or {}).items():
        written = json.dumps(value, ensure_ascii=False).replace("\\", r"\\")
        text, found = re.subn(rf"(?m)^{setting} = .*$", f"{setting} = {written}", text)
        assert found == 1, setting  # noqa: S101
    settings.write_text(text, encoding="utf-8")
    (folder / NOTICE_FILE).write_text(DRAWN_NOTICE + "\n", encoding="utf-8")
    return Study.open(folder)


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
    """Return what every extracted face shows, from the truth beside its film.

    Of an animal asleep the lids are seen shut: people who score a face cannot know why.

    Raises
    ------
    StudyError
        If a film has no truth beside it: films of real mice have none.
    """
    planned = study.planned()
    films: dict[Path, dict[tuple[str, int], Mapping[Any, Any]]] = {}
    shown = {}
    for face in study.store.faces.all():
        recording = planned[face.recording]
        truth = truth_beside(study.folder / recording.film)
        if truth not in films:
            if not truth.is_file():
                msg = (
                    f"Expected films drawn by `amgs simulate cohort`, with their truth beside "
                    f"them, found no {truth.name} beside {recording.film}. Real mice are scored "
                    "by people: `amgs score`."
                )
                raise StudyError(msg)
            table = read_table(truth, required=TRUTH_COLUMNS)
            films[truth] = {
                (row["animal"], int(row["frame"])): row for row in table.to_dict("records")
            }
        row = films[truth][recording.animal, int(face.frame or 0)]
        units = {unit: float(row[unit]) for unit in UNITS}
        shown[face.image] = seen_by_raters(units, asleep=row["doing"] == "asleep")
    return shown


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
    names: list[str] = []
    number = 0
    while len(names) < n:
        number += 1
        name = f"{RATER_NAME} {number}"
        if name not in taken:
            names.append(name)
    return names


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
    said = {p.image: p.p_pain for p in study.store.predictions.all(model)}
    answers = finished_answers(study.store.scoring.all(), units)
    images = [image for image in answers if said.get(image) is not None]
    raters = sorted({rater for image in images for rater in answers[image]})

    def scores_of(wanted: Sequence[str]) -> list[float]:
        found = []
        for image in images:
            given = [answers[image][rater] for rater in wanted if rater in answers[image]]
            mgs = score_image(image, given, units, rule).mgs
            found.append(np.nan if mgs is None else mgs)
        return found

    true = [sum(truth[image][unit] for unit in units) for image in images]
    signed = [2 * (said[image] or 0.0) - 1 for image in images]
    people = scores_of(raters)
    singles = [r for rater in raters if (r := _correlation(scores_of([rater]), true)) is not None]
    return {
        "n": len(images),
        "r_model": _correlation(signed, true),
        "r_one_rater": float(np.mean(singles)) if singles else None,
        "r_raters": _correlation(people, true),
        "r_model_raters": _correlation(signed, people),
    }


def _correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    x, y = np.asarray(a, float), np.asarray(b, float)
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < _FEWEST or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return None
    return float(np.corrcoef(x[both], y[both])[0, 1])
