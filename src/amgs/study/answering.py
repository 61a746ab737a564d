"""From a study's images to its animals and groups: what is summarised and where it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import StudyError
from amgs.prediction import read_predictions
from amgs.prediction.human import read_predictions_or_scores
from amgs.study.layout import RESULTS
from amgs.study.study import Study
from amgs.study.unblinding import write_human_scores

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.recording_times import RecordingTime

HUMAN_VALUE = "mean_mgs"
SUMMARY, HUMAN_SUMMARY = "summary.csv", "summary_human.csv"


def summary_inputs(
    study: Study, model: str, *, human: bool
) -> tuple[pd.DataFrame, dict[str, RecordingTime] | None, Path]:
    """Return the images to summarise, how long recordings are, and where the summary goes.

    Parameters
    ----------
    study
        An open study.
    model
        Whose predictions; the newest model's if empty.
    human
        The human scores instead.

    Raises
    ------
    StillBlindError
        If human scores are wanted of a study that was not unblinded.
    UnknownNameError
        If there is no such model.
    """
    results = study.folder / RESULTS
    if human:
        return read_predictions_or_scores(write_human_scores(study)), None, results / HUMAN_SUMMARY
    table = read_predictions(study.predictions(study.model_folder(model)))
    return table, study.times(), results / SUMMARY


def find_summary(study: Study, value: str) -> Path:
    """Return the summary that has a value: human scores for the mean MGS, else predictions.

    Raises
    ------
    StudyError
        If it was not made yet.
    """
    human = value == HUMAN_VALUE
    path = study.folder / RESULTS / (HUMAN_SUMMARY if human else SUMMARY)
    if not path.exists():
        command = f"amgs summarise {study.folder}{' --human' if human else ''}"
        raise StudyError(f"Expected {path.name} in {path.parent}, found none. First: {command}")
    return path


def comparison_file(study: Study, value: str) -> Path:
    """Return where a comparison is kept for the report."""
    return study.folder / RESULTS / f"comparison_{value}.json"
