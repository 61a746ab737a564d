"""`summarise`: from a study's images to its animals, made anew whenever it is asked for.

How a summary was last made (model, period, sleep …) is kept beside it, so that `amgs compare` and
`amgs report` make the same one again from what is in the study now: an old table is never compared.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import NoImagesError, StudyError, count_of, quoted
from amgs.files import write_json
from amgs.prediction.human import read_predictions_or_scores
from amgs.prediction.models import is_built_in
from amgs.prediction.summarise import summarise_animals
from amgs.prediction.summary_columns import summary_columns
from amgs.prediction.summary_options import SummaryOptions, with_baseline
from amgs.study.actions import who_acts
from amgs.study.classifying import find_reader, write_predictions
from amgs.study.folder import StudyFolder
from amgs.study.planned import add_facts, animal_facts
from amgs.study.present import Present, present, recording_times
from amgs.study.results import set_aside_others, write_result
from amgs.study.unblinding import write_human_scores
from amgs.tables import format_cells
from amgs.timepoints import order_timepoints
from amgs.vocabulary import EARLIER_COLUMNS, Output

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.readers import Reader
    from amgs.prediction.recording_times import RecordingTime

HUMAN_VALUE = "mean_mgs_sum"
SUMMARY, HUMAN_SUMMARY = "summary.csv", "summary_human.csv"

SUMMARISED = "summarised"
"""The kind of event that keeps how a study is summarised from then on."""

_DERIVED = (("comparison", ".json"), ("pairs", ".csv"))


@dataclass(frozen=True, slots=True)
class SummaryChoice:
    """How a study is summarised; threshold and minimum per minute are in its settings.

    ``model`` is the name of a model of the study or of a built-in one; the last used if empty.
    """

    model: str = ""
    human: bool = False
    from_min: float | None = None
    to_min: float | None = None
    leave_out_sleep: bool = False
    unseen_only: bool = False
    sleep_by_model: bool = False


@dataclass(frozen=True, eq=False)
class StudySummary:
    """A summary with what it was made of; ``model`` is empty for human scores."""

    path: Path
    rows: list[dict[str, Any]]
    table: pd.DataFrame
    times: dict[str, RecordingTime] | None
    options: SummaryOptions
    outputs: tuple[Output, ...] = ()
    model: str = ""
    made: dict[str, Any] = field(default_factory=dict)


def is_human_value(value: str) -> bool:
    """Whether a column is of the human scores, by its name of today or of 0.1.0."""
    return EARLIER_COLUMNS.get(value, value) == HUMAN_VALUE


def summarise_study(
    study: StudyFolder, choice: SummaryChoice, *, remember: bool = False
) -> StudySummary:
    """Summarise a study and keep the table, and how it was made.

    Parameters
    ----------
    study
        The study.
    choice
        How it is summarised.
    remember
        Whether later comparisons and reports are to be made in this way.

    Raises
    ------
    StillBlindError
        If human scores are wanted of a study that was not unblinded.
    UnknownNameError
        If there is no such model.
    StudyError
        If the model has not classified all faces yet.
    """
    options = SummaryOptions(
        study.settings.classify.threshold,
        study.settings.classify.min_per_minute,
        choice.from_min,
        choice.to_min,
        choice.leave_out_sleep,
        choice.unseen_only,
        study.settings.classify.min_images,
        sleep_by_model=choice.sleep_by_model,
    )
    now, model, reader_sha256 = present(study), "", ""
    times = recording_times(now)
    if not now.faces:
        msg = (
            f"Expected faces to summarise, found none: {len(now.excluded)} are left out, and "
            f"{count_of(len(now.fit.new), 'recording')} are not extracted. See `amgs check`."
        )
        raise NoImagesError(msg)
    if choice.human:
        path = study.results / HUMAN_SUMMARY
        source = write_human_scores(study)
        # Scores are few and drawn by lot: how many there are per minute says nothing.
        times = {name: replace(time, duration_s=None) for name, time in times.items()}
    else:
        path = study.results / SUMMARY
        reader = find_reader(study, choice.model)
        _require_readings(study, reader)
        source, model, reader_sha256 = (
            write_predictions(study, reader, now),
            reader.name,
            reader.sha256,
        )
    table, outputs = read_predictions_or_scores(source, study.scale.highest_sum)
    options = with_baseline(options, table, study.settings.study.baseline)
    made = _making(study, now, options, reader_sha256, replace(choice, model=model))
    set_aside_others(
        study, path.with_suffix(".json"), made, _made_with(study, path, human=choice.human)
    )
    if not choice.human:
        _require_all_classified(study, now, table, choice.model)
    rows = summarise_animals(table, options, times, outputs)
    _sort_by_time(rows, study.settings.study.baseline)
    facts = animal_facts(now.planned.values())
    add_facts(rows, facts)
    columns = (*summary_columns(outputs, options), *facts)
    write_result(study, path, columns, [format_cells(row, columns) for row in rows])
    write_json(path.with_suffix(".json"), {"choice": asdict(choice), "made": made})
    if remember:
        study.store.events.log(SUMMARISED, who_acts(), asdict(choice))
    return StudySummary(path, rows, table, times, options, tuple(outputs), model, made)


def _sort_by_time(rows: list[dict[str, Any]], baseline: str) -> None:
    """Let every animal's timepoints be in the order of time; animals stay in theirs."""
    animals = {row["animal"]: place for place, row in reversed(list(enumerate(rows)))}
    ordered = order_timepoints((row["timepoint"] for row in rows), baseline)
    times = {name: place for place, name in enumerate(ordered)}
    rows.sort(key=lambda row: (animals[row["animal"]], times[row["timepoint"]]))


