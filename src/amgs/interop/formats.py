"""The tables of foreign formats, and finding the one that a file is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import TableError, UnknownNameError
from amgs.interop.base import Exporter, Importer, TableKind
from amgs.scoring.ratings import number_scores, read_ratings_table

if TYPE_CHECKING:
    import pandas as pd

IMPORTERS = {
    "authors-log": "amgs.interop.authors_log:AuthorsLog",
    "tu-berlin-faces": "amgs.interop.tu_berlin_faces:TuBerlinFaces",
    "tu-berlin-ratings": "amgs.interop.tu_berlin:TuBerlinRatings",
    "tu-berlin": "amgs.interop.tu_berlin_cohort:TuBerlinCohort",
    "black-mice": "amgs.interop.black_mice:BlackMice",
    "talbot": "amgs.interop.unit_scores:TalbotScores",
    "painface": "amgs.interop.unit_scores:PainFaceScores",
    "vidal": "amgs.interop.unit_scores:VidalFaces",
    "authors-folders": "amgs.interop.authors_folders:AuthorsFolders",
    "boris": "amgs.interop.boris:BorisScores",
    "unit-table": "amgs.interop.unit_table:UnitTable",
    "recordings": "amgs.interop.recordings_workbook:RecordingsWorkbook",
    "face-clean": "amgs.interop.face_finder:FaceFinderImages",
}
"""Name → ``module:Class``; what comes first is asked first whether it knows a file."""

EXPORTERS = {
    "ratings": "amgs.interop.ratings_csv:RatingsCsv",
    "prism": "amgs.interop.prism:PrismColumns",
    "prism-grouped": "amgs.interop.prism_grouped:PrismGrouped",
    "pzfx": "amgs.interop.prism_file:PrismFile",
    "long": "amgs.interop.long_table:LongTable",
    "parquet": "amgs.interop.parquet:Parquet",
    "spreadsheet": "amgs.interop.spreadsheet:SpreadsheetCsv",
}
"""Name → ``module:Class``."""


def open_importer(name: str) -> Importer:
    """Return an importer by its name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    importer: Importer = _load(IMPORTERS, name, "a format that can be imported")
    return importer


def open_exporter(name: str) -> Exporter:
    """Return an exporter by its name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    exporter: Exporter = _load(EXPORTERS, name, "a format that can be exported")
    return exporter


def recognise(place: Path, kind: TableKind | None = None) -> Importer | None:
    """Return the importer that knows a file or folder by its content; ``None`` if none does.

    Parameters
    ----------
    place
        The file or folder.
    kind
        Only importers that make this kind of table.
    """
    for importer in _importers(kind):
        if importer.recognises(place):
            return importer
    return None


def require_recognised(place: Path) -> Importer:
    """Return the importer that knows a file or folder.

    Raises
    ------
    TableError
        If none does; the formats that are known are listed.
    """
    found = recognise(place)
    if found is None:
        known = "; ".join(f"{i.name}: {i.title}" for i in _importers(None))
        what = "nothing there" if not place.exists() else "another"
        msg = f"Expected a known format at {place}, found {what}. Known are: {known}."
        raise TableError(msg)
    return found


def read_any_ratings(place: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read ratings of amgs, or of any format that is known by its content.

    Returns
    -------
    (pandas.DataFrame, tuple of str)
        As `amgs.scoring.ratings.read_ratings_table` returns them, and what a reader must know.

    Raises
    ------
    TableError
        With every fault.
    """
    foreign = recognise(place, "ratings")
    if foreign is None:
        return read_ratings_table(place), ()
    found = foreign.read(place)
    return number_scores(found.table), found.notes


def _importers(kind: TableKind | None) -> Iterator[Importer]:
    importers = (open_importer(name) for name in IMPORTERS)
    return (importer for importer in importers if kind in {None, importer.kind})


def _load(table: Mapping[str, str], name: str, what: str) -> Any:
    if name not in table:
        raise UnknownNameError(f"Expected {what} ({', '.join(table)}), found {name!r}.")
    module, class_name = table[name].split(":")
    return getattr(import_module(module), class_name)()
