"""Tables of other laboratories and programs that hold scores per action unit.

Each says "not found" or "not scorable" in its own way, and none of these may become a 0:

=========  =====================================================================================
Talbot     ten-point scores (0–9), -1 is not scorable; of ``rejected`` rows nothing counts,
           whatever stands in them
Vidal      JSON by image, numbers as text; ``w`` and ``h`` of a box are its right and lower edge;
           eye boxes are in the face crop, face boxes in the 1920 × 1080 frame
PainFace   one row per frame, -1 is a unit that was not found
=========  =====================================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import TableError, count_of, list_faults
from amgs.interop.base import Imported, Importer
from amgs.tables import read_column_names, read_table

if TYPE_CHECKING:
    import pandas as pd

TALBOT = {
    "orbital.tightening": "orbital_tightening",
    "nose.bulge": "nose_bulge",
    "cheek.bulge": "cheek_bulge",
    "ear.position": "ear_position",
    "whisker.change": "whisker_change",
}
PAINFACE = {
    "Orbital": "orbital_tightening",
    "Nose": "nose_bulge",
    "Cheek": "cheek_bulge",
    "Ears": "ear_position",
    "Whiskers": "whisker_change",
}
PAINFACE_TIME = "Timestamp(x)"
_TALBOT_NAME = re.compile(
    r"(?P<film>MVI_\d+)_(?P<animal>[A-Z]+\d+)_(?P<week>w\d+)_(?P<test>t\d+)_(?P<what>\w+?)_"
    r"(?P<m>\d+)_min_(?P<s>\d+)_sec_(?P<c>\d+)\.\w+"
)
_MOST_JSON_BYTES = 100_000_000
_MISSING = {"-1", "-1.0", ""}
_ORBITAL = {"0", "1", "2"}


class TalbotScores(Importer):
    """Scores of Talbot and others: one person, scores from 0 to 9."""

    name = "talbot"
    title = "the scores of Talbot et al. (talbot_MGS_raw.txt)"
    kind = "images"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        try:
            with place.open(encoding="utf-8", errors="replace") as stream:
                header = stream.readline()
        except OSError:
            return False
        return "\t" in header and {*TALBOT, "filename", "rejected"} <= set(header.split())

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`; the scores stay from 0 to 9, as another scale than 0–2."""
        import pandas as pd

        del only
        table = pd.read_csv(place, sep="\t", dtype=str, keep_default_na=False)
        rejected = table["rejected"] != "0"
        out = pd.DataFrame({"image": table["filename"]})
        parts = table["filename"].str.extract(_TALBOT_NAME)
        out["animal"] = parts["animal"]
        out["timepoint"] = parts["week"] + " " + parts["test"] + " " + parts["what"]
        out["time_s"] = 60 * parts["m"].astype(float) + parts["s"].astype(float)
        for theirs, ours in TALBOT.items():
            out[ours] = _scores(table[theirs].mask(rejected, ""), 9, place, theirs)
        notes = (
            "the scores run from 0 to 9, not from 0 to 2",
            f"{int(rejected.sum())} rejected images have no scores, whatever stands in their rows",
        )
        return Imported(out, notes, _facts(out), images_at=place.parent)


