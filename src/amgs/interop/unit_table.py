"""Scores as people keep them in a spreadsheet: one row per image, one column per action unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from amgs.errors import TableError
from amgs.interop.base import Imported, Importer
from amgs.interop.unit_words import as_ratings, find_unit, parse_unit_score
from amgs.tables import read_column_names, read_table

RATER_COLUMNS = ("rater", "scorer", "observer", "coder", "scored by", "scored_by")
"""How the column is called that says who scored, here and in programs for behaviour."""

_IMAGES = ("image", "image name", "filename", "file name", "file", "photo", "frame", "face")
_FURTHER = ("animal", "group", "timepoint", "recording", "time_s", "laboratory")
_LEAST_UNITS = 2
_SUFFIXES = {".csv", ".tsv", ".txt", ".xlsx"}


class UnitTable(Importer):
    """One row per image (and rater), one column per action unit; CSV or a workbook."""

    name = "unit-table"
    title = "a table of scores: one row per image and rater, one column per action unit"
    kind = "ratings"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        if not place.is_file() or place.suffix.lower() not in _SUFFIXES:
            return False
        try:
            names = read_column_names(place)
        except TableError:
            return False
        return _column(names, _IMAGES) is not None and len(_units(names)) >= _LEAST_UNITS

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`; without a column of raters, all is of one, called like the file.

        What cannot be scored may be empty, ``NA``, ``x``, ``-``, ``-1`` or ``9``. Columns that are
        no unit (a sum, a mean, a remark) are left out.
        """
        del only
        names = read_column_names(place)
        image, units = _column(names, _IMAGES), _units(names)
        if image is None or not units:
            msg = (
                f"Expected a column of images ({', '.join(_IMAGES)}) and columns of action units "
                f"in {place}, found {', '.join(names)}."
            )
            raise TableError(msg)
        who = _column(names, RATER_COLUMNS)
        table = read_table(place, required=(image, *units))
        further = {c: theirs for c in _FURTHER if (theirs := _column(names, (c,))) is not None}
        rows, faults = [], []
        for line, row in table.iterrows():
            known = {c: row[theirs] for c, theirs in further.items()}
            by = row[who] if who else place.stem
            faults += [f"line {line}: no {n}" for n, cell in (("image", row[image]), ("rater", by))
                       if not cell]  # fmt: skip
            for theirs, unit in units.items():
                score = parse_unit_score(row[theirs], faults, f"line {line}, {theirs}")
                first = {"image": row[image], "rater": by, "unit": unit, "score": score}
                rows.append(first | known)
        notes = [] if who else [f"no column says who scored: all is of one rater, {place.stem}"]
        return as_ratings(rows, faults, notes, place)


def _units(names: Iterable[str]) -> dict[str, str]:
    """Return columns that are action units, with the name of the unit."""
    found = {name: find_unit(name)[0] for name in names if not re.search(r"\d$", name)}
    return {name: unit for name, unit in found.items() if unit is not None}


def _column(names: Iterable[str], known: Iterable[str]) -> str | None:
    by_word = {name.strip().casefold().replace("_", " "): name for name in names}
    return next((by_word[k.replace("_", " ")] for k in known if k.replace("_", " ") in by_word),
                None)  # fmt: skip
