"""The per-rater labels of TU Berlin: one row per image, one column per action unit and rater.

Columns are ``{ot,nb,cb,ep,wc}{rater}``. ``9`` is "not scorable", ``-`` means that the rater passed
over the image, an empty cell that the image was not given to the rater. What is none of these and
no score of the scale (there is a ``3``) is left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from amgs.errors import TableError
from amgs.interop.base import Imported, Importer
from amgs.tables import read_column_names, read_table

if TYPE_CHECKING:
    import pandas as pd

UNITS = {
    "ot": "orbital_tightening",
    "nb": "nose_bulge",
    "cb": "cheek_bulge",
    "ep": "ear_position",
    "wc": "whisker_change",
}
NOT_SCORABLE, PASSED_OVER = "9", {"-", ""}
_SCORES = {"0", "1", "2"}


class TuBerlinRatings(Importer):
    """The per-rater labels as a long table of ratings."""

    name = "tu-berlin-ratings"
    title = "the per-rater labels of TU Berlin (mgs_by_rater.csv)"
    kind = "ratings"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        if place.suffix.lower() != ".csv" or not place.is_file():
            return False
        header = read_column_names(place)
        return "index" in header and any(re.fullmatch(r"ot\d+", name) for name in header)

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`; ``score`` is missing where the rater could not score the unit."""
        del only
        table, notes = read_tu_berlin(place)
        facts = {"images": table["image"].nunique(), "raters": table["rater"].nunique()}
        return Imported(table, notes, facts)


def read_tu_berlin(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read the labels.

    Returns
    -------
    table, notes
        ``image, rater, unit, score`` (``score`` missing: not scorable), raters in order of
        their number; and what was left out and why.

    Raises
    ------
    TableError
        If the file has no column of a rater.
    """
    table = read_table(path, required=("index",))
    long = table.melt(id_vars="index", var_name="column", value_name="score")
    parts = long["column"].str.extract(r"^(ot|nb|cb|ep|wc)(\d+)$")
    long["unit"], long["rater"] = parts[0].map(UNITS), parts[1]
    long = long[long["unit"].notna()]
    if long.empty:
        msg = f"Expected columns such as ot1, nb1, cb1, ep1, wc1 in {path}, found none."
        raise TableError(msg)
    long = long[~long["score"].isin(PASSED_OVER)]
    strange = ~long["score"].isin(_SCORES | {NOT_SCORABLE})
    notes = tuple(
        f"{count} scores of {score!r} are not on the scale and were left out"
        for score, count in long["score"][strange].value_counts().items()
    )
    return _as_values(long[~strange]), notes


def _as_values(long: pd.DataFrame) -> pd.DataFrame:
    """Order raters by number, and turn 9 into a missing score."""
    ordered = long.assign(
        image=long["index"],
        number=long["rater"].astype(int),
        score=long["score"].replace(NOT_SCORABLE, np.nan).astype(float).astype("Int64"),
    ).sort_values(["number"], kind="stable")
    return ordered[["image", "rater", "unit", "score"]]
