"""The table of an experiment as people keep it: a workbook with animals, groups, times, videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from amgs.errors import TableError
from amgs.interop.base import Imported, Importer
from amgs.tables import read_column_names, read_table
from amgs.workbooks import SUFFIX

RECORDING_COLUMNS = ("animal", "group", "timepoint", "video")


class RecordingsWorkbook(Importer):
    """The first sheet, with the columns of ``recordings.csv``."""

    name = "recordings"
    title = "the table of an experiment as a workbook (XLSX), for recordings.csv of a study"
    kind = "recordings"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        try:
            return (
                place.is_file()
                and place.suffix.lower() == SUFFIX
                and set(RECORDING_COLUMNS) <= set(map(str.casefold, read_column_names(place)))
            )
        except TableError:
            return False

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`."""
        del only
        table = read_table(place, required=RECORDING_COLUMNS)
        animals = table["animal"].nunique()
        return Imported(table, facts={"recordings": len(table), "animals": animals})
