"""`report`: one page of everything that is in a study's folder and store."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from amgs.cohort.comparison import ComparisonChoice
from amgs.errors import DesignError, NoImagesError, NothingLeftError, StudyError, quoted
from amgs.jobs import ProgressCallback, no_progress
from amgs.prediction.precision import measure_reliability
from amgs.prediction.readers import Reader
from amgs.prediction.unlike import warn_of_unlike
from amgs.provenance import hash_file, record_provenance
from amgs.report.build import write_report
from amgs.report.dependence import Images, how_it_depends
from amgs.report.gather import read_summary
from amgs.report.material import ReportMaterial
from amgs.study.classifying import find_reader
from amgs.study.comparing import compare_summary, timepoints_to_compare
from amgs.study.design import RECORDINGS_FILE, Design
from amgs.study.evidence import last_evidence
from amgs.study.exploring import choose_reader
from amgs.study.extraction_tables import list_recording_rows
from amgs.study.folder import StudyFolder
from amgs.study.generations import settings_in_use
from amgs.study.image_checking import check_image_sets
from amgs.study.labelling import write_labels
from amgs.study.passing import passed_course
from amgs.study.planned import animal_facts
from amgs.study.planning import as_planned
from amgs.study.present import count_folders, list_for_report, present
from amgs.study.proving import last_check
from amgs.study.rater_agreement import measure_rater_agreement
from amgs.study.settings import SETTINGS_FILE
from amgs.study.summarising import (
    HUMAN_VALUE,
    StudySummary,
    SummaryChoice,
    has_readings,
    is_human_value,
    last_choice,
    summarise_study,
)
from amgs.study.training import TRAINED, trained_on_other_labels

REPORT = "report.html"


def report_study(
    study: StudyFolder,
    choice: ComparisonChoice | None = None,
    model: str = "",
    progress: ProgressCallback = no_progress,
) -> Path:
    """Write ``results/report.html`` from all that the study holds; return it.

    The summary is made anew as it was last made, so that the report fits what is in the study now.

    Parameters
    ----------
    study
        An open study.
    choice
        What is compared; the baseline is that of the study.
    model
        Whose readings; those last summarised if empty. Without any model, the report is of the
        human scores alone.
    progress
        Told what is going on.
    """
    material = gather_study(study, choice or ComparisonChoice(), model, progress)
    path = study.results / REPORT
    options = {"value": material.value, "settings": study.settings.as_dict()}
    write_report(path, material, record_provenance(options, material.inputs))
    return path


def gather_study(
    study: StudyFolder, choice: ComparisonChoice, model: str, progress: ProgressCallback
) -> ReportMaterial:
    """Gather what the report of a study is made of."""
    asked = choice
    choice, model, by_model = _what_is_reported(study, choice, model)
    design = study.design()
    made = last_choice(study, human=not by_model)
    if model:
        made = replace(made, model=model)
    summary = summarise_study(study, made)
    reader = find_reader(study, made.model) if by_model else None
    inputs = {} if reader is None else {"model": reader.sha256}
    human, documents, notes = _compare(study, summary, choice, asked, by_model=by_model)
    notes += trained_on_other_labels(study, inputs["model"]) if by_model else []
    notes += warn_of_unlike(summary.rows)
    agreement = None
    with contextlib.suppress(NoImagesError):
        agreement = measure_rater_agreement(study, intervals=True)
    now = present(study)
    rows = [r.row for r in list_recording_rows(study, design)]
    extraction = [{str(k): "" if v is None else str(v) for k, v in row.items()} for row in rows]
    for name in (SETTINGS_FILE, RECORDINGS_FILE):
        inputs[name] = hash_file(study.folder / name)
    image_sets = check_image_sets(study, progress)
    if image_sets is None:
        notes.append(
            "No face image could be read, so images are neither shown nor compared as sets. "
            "`amgs check` names them."
        )
    return ReportMaterial(
        title=study.name,
        **_on_choices(summary, documents, choice, animal_facts(now.planned.values())),
        summary=read_summary(summary.path, choice.value),
        comparison=documents[0] if documents else None,
        further=documents[1:],
        human_comparison=human,
        settings=_flat(study, made, videos=bool(extraction)),
        predictions=summary.table,
        outputs=summary.outputs,
        model=summary.model,
        notes=notes,
        images_at=study.folder,
        extraction=extraction or None,
        options=summary.options,
        exclusions=list_for_report(now),
        left_out_by_raters=now.left_out_by_raters,
        folders=count_folders(now),
        missing={row["recording"]: str(row["problem"]) for row in rows if row.get("problem")},
        recordings=len(design.recordings),
        animals=_animals(design),
        agreement=agreement,
        scale=study.scale.title,
        labels=write_labels(study)[1] if agreement else None,
        **({} if reader is None else _about(study, reader)),
        image_sets=image_sets,
        unblindings=study.unblindings,
        scored_late=_scored_late(study),
        **_course(study),
        blinded=True,
        inputs=inputs,
        notice=study.notice,
    )


def _on_choices(
    summary: StudySummary,
    documents: Sequence[Mapping[str, Any]],
    choice: ComparisonChoice,
    facts: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Return how the answer depends on choices, and how reliable a few images are."""
    images = Images(summary.table, summary.options, summary.times, summary.outputs, facts)
    reliable = measure_reliability(summary.table, summary.options)
    return {
        "dependence": how_it_depends(images, documents[0], choice) if documents else (),
        "reliability": [r.as_dict() for r in reliable],
    }


