"""TU Berlin's "Black Mice Dataset v1": ``images/*.jpg`` and ``labels.csv``.

The labels say which treatment an animal (``id``) had and when it was photographed; ``pain`` (1, 0)
follows from that time and from nothing that anybody saw in the face. Where ``labels.csv`` has no
column with the names of the files, its rows stand in the order of the names, as programs that use
the data read it; then there must be as many rows as images.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import TableError, list_faults
from amgs.interop.base import Imported, Importer
from amgs.tables import read_column_names, read_table
from amgs.vocabulary import NO_PAIN, PAIN

if TYPE_CHECKING:
    import pandas as pd

LABELS, IMAGES = "labels.csv", "images"
COLUMNS = ("image", "label", "animal", "laboratory", "group", "timepoint")
_GROUP = ("treatment", "experiment", "group", "subset")
_TIME = ("time", "timepoint", "time_label")
_CLASS = {"1": PAIN, "0": NO_PAIN, "1.0": PAIN, "0.0": NO_PAIN, "true": PAIN, "false": NO_PAIN}
_NOT_FROM_FACES = (
    "`pain` follows from the time after the treatment, not from faces that people scored: a model "
    "trained on it learns what treatment and anaesthesia do to faces, pain or not"
)
_BY_ORDER = (
    f"{LABELS} names no files: its rows were taken in the order of the names of the images. Look "
    "at some before you rely on it"
)


class BlackMice(Importer):
    """The dataset as labelled images with animals."""

    name = "black-mice"
    title = f"TU Berlin's Black Mice Dataset v1 ({IMAGES}/*.jpg and {LABELS})"
    kind = "images"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        if not (place / LABELS).is_file() or not (place / IMAGES).is_dir():
            return False
        return {"id", "pain"} <= set(read_column_names(place / LABELS))

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`; `only` names treatments."""
        import pandas as pd

        table = read_table(place / LABELS, required=("id", "pain")).astype(str)
        files, notes = _pair(place, table)
        labels = table["pain"].str.strip().str.lower()
        if strange := sorted(set(labels) - set(_CLASS)):
            found = ", ".join(strange[:5])
            raise TableError(f"Expected 1 or 0 as `pain` in {place / LABELS}, found {found}.")
        group = _first_of(table, _GROUP)
        rows = pd.DataFrame(
            {
                "image": files,
                "label": labels.map(_CLASS).to_numpy(),
                "animal": ("BM-" + table["id"].str.removesuffix(".0")).to_numpy(),
                "laboratory": "Black Mice",
                "group": group,
                "timepoint": _first_of(table, _TIME),
            },
            columns=list(COLUMNS),
        )
        if only:
            rows = rows[rows["group"].isin(list(only))]
        facts = {
            "images": len(rows),
            "animals": rows["animal"].nunique(),
            PAIN: int((rows["label"] == PAIN).sum()),
        }
        return Imported(rows, (_NOT_FROM_FACES, *notes), facts, images_at=place)


def _pair(place: Path, table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the file of every row, by a column that names it or by the order of names."""
    there = sorted(path.name for path in (place / IMAGES).glob("*.jpg"))
    known = set(there)
    for column in table.columns:
        names = [Path(cell).name for cell in table[column]]
        if all(re.search(r"\.jpe?g$", name, re.IGNORECASE) for name in names):
            if missing := [name for name in names if name not in known]:
                msg = f"Expected every image of {LABELS} in {place / IMAGES}, found none for:\n"
                raise TableError(msg + list_faults(missing))
            return [f"{IMAGES}/{name}" for name in names], []
    if len(there) != len(table):
        msg = (
            f"Expected as many images in {place / IMAGES} as rows in {LABELS}, which names no "
            f"files, found {len(there)} and {len(table)}. Download the data again."
        )
        raise TableError(msg)
    return [f"{IMAGES}/{name}" for name in there], [_BY_ORDER]


def _first_of(table: pd.DataFrame, columns: Sequence[str]) -> list[str | None]:
    found = next((name for name in columns if name in table), None)
    return [None] * len(table) if found is None else table[found].tolist()
