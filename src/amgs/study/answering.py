"""From a study's images to its animals and groups: summarised anew whenever it is asked for.

How a summary was last made (model, period, sleep …) is kept beside it, so that `amgs compare` and
`amgs report` make the same one again from what is in the study now: an old table is never compared.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import StudyError, quoted
from amgs.files import write_json
from amgs.prediction import read_predictions
from amgs.prediction.human import read_predictions_or_scores
from amgs.prediction.summarise import SUMMARY_COLUMNS, summarise_animals
from amgs.prediction.summary_options import SummaryOptions
from amgs.study.layout import RESULTS
from amgs.study.study import Study
from amgs.study.unblinding import write_human_scores
from amgs.tables import cells_of, write_table

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.recording_times import RecordingTime

HUMAN_VALUE = "mean_mgs"
SUMMARY, HUMAN_SUMMARY = "summary.csv", "summary_human.csv"


@dataclass(frozen=True, slots=True)
class SummaryChoice:
    """How a study is summarised; threshold and minimum per minute are in its settings.

    ``model`` is the newest one's name when empty.
    """

    model: str = ""
    human: bool = False
    from_min: float | None = None
    to_min: float | None = None
    leave_out_sleep: bool = False
    unseen_only: bool = False


@dataclass(frozen=True)
class StudySummary:
    """A summary with what it was made of."""

    path: Path
    rows: list[dict[str, Any]]
    table: pd.DataFrame
    times: dict[str, RecordingTime] | None
    options: SummaryOptions


def summarise_study(study: Study, choice: SummaryChoice) -> StudySummary:
    """Summarise a study and keep the table with the choice.

    Raises
    ------
    StillBlindError
        If human scores are wanted of a study that was not unblinded.
    UnknownNameError
        If there is no such model.
    """
    results = study.folder / RESULTS
    options = SummaryOptions(
        study.settings.number("classify", "threshold"),
        study.settings.number("classify", "min_per_minute"),
        choice.from_min,
        choice.to_min,
        choice.leave_out_sleep,
        choice.unseen_only,
    )
    times = None
    if choice.human:
        path = results / HUMAN_SUMMARY
        table = read_predictions_or_scores(write_human_scores(study), study.scale.highest_sum)
    else:
        path, times = results / SUMMARY, study.times()
        table = read_predictions(
            study.predictions(study.model_folder(choice.model)), study.scale.highest_sum
        )
        _require_all_classified(study, table, choice.model)
    rows = summarise_animals(table, options, times)
    write_table(path, SUMMARY_COLUMNS, [cells_of(row, SUMMARY_COLUMNS) for row in rows])
    write_json(path.with_suffix(".json"), asdict(choice))
    return StudySummary(path, rows, table, times, options)


def _require_all_classified(study: Study, table: pd.DataFrame, model: str) -> None:
    """Stop when a model has not looked at all faces: animals would stand on a few of theirs."""
    missing = study.store.faces.count() - len(table) - int(table.attrs.get("problems", 0))
    if missing > 0:
        command = f"amgs classify {model} {quoted(study.folder)}".replace("  ", " ")
        msg = (
            f"Expected predictions for all faces of the study, found {missing} without one. "
            f"First: {command}"
        )
        raise StudyError(msg)


def last_choice(study: Study, *, human: bool) -> SummaryChoice:
    """Return how the study was last summarised; the usual way if it was not.

    Raises
    ------
    StudyError
        If the file that keeps it was damaged.
    """
    path = study.folder / RESULTS / (HUMAN_SUMMARY if human else SUMMARY)
    kept = path.with_suffix(".json")
    if not kept.exists():
        return SummaryChoice(human=human)
    try:
        return SummaryChoice(**json.loads(kept.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        msg = f"Expected how {path.name} was made in {kept}, found something else. Delete {kept}."
        raise StudyError(msg) from error


def comparison_file(study: Study, value: str) -> Path:
    """Return where a comparison is kept."""
    return study.folder / RESULTS / f"comparison_{value}.json"
