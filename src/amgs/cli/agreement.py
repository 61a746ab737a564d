"""`amgs agreement`: how far human raters agree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amgs.cli.console import (
    FiguresOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    number,
    open_study,
    percent,
    print_json,
    print_table,
    warn,
)
from amgs.errors import count_of

COLUMNS = (
    "unit",
    "krippendorff_alpha",
    "krippendorff_alpha_lower",
    "krippendorff_alpha_upper",
    "icc",
    "icc_lower",
    "icc_upper",
    "weighted_kappa",
    "cronbach_alpha",
    "exact_agreement",
    "n_images",
    "n_raters",
    "not_scorable",
)


def agreement(
    ratings: Annotated[
        Path,
        typer.Argument(
            help="A study; or a CSV with `image,rater,unit,score` (0, 1, 2, or empty for not "
            "scorable) and, where known, `timepoint`, `position`, `repeat`; or the per-rater "
            "labels of TU Berlin as they are published."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="A CSV to write, one line per unit.")] = None,
    figures: FiguresOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure the agreement of raters for every action unit and for the mean score.

    Krippendorff's α for interval data uses every image with two scores, the intraclass correlation
    all scores, Cronbach's α the images that all raters scored. Intervals (95 %) come from
    resampling images, or whole animals where a column `animal` tells them. "Not scorable" is
    missing, never 0.

    Where the table (or the study) knows them, agreement is also given by timepoint, within
    every rater (hidden repeats), and as scoring went on.

    Example: `amgs agreement laparotomy --figures figures`
    """
    from amgs.figures.table import write_figures
    from amgs.files import refuse_to_replace_file
    from amgs.tables import write_table

    if out is not None:
        refuse_to_replace_file(out, COLUMNS, overwrite=overwrite)
    document, notes = _measure(ratings)
    rows = [_row(name, unit) for name, unit in document["units"].items()]
    rows.append(_row("mgs_per_unit", document["mgs_per_unit"]))
    if out is not None:
        write_table(out, COLUMNS, rows)
    written = [] if figures is None else write_figures(figures, "agreement", document)
    warn(notes)
    if json:
        print_json(document)
        return
    _print(document)
    for path in written:
        note(f"Figure written to {path}", quiet=quiet)


def _measure(path: Path) -> tuple[dict[str, Any], list[str]]:
    from amgs.interop.formats import read_any_ratings
    from amgs.scoring.agreement import measure_agreement
    from amgs.scoring.over_time import detailed_agreement
    from amgs.scoring.ratings import animals_of, first_answers
    from amgs.study import is_study

    if is_study(path):
        with open_study(path) as study:
            return study.agreement(intervals=True), []
    table, notes = read_any_ratings(path)
    first = measure_agreement(first_answers(table), intervals=True, animals=animals_of(table))
    return first | detailed_agreement(table), list(notes)


def _row(name: str, unit: dict[str, Any]) -> list[object]:
    icc, kappa = unit["icc"], unit["weighted_kappa"]
    cells = [
        unit["krippendorff_alpha"],
        *(unit["krippendorff_alpha_interval"] or (None, None)),
        icc.get("value"),
        *(unit["icc_interval"] or (None, None)),
        kappa.get("mean"),
        unit["cronbach_alpha"],
        unit["exact_agreement"],
    ]
    rounded = [None if cell is None else round(cell, 6) for cell in cells]
    return [name, *rounded, unit["n_images"], unit["n_raters"], unit["not_scorable"]]


def _print(document: dict[str, Any]) -> None:
    units = {**document["units"], "mean of the units": document["mgs_per_unit"]}
    print_table(
        "Krippendorff's α and others: "
        f"{document['n_images']} images, {document['n_raters']} raters; "
        f"{count_of(document['mgs_per_unit']['n_with_two'], 'image')} scored by two or more; 95 % "
        f"intervals over {document['mgs_per_unit']['resampled']}",
        ["unit", "images", "α", "ICC(2,1)", "κ quadratic", "exact agreement", "not scorable"],
        [
            [
                name.replace("_", " "),
                unit["n_with_two"],
                _with_interval(unit["krippendorff_alpha"], unit["krippendorff_alpha_interval"]),
                _with_interval(unit["icc"].get("value"), unit["icc_interval"]),
                _with_interval(unit["weighted_kappa"].get("mean"), unit["weighted_kappa_interval"]),
                percent(unit["exact_agreement"]),
                percent(unit["not_scorable"]),
            ]
            for name, unit in units.items()
        ],
    )
    reasons = dict.fromkeys(u["icc"]["reason"] for u in units.values() if "reason" in u["icc"])
    for reason in reasons:
        note(f"ICC(2,1) was not computed: {reason}.")
    if not any(r["n"] for r in document["raters"]):
        _print_details(document)
        return  # a mean of others takes three raters
    print_table(
        "Each rater against the mean of the others (mean score, 0–2)",
        ["rater", "images", "r", "RMSE", "bias"],
        [
            [r["rater"], r["n"], *(number(r[k], 2) for k in ("pearson_r", "rmse", "bias"))]
            for r in document["raters"]
        ],
    )
    _print_details(document)


def _print_details(document: dict[str, Any]) -> None:
    if document.get("within_raters"):
        print_table(
            "Intra-rater agreement (hidden repeats)",
            ["rater", "images", "units", "exact agreement", "κ quadratic"],
            [
                [
                    r["rater"],
                    r["n_images"],
                    r["n_units"],
                    percent(r["exact_agreement"]),
                    number(r["weighted_kappa"]),
                ]
                for r in document["within_raters"]
            ],
        )
    if document.get("by_timepoint"):
        print_table(
            "Krippendorff's α by timepoint",
            [
                "timepoint",
                "images",
                *(u.replace("_", " ") for u in document["units"]),
                "mean score",
            ],
            [
                [
                    t["timepoint"],
                    t["n_images"],
                    *(number(t["units"].get(name)) for name in document["units"]),
                    number(t["mgs_per_unit"]),
                ]
                for t in document["by_timepoint"]
            ],
        )
    if document.get("drift"):
        print_table(
            "Mean score minus that of the others, by quarter of each rater's work",
            ["rater", "images", "1st", "2nd", "3rd", "4th", "per 100 images", "p"],
            [
                [
                    r["rater"],
                    r["n_images"],
                    *(number(part, 2) for part in r["parts"]),
                    number(r["slope_per_100"]),
                    number(r["p"]),
                ]
                for r in document["drift"]
            ],
        )


def _with_interval(value: float | None, interval: list[float] | None) -> str:
    if value is None:
        return "–"
    return (
        number(value)
        if interval is None
        else f"{value:.2f} ({interval[0]:.2f} to {interval[1]:.2f})"
    )
