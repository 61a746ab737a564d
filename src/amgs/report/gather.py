"""Material for a report from files: tables as the commands of amgs write them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs.cohort.comparison import DEFAULT_VALUE, ComparisonChoice
from amgs.cohort.design import resolve_value
from amgs.cohort.second_outcome import compare_table
from amgs.errors import TableError
from amgs.prediction.summary_columns import REBASED_COLUMNS, SUMMARY_COLUMNS
from amgs.prediction.unlike import warn_of_unlike
from amgs.provenance import hash_file
from amgs.report.material import ReportMaterial
from amgs.tables import parse_number, parse_yes_no, read_column_names, read_table

_WHOLE = ("recordings", "images", "confident_images", "pain_images", "n_mgs", "seen_in_training")
_NUMBERS = (
    "minutes",
    "confident_per_minute",
    "pct_pain",
    "pct_pain_se",
    "mean_signed_score",
    "mean_mgs_sum",
)


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Which files a report is made of; ``None`` where there is none.

    ``threshold`` is the one the summary was made with: its table does not say it.
    """

    summary: Path
    predictions: Path | None = None
    extraction: Path | None = None
    model: Path | None = None
    ratings: Path | None = None
    threshold: float | None = None


def gather_files(files: ReportFiles, choice: ComparisonChoice, title: str) -> ReportMaterial:
    """Read what a report is made of.

    Raises
    ------
    TableError
        If a table lacks a column.
    DesignError
        If the timepoints do not say what to compare.
    """
    from amgs.interop.formats import read_any_ratings
    from amgs.model.bundle import load_model
    from amgs.prediction.human import read_predictions_or_scores
    from amgs.scoring.agreement import measure_agreement
    from amgs.scoring.over_time import detailed_agreement
    from amgs.scoring.ratings import animals_of, first_answers

    comparison = compare_table(files.summary, choice.value or DEFAULT_VALUE, choice)
    agreement = None
    if files.ratings is not None:
        ratings, _ = read_any_ratings(files.ratings)
        first = first_answers(ratings)
        agreement = measure_agreement(first, intervals=True, animals=animals_of(ratings))
        agreement |= detailed_agreement(ratings)
    given = {"summary": files.summary, "predictions": files.predictions, "ratings": files.ratings}
    table, outputs = (
        (None, []) if files.predictions is None else read_predictions_or_scores(files.predictions)
    )
    summary = read_summary(files.summary, comparison["value"])
    return ReportMaterial(
        title=title,
        summary=summary,
        notes=warn_of_unlike(summary),
        comparison=comparison,
        settings={} if files.threshold is None else {"threshold": files.threshold},
        predictions=table,
        outputs=tuple(outputs),
        images_at=None if files.predictions is None else files.predictions.parent,
        extraction=None if files.extraction is None else read_extraction(files.extraction),
        agreement=agreement,
        card=None if files.model is None else load_model(files.model).card,
        inputs={name: hash_file(path) for name, path in given.items() if path is not None},
    )


def read_summary(path: Path, value: str) -> list[dict[str, Any]]:
    """Read a summary as `amgs summarise` writes it, or any table of animals with a value.

    Raises
    ------
    TableError
        If a cell that should be a number is none.
    """
    value = resolve_value(read_column_names(path), value)
    table = read_table(path, required=("animal", "group", "timepoint", value))
    further = tuple(
        name for name in table.columns if name.startswith("mean_") or name in REBASED_COLUMNS
    )
    rows = []
    for line, text in zip(table.index, table.astype(str).to_dict("records"), strict=True):
        row: dict[str, Any] = {name: text.get(name, "") for name in (*SUMMARY_COLUMNS, *further)}
        numbers = (*_WHOLE, *_NUMBERS, *further)
        row |= {name: _cell(row[name], line, name, path) for name in numbers}
        row |= {name: None if row[name] is None else int(row[name]) for name in _WHOLE}
        row[value] = _cell(str(text[value]), line, value, path)
        included = parse_yes_no(str(row["included"] or "yes"))
        if included is None:
            msg = f"Expected yes or no as included in line {line} of {path}, found "
            raise TableError(f"{msg}{row['included']!r}.")
        row["included"] = "yes" if included else "no"
        rows.append(row)
    return rows


def _cell(text: str, line: object, name: str, path: Path) -> float | None:
    if not text:
        return None
    number = parse_number(text)
    if number is None:
        msg = f"Expected a number or nothing as {name} in line {line} of {path}, found {text!r}."
        raise TableError(msg)
    return number


def read_extraction(place: Path) -> list[dict[str, str]]:
    """Read ``extraction.csv`` of a folder of `amgs extract`."""
    path = place / "extraction.csv" if place.is_dir() else place
    table = read_table(path, required=("recording", "duration_s", "intervals", "kept"))
    return [{str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")]
