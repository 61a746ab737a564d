"""The report of a study: everything that is in its folder and store."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from amgs.cohort.comparison import compare_groups
from amgs.cohort.design import read_cohort
from amgs.cohort.image_sets import (
    ImageOfSet,
    compare_measures,
    compare_similarity,
    measure_images,
    say_what_differs,
)
from amgs.errors import DesignError, NoImagesError
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.bundle import load_model
from amgs.prediction import read_predictions
from amgs.prediction.summarise import SUMMARY_COLUMNS, SummaryOptions, summarise_animals
from amgs.provenance import hash_file, record_provenance
from amgs.report.build import write_report
from amgs.report.gather import ComparisonChoice, read_extraction, read_summary
from amgs.report.material import ReportMaterial
from amgs.study.answering import HUMAN_VALUE, summary_inputs
from amgs.study.design import RECORDINGS_FILE
from amgs.study.layout import FACES, RESULTS
from amgs.study.settings import SETTINGS_FILE
from amgs.study.study import Study
from amgs.tables import write_table

REPORT = "report.html"
NOTICE_FILE = "notice.txt"
"""If there, its text stands on top of the report, such as that the mice are drawn."""

MOST_MEASURED = 400
"""Measuring all images of a large study would take longer than all the rest."""


def report_study(
    study: Study,
    choice: ComparisonChoice,
    model: str = "",
    progress: ProgressCallback = no_progress,
) -> Path:
    """Write ``results/report.html`` from all that the study holds; return it.

    The summary is made anew with the settings of the study, so that the report fits what is there.

    Parameters
    ----------
    study
        An open study.
    choice
        What is compared; the baseline is that of the study.
    model
        Whose predictions; the newest model's if empty. Without any model, the report is of the
        human scores alone.
    progress
        Told what is going on.
    """
    material = gather_study(study, choice, model, progress)
    path = study.folder / RESULTS / REPORT
    options = {"value": material.value, "settings": study.settings.as_dict()}
    write_report(path, material, record_provenance(options, material.inputs))
    return path


def gather_study(
    study: Study, choice: ComparisonChoice, model: str, progress: ProgressCallback
) -> ReportMaterial:
    """Gather what the report of a study is made of."""
    has_model = bool(model) or any(folder for _, folder, _ in study.store.predictions.models())
    value = choice.value if has_model else HUMAN_VALUE
    design = study.design()
    summary = _summarise(study, model, human=not has_model)
    card, table, inputs = None, None, {}
    if has_model:
        place = study.model_folder(model)
        loaded = load_model(place)
        card = loaded.card
        table = read_predictions(study.predictions(place))
        inputs["model"] = loaded.sha256
    elif study.unblindings:
        table = summary_inputs(study, "", human=True)[0]
    human = None
    if has_model and study.unblindings and study.store.scoring.count_log():
        human = _compare(study, choice, _summarise(study, "", human=True), HUMAN_VALUE)
    agreement = None
    with contextlib.suppress(NoImagesError):
        agreement = study.agreement()
    extraction = study.folder / FACES / "extraction.csv"
    for name in (SETTINGS_FILE, RECORDINGS_FILE):
        inputs[name] = hash_file(study.folder / name)
    notice = study.folder / NOTICE_FILE
    return ReportMaterial(
        title=study.settings.text("study", "name"),
        summary=read_summary(summary, value),
        comparison=_compare(study, choice, summary, value),
        human_comparison=human,
        settings=_flat(study),
        predictions=table,
        images_at=study.folder,
        extraction=read_extraction(extraction) if extraction.exists() else None,
        recordings=len(design.recordings),
        animals={r.animal: r.further for r in design.recordings},
        agreement=agreement,
        scale=study.scale.title,
        labels=study.label()[1] if agreement else None,
        card=card,
        image_sets=_image_sets(study, progress),
        unblindings=study.unblindings,
        inputs=inputs,
        notice=notice.read_text(encoding="utf-8").strip() if notice.exists() else "",
    )


def _flat(study: Study) -> dict[str, Any]:
    return {
        name: value
        for section in ("extract", "scoring", "labels", "classify")
        for name, value in study.settings.as_dict()[section].items()
    }


def _summarise(study: Study, model: str, *, human: bool) -> Path:
    table, times, path = summary_inputs(study, model, human=human)
    options = SummaryOptions(
        study.settings.number("classify", "threshold"),
        study.settings.number("classify", "min_per_minute"),
    )
    rows = summarise_animals(table, options, times)
    write_table(path, SUMMARY_COLUMNS, [[row[c] for c in SUMMARY_COLUMNS] for row in rows])
    return path


def _compare(study: Study, choice: ComparisonChoice, summary: Path, value: str) -> dict[str, Any]:
    return compare_groups(
        read_cohort(summary, value),
        baseline=study.settings.text("study", "baseline"),
        after=choice.timepoint,
        outliers=choice.outliers,
    ).document


def _image_sets(study: Study, progress: ProgressCallback) -> dict[str, Any] | None:
    """Compare images of groups and timepoints, of up to some hundred images drawn evenly."""
    planned = {r.name: r for r in study.design().recordings}
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
    }
