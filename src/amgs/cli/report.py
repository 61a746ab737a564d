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
    from amgs.cohort.comparison import ComparisonChoice


def report(
    place: Annotated[
        Path, typer.Argument(help="A study; or a summary by `amgs summarise`, or any such table.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The page to write; for a study: results/report.html.")
    ] = None,
    value: Annotated[
        str,
        typer.Option(help="The column to compare. Default: pct_pain; of a study what is planned."),
    ] = "",
    baseline: Annotated[
        str | None, typer.Option(help="Which timepoint is the baseline; a study has its own.")
    ] = None,
    timepoint: TimepointOption = None,
    outliers: Annotated[
        OutlierRule | None,
        typer.Option(help="What is done with outliers at baseline; see `compare`."),
    ] = None,
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
        typer.Option(help="The threshold the summary was made with; a study has its own."),
    ] = None,
    title: Annotated[str, typer.Option(help="Without a study: the title of the page.")] = "",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write one page with the design, the images, exclusions, results, figures and methods.

    The page is one self-contained file that you can send, print and keep. Its Methods paragraph
    and ARRIVE 2.0 items are based on what was actually done.

    Example: `amgs report laparotomy`
    """
    from amgs.cohort.comparison import ComparisonChoice
    from amgs.study import is_study

    choice = ComparisonChoice(value, baseline, timepoint, outliers)
    if is_study(place):
        refuse_beside_study(
            {
                "--out": out,
                "--baseline": baseline,
                "--predictions": predictions,
                "--extraction": extraction,
                "--ratings": ratings,
                "--threshold": threshold,
                "--title": title,
            },
            {
                "--baseline": "[study] baseline",
                "--threshold": "[classify] threshold",
                "--title": "[study] name",
            },
        )
        path = _report_study(place, choice, model, silent=quiet or json)
    else:
        from amgs.report.steps import ReportFiles, build_report

        files = ReportFiles(
            place, predictions, extraction, Path(model) if model else None, ratings, threshold
        )
        path = out or place.with_name("report.html")
        build_report(files, path, choice, title=title, overwrite=overwrite)
    if json:
        print_json({"report": path.as_posix()})
        return
    note(f"Report written to {path}\n  {path.resolve().as_uri()}", quiet=quiet, style="bold")


def _report_study(folder: Path, choice: ComparisonChoice, model: str, *, silent: bool) -> Path:
    with open_study(folder) as study, show_progress(quiet=silent) as progress:
        return study.report(choice, model, progress)
