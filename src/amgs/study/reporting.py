"""The report of a study: everything that is in its folder and store."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from amgs.cohort.comparison import compare_groups
from amgs.cohort.design import read_cohort
from amgs.cohort.image_measures import ImageOfSet, compare_measures, measure_images
from amgs.cohort.image_sets import compare_similarity, could_test, say_what_differs
from amgs.errors import DesignError, NoImagesError, NothingLeftError, StudyError, quoted
from amgs.files import write_json
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.bundle import load_model
from amgs.provenance import hash_file, record_provenance
from amgs.report.build import write_report
from amgs.report.gather import ComparisonChoice, read_extraction, read_summary
from amgs.report.material import ReportMaterial
from amgs.study.answering import (
    HUMAN_VALUE,
    SummaryChoice,
    comparison_file,
    last_choice,
    summarise_study,
)
from amgs.study.design import RECORDINGS_FILE, Design
from amgs.study.layout import FACES, RESULTS
from amgs.study.room import PASSED
from amgs.study.settings import SETTINGS_FILE
from amgs.study.study import Study
from amgs.study.training import TRAINED

REPORT = "report.html"
MOST_MEASURED = 400
"""Measuring all images of a large study would take longer than all the rest."""


def report_study(
    study: Study,
    choice: ComparisonChoice,
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
        Whose predictions; those last summarised if empty. Without any model, the report is of the
        human scores alone.
    progress
        Told what is going on.
    """
    material = gather_study(study, choice, model, progress)
    if material.comparison is not None:
        write_json(comparison_file(study, material.value), material.comparison)
    path = study.folder / RESULTS / REPORT
    options = {"value": material.value, "settings": study.settings.as_dict()}
    write_report(path, material, record_provenance(options, material.inputs))
    return path


def gather_study(
    study: Study, choice: ComparisonChoice, model: str, progress: ProgressCallback
) -> ReportMaterial:
    """Gather what the report of a study is made of."""
    has_model = bool(model) or any(folder for _, folder, _ in study.store.predictions.models())
    if not has_model and not study.store.scoring.count_log():
        command = f"amgs classify MODEL {quoted(study.folder)}"
        msg = f"Expected a model's predictions or people's scores, found neither. First: {command}"
        raise StudyError(msg)
    by_model = has_model and choice.value != HUMAN_VALUE
    value = choice.value if by_model else HUMAN_VALUE
    design = study.design()
    made = last_choice(study, human=not by_model)
    if model:
        made = replace(made, model=model)
    summary = summarise_study(study, made)
    card, inputs = None, {}
    if by_model:
        loaded = load_model(study.model_folder(made.model))
        card, inputs["model"] = loaded.card, loaded.sha256
    human, notes = _human(study, choice, by_model=by_model)
    comparison = None
    try:
        comparison = _compare(study, choice, summary.path, value)
    except NothingLeftError as error:
        notes.append(f"Groups were not compared: {error}")
    agreement = None
    with contextlib.suppress(NoImagesError):
        agreement = study.agreement()
    extraction = study.folder / FACES / "extraction.csv"
    for name in (SETTINGS_FILE, RECORDINGS_FILE):
        inputs[name] = hash_file(study.folder / name)
    return ReportMaterial(
        title=study.settings.text("study", "name"),
        summary=read_summary(summary.path, value),
        comparison=comparison,
        human_comparison=human,
        settings=_flat(study, made, films=extraction.exists()),
        predictions=summary.table,
        notes=notes,
        images_at=study.folder,
        extraction=read_extraction(extraction) if extraction.exists() else None,
        recordings=len(design.recordings),
        animals=_animals(design),
        agreement=agreement,
        scale=study.scale.title,
        labels=study.label()[1] if agreement else None,
        card=card,
        image_sets=_image_sets(study, progress),
        unblindings=study.unblindings,
        scored_late=_scored_late(study),
        course={e["who"]: e["agreement"] for e in study.store.events.all(PASSED)},
        blinded=True,
        label_rule=_rule_of(study, inputs.get("model", "")),
        inputs=inputs,
        notice=study.notice,
    )


def _scored_late(study: Study) -> dict[str, int]:
    """Return how many answers every rater gave after the study was unblinded."""
    if not study.unblindings:
        return {}
    first = study.unblindings[0]["at"]
    late = Counter(r.rater for r in study.store.scoring.all() if r.answered_at > first)
    return dict(late)


def _rule_of(study: Study, model: str) -> dict[str, Any] | None:
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


def _human(
    study: Study, choice: ComparisonChoice, *, by_model: bool
) -> tuple[dict[str, Any] | None, list[str]]:
    """Compare human scores beside those of the model, where there are some and it is allowed."""
    if not (by_model and study.unblindings and study.store.scoring.count_log()):
        return None, []
    try:
        summary = summarise_study(study, last_choice(study, human=True))
        return _compare(study, choice, summary.path, HUMAN_VALUE), []
    except DesignError as error:
        return None, [f"Human scores were not compared: {error}"]


def _flat(study: Study, made: SummaryChoice, *, films: bool) -> dict[str, Any]:
    """Return the settings that played a part."""
    settings = {
        name: value
        for section in ("extract", "scoring", "labels", "classify")
        for name, value in study.settings.as_dict()[section].items()
    }
    if not films:  # nothing was extracted, and no length of a recording is known
        for name in ("interval_s", "margin", "min_per_minute"):
            del settings[name]
    chosen = {k: v for k, v in asdict(made).items() if v and k != "human"}
    return settings | chosen


def _compare(study: Study, choice: ComparisonChoice, summary: Path, value: str) -> dict[str, Any]:
    return compare_groups(
        read_cohort(summary, value),
        baseline=study.settings.text("study", "baseline"),
        after=choice.timepoint,
        outliers=choice.outliers,
    ).document


def _image_sets(study: Study, progress: ProgressCallback) -> dict[str, Any] | None:
    """Compare images of groups and timepoints, of up to some hundred images drawn evenly."""
    planned = study.planned()
    faces = study.store.faces.all()
    step = max(1, len(faces) // MOST_MEASURED)
    images = [
        ImageOfSet(
            study.folder / face.image,
            face.image,
            {"animal": r.animal, "group": r.group, "timepoint": r.timepoint},
        )
        for face in faces[::step]
        for r in [planned[face.recording]]
    ]
    rows, _ = measure_images(images, progress)
    similarity = []
    for column in ("group", "timepoint"):
        sets: dict[str, list[ImageOfSet]] = {}
        for image in images:
            sets.setdefault(image.known[column], []).append(image)
        with contextlib.suppress(DesignError):
            similarity += compare_similarity(sets)
    measures = [r for column in ("group", "timepoint") for r in compare_measures(rows, column)]
    return {
        "similarity": similarity,
        "measures": measures,
        "notes": say_what_differs(similarity, measures),
        "tested": could_test(similarity, measures),
    }
