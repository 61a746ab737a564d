"""Human scores beside animals and groups: after one deliberate act that is written down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import StillBlindError
from amgs.study.layout import RESULTS
from amgs.study.study import UNBLINDED, Study
from amgs.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

HUMAN_COLUMNS = (
    "image",
    "n_raters",
    "mgs",
    "mgs_mean",
    "animal",
    "group",
    "timepoint",
    "recording",
    "time_s",
)
"""Columns of ``human_scores.csv``."""


def unblind(study: Study, who: str, reason: str) -> Path:
    """Show human scores with animals, groups and timepoints; who did it, when and why is kept.

    How far every rater was at that moment is kept too: what is scored later was not blind.

    Returns
    -------
    Path
        ``results/human_scores.csv``.
    """
    scoring = study.store.scoring
    progress = {
        rater.name: list(scoring.progress(rater.id, study.scale.unit_names)[:2])
        for rater in study.store.raters.all()
    }
    study.store.events.log(UNBLINDED, who, {"reason": reason, "progress": progress})
    return write_human_scores(study)


def human_scores(study: Study) -> pd.DataFrame:
    """Return the human score of every scored image with animal, group and timepoint.

    Raises
    ------
    StillBlindError
        If the study was not unblinded yet.
    """
    import pandas as pd

    if not study.unblindings:
        msg = (
            "Expected a study that was unblinded before human scores and groups are shown "
            "together, found one that is still blind. When all scoring is done: amgs unblind "
            f"{study.folder} --by NAME --reason REASON"
        )
        raise StillBlindError(msg)
    planned = {r.name: r for r in study.design().recordings}
    faces = {face.image: face for face in study.store.faces.all()}
    rows: list[tuple[object, ...]] = []
    for score in study.scores():
        if score.mgs is not None:
            face = faces[score.image]
            r = planned[face.recording]
            scored = (score.image, score.n_raters, score.mgs, score.mgs_mean)
            rows.append((*scored, r.animal, r.group, r.timepoint, r.name, face.time_s))
    return pd.DataFrame(rows, columns=list(HUMAN_COLUMNS))


def write_human_scores(study: Study) -> Path:
    """Write ``results/human_scores.csv``; see `human_scores`."""
    table = human_scores(study)
    path = study.folder / RESULTS / "human_scores.csv"
    rows = table.astype(object).where(table.notna(), None)
    write_table(path, HUMAN_COLUMNS, rows.itertuples(index=False))
    return path
