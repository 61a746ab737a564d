"""Tables of human scores, image by image, to be summarised as predictions are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import TableError, count_of, list_faults
from amgs.interop.formats import recognise
from amgs.prediction.table import declared_outputs, read_readings
from amgs.prediction.wakefulness import STATE, tell_states
from amgs.tables import MAX_MGS, parse_mgs, parse_number, read_table
from amgs.vocabulary import Output

if TYPE_CHECKING:
    import pandas as pd


def read_predictions_or_scores(
    path: Path, highest: float = MAX_MGS
) -> tuple[pd.DataFrame, list[Output]]:
    """Read readings of a model, or human scores where the table has no reading but an ``mgs``.

    Parameters
    ----------
    path
        A table of predictions, or a CSV with ``image, mgs, animal, group, timepoint`` such as
        ``human_scores.csv``; ``recording`` and ``time_s`` where known.
    highest
        The highest possible score of the scale.

    Returns
    -------
    (pandas.DataFrame, list of Output)
        The table, and the outputs of the model; none for human scores.

    Raises
    ------
    TableError
        If it is neither, or has faults; all of them are listed.
    """
    if recognise(path, "predictions") is not None:
        return _with_states(*read_readings(path, highest))
    text = read_table(path, required=("image",))
    said = any(output.name in text for output in declared_outputs(path))
    if said or "mgs" not in text:
        return _with_states(*read_readings(path, highest))
    faults: list[str] = []
    repeated = text["image"][text["image"].duplicated()]
    faults += [f"line {line}: {name} is listed twice" for line, name in repeated.items()]
    scores = [
        parse_mgs(cell, int(str(line)), faults, highest)
        for line, cell in zip(text.index, text["mgs"], strict=True)
    ]
    text["mgs"] = [float("nan") if score is None else score for score in scores]
    if "time_s" in text:
        text["time_s"] = [_time(cell, line, faults) for line, cell in text["time_s"].items()]
    if faults:
        n = count_of(len(faults), "fault")
        msg = f"Expected human scores in every line of {path}, found {n}:\n"
        raise TableError(f"{msg}{list_faults(faults)}\nCorrect these lines.")
    return text, []


def _time(cell: str, line: object, faults: list[str]) -> float:
    value = parse_number(cell) if cell else float("nan")
    if value is None or value < 0:
        faults.append(f"line {line}: time_s is {cell!r}, not a number of seconds")
        return float("nan")
    return value


def _with_states(table: pd.DataFrame, outputs: list[Output]) -> tuple[pd.DataFrame, list[Output]]:
    """Add whether animals are asleep, where the video and a model that reads units say it."""
    states = tell_states(table, outputs)
    return (table if states is None else table.assign(**{STATE: states})), outputs
