"""TU Berlin's "Mouse Grimace Faces" as published: two tables and the images.

``MouseGrimaceFaces_main.csv`` says of every image its animal's ``id`` and ``subset``;
``MouseGrimaceFaces_mgs.csv`` holds the ratings, in the columns of `amgs.interop.tu_berlin`. The
images are ``NNNNNN.jpg``, the index. An animal is subset and id; a subset is a laboratory or an
experiment of one.

Treatment and time are not in these tables. They stand in other tables of the same images
(``mgs_by_rater.csv``, ``images.csv``, ``times.csv``), which are numbered otherwise, so that neither
file names nor index may join them. Where these lie in the folder too, rows are matched by subset,
animal and the whole vector of ratings, where that is found once in both; the others are counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import TableError, count_of, list_faults
from amgs.interop.base import Imported, Importer
from amgs.interop.tu_berlin import PASSED_OVER, read_tu_berlin
from amgs.interop.tu_berlin_cohort import (
    BY_PREFIX,
    IMAGES,
    SCORES,
    TIMES,
    read_tu_berlin_cohort,
    score_ratings,
)
from amgs.scoring.labels import LabelRule
from amgs.scoring.ratings import first_answers, number_scores
from amgs.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

MAIN, RATINGS = "MouseGrimaceFaces_main.csv", "MouseGrimaceFaces_mgs.csv"
COLUMNS = (
    *("image", "label", "mgs", "mgs_per_unit", "n_raters"),
    *("animal", "laboratory", "group", "timepoint"),
)
LABORATORIES = {"KH": "KH", "MR": "MR", "LW": "LW", "JW": "JW", "AW": "AW"}
_SUBSETS = {subset: prefix.upper() for prefix, subset in BY_PREFIX.items()}
"""Names of subsets in the other tables → in these; those of one laboratory are KH here."""


class TuBerlinFaces(Importer):
    """The published folder as labelled images with animals and laboratories."""

    name = "tu-berlin-faces"
    title = f"TU Berlin's Mouse Grimace Faces as published ({MAIN}, {RATINGS}, NNNNNN.jpg)"
    kind = "images"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        return (place / MAIN).is_file() and (place / RATINGS).is_file()

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`; `only` names subsets, such as ``KH, LW``."""
        return read_tu_berlin_faces(place, only)


def read_tu_berlin_faces(folder: Path, subsets: Sequence[str] = ()) -> Imported:
    """Read the images that were scored, with label, animal and laboratory.

    Parameters
    ----------
    folder
        Has the two tables and, in it or below, the images.
    subsets
        Only these; all if empty.

    Returns
    -------
    Imported
        One row per scored image with `COLUMNS`. ``mgs`` is missing where too few units could be
        scored; ``label`` there and between the classes; ``group`` and ``timepoint`` where they
        could not be carried over.

    Raises
    ------
    TableError
        If a scored image is not in the main table, is of two subsets, or has no file.
    """
    import pandas as pd

    main = read_table(folder / MAIN, required=("index", "id", "subset")).astype(str)
    entries = {file_number(row["index"]): row for row in main.to_dict("records")}
    scored = read_table(folder / RATINGS, required=("index",)).astype(str)
    subset_of = dict(zip(scored["index"], scored.get("subset", ""), strict=False))
    long, notes = read_tu_berlin(folder / RATINGS)
    ratings = first_answers(number_scores(long))
    known = sorted(set(main["subset"]))
    if unknown := [name for name in subsets if name not in known]:
        raise TableError(f"Expected subsets among {', '.join(known)}, found {', '.join(unknown)}.")
    files = _find_files(folder)
    conditions, carried = _carry_over(folder, entries, scored)
    rule, faults, rows = LabelRule(), [], []
    for index, score in zip(ratings.images, score_ratings(ratings), strict=True):
        number = file_number(index)
        entry = entries.get(number)
        if entry is None:
            faults.append(f"{index} is scored but not in {MAIN}")
            continue
        subset = entry["subset"]
        said = subset_of.get(index) or subset
        if said != subset:
            faults.append(f"{index} is of {subset} in {MAIN} and of {said} in {RATINGS}")
        if subsets and subset not in subsets:
            continue
        image = files.get(number)
        if image is None:
            faults.append(f"{number}.jpg is scored but is not there")
            continue
        mgs, per_unit, n_raters = score
        label = None if mgs is None else rule.label(round(mgs, 9))
        animal = f"{subset}-{entry['id'].removesuffix('.0')}"
        rows.append(
            (
                image,
                label,
                mgs,
                per_unit,
                n_raters,
                animal,
                LABORATORIES.get(subset, subset),
                *conditions.get(number, (None, None)),
            )
        )
    if faults:
        n = count_of(len(faults), "fault")
        msg = f"Expected a file and an animal for every scored image, found {n}:\n"
        raise TableError(f"{msg}{list_faults(faults)}")
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    facts = {
        "images in the main table": len(main),
        "images scored": len(table),
        "labelled": _count_labels(table),
        "animals": table["animal"].nunique(),
        "laboratories": ", ".join(table["laboratory"].unique()),
    }
    return Imported(table, (*notes, *carried), facts, images_at=folder)


