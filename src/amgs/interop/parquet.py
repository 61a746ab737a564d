"""A model's readings of all images as Parquet, typed, for programs that read millions of rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.csv_cells import TEXT_COLUMNS
from amgs.errors import MissingExtraError
from amgs.files import atomic_file
from amgs.interop.base import Exporter
from amgs.tables import parse_number

if TYPE_CHECKING:
    import pandas as pd


class Parquet(Exporter):
    """Needs the extra ``parquet`` (pyarrow)."""

    name = "parquet"
    title = "every image with what the model says (Parquet; needs amgs[parquet])"
    kind = "predictions"
    suffix = ".parquet"

    def write(self, table: pd.DataFrame, out: Path, value: str = "") -> tuple[str, ...]:
        """See `Exporter.write`; columns that hold numbers alone become numbers, but for names.

        Raises
        ------
        MissingExtraError
            If pyarrow is not installed.
        """
        del value
        try:
            import pyarrow as pa  # noqa: F401
        except ImportError as error:
            msg = "Parquet needs the package pyarrow. Install it: pip install 'amgs[parquet]'"
            raise MissingExtraError(msg) from error
        typed = table.copy()
        for name in typed.columns.difference(list(TEXT_COLUMNS)):
            cells = typed[name].astype(str)
            filled = cells[cells != ""]
            if len(filled) and all(parse_number(cell) is not None for cell in filled):
                typed[name] = [parse_number(cell) for cell in cells]
        with atomic_file(out) as temporary:
            typed.to_parquet(temporary, engine="pyarrow", index=False)
        return ()
