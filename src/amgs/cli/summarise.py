"""`amgs summarise`: from images to animals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    FiguresOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    open_study,
    print_json,
    refuse_beside_study,
    warn,
)
from amgs.cli.summarise_output import (
    describe_summary,
    list_warnings,
    print_animals,
    print_reliability,
)
from amgs.errors import quoted
from amgs.vocabulary import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from amgs.prediction.summary_options import SummaryOptions
    from amgs.study.summarising import StudySummary

_BIN_COLUMNS = ("from_min", "to_min")


def summarise(
    predictions: Annotated[
        Path,
        typer.Argument(
            help="A study; or predictions by `amgs classify` with animal, group and timepoint, or "
            "human scores with `image,mgs,animal,group,timepoint`."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="The CSV to write, for `amgs compare`.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Images with lower confidence do not count. Default: 0.75, as in the paper. A "
            "study has its own in study.toml."
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="In a study: whose readings; by default of the model that was trained or used "
            "last; or `orbital`, `face`."
        ),
    ] = "",
    human: Annotated[
        bool, typer.Option("--human", help="In a study: the human scores, once unblinded.")
    ] = False,
    min_images: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Animals with fewer confident images at a timepoint are left out. Default: 0. A "
            "study has its own in study.toml.",
        ),
    ] = None,
    extraction: Annotated[
        Path | None,
        typer.Option(
            help="The folder of `amgs extract`: how long every recording is, and possible sleep."
        ),
    ] = None,
    min_per_minute: Annotated[
        float | None,
        typer.Option(
            help="Animals with fewer confident images per minute are left out. Default: 1, as in "
            "the paper."
        ),
    ] = None,
    from_min: Annotated[
        float | None, typer.Option("--from", help="Begin this many minutes into every recording.")
    ] = None,
    to_min: Annotated[
        float | None, typer.Option("--to", help="End this many minutes into every recording.")
    ] = None,
    without_sleep: Annotated[
        bool,
        typer.Option("--without-sleep", help="Leave out stretches in which an animal may sleep."),
    ] = False,
    sleep_by_model: Annotated[
        bool,
        typer.Option(
            "--sleep-by-model",
            help="Leave out only those of these stretches in which the model, too, sees sleep: "
            "closed or narrowed eyes in a face that is otherwise without pain.",
        ),
    ] = False,
    unseen_only: Annotated[
        bool,
        typer.Option(
            "--unseen-only", help="Leave out images used for training or model selection."
        ),
    ] = False,
    bins: Annotated[
        float | None,
        typer.Option(help="Also give the time course, in bins of this many minutes (JSON, CSV)."),
    ] = None,
    figures: FiguresOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Turn predictions for images into one number per animal and timepoint.

    % pain is the share of pain among the confident images. An animal that showed too few is marked
    as not included, with the reason, and stays in the table. How the answer changes with the
    threshold is shown beside it.

    Example: `amgs summarise predictions.csv --extraction faces --out summary.csv`
    """
    from amgs.prediction.summarise import threshold_sensitivity, time_course
    from amgs.study import is_study

    without_sleep = without_sleep or sleep_by_model
    if is_study(predictions):
        refuse_beside_study(
            {
                "--threshold": threshold,
                "--min-per-minute": min_per_minute,
                "--min-images": min_images,
                "--extraction": extraction,
                "--out": out,
            },
            {
                "--threshold": "[classify] threshold",
                "--min-per-minute": "[classify] min_per_minute",
                "--min-images": "[classify] min_images",
            },
        )
        made = _summarise_study(
            predictions, model, human, from_min, to_min, without_sleep, unseen_only, sleep_by_model
        )
        out = made.path
        if bins is not None:
            _refuse_to_replace(_beside(out), _BIN_COLUMNS, overwrite=True)
    else:
        if model or human:
            raise typer.BadParameter("--model and --human are for a study.")
        _refuse_to_replace(out, ("animal", "group", "timepoint", "included"), overwrite=overwrite)
        if out is not None and bins is not None:
            _refuse_to_replace(_beside(out), _BIN_COLUMNS, overwrite=overwrite)
        options = _options(threshold, min_per_minute, from_min, to_min, without_sleep, unseen_only)
        options = replace(options, min_images=min_images or 0, sleep_by_model=sleep_by_model)
        made = _summarise_files(predictions, extraction, options, out)
    sensitivity = threshold_sensitivity(made.table, made.options, made.times)
    course = (
        []
        if bins is None
        else list(time_course(made.table, made.options, bins, made.times, made.outputs))
    )
    _write_course(out, course, made)
    written = [] if figures is None else _write_figures(figures, made, course)
    warn(
        list_warnings(
            made.rows, made.table, made.times, made.options, in_study=is_study(predictions)
        )
    )
    if json:
        print_json(describe_summary(made, sensitivity, course))
        return
    print_animals(made.rows, sensitivity, made.options, made.outputs)
    print_reliability(made)
    for path in written:
        note(f"Figure written to {path}", quiet=quiet)
    if out is not None:
        after = predictions if is_study(predictions) else out
        value = f" --value {_value_of(made)}" if _value_of(made) != "pct_pain" else ""
        by = f" (readings of {made.model})" if made.model else ""
        note(f"Written to {out}{by}. Next: amgs compare {quoted(after)}{value}", quiet=quiet)


