"""`amgs summarise`: from images to animals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    FiguresOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    number,
    print_json,
    print_table,
    refuse_beside_study,
    warn,
)
from amgs.errors import quoted
from amgs.vocabulary import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.recording_times import RecordingTime
    from amgs.prediction.summary_options import SummaryOptions

NO_TIMES = (
    "The length of the recordings is not known: nothing is said per minute, and no animal is left "
    "out for too few images. Give the folder of `amgs extract` with --extraction."
)
NO_TIMES_IN_STUDY = (
    "The length of the recordings is not known, as their images come from folders: nothing is said "
    "per minute, and no animal is left out for too few images."
)
_ROWS_SHOWN = 40
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
        float, typer.Option(help="Images of less confidence do not count (0.75, as in the paper).")
    ] = DEFAULT_THRESHOLD,
    model: Annotated[
        str, typer.Option(help="In a study: whose predictions; its newest model by default.")
    ] = "",
    human: Annotated[
        bool, typer.Option("--human", help="In a study: the human scores, once unblinded.")
    ] = False,
    extraction: Annotated[
        Path | None,
        typer.Option(
            help="The folder of `amgs extract`: how long every recording is, and possible sleep."
        ),
    ] = None,
    min_per_minute: Annotated[
        float,
        typer.Option(
            help="Animals with fewer confident images per minute are left out (paper: 1)."
        ),
    ] = 1.0,
    from_min: Annotated[
        float | None, typer.Option("--from", help="Begin so many minutes into every recording.")
    ] = None,
    to_min: Annotated[
        float | None, typer.Option("--to", help="End so many minutes into every recording.")
    ] = None,
    without_sleep: Annotated[
        bool,
        typer.Option("--without-sleep", help="Leave out stretches in which an animal may sleep."),
    ] = False,
    unseen_only: Annotated[
        bool,
        typer.Option(
            "--unseen-only", help="Leave out images that the model was trained or chosen with."
        ),
    ] = False,
    bins: Annotated[
        float | None,
        typer.Option(help="Also give the time course, in bins of so many minutes (JSON, and CSV)."),
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
    from amgs.cli.in_study import summary_of_study
    from amgs.prediction.human import read_predictions_or_scores
    from amgs.prediction.recording_times import read_recording_times
    from amgs.prediction.summarise import summarise_animals, threshold_sensitivity, time_course
    from amgs.prediction.summary_options import DEFAULT_MIN_PER_MINUTE, SummaryOptions
    from amgs.study import is_study
    from amgs.study.answering import SummaryChoice

    study = None
    if is_study(predictions):
        refuse_beside_study(
            {
                "--threshold": threshold != DEFAULT_THRESHOLD,
                "--min-per-minute": min_per_minute != DEFAULT_MIN_PER_MINUTE,
                "--extraction": extraction is not None,
                "--out": out is not None,
            }
        )
        choice = SummaryChoice(model, human, from_min, to_min, without_sleep, unseen_only)
        study = summary_of_study(predictions, choice)
        out, overwrite = study.path, True
    elif model or human:
        raise typer.BadParameter("--model and --human are for a study.")
    _refuse_to_replace(out, bins, overwrite=overwrite)
    if study is not None:
        rows, table, times, options = study.rows, study.table, study.times, study.options
    else:
        table = read_predictions_or_scores(predictions)
        times = None if extraction is None else read_recording_times(extraction)
        options = SummaryOptions(
            threshold, min_per_minute, from_min, to_min, without_sleep, unseen_only
        )
        rows = summarise_animals(table, options, times)
    sensitivity = threshold_sensitivity(table, options, times)
    course = [] if bins is None else list(time_course(table, options, bins, times))
    _write_tables(out, rows, course)
    written = [] if figures is None else _write_figures(figures, rows, course)
    warn(_warnings(table, times, options, in_study=study is not None))
    if json:
        print_json(_document(options, times, rows, sensitivity, course))
        return
    _print(rows, sensitivity, options)
    for path in written:
        note(f"Figure written to {path}", quiet=quiet)
    if out is not None:
        after = out if study is None else predictions
        value = "" if sensitivity else " --value mean_mgs"
        note(f"Written to {out}. Next: amgs compare {quoted(after)}{value}", quiet=quiet)


def _beside(out: Path) -> Path:
    return out.with_name(f"{out.stem}_time_course.csv")


def _refuse_to_replace(out: Path | None, bins: float | None, *, overwrite: bool) -> None:
    from amgs.files import refuse_to_replace_file
    from amgs.prediction.summarise import SUMMARY_COLUMNS

    if out is not None:
        refuse_to_replace_file(out, SUMMARY_COLUMNS, overwrite=overwrite)
    if out is not None and bins is not None:
        columns = (*_BIN_COLUMNS, *SUMMARY_COLUMNS)
        refuse_to_replace_file(_beside(out), columns, overwrite=overwrite)


def _write_tables(
    out: Path | None, rows: list[dict[str, Any]], course: list[dict[str, Any]]
) -> None:
    from amgs.prediction.summarise import SUMMARY_COLUMNS
    from amgs.tables import cells_of, write_table

    if out is None:
        return
    write_table(out, SUMMARY_COLUMNS, [cells_of(row, SUMMARY_COLUMNS) for row in rows])
    if course:
        columns = (*_BIN_COLUMNS, *SUMMARY_COLUMNS)
        write_table(_beside(out), columns, [cells_of(row, columns) for row in course])


def _write_figures(
    folder: Path, rows: list[dict[str, Any]], course: list[dict[str, Any]]
) -> list[Path]:
    """Draw animals over timepoints, and over the minutes of each timepoint where bins are given."""
    from amgs.figures import time_course
    from amgs.figures.saving import save_figure

    value = "mean_mgs" if all(row["pct_pain"] is None for row in rows) else "pct_pain"
    kept = [{**r, "time": r["timepoint"]} for r in rows if r["included"] == "yes"]
    times = list(dict.fromkeys(row["timepoint"] for row in rows))
    drawn = [("time_course", time_course.figure(kept, value, times))]
    bins = list(dict.fromkeys(f"{r['from_min']:g}–{r['to_min']:g}" for r in course))
    for place, timepoint in enumerate(times, start=1):
        inside = [
            {**r, "time": f"{r['from_min']:g}–{r['to_min']:g}"}
            for r in course
            if r["timepoint"] == timepoint and r["included"] == "yes"
        ]
        if inside:
            figure = time_course.figure(inside, value, bins, f"minutes of {timepoint}")
            drawn.append((f"time_course_minutes_{place}", figure))
    return [save_figure(folder / name, figure) for name, figure in drawn]


def _warnings(
    table: pd.DataFrame,
    times: dict[str, RecordingTime] | None,
    options: SummaryOptions,
    *,
    in_study: bool,
) -> list[str]:
    from amgs.prediction.summarise import count_seen, unseen_recordings

    found = []
    if times is None and "confidence" in table:
        found.append(NO_TIMES_IN_STUDY if in_study else NO_TIMES)
    unseen = unseen_recordings(table, times or {})
    if unseen:
        found.append(
            f"{len(unseen)} recordings have no image and are in no row: {', '.join(unseen[:10])}. "
            "Their animals get one when `amgs extract` is given a table of recordings."
        )
    if table.attrs.get("problems"):
        found.append(f"{table.attrs['problems']} images have no prediction and do not count.")
    seen = count_seen(table)
    if seen and not options.unseen_only:
        found.append(
            f"{seen} of {len(table)} images are ones the model was trained or chosen with: their "
            "calls are too good. Leave them out with --unseen-only, or better, classify animals "
            "that nobody scored."
        )
    return found


def _document(
    options: SummaryOptions,
    times: dict[str, RecordingTime] | None,
    rows: list[dict[str, Any]],
    sensitivity: list[dict[str, Any]],
    course: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "threshold": options.threshold,
        "min_per_minute": None if times is None else options.min_per_minute,
        "from_min": options.from_min,
        "to_min": options.to_min,
        "without_sleep": options.leave_out_sleep,
        "animals": rows,
        "sensitivity": sensitivity,
        "time_course": course,
    }


def _print(
    rows: list[dict[str, Any]], sensitivity: list[dict[str, Any]], options: SummaryOptions
) -> None:
    numbers = ["images", "confident", "% pain", "score"] if sensitivity else ["images", "MGS"]
    title = f"Animals (confidence ≥ {options.threshold:g})" if sensitivity else "Animals"
    print_table(
        title,
        ["animal", "group", "timepoint", *numbers, "included"],
        [
            [
                *(row[name] for name in ("animal", "group", "timepoint")),
                *(_predicted(row) if sensitivity else _scored(row)),
                row["reason"] or "yes",
            ]
            for row in rows[:_ROWS_SHOWN]
        ],
    )
    if len(rows) > _ROWS_SHOWN:
        note(f"… and {len(rows) - _ROWS_SHOWN} more. Write all of them with --out FILE.csv")
    if sensitivity:
        _print_sensitivity(sensitivity)


def _predicted(row: dict[str, Any]) -> list[object]:
    return [
        row["images"],
        row["confident_images"],
        number(row["pct_pain"], 1),
        number(row["mean_signed_score"], 2),
    ]


def _scored(row: dict[str, Any]) -> list[object]:
    return [row["n_mgs"], number(row["mean_mgs"], 2)]


def _print_sensitivity(sensitivity: list[dict[str, Any]]) -> None:
    shown = (0.5, 0.65, 0.75, 0.85, 0.95)
    print_table(
        "Mean % pain by threshold (animals included)",
        ["group, timepoint", *(f"≥ {t:g}" for t in shown)],
        [
            [
                f"{group}, {timepoint}",
                *(
                    f"{number(row['mean_pct_pain'], 1)} ({row['animals']})"
                    for t in shown
                    for row in sensitivity
                    if (row["threshold"], row["group"], row["timepoint"]) == (t, group, timepoint)
                ),
            ]
            for group, timepoint in dict.fromkeys((r["group"], r["timepoint"]) for r in sensitivity)
        ],
    )