def _about(study: StudyFolder, reader: Reader) -> dict[str, Any]:
    """Return what is known of the model: its card, and how it did on the study's animals."""
    rule = _rule_of(study, reader.sha256)
    return {
        "card": reader.card() if reader.folder is not None else None,
        "model_check": last_check(study, reader.sha256),
        "evidence": last_evidence(study, reader.sha256),
        "trained_here": rule is not None,
        "label_rule": rule,
    }


def _compare(
    study: StudyFolder,
    summary: StudySummary,
    choice: ComparisonChoice,
    asked: ComparisonChoice,
    *,
    by_model: bool,
) -> tuple[dict[str, Any] | None, list[dict[str, Any]], list[str]]:
    """Compare human scores, and the summary at every timepoint; say what could not be compared."""
    timepoints = timepoints_to_compare(study, summary, asked)
    first = replace(choice, timepoint=timepoints[0])
    human, notes = _compare_human_scores(study, first, by_model=by_model)
    documents = []
    for timepoint in timepoints:
        try:
            chosen = replace(choice, timepoint=timepoint)
            documents.append(compare_summary(study, summary, chosen).document)
        except NothingLeftError as error:
            notes.append(f"Groups were not compared at {timepoint}: {error}")
    return human, documents, notes


def _what_is_reported(
    study: StudyFolder, choice: ComparisonChoice, model: str
) -> tuple[ComparisonChoice, str, bool]:
    """Return what is compared, whose readings, and whether it is what a model says."""
    if not model and not last_choice(study, human=False).model:
        model, value = choose_reader(study, model, choice.value)
        choice = replace(choice, value=value)
    has_model = bool(model) or has_readings(study)
    if not has_model and not study.store.scoring.count_log():
        command = f"amgs classify MODEL {quoted(study.folder)}"
        msg = f"Expected a model's predictions or people's scores, found neither. First: {command}"
        raise StudyError(msg)
    choice = as_planned(study, choice)
    by_model = has_model and not is_human_value(choice.value)
    return (choice if by_model else replace(choice, value=HUMAN_VALUE)), model, by_model


def _scored_late(study: StudyFolder) -> dict[str, int]:
    """Return how many answers every rater gave after the study was unblinded."""
    if not study.unblindings:
        return {}
    first = study.unblindings[0]["at"]
    late = Counter(r.rater for r in study.store.scoring.all() if r.answered_at > first)
    return dict(late)


def _rule_of(study: StudyFolder, model: str) -> dict[str, Any] | None:
    """Return the rule of the labels that a model was trained on, if it was trained here."""
    rules = [e["rule"] for e in study.store.events.all(TRAINED) if e["model"] == model]
    return rules[-1] if rules else None


def _animals(design: Design) -> dict[str, dict[str, str]]:
    """Return what is said of every animal, on whichever of its lines it is said."""
    found: dict[str, dict[str, str]] = {}
    for r in design.recordings:
        said = {name: text for name, text in r.further.items() if text}
        found.setdefault(r.animal, {}).update(said)
    return found


def _compare_human_scores(
    study: StudyFolder, choice: ComparisonChoice, *, by_model: bool
) -> tuple[dict[str, Any] | None, list[str]]:
    """Compare human scores beside those of the model, where there are some and it is allowed."""
    if not (by_model and study.unblindings and study.store.scoring.count_log()):
        return None, []
    try:
        summary = summarise_study(study, last_choice(study, human=True))
        human = replace(choice, value=HUMAN_VALUE)
        return compare_summary(study, summary, human).document, []
    except DesignError as error:
        return None, [f"Human scores were not compared: {error}"]


def _course(study: StudyFolder) -> dict[str, Any]:
    """Return who passed the training course, and who was let in without it."""
    names = {rater.id: rater.name for rater in study.store.raters.all()}
    course = {names[key]: event for key, event in passed_course(study).items()}
    return {
        "course": {name: e["agreement"] for name, e in course.items() if "let_in_by" not in e},
        "let_in": [name for name, e in course.items() if "let_in_by" in e],
    }


def _flat(study: StudyFolder, made: SummaryChoice, *, videos: bool) -> dict[str, Any]:
    """Return the settings that played a part; a name that two sections have, with the second."""
    settings: dict[str, Any] = {}
    for section in ("extract", "scoring", "labels", "classify", "plan"):
        for name, value in study.settings.as_dict()[section].items():
            settings[f"{section}.{name}" if name in settings else name] = value
    if not videos:  # nothing was extracted, and no length of a recording is known
        for name in ("interval_s", "margin", "min_face_px", "detector", "min_per_minute"):
            del settings[name]
    if videos:
        settings |= settings_in_use(study)
    chosen = {k: v for k, v in asdict(made).items() if v and k != "human"}
    return settings | chosen
