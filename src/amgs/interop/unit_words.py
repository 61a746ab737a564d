"""How people and programs call action units, scores and "not scorable"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from amgs.errors import TableError, count_of, list_faults
from amgs.interop.base import Imported
from amgs.scale import HIGHEST, LOWEST, all_unit_names
from amgs.scoring.ratings import NOT_SCORABLE

_SHORT = {
    "orbital": "orbital_tightening",
    "eye": "orbital_tightening",
    "eyes": "orbital_tightening",
    "orbital_tightness": "orbital_tightening",
    "nose": "nose_bulge",
    "cheek": "cheek_bulge",
    "cheeks": "cheek_bulge",
    "ear": "ear_position",
    "ears": "ear_position",
    "whisker": "whisker_change",
    "whiskers": "whisker_change",
    "whisker_position": "whisker_change",
    "nose_cheek_flattening": "nose_cheek",
}
_NO_SCORE = NOT_SCORABLE | {"-1", "9", "x", "-", "?", "not found", "not visible", "unscorable"}
"""What other programs write where a unit could not be scored; -1 and 9 are on no scale here."""

_SCORE = re.compile(r"^([0-2])(?:\.0+)?(?:\s*[(=:,].*)?$")
_ENDING = re.compile(r"^(.*?)[\s_=:-]+([0-9]|ns|na)$")


@cache
def _all_units() -> dict[str, str]:
    return {**_SHORT, **{name: name for name in all_unit_names()}}


def find_unit(text: str) -> tuple[str | None, str]:
    """Return which action unit a name means, and a score that ends the name.

    Parameters
    ----------
    text
        Such as ``Orbital tightening``, ``ears``, ``nose.bulge 2``.

    Returns
    -------
    unit, score
        ``None`` where it means none; an empty score where the name has none.
    """
    units = _all_units()
    plain = text.strip().casefold()
    if (unit := units.get(_joined(plain))) is not None:
        return unit, ""
    ended = _ENDING.match(plain)
    if ended is not None and (unit := units.get(_joined(ended[1]))) is not None:
        return unit, ended[2]
    return None, ""


def _joined(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def parse_unit_score(cell: str, faults: list[str], where: str) -> int | None:
    """Read 0, 1 or 2 (``1``, ``1.0``, ``1 (moderate)``); ``None`` for "not scorable".

    Whatever else stands there becomes a fault.
    """
    text = cell.strip().casefold()
    if text in _NO_SCORE or text == "none":
        return None
    found = _SCORE.match(text)
    if found is None:
        faults.append(f"{where}: the score is {cell!r}, not {LOWEST} to {HIGHEST}")
        return None
    return int(found[1])


def as_ratings(
    rows: Sequence[Mapping[str, Any]], faults: list[str], notes: Iterable[str], place: Path
) -> Imported:
    """Return rows ``image, rater, unit, score`` and more as a table of ratings.

    Raises
    ------
    TableError
        With every fault, if nothing was found, or if a rater scores a unit of an image twice.
    """
    import pandas as pd

    if not rows:
        msg = (
            f"Expected scores of action units ({', '.join(sorted(set(_all_units().values())))}) in "
            f"{place}, found none. A unit is known by such a name, or by orbital, nose, ears …"
        )
        raise TableError(msg)
    table = pd.DataFrame(rows)
    twice = table[table.duplicated(["image", "rater", "unit"])]
    faults = [
        *faults,
        *(f"{r.image}: {r.rater} scores {r.unit} twice" for r in twice.itertuples(index=False)),
    ]
    if faults:
        msg = (
            f"Expected scores of {LOWEST} to {HIGHEST}, once per image, rater and unit, in "
            f"{place}, found {count_of(len(faults), 'fault')}:\n{list_faults(faults)}"
        )
        raise TableError(msg)
    table["score"] = table["score"].astype("Int64")
    empty = [c for c in table.columns[4:] if (table[c].astype(str) == "").all()]
    facts = {
        "images": table["image"].nunique(),
        "raters": table["rater"].nunique(),
        "units": table["unit"].nunique(),
        "not scorable": int(table["score"].isna().sum()),
    }
    return Imported(table.drop(columns=empty), tuple(notes), facts)
