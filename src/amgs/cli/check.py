"""`amgs check`: everything that is wrong with the design of a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    JsonOption,
    QuietOption,
    fail,
    note,
    open_study,
    print_json,
    print_table,
    refuse_beside_study,
    warn,
)
from amgs.errors import list_faults, quoted
from amgs.vocabulary import BASELINE

if TYPE_CHECKING:
    from amgs.study import CheckReport, Study


_MOST_COLUMNS = 6
"""A table with more timepoints is turned, so that it fits a terminal."""


def check(
    study: Annotated[
        Path,
        typer.Argument(
            help="The folder of a study; or a CSV with `animal,group,timepoint`, such as human "
            "scores, predictions or a summary."
        ),
    ],
    baseline: Annotated[
        str | None,
        typer.Option(help="For a CSV: which timepoint is the baseline. Default: `baseline`."),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the experiment as a small table, and list everything that is wrong with it.

    Missing videos, an animal in two groups, no recording at the baseline, overlapping zones, one
    name written in two ways, impossible dates and the like are faults; they end with exit code 1.
    Unusual but usable designs give warnings, such as one animal without a baseline.

    Example: `amgs check laparotomy`
    """
    from amgs.study import is_study
    from amgs.study.design import RECORDINGS_FILE
    from amgs.tables import is_table

    if study.name == RECORDINGS_FILE and is_study(study.parent):
        study = study.parent
    if is_table(study):
        report, document = _check_table(study, baseline or BASELINE)
        after = ""
    else:
        refuse_beside_study({"--baseline": baseline}, {"--baseline": "[study] baseline"})
        with open_study(study) as opened:
            report = opened.check()
            document = _document(opened, report)
            step = _next_step(opened, report)
        after = f" Next: amgs {step}"
    if json:
        print_json(document)
    else:
        _print(report, document)
    warn(report.warnings)
    if report.faults:
        n = len(report.faults)
        listed = list_faults(report.faults, most=n)
        fail(f"{n} {'fault' if n == 1 else 'faults'} in {study}:\n{listed}")
    said = "No faults; read the warnings." if report.warnings else "No problems found."
    note(f"{said}{after}", quiet=quiet)


def _check_table(path: Path, baseline: str) -> tuple[CheckReport, dict[str, Any]]:
    from amgs.study import CheckReport
    from amgs.study.design import read_plain_design

    design = read_plain_design(path, baseline)
    report = CheckReport(design, design.faults, design.warnings)
    return report, {"table": path.as_posix(), **_design(report)}


def _next_step(study: Study, report: CheckReport) -> str:
    """Return the command that a study is ready for."""
    folder = quoted(study.folder)
    if study.store.faces.count() == 0 or report.waiting:
        return f"extract {folder}"
    if not study.store.scoring.count_log():
        return f"score {folder}"
    models = [name for name, place, _ in study.store.predictions.models() if place]
    if not models:
        return f"agreement {folder}, then amgs train {folder}"
    said = {name: sha256 for name, _, sha256 in study.store.predictions.models()}
    if study.store.predictions.count(said[models[-1]]) >= study.store.faces.count():
        return f"report {folder}"
    return f"classify {models[-1]} {folder}, then amgs report {folder}"


def _document(study: Study, report: CheckReport) -> dict[str, Any]:
    return {
        "study": study.name,
        **_design(report),
        "faces": study.store.faces.count(),
        "raters": len(study.store.raters.all()),
        "unblinded": bool(study.unblindings),
    }


def _design(report: CheckReport) -> dict[str, Any]:
    design = report.design
    return {
        "baseline": design.baseline,
        "groups": [
            {
                "group": group,
                "animals": design.count_animals(group),
                "timepoints": {t: design.count_animals(group, t) for t in design.timepoints},
            }
            for group in design.groups
        ],
        "recordings": len(design.recordings),
        "faults": list(report.faults),
        "warnings": list(report.warnings),
    }


def _print(report: CheckReport, document: dict[str, Any]) -> None:
    timepoints = report.design.timepoints
    baseline = report.design.baseline
    marked = [f"{t} (baseline)" if t == baseline != BASELINE else t for t in timepoints]
    if len(timepoints) > _MOST_COLUMNS:
        print_table(
            f"{document.get('study') or document['table']}: animals by timepoint and group",
            ["timepoint", *(entry["group"] for entry in document["groups"])],
            [
                [shown, *(entry["timepoints"][t] or "–" for entry in document["groups"])]
                for t, shown in zip(timepoints, marked, strict=True)
            ],
        )
        return
    print_table(
        f"{document.get('study') or document['table']}: animals by group and timepoint",
        ["group", "animals", *marked],
        [
            [entry["group"], entry["animals"], *(entry["timepoints"][t] or "–" for t in timepoints)]
            for entry in document["groups"]
        ],
    )
