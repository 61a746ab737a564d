"""How far the raters of a study agree: with each other, with themselves, and over time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from amgs.errors import NoImagesError, quoted
from amgs.scoring.agreement import measure_agreement
from amgs.scoring.over_time import detailed_agreement
from amgs.scoring.ratings import ratings_from_table
from amgs.store.records import WHOLE_IMAGE
from amgs.study.folder import StudyFolder
from amgs.study.present import Present, present
from amgs.study.ratings_table import long_table
from amgs.study.scales import shown_units, unit_keys
from amgs.study.second_look import doubtful_images

if TYPE_CHECKING:
    import pandas as pd


def list_ratings(study: StudyFolder, now: Present) -> pd.DataFrame:
    """Return every answer in force, one row per image, rater and unit, with its timepoint.

    Raises
    ------
    NoImagesError
        If nobody has scored anything yet.
    """
    table = long_table(now.ratings, study.scale)
    if table.empty:
        raise NoImagesError(_nobody(study))
    timepoint = {name: r.timepoint for name, r in now.planned.items()}
    table["timepoint"] = table["recording"].map(timepoint)
    return table


def _nobody(study: StudyFolder) -> str:
    return (
        "Expected scores in the study, found none yet. Raters score with `amgs score "
        f"{quoted(study.folder)}`."
    )


def list_all_ratings(study: StudyFolder) -> pd.DataFrame:
    """Return every answer in force, also those that do not count, which say so in ``counts``.

    Raises
    ------
    NoImagesError
        If nobody has scored anything yet.
    """
    now = present(study)
    units = shown_units(unit_keys(study))
    rows = [replace(row, unit=units.get(row.unit, row.unit)) for row in study.store.scoring.all()]
    counted = {(r.image, r.rater, r.unit, r.repeat) for r in now.ratings}
    table = long_table(rows, study.scale)
    if table.empty:
        raise NoImagesError(_nobody(study))
    timepoint = {name: r.timepoint for name, r in now.planned.items()}
    table["timepoint"] = table["recording"].map(timepoint).fillna("")
    keys = zip(table["image"], table["rater"], table["unit"], table["repeat"], strict=True)
    whole = {
        (image, rater, repeat) for image, rater, unit, repeat in counted if unit == WHOLE_IMAGE
    }
    table["counts"] = [
        "yes" if key in counted or key[:2] + key[3:] in whole else "no" for key in keys
    ]
    return table


def measure_rater_agreement(study: StudyFolder, *, intervals: bool = False) -> dict[str, Any]:
    """Measure how far raters agree; see `amgs.scoring.agreement.measure_agreement`.

    Intervals come from resampling whole animals.

    Raises
    ------
    NoImagesError
        If nobody has scored anything yet.
    """
    now = present(study)
    table = list_ratings(study, now)
    animals = {}
    if intervals:
        planned = now.planned
        animals = {
            str(image): planned[name].animal
            for image, name in zip(table["image"], table["recording"], strict=True)
            if name in planned
        }
    # Raters change their mind more often about labels that look wrong: no measure of themselves.
    chosen = table["repeat"] & table["image"].isin(doubtful_images(study))
    table = table[~chosen]
    first = ratings_from_table(table[~table["repeat"]])
    document = measure_agreement(first, intervals=intervals, animals=animals or None)
    return document | detailed_agreement(table)