def _count_labels(table: pd.DataFrame) -> str:
    counts = Counter(label for label in table["label"] if isinstance(label, str))
    rest = len(table) - counts.total()
    return ", ".join([*(f"{n} {label}" for label, n in sorted(counts.items())), f"{rest} neither"])


def file_number(index: str) -> str:
    """Return an index as the six digits of a file's name."""
    digits = re.sub(r"\.(0|jpe?g)$", "", index.strip(), flags=re.IGNORECASE)
    return digits.zfill(6)


def _find_files(folder: Path) -> dict[str, str]:
    """Return the images by their six digits; wherever below the folder they lie."""
    return {
        path.stem: path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if re.fullmatch(r"\d{6}", path.stem) and path.suffix.lower() in {".jpg", ".jpeg"}
    }


def _carry_over(
    folder: Path, entries: Mapping[str, Mapping[Any, Any]], scored: pd.DataFrame
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Return treatment and time of the images that can be matched, and say how many cannot."""
    if not all((folder / name).is_file() for name in (SCORES, IMAGES, TIMES)):
        text = (
            f"treatment and time are not in these tables; they are carried over where {SCORES}, "
            f"{IMAGES} and {TIMES} of the same images lie beside them"
        )
        return {}, [text]
    other = read_table(folder / SCORES, required=("index",)).astype(str)
    columns = [name for name in scored.columns if re.fullmatch(r"(ot|nb|cb|ep|wc)\d+", name)]
    if missing := [name for name in columns if name not in other.columns]:
        text = f"treatment and time were not carried over: {SCORES} lacks {', '.join(missing)}"
        return {}, [text]
    cohort = read_tu_berlin_cohort(folder).table.set_index("image")
    here = [
        (file_number(row["index"]), _key(entry["subset"], entry["id"], row, columns))
        for row in scored.to_dict("records")
        if (entry := entries.get(file_number(row["index"])))
    ]
    there: dict[tuple[str, ...], list[str]] = {}
    for row in other.to_dict("records"):
        if row["index"] not in cohort.index:
            continue
        subset, animal = cohort.loc[row["index"], ["subset", "animal"]]
        known_as = _SUBSETS.get(subset, "KH")
        key = _key(known_as, animal.rsplit("-", 1)[1], row, columns)
        there.setdefault(key, []).append(row["index"])
    times = Counter(key for _, key in here)
    found = {}
    for number, key in here:
        if times[key] == 1 and len(there.get(key, ())) == 1:
            group, timepoint = cohort.loc[there[key][0], ["group", "timepoint"]]
            found[number] = (str(group), str(timepoint))
    text = (
        f"treatment and time were carried over for {len(found):,} of {len(here):,} images, by "
        f"animal and ratings; the other {len(here) - len(found):,} match none or several"
    )
    return found, [text]


def _key(
    subset: str, animal: str, row: Mapping[Any, Any], columns: Sequence[str]
) -> tuple[str, ...]:
    scores = ("" if row[name].strip() in PASSED_OVER else row[name].strip() for name in columns)
    return (subset, animal.removesuffix(".0"), *(score.removesuffix(".0") for score in scores))
