"""The training course: scored reference faces, with feedback, until a rater agrees with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amgs.errors import TableError, count_of, list_faults
from amgs.scale import LEVELS, Scale
from amgs.scoring.ratings import NOT_SCORABLE
from amgs.tables import portable_path, read_table

REFERENCE_FILE = "reference.csv"
_ROUNDING = 1e-9
WINDOW = 10
"""A rater passes on the last so many images (or all of the reference, when it has fewer)."""


@dataclass(frozen=True, slots=True)
class ReferenceFace:
    """A face whose scores experienced raters have agreed on; ``None`` is "not scorable"."""

    path: Path
    name: str
    scores: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class CourseState:
    """How far a rater has come in the course.

    ``agreement`` is the share of units equal to the reference over the last images, ``None``
    before the first; ``passed`` is for good once reached. ``let_in`` says that somebody who had not
    reached it was let in all the same.
    """

    seen: int
    needed: int
    agreement: float | None
    passed: bool
    let_in: bool = False


def read_reference(path: Path, scale: Scale) -> list[ReferenceFace]:
    """Read ``reference.csv``: one line per image, one column per unit of the scale.

    Returns
    -------
    list of ReferenceFace
        Empty when the file is not there: then there is no course.

    Raises
    ------
    TableError
        With every fault.
    """
    if not path.exists():
        return []
    table = read_table(path, required=("image", *scale.unit_names))
    faults: list[str] = []
    faces = []
    for line, row in zip(table.index, table.to_dict("records"), strict=True):
        image = path.parent / portable_path(row["image"])
        if not row["image"] or not image.is_file():
            faults.append(f"line {line}: no image at {row['image'] or 'an empty path'}")
        scores: dict[str, int | None] = {}
        for unit in scale.unit_names:
            cell = row[unit]
            if cell.lower() in NOT_SCORABLE:
                scores[unit] = None
            elif cell in {str(level) for level in LEVELS}:
                scores[unit] = int(cell)
            else:
                faults.append(f"line {line}: {unit} is {cell!r}")
        faces.append(ReferenceFace(image, row["image"], scores))
    if faults:
        msg = (
            f"Expected an image and 0, 1, 2 or an empty cell for every unit in each line of {path},"
            f" found {count_of(len(faults), 'fault')}:\n{list_faults(faults)}\nCorrect these lines."
        )
        raise TableError(msg)
    return faces


def judge_course(equal: Sequence[bool], n_reference: int, n_units: int, mark: float) -> CourseState:
    """Say how far a rater has come.

    Parameters
    ----------
    equal
        Whether each answer equals the reference; oldest first, image by image, unit by unit.
    n_reference
        How many reference faces there are.
    n_units
        How many units the scale has.
    mark
        The share of equal answers that passes.
    """
    needed = min(WINDOW, n_reference)
    seen = len(equal) // n_units
    passed = any(
        sum(equal[(end - needed) * n_units : end * n_units]) >= mark * needed * n_units - _ROUNDING
        for end in range(needed, seen + 1)
    )
    last = equal[max(0, seen - needed) * n_units :]
    return CourseState(seen, needed, sum(last) / len(last) if last else None, passed)