class VidalFaces(Importer):
    """Faces and eyes of white mice with orbital scores."""

    name = "vidal"
    title = "white mice of Vidal et al. (JSON with AnimalNumber and Boundingbox)"
    kind = "images"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        return any(_is_vidal(path) for path in _json_files(place))

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`; boxes are left, upper, right and lower edge in pixels."""
        import pandas as pd

        del only
        rows: dict[str, dict[str, Any]] = {}
        faults: list[str] = []
        for path in _json_files(place):
            if not _is_vidal(path):
                continue
            for image, entries in json.loads(path.read_text(encoding="utf-8")).items():
                _read_entries(image, entries, rows.setdefault(image, {"image": image}), faults)
        if faults:
            n = count_of(len(faults), "fault")
            raise TableError(
                f"Expected usable entries in {place}, found {n}:\n{list_faults(faults)}"
            )
        boxes = [f"{part}_{edge}" for part in ("face", "eye") for edge in ("x1", "y1", "x2", "y2")]
        table = pd.DataFrame(
            rows.values(), columns=["image", "animal", "orbital_tightening", *boxes]
        )
        table["laboratory"] = "Vidal"
        folder = place if place.is_dir() else place.parent
        notes = ("eye boxes are in the image of the face, face boxes in that of the camera",)
        return Imported(table, notes, _facts(table), images_at=folder)


class PainFaceScores(Importer):
    """What PainFace says of every frame of a video."""

    name = "painface"
    title = "a table of PainFace (Orbital, Nose, Ears, Whiskers; -1 is not found)"
    kind = "images"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        if place.suffix.lower() != ".csv" or not place.is_file():
            return False
        names = read_column_names(place)
        # A sheet with columns of images or raters was made by people.
        by_people = {name.casefold() for name in names} & {"image", "file", "rater", "scorer"}
        return {"Orbital", "Nose", "Ears", "Whiskers"} <= set(names) and not by_people

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`; ``mgs_per_unit`` is the mean of the units that were found."""
        import pandas as pd

        del only
        table = read_table(place, required=("Orbital", "Nose", "Ears", "Whiskers"))
        frames = table.get("Frame Index", pd.Series(range(len(table)))).astype(str)
        out = pd.DataFrame({"image": [f"{place.stem} frame {frame}" for frame in frames]})
        if PAINFACE_TIME in table:
            out["time"] = table[PAINFACE_TIME].to_numpy()
        units = {theirs: ours for theirs, ours in PAINFACE.items() if theirs in table}
        for theirs, ours in units.items():
            out[ours] = _scores(table[theirs], 2, place, theirs).to_numpy()
        scores = out[list(units.values())].astype(float)
        out["mgs_per_unit"] = scores.mean(axis=1)
        missing = int(scores.isna().to_numpy().sum())
        fewer = (
            f"{len(units)} units: the sum runs to {2 * len(units)}, so that only the mean per unit "
            "can be compared with the five of the mouse"
        )
        notes = (f"{missing} units that were not found (-1) are missing, not 0", fewer)
        return Imported(out, notes, _facts(out), images_at=place.parent)


def _scores(cells: pd.Series[str], most: int, place: Path, column: str) -> pd.Series[Any]:
    """Return whole scores; -1 and empty are missing.

    Raises
    ------
    TableError
        If anything else stands there.
    """
    import pandas as pd

    numbers = pd.to_numeric(cells.where(~cells.isin(_MISSING)), errors="coerce")
    written = ~cells.isin(_MISSING)
    wrong = written & ~(numbers.between(0, most) & (numbers % 1 == 0))
    if wrong.any():
        found = ", ".join(sorted(set(cells[wrong]))[:5])
        msg = f"Expected scores from 0 to {most} or -1 in `{column}` of {place}, found {found}."
        raise TableError(msg)
    return numbers.astype("Int64")


def _facts(table: pd.DataFrame) -> dict[str, Any]:
    facts: dict[str, Any] = {"images": len(table)}
    if "animal" in table:
        facts["animals"] = table["animal"].nunique()
    return facts


def _json_files(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(place.glob("*.json"))
    return [place] if place.suffix.lower() == ".json" and place.is_file() else []


def _is_vidal(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            begin = stream.read(2_000)
    except OSError:
        return False
    known = '"AnimalNumber"' in begin and '"Boundingbox"' in begin
    return known and path.stat().st_size <= _MOST_JSON_BYTES


def _read_entries(image: str, entries: Any, row: dict[str, Any], faults: list[str]) -> None:
    try:
        (entry,) = entries
        animal, score = str(entry["AnimalNumber"]), entry.get("GrimaceScale")
        x1, y1, x2, y2 = (float(entry["Boundingbox"][edge]) for edge in ("x", "y", "w", "h"))
    except (TypeError, ValueError, KeyError):
        faults.append(f"{image}: not one entry with AnimalNumber and a Boundingbox of numbers")
        return
    if not (x1 < x2 and y1 < y2):
        faults.append(f"{image}: the box {x1:g}, {y1:g}, {x2:g}, {y2:g} is none")
    if row.setdefault("animal", f"Vidal-{animal}") != f"Vidal-{animal}":
        faults.append(f"{image}: animal {animal} here, {row['animal']} in the other file")
    part = "face" if score is None else "eye"
    row |= {f"{part}_x1": x1, f"{part}_y1": y1, f"{part}_x2": x2, f"{part}_y2": y2}
    if score is not None:
        if str(score) not in _ORBITAL:
            faults.append(f"{image}: GrimaceScale is {score!r}, not 0, 1 or 2")
        else:
            row["orbital_tightening"] = int(score)


def rename_columns(place: Path, names: Mapping[str, str]) -> Imported:
    """Read any table of images under the names that amgs uses.

    Parameters
    ----------
    place
        A CSV.
    names
        Name in amgs (``image``, ``animal``, ``label``, ``mgs``, ``group``, …) → theirs.

    Raises
    ------
    TableError
        If a column is missing.
    """
    table = read_table(place, required=tuple(names.values()))
    renamed = table[list(names.values())].set_axis(list(names), axis=1)
    return Imported(renamed, (), _facts(renamed), images_at=place.parent)
