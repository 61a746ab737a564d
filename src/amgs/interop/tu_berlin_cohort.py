"""The labels of TU Berlin as a cohort: scores joined with animals, treatments and times.

``images.csv`` says of every image its animal's ``id``, a code of the time, the ``experiment`` and
whether the animal was a ``control``; ``times.csv`` says what the codes of each subset mean. An
animal is subset and id: the same number in two subsets may or may not be the same mouse, which the
files do not tell, so it is reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import TableError, count_of, list_faults
from amgs.interop.base import Imported, Importer
from amgs.interop.tu_berlin import read_tu_berlin
from amgs.scoring.labels import LabelRule, score_image
from amgs.scoring.ratings import Ratings, first_answers, number_scores
from amgs.tables import read_table

if TYPE_CHECKING:
    import pandas as pd


SCORES, IMAGES, TIMES = "mgs_by_rater.csv", "images.csv", "times.csv"
BY_PREFIX = {"aw": "awolt", "jw": "jwilz", "lw": "lwitt", "mr": "mriec"}
BY_EXPERIMENT = {"K": "khcas", "KXN": "khkxn", "IN": "khiso"}
GROUPS = {"K": "castration", "KXN": "ketamine/xylazine", "IN": "isoflurane"}
CONTROL = "control"
COHORT_COLUMNS = (
    "image",
    "mgs",
    "mgs_per_unit",
    "n_raters",
    "animal",
    "group",
    "timepoint",
    "subset",
)


class TuBerlinCohort(Importer):
    """The folder as human scores with animals, groups and timepoints."""

    name = "tu-berlin"
    title = f"the folder of TU Berlin with {SCORES}, {IMAGES} and {TIMES}"
    kind = "scores"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        return all((place / name).is_file() for name in (SCORES, IMAGES, TIMES))

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`; `only` names subsets, such as ``khcas, khkxn, khiso``."""
        return read_tu_berlin_cohort(place, only)


def read_tu_berlin_cohort(folder: Path, subsets: Sequence[str] = ()) -> Imported:
    """Join scores, animals, treatments and times.

    Parameters
    ----------
    folder
        Has ``mgs_by_rater.csv``, ``images.csv``, ``times.csv``.
    subsets
        Only these, such as ``khcas, khkxn, khiso``; all if empty.

    Returns
    -------
    Imported
        One row per scored image with `COHORT_COLUMNS`.

    Raises
    ------
    TableError
        If a subset is unknown, or an image or a code of time is not explained.
    """
    import pandas as pd

    long, notes = read_tu_berlin(folder / SCORES)
    ratings = first_answers(number_scores(long))
    images = read_table(folder / IMAGES, required=("index", "id", "time", "experiment", "control"))
    entries = {row["index"]: row for row in images.astype(str).to_dict("records")}
    times = read_table(folder / TIMES, required=("time_code", "time_text", "dataset"))
    meaning = {
        (row["dataset"], row["time_code"].lower()): row["time_text"]
        for row in times.to_dict("records")
    }
    _check_subsets(subsets)
    faults: list[str] = []
    rows = []
    for image, score in zip(ratings.images, score_ratings(ratings), strict=True):
        if image not in entries:
            faults.append(f"{image} is scored but not in {IMAGES}")
            continue
        entry = entries[image]
        subset = _subset(image, entry["experiment"])
        if subsets and subset not in subsets:
            continue
        if (subset, entry["time"].lower()) not in meaning:
            faults.append(f"{image}: time {entry['time']!r} of {subset or '?'} is not in {TIMES}")
            continue
        rows.append(
            (
                image,
                *score,
                f"{subset}-{_number(entry['id'])}",
                _group(subset, entry["experiment"], entry["control"]),
                meaning[subset, entry["time"].lower()],
                subset,
                entry["time"].lower(),
            )
        )
    if faults:
        n = count_of(len(faults), "fault")
        msg = f"Expected every scored image to be explained, found {n}:\n"
        raise TableError(f"{msg}{list_faults(faults)}")
    # Codes are letters in the order of time; tables keep the order of what they are given.
    rows.sort(key=lambda row: row[-1])
    table = pd.DataFrame([row[:-1] for row in rows], columns=list(COHORT_COLUMNS))
    facts = {
        "images": len(table),
        "images without a score": int(table["mgs"].isna().sum()),
        "animals": table["animal"].nunique(),
        "groups": ", ".join(table["group"].unique()),
    }
    return Imported(table, (*notes, *_ids_in_two_groups(table)), facts)


def score_ratings(ratings: Ratings) -> list[tuple[float | None, float | None, int]]:
    """Return MGS, mean per unit and number of raters of every image, in their order."""
    import numpy as np

    names, rule = tuple(ratings.units), LabelRule()
    found = []
    for place in range(len(ratings.images)):
        by_rater = [
            {n: None if np.isnan(v := ratings.units[n][place, r]) else int(v) for n in names}
            for r in range(len(ratings.raters))
            if any(ratings.asked[n][place, r] for n in names)
        ]
        score = score_image(ratings.images[place], by_rater, names, rule)
        found.append((score.mgs, score.mgs_per_unit, score.n_raters))
    return found


def _check_subsets(subsets: Sequence[str]) -> None:
    known = (*BY_PREFIX.values(), *BY_EXPERIMENT.values())
    unknown = [name for name in subsets if name not in known]
    if unknown:
        msg = f"Expected subsets among {', '.join(known)}, found {', '.join(unknown)}."
        raise TableError(msg)


def _subset(image: str, experiment: str) -> str:
    prefix = re.match(r"([a-z]+)_", image)
    return BY_PREFIX.get(prefix[1], "") if prefix else BY_EXPERIMENT.get(experiment, "")


def _number(text: str) -> str:
    return text.removesuffix(".0")


def _group(subset: str, experiment: str, control: str) -> str:
    if _number(control) == "1":
        return CONTROL
    return GROUPS.get(experiment) or (f"experiment {experiment}" if experiment else subset)


def _ids_in_two_groups(table: pd.DataFrame) -> list[str]:
    """Report numbers of animals that stand in two groups of one laboratory."""
    kept = table.assign(number=table["animal"].str.split("-").str[1], lab=table["subset"].str[:2])
    notes = []
    for lab, inside in kept.groupby("lab", sort=False):
        groups = inside.groupby("number")["group"].agg(lambda g: " and ".join(sorted(set(g))))
        double = groups[groups.str.contains(" and ")]
        if len(double):
            listed = "; ".join(f"{i} in {g}" for i, g in double.items())
            notes.append(
                f"laboratory {lab}: {len(double)} ids stand in two groups ({listed}). The files do "
                "not say whether these are the same animals; they are treated as different. "
                "If they are the same, choose subsets with --only."
            )
    return notes
