"""Tables of predictions, checked before any number is made from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from amgs.errors import ImpossibleValueError, TableError, count_of, list_faults
from amgs.interop.formats import recognise
from amgs.prediction.models import BUILT_IN_MODELS
from amgs.prediction.sinks import provenance_beside
from amgs.tables import MAX_MGS, parse_mgs, parse_number, read_table
from amgs.vocabulary import (
    NO_PAIN,
    PAIN,
    PAIN_OUTPUTS,
    PREDICTION_COLUMNS,
    PROBLEM_COLUMN,
    Output,
    parse_class,
)

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-4
"""How far apart `confidence` and `p_pain` may lie: tables are rounded to six decimals or fewer."""

_NUMBERS = ("confidence", "p_pain", "signed_score", "time_s")


def read_predictions(path: Path, highest_mgs: float = MAX_MGS) -> pd.DataFrame:
    """Read predictions from a CSV of amgs, or from the original authors' log.

    Parameters
    ----------
    path
        A CSV with at least ``image,predicted,confidence``, or the log.
    highest_mgs
        The highest possible human score of the scale.

    Returns
    -------
    pandas.DataFrame
        ``image, predicted, confidence, p_pain, signed_score`` and whatever else the file holds;
        ``label`` as ``pain`` / ``no pain``. Rows whose ``problem`` column is filled are left out
        and counted in ``attrs["problems"]``; where the truth comes from is in ``attrs["truth"]``.

    Raises
    ------
    TableError
        If a column is missing, or a class, score or number cannot be understood.
    ImpossibleValueError
        If a confidence is not from 0.5 to 1, or contradicts ``p_pain``; all lines are listed.
    """
    foreign = recognise(path, "predictions")
    if foreign is not None:
        table = foreign.read(path).table
        table.attrs = {"problems": 0, "truth": f"the folder in {foreign.title}"}
        _check_confidences(path, table)
        return table
    text = read_table(path, required=("image", "predicted", "confidence"))
    _refuse_without_calls(path, text)
    text, problems = _without_problems(text)
    refuse_repeated(path, text)
    table = _typed(path, text, highest_mgs, declared_outputs(path))
    table.attrs = {"problems": problems, "truth": _find_truth(table)}
    _check_confidences(path, table)
    return table


def read_readings(path: Path, highest_mgs: float = MAX_MGS) -> tuple[pd.DataFrame, list[Output]]:
    """Read what a model said of images, whether or not it calls pain.

    Parameters
    ----------
    path
        A table by `amgs classify`, or a foreign one that is known.
    highest_mgs
        The highest possible human score of the scale.

    Returns
    -------
    (pandas.DataFrame, list of Output)
        As `read_predictions`; and the outputs that the model declares and the table has. A table
        without calls lacks the columns of a call.

    Raises
    ------
    TableError, ImpossibleValueError
        As `read_predictions`.
    """
    declared = declared_outputs(path)
    if recognise(path, "predictions") is None:
        text = read_table(path, required=("image",))
        if _has_no_calls(text):
            text, problems = _without_problems(text)
            refuse_repeated(path, text)
            calls = [name for name in PREDICTION_COLUMNS[1:] if name in text]
            table = _typed(path, text.drop(columns=calls), highest_mgs, declared)
            table.attrs = {"problems": problems, "truth": ""}
            return table, [output for output in declared if output.name in table]
    table = read_predictions(path, highest_mgs)
    return table, [output for output in declared if output.name in table]


def declared_outputs(path: Path) -> list[Output]:
    """Return what the model of a table declared that it says, from the provenance beside it.

    Without provenance (a table from elsewhere, or of 0.1.0), the outputs of the models that are
    built in.

    Raises
    ------
    TableError
        If there is one, and it is damaged: what a model of its own says would be left out.
    """
    beside = provenance_beside(path)
    try:
        record = json.loads(beside.read_text(encoding="utf-8"))
        if "outputs" in record:
            return [Output(**entry) for entry in record["outputs"]]
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError) as error:
        msg = (
            f"Expected what the model of {path.name} says in {beside}, found something damaged "
            f"({error}). Classify again, or delete that file to read the usual columns alone."
        )
        raise TableError(msg) from error
    return [*PAIN_OUTPUTS, *_built_in_outputs()]


def _built_in_outputs() -> list[Output]:
    found: list[Output] = []
    for home in BUILT_IN_MODELS.values():
        module, class_name = home.split(":")
        found += getattr(import_module(module), class_name).outputs
    return list(dict.fromkeys(found))  # what `orbital` says of eyes, `face` says too


def _has_no_calls(text: pd.DataFrame) -> bool:
    return "predicted" not in text or bool((text["predicted"] == "").all())


def _without_problems(text: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    if PROBLEM_COLUMN not in text:
        return text, 0
    return text[text[PROBLEM_COLUMN] == ""], int((text[PROBLEM_COLUMN] != "").sum())


def _refuse_without_calls(path: Path, text: pd.DataFrame) -> None:
    """Stop at a table of a model that makes no call, such as `orbital`."""
    further = [o.name for o in declared_outputs(path) if o.name in text and o not in PAIN_OUTPUTS]
    if further and _has_no_calls(text):
        msg = (
            f"Expected calls of pain or no pain in {path}, found a model that only says "
            f"{', '.join(further)}. Classify the images with a trained model."
        )
        raise TableError(msg)


def refuse_repeated(path: Path, text: pd.DataFrame) -> None:
    """Stop when an image stands twice: it would count twice."""
    repeated = text["image"][text["image"].duplicated()]
    if len(repeated):
        faults = [f"line {line}: {name} is listed twice" for line, name in repeated.items()]
        msg = (
            f"Expected every image of {path} once, found {len(faults)} lines that repeat one:\n"
            f"{list_faults(faults)}\nRemove them."
        )
        raise TableError(msg)


def _typed(
    path: Path, text: pd.DataFrame, highest_mgs: float, declared: Sequence[Output]
) -> pd.DataFrame:
    """Turn text cells into classes and numbers, listing every cell that is neither."""
    import pandas as pd

    faults: list[str] = []
    columns: dict[str, Any] = {name: text[name].tolist() for name in text.columns}
    lines = text.index.tolist()
    if "predicted" in columns:
        columns["predicted"] = [
            _class(cell, line, "predicted", faults)
            for cell, line in zip(columns["predicted"], lines, strict=True)
        ]
    may_be_empty = {o.name for o in declared if o not in PAIN_OUTPUTS} | {"time_s"}
    numbers = {o.name for o in declared if o.is_number} | {*_NUMBERS}
    for name in numbers & set(columns):
        columns[name] = _numbers(columns[name], lines, name, faults, empty_ok=name in may_be_empty)
    if "mgs" in columns:
        columns["mgs"] = [
            parse_mgs(cell, line, faults, highest_mgs)
            for cell, line in zip(columns["mgs"], lines, strict=True)
        ]
    if "label" in columns:
        columns["label"] = [
            _class(cell, line, "label", faults) if cell else None
            for cell, line in zip(columns["label"], lines, strict=True)
        ]
    if faults:
        msg = (
            f"Expected predictions in every line of {path}, found "
            f"{count_of(len(faults), 'fault')}:\n"
            f"{list_faults(faults)}\nCorrect these lines, or classify the images again."
        )
        raise TableError(msg)
    table = pd.DataFrame(columns, index=lines)
    for name in (*numbers, "mgs"):
        if name in table:
            table[name] = table[name].astype(float)
    return _complete(table) if "predicted" in table else table


def _complete(table: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from class and confidence where the file does not hold it."""
    pain = table["predicted"] == PAIN
    if "p_pain" not in table:
        table["p_pain"] = table["confidence"].where(pain, 1 - table["confidence"])
    if "signed_score" not in table:
        table["signed_score"] = 2 * table["p_pain"] - 1
    return table