def _options(
    threshold: float | None,
    min_per_minute: float | None,
    from_min: float | None,
    to_min: float | None,
    without_sleep: bool,
    unseen_only: bool,
) -> SummaryOptions:
    from amgs.prediction.summary_options import DEFAULT_MIN_PER_MINUTE, SummaryOptions

    return SummaryOptions(
        DEFAULT_THRESHOLD if threshold is None else threshold,
        DEFAULT_MIN_PER_MINUTE if min_per_minute is None else min_per_minute,
        from_min,
        to_min,
        without_sleep,
        unseen_only,
    )


def _summarise_study(
    folder: Path,
    model: str,
    human: bool,
    from_min: float | None,
    to_min: float | None,
    without_sleep: bool,
    unseen_only: bool,
    sleep_by_model: bool,
) -> StudySummary:
    from amgs.study.summarising import SummaryChoice

    choice = SummaryChoice(
        model, human, from_min, to_min, without_sleep, unseen_only, sleep_by_model
    )
    with open_study(folder) as study:
        return study.summarise(choice)


def _summarise_files(
    predictions: Path, extraction: Path | None, options: SummaryOptions, out: Path | None
) -> StudySummary:
    """Summarise plain files as a study is; ``path`` is where the table goes, if anywhere."""
    from amgs.prediction.human import read_predictions_or_scores
    from amgs.prediction.recording_times import read_recording_times
    from amgs.prediction.summarise import summarise_animals
    from amgs.prediction.summary_columns import summary_columns
    from amgs.prediction.summary_options import with_baseline
    from amgs.study.summarising import StudySummary
    from amgs.tables import format_cells, write_table
    from amgs.vocabulary import BASELINE

    table, outputs = read_predictions_or_scores(predictions)
    times = None if extraction is None else read_recording_times(extraction)
    options = with_baseline(options, table, BASELINE)
    rows = summarise_animals(table, options, times, outputs)
    if out is not None:
        columns = summary_columns(outputs, options)
        write_table(out, columns, [format_cells(row, columns) for row in rows])
    return StudySummary(out or Path(), rows, table, times, options, tuple(outputs))


def _value_of(made: StudySummary) -> str:
    """Return the column that is worth comparing first."""
    from amgs.prediction.summary_columns import mean_columns

    if any(row["pct_pain"] is not None for row in made.rows):
        return "pct_pain"
    means = mean_columns(made.outputs)
    return means[0] if means else "mean_mgs_sum"


def _beside(out: Path) -> Path:
    return out.with_name(f"{out.stem}_time_course.csv")


def _refuse_to_replace(out: Path | None, columns: Sequence[str], *, overwrite: bool) -> None:
    from amgs.files import refuse_to_replace_file

    if out is not None:
        refuse_to_replace_file(out, columns, overwrite=overwrite)


def _write_course(out: Path | None, course: list[dict[str, Any]], made: StudySummary) -> None:
    from amgs.prediction.summary_columns import summary_columns
    from amgs.tables import format_cells, write_table

    if out is not None and course:
        columns = (*_BIN_COLUMNS, *summary_columns(made.outputs, made.options))
        write_table(_beside(out), columns, [format_cells(row, columns) for row in course])


def _write_figures(folder: Path, made: StudySummary, course: list[dict[str, Any]]) -> list[Path]:
    """Draw animals over timepoints, and over the minutes of each timepoint where bins are given."""
    from amgs.figures.table import write_figures
    from amgs.figures.time_course import TimeCourse

    value = _value_of(made)
    kept = [{**r, "time": r["timepoint"]} for r in made.rows if r["included"] == "yes"]
    times = list(dict.fromkeys(row["timepoint"] for row in made.rows))
    written = write_figures(folder, "time course", TimeCourse(kept, value, times))
    bins = list(dict.fromkeys(f"{r['from_min']:g}–{r['to_min']:g}" for r in course))
    for place, timepoint in enumerate(times, start=1):
        inside = [
            {**r, "time": f"{r['from_min']:g}–{r['to_min']:g}"}
            for r in course
            if r["timepoint"] == timepoint and r["included"] == "yes"
        ]
        minutes = TimeCourse(inside, value, bins, f"minutes of {timepoint}")
        written += write_figures(folder, "time course", minutes, f"_minutes_{place}")
    return written
