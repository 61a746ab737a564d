"""The per-rater labels of TU Berlin: one row per image, one column per action unit and rater.

Columns are ``{ot,nb,cb,ep,wc}{rater}``. ``9`` is "not scorable", ``-`` means that the rater passed
over the image, an empty cell that the image was not given to the rater. What is none of these and
no score of the scale (there is a ``3``) is left out and counted.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from amgs.errors import TableError
from amgs.scoring.ratings import Ratings, ratings_from_table
from amgs.tables import read_table

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


def is_tu_berlin(header: list[str]) -> bool:
    """Say whether a header is that of the per-rater labels."""
    return "index" in header and any(re.fullmatch(r"ot\d+", name) for name in header)


def read_tu_berlin(path: Path) -> tuple[Ratings, list[str]]:
    """Read the labels.

    Returns
    -------
    ratings, notes
        The answers, and what was left out and why.

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
    notes = [
        f"{count} scores of {score!r} are none of the scale and were left out"
        for score, count in long["score"][strange].value_counts().items()
    ]
    return ratings_from_table(_as_values(long[~strange])), notes


def _as_values(long: pd.DataFrame) -> pd.DataFrame:
    """Order raters by number, and turn 9 into a missing score."""
    ordered = long.assign(
        image=long["index"],
        number=long["rater"].astype(int),
        value=long["score"].replace(NOT_SCORABLE, np.nan).astype(float),
    )
    return ordered.sort_values(["number"], kind="stable")