def _class(cell: str, line: int, column: str, faults: list[str]) -> str:
    found = parse_class(cell)
    if found is None:
        faults.append(f"line {line}: {column} is {cell!r}, not `pain` or `no pain`")
    return found or NO_PAIN


def _numbers(
    cells: list[str], lines: list[int], column: str, faults: list[str], *, empty_ok: bool = False
) -> list[float]:
    numbers = []
    for cell, line in zip(cells, lines, strict=True):
        number = parse_number(cell)
        if number is None and (cell or not empty_ok):
            faults.append(f"line {line}: {column} is {cell!r}, not a number")
        numbers.append(np.nan if number is None else number)
    return numbers


def _check_confidences(path: Path, table: pd.DataFrame) -> None:
    confidence = table["confidence"]
    outside = ~confidence.between(0.5, 1.0)  # NaN is outside too
    faults = [f"line {line}: {confidence[line]}" for line in table.index[outside]]
    if faults:
        msg = (
            f"Expected confidences from 0.5 to 1 in {path}, found "
            f"{count_of(len(faults), 'other')}:\n"
            f"{list_faults(faults)}\n"
            "A confidence belongs to the predicted class: it is a share of at least 0.5, not a per "
            "cent and not the probability of pain (that is p_pain). Classify the images again."
        )
        raise ImpossibleValueError(msg)
    implied = table["confidence"].where(table["predicted"] == PAIN, 1 - table["confidence"])
    apart = (implied - table["p_pain"]).abs() > _ROUNDING
    apart |= (2 * implied - 1 - table["signed_score"]).abs() > 2 * _ROUNDING
    apart |= table["p_pain"].isna() | table["signed_score"].isna()
    faults = [f"line {line}: {table.loc[line, 'image']}" for line in table.index[apart]]
    if faults:
        msg = (
            f"Expected predicted, confidence, p_pain and signed_score to agree in {path}, found "
            f"{len(faults)} lines in which they contradict each other:\n{list_faults(faults)}\n"
            "The table was changed after it was made. Classify the images again."
        )
        raise ImpossibleValueError(msg)


def _find_truth(table: pd.DataFrame) -> str:
    """Name the source of the truth; a folder called ``pain`` or ``no pain`` is one."""
    if "label" in table:
        return "the label column"
    folders = [_class_folder(name) for name in table["image"]]
    if folders and all(folder is not None for folder in folders):
        table["label"] = folders
        return "the folder of each image"
    return ""


def _class_folder(name: str) -> str | None:
    """Return the class that the nearest folder of that name gives an image, if one does."""
    classes = (parse_class(folder) for folder in reversed(PurePosixPath(name).parts[:-1]))
    return next((found for found in classes if found is not None), None)
