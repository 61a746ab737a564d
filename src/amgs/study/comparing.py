"""`compare`: the groups of a study against each other, from what is in it now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from amgs.cohort.comparison import PAIR_COLUMNS, ComparisonChoice, pair_rows
from amgs.cohort.second_outcome import compare_table
from amgs.files import safe_file_name, write_json
from amgs.study.actions import RESULTS_SEEN, who_acts
from amgs.study.folder import StudyFolder
from amgs.study.planning import as_planned, is_primary, plan_state
from amgs.study.results import require_unchanged, write_result
from amgs.study.summarising import (
    HUMAN_VALUE,
    StudySummary,
    is_human_value,
    last_choice,
    summarise_study,
)
from amgs.timepoints import order_timepoints


@dataclass(frozen=True)
class StudyComparison:
    """A comparison, the summary it rests on, and where both are kept."""

    document: dict[str, Any]
    summary: StudySummary
    path: Path
    pairs: Path


def compare_study(
    study: StudyFolder, choice: ComparisonChoice | None = None, model: str = ""
) -> StudyComparison:
    """Compare the groups of a study; keep the document and the table of pairs in ``results``.

    The summary is made anew, in the way it was last made.

    Parameters
    ----------
    study
        The study.
    choice
        What is compared; the baseline is that of the study.
    model
        Whose readings; those last summarised if empty.

    Raises
    ------
    NothingLeftError
        If no animal has a value at every timepoint.
    DesignError
        If the timepoints do not say what to compare.
    StillBlindError
        If human scores are wanted of a study that was not unblinded.
    """
    choice = as_planned(study, choice or ComparisonChoice())
    summary = summarise_for(study, choice.value, model)
    return compare_summary(study, summary, choice)


def summarise_for(study: StudyFolder, value: str, model: str = "") -> StudySummary:
    """Summarise a study for the comparison of a value, in the way it was last summarised."""
    made = last_choice(study, human=is_human_value(value))
    if model:
        made = replace(made, model=model)
    return summarise_study(study, made)


def compare_summary(
    study: StudyFolder, summary: StudySummary, choice: ComparisonChoice
) -> StudyComparison:
    """Compare the groups of a summary that was just made; see `compare_study`."""
    choice = as_planned(study, choice)
    value = HUMAN_VALUE if is_human_value(choice.value) else choice.value
    document = compare_table(summary.path, value, replace(choice, value=value))
    document |= {
        "made": summary.made,
        "is_primary": is_primary(study, value, document["timepoint"]),
        "plan_state": plan_state(study).as_dict(),
    }
    if not study.store.events.all(RESULTS_SEEN):
        study.store.events.log(RESULTS_SEEN, who_acts(), {"value": value})
    # Where there are several timepoints, each has its own file.
    several = len(timepoints_to_compare(study, summary, ComparisonChoice())) > 1
    of_what = f"{document['value']}_{document['timepoint']}" if several else document["value"]
    path = comparison_file(study, of_what)
    pairs = study.results / f"pairs_{safe_file_name(of_what)}.csv"
    require_unchanged(study, pairs)
    write_json(path, document)
    write_result(study, pairs, PAIR_COLUMNS, pair_rows(document))
    return StudyComparison(document, summary, path, pairs)


def timepoints_to_compare(
    study: StudyFolder, summary: StudySummary, choice: ComparisonChoice
) -> list[str]:
    """Return the timepoints that a report compares: the one named, or all but the baseline.

    The planned one comes first, the others in the order of time.
    """
    if choice.timepoint is not None:
        return [choice.timepoint]
    baseline = study.settings.study.baseline
    there = order_timepoints((str(row["timepoint"]) for row in summary.rows), baseline)
    later = [name for name in there if name != baseline] or there
    return sorted(later, key=lambda name: name != study.settings.plan.timepoint)


def comparison_file(study: StudyFolder, of_what: str) -> Path:
    """Return where the comparison of a value (and a timepoint, where there are several) is kept."""
    return study.results / f"comparison_{safe_file_name(of_what)}.json"
