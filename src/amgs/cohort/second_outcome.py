"""The same question of the signed score, which is less coarse than % pain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from amgs.cohort.comparison import ComparisonChoice, compare_groups
from amgs.cohort.design import read_cohort
from amgs.tables import read_column_names
from amgs.vocabulary import CALL_VALUES, REBASED_VALUES

SECOND = {pair[0]: pair[1] for pair in (CALL_VALUES, REBASED_VALUES)}
"""Beside which value which other one is compared."""


def compare_table(path: Path, value: str, choice: ComparisonChoice) -> dict[str, Any]:
    """Compare the groups of a table; beside % pain the mean signed score, where it is there.

    % pain is 0 or 100 in many animals; the signed score tells a little pain from much.

    Returns
    -------
    dict
        As `compare_groups`, with ``second_outcome``: ``value`` and ``primary`` of the signed score;
        absent where there is none.
    """
    choice = replace(choice, value="")  # said by `value`, and below by the second one
    document = compare_groups(read_cohort(path, value), choice).document
    second_value = SECOND.get(document["value"])
    if second_value is None or second_value not in read_column_names(path):
        return document
    cohort = read_cohort(path, second_value)
    if not any(cell.value is not None and not cell.excluded_because for cell in cohort.cells):
        return document
    # A margin in points of % pain is none of the signed score.
    other = replace(choice, plan=replace(choice.plan, margin=0.0, factors=""))
    found = compare_groups(cohort, other, brief=True).document
    notes = [note for note in found["notes"] if note not in document["notes"]]
    second = {"value": second_value, "primary": found["primary"], "notes": notes}
    return document | {"second_outcome": second}
