"""`amgs report`: the whole experiment on one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    TimepointOption,
    note,
    open_study,
    print_json,
    refuse_beside_study,
    show_progress,
)
from amgs.cohort.words import OutlierRule

if TYPE_CHECKING:
    from amgs.report.gather import ComparisonChoice, ReportFiles


def report(
    place: Annotated[
        Path, typer.Argument(help="A study; or a summary by `amgs summarise`, or any such table.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The page to write; a study: results/report.html.")
    ] = None,
    value: Annotated[str, typer.Option(help="The column to compare.")] = "pct_pain",
    baseline: Annotated[
        str | None, typer.Option(help="Which timepoint is the baseline; a study says its own.")
    ] = None,
    timepoint: TimepointOption = None,
    outliers: Annotated[
        OutlierRule, typer.Option(help="What is done with outliers at baseline; see `compare`.")
    ] = "report",
    model: Annotated[
        str, typer.Option(help="A study: the name of its model. Else a model folder, for its card.")
    ] = "",
    predictions: Annotated[
        Path | None, typer.Option(help="Predictions, for images and exclusions; without a study.")
    ] = None,
    extraction: Annotated[
        Path | None, typer.Option(help="The folder of `amgs extract`; without a study.")
    ] = None,
    ratings: Annotated[
        Path | None, typer.Option(help="Ratings, for the agreement; without a study.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="The threshold the summary was made with; a study says its own."),
    ] = None,
    title: Annotated[str, typer.Option(help="Without a study: what stands on top.")] = "",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write one page with the design, the images, exclusions, results, figures and methods.

    The page is a single file that needs nothing from elsewhere: send it, print it, keep it. Its
    Methods paragraph and ARRIVE 2.0 items are written from what really happened.

    Example: `amgs report laparotomy`
    """
    from amgs.report.gather import ComparisonChoice
    from amgs.study import is_study

    choice = ComparisonChoice(value, baseline, timepoint, outliers)
    if is_study(place):
        refuse_beside_study(
            {
                "--out": out is not None,
                "--baseline": baseline is not None,
                "--predictions": predictions is not None,
                "--extraction": extraction is not None,
                "--ratings": ratings is not None,
                "--threshold": threshold is not None,
                "--title": bool(title),
            }
        )
        path = _of_study(place, choice, model, silent=quiet or json)
    else:
        from amgs.report.gather import ReportFiles

        files = ReportFiles(
            place, predictions, extraction, Path(model) if model else None, ratings, threshold
        )
        path = out or place.with_name("report.html")
        _of_files(path, files, choice, title or place.stem, overwrite=overwrite)
    if json:
        print_json({"report": path.as_posix()})
        return
    note(f"Report written to {path}\n  {path.resolve().as_uri()}", quiet=quiet, style="bold")


def _of_study(folder: Path, choice: ComparisonChoice, model: str, *, silent: bool) -> Path:
    from amgs.study.reporting import report_study

    with open_study(folder) as study, show_progress(quiet=silent) as progress:
        return report_study(study, choice, model, progress)


def _of_files(
    path: Path, files: ReportFiles, choice: ComparisonChoice, title: str, *, overwrite: bool
) -> None:
    from amgs.errors import OutputExistsError
    from amgs.provenance import record_provenance
    from amgs.report.build import write_report
    from amgs.report.gather import gather_files

    if path.exists() and not overwrite:
        msg = f"{path} exists already. Choose another name with --out, or allow it: --overwrite."
        raise OutputExistsError(msg)
    material = gather_files(files, choice, title)
    write_report(path, material, record_provenance({"value": material.value}, material.inputs))