def _making(
    study: StudyFolder, now: Present, options: SummaryOptions, sha256: str, choice: SummaryChoice
) -> dict[str, Any]:
    """Return all that decides what a summary says, besides the faces and the table themselves."""
    used = {s.generation for s in now.fit.assigned.values() if s.detail.get("row")}
    chosen = asdict(options)
    # A setting of the study, and a choice that earlier versions did not have: what they made stays.
    del chosen["baseline"]
    if not options.sleep_by_model:
        del chosen["sleep_by_model"]
    return {
        **chosen,
        "model": "" if choice.human else choice.model,
        "model_sha256": sha256,
        "human": choice.human,
        "generations": sorted(used),
        "leave_out_faces": study.settings.scoring.leave_out_faces,
        "exclusions": [f"{row.what}: {row.reason}" for row in now.exclusions.rows],
    }


def _made_with(study: StudyFolder, summary: Path, *, human: bool) -> list[Path]:
    """Return the results that were made in the same way as a summary."""
    derived = [
        path
        for kind, suffix in _DERIVED
        for path in sorted(study.results.glob(f"{kind}_*{suffix}"))
        if path.name.startswith(f"{kind}_{HUMAN_VALUE}") == human
    ]
    course = summary.with_name(f"{summary.stem}_time_course.csv")
    further = [] if human else [study.results / "figures", study.results / "report.html"]
    return [summary, course, *derived, *further]


def _require_readings(study: StudyFolder, reader: Reader) -> None:
    """Stop when a model has not looked at any face of the study, and say which others have."""
    said = study.store.predictions
    if said.count(reader.sha256):
        return
    others = [name for name, _, sha256 in said.models() if said.count(sha256)]
    instead = f", or take {' or '.join(others)} with --model" if others else ""
    msg = (
        f"Expected predictions of the model {reader.name}, found none yet. First: amgs classify "
        f"{reader.name} {quoted(study.folder)}{instead}."
    )
    raise StudyError(msg)


def _require_all_classified(
    study: StudyFolder, now: Present, table: pd.DataFrame, model: str
) -> None:
    """Stop when a model has not looked at all faces: animals would stand on a few of theirs."""
    missing = len(now.faces) - len(table) - int(table.attrs.get("problems", 0))
    if missing > 0:
        command = " ".join(part for part in ("amgs classify", model, quoted(study.folder)) if part)
        msg = (
            f"Expected predictions for all faces of the study, found {missing} without one. "
            f"First: {command}"
        )
        raise StudyError(msg)


def remembered_choice(
    study: StudyFolder, *, human: bool, until: str | None = None
) -> SummaryChoice | None:
    """Return how the study was last to be summarised from then on, by a moment if one is given.

    ``None`` where nobody had chosen.
    """
    for event in reversed(study.store.events.all(SUMMARISED)):
        if event["human"] == human and (until is None or event["at"] <= until):
            # Events of earlier versions lack what could not be chosen then.
            return SummaryChoice(**{n: event[n] for n in SummaryChoice.__slots__ if n in event})
    return None


def last_choice(study: StudyFolder, *, human: bool) -> SummaryChoice:
    """Return how the study was last summarised; the usual way if it was not.

    Raises
    ------
    StudyError
        If the file that keeps it was damaged.
    """
    remembered = remembered_choice(study, human=human)
    if remembered is not None:
        return remembered
    path = study.results / (HUMAN_SUMMARY if human else SUMMARY)
    kept = path.with_suffix(".json")
    if not kept.exists():
        return SummaryChoice(human=human)
    try:
        document = json.loads(kept.read_text(encoding="utf-8"))
        if "choice" in document:  # of a comparison or report that somebody asked for in passing
            return SummaryChoice(human=human)
        return SummaryChoice(**document)
    except (TypeError, ValueError) as error:
        msg = f"Expected how {path.name} was made in {kept}, found something else. Delete {kept}."
        raise StudyError(msg) from error


def has_readings(study: StudyFolder) -> bool:
    """Whether a model of the study, or a built-in one, has looked at its faces."""
    said = study.store.predictions
    known = [sha256 for name, folder, sha256 in said.models() if folder or is_built_in(name)]
    return any(map(said.count, known))
