"""Every answer of every rater as a plain CSV, for other programs and for repositories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import TableError
from amgs.interop.base import Exporter
from amgs.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("image", "rater", "unit", "score", "repeat", "position")
"""As `amgs agreement` reads them; further columns of the table follow."""


class RatingsCsv(Exporter):
    """One row per image, rater and unit."""

    name = "ratings"
    title = "every answer of every rater, one row per image, rater and unit (CSV)"
    kind = "ratings"
    suffix = ".csv"

    def write(self, table: pd.DataFrame, out: Path, value: str = "") -> tuple[str, ...]:
        """See `Exporter.write`; an empty score is "not scorable"."""
        del value
        if table.empty:
            raise TableError("Expected ratings to export, found none yet.")
        further = [name for name in table.columns if name not in {*COLUMNS, "value"}]
        long = table.assign(
            score=["" if score != score else int(score) for score in table["value"]],  # noqa: PLR0124 - NaN
            repeat=["yes" if again else "no" for again in table["repeat"]],
        )
        columns = [name for name in COLUMNS if name in long] + further
        write_table(out, columns, long[columns].to_numpy().tolist())
        return ()
