"""Looking at the answer in other ways than planned: nothing of it is kept in ``results``."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from amgs.cohort.comparison import ComparisonChoice
from amgs.cohort.second_outcome import compare_table
from amgs.prediction.models import is_built_in
from amgs.prediction.summarise import summarise_animals
from amgs.prediction.summary_columns import mean_columns, summary_columns
from amgs.study.classifying import built_in_alone, find_reader
from amgs.study.comparing import compare_study
from amgs.study.folder import StudyFolder
from amgs.study.planned import add_facts, animal_facts
from amgs.study.planning import as_planned
from amgs.study.present import present
from amgs.study.summarising import StudySummary, is_human_value
from amgs.tables import format_cells, write_table


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What is chosen otherwise than in the study's settings; ``None`` where it is not.

    ``from_min`` and ``to_min`` are minutes of the recordings.
    """

    threshold: float | None = None
    min_images: int | None = None
    from_min: float | None = None
    to_min: float | None = None
    leave_out_sleep: bool | None = None
    unseen_only: bool | None = None
    sleep_by_model: bool | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether all is as the study has it."""
        return self == Otherwise()


@dataclass(frozen=True)
class Explored:
    """A comparison, the rows per animal and timepoint behind it, and what it was made of."""

    document: dict[str, Any]
    rows: list[dict[str, Any]]
    summary: StudySummary
    choice: ComparisonChoice


def choose_reader(study: StudyFolder, model: str, value: str) -> tuple[str, str]:
    """Return whose readings are compared, and which value of theirs, where nothing was said.

    In a study that only a built-in model has read, that one is meant, and the mean of its first
    number: it says nothing of pain or no pain.
    """
    if is_human_value(value or study.settings.plan.outcome):
        return model, value
    model = model or built_in_alone(study)
    if model and is_built_in(model) and not value:
        columns = mean_columns(list(find_reader(study, model).outputs))
        value = study.settings.plan.outcome
        value = value if value in columns else columns[0]
    return model, value


def explore(
    study: StudyFolder, choice: ComparisonChoice, otherwise: Otherwise, model: str = ""
) -> Explored:
    """Compare groups as `amgs.study.comparing.compare_study` does, and then otherwise.

    Where nothing is chosen otherwise, it is the comparison of the study itself, which is kept.

    Raises
    ------
    NothingLeftError
        If no animal has a value at every timepoint.
    DesignError
        If the timepoints do not say what to compare.
    StillBlindError
        If human scores are wanted of a study that was not unblinded.
    """
    found = compare_study(study, choice, model)
    choice = as_planned(study, choice)
    if otherwise.is_nothing:
        return Explored(found.document, found.summary.rows, found.summary, choice)
    chosen = {name: getattr(otherwise, name) for name in Otherwise.__slots__}
    summary = found.summary
    options = replace(
        summary.options, **{name: value for name, value in chosen.items() if value is not None}
    )
    rows = summarise_animals(summary.table, options, summary.times, list(summary.outputs))
    facts = animal_facts(present(study).planned.values())
    add_facts(rows, facts)
    columns = (*summary_columns(summary.outputs, options), *facts)
    value = str(found.document["value"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "summary.csv"
        write_table(path, columns, [format_cells(row, columns) for row in rows])
        document = compare_table(path, value, replace(choice, value=value))
    document |= {
        "made": found.document["made"] | {k: v for k, v in chosen.items() if v is not None},
        "is_primary": False,
        "plan_state": found.document["plan_state"],
    }
    return Explored(document, rows, replace(summary, rows=rows, options=options), choice)
