"""How far the raters of a study agree: with each other, with themselves, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amgs.errors import NoImagesError, quoted
from amgs.scoring.agreement import measure_agreement
from amgs.scoring.over_time import detailed_agreement
from amgs.scoring.ratings import ratings_from_table
from amgs.study.folder import StudyFolder
from amgs.study.present import present
from amgs.study.ratings_table import long_table

if TYPE_CHECKING:
    import pandas as pd


def list_ratings(study: StudyFolder) -> pd.DataFrame:
    """Return every answer in force, one row per image, rater and unit, with its timepoint.

    Raises
    ------
    NoImagesError
        If nobody has scored anything yet.
    """
    now = present(study)
    table = long_table(now.ratings, study.scale)
    if table.empty:
        msg = (
            "Expected scores in the study, found none yet. Raters score with `amgs score "
            f"{quoted(study.folder)}`."
        )
        raise NoImagesError(msg)
    timepoint = {name: r.timepoint for name, r in now.planned.items()}
    table["timepoint"] = table["recording"].map(timepoint)
    return table


def measure_rater_agreement(study: StudyFolder) -> dict[str, Any]:
    """Measure how far raters agree; see `amgs.scoring.agreement.measure_agreement`.

    Raises
    ------
    NoImagesError
        If nobody has scored anything yet.
    """
    table = list_ratings(study)
    document = measure_agreement(ratings_from_table(table[~table["repeat"]]))
    return document | detailed_agreement(table)
