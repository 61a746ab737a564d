"""Human scores beside animals and groups: after one deliberate act that is written down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import StillBlindError, quoted
from amgs.scoring.labels import NOT_SCORED
from amgs.study.folder import UNBLINDED, StudyFolder
from amgs.study.labelling import score_faces
from amgs.study.present import present
from amgs.study.results import write_result
from amgs.study.scales import unit_keys

if TYPE_CHECKING:
    import pandas as pd

HUMAN_COLUMNS = (
    "image",
    "n_raters",
    "mgs",
    "mgs_per_unit",
    "animal",
    "group",
    "timepoint",
    "recording",
    "time_s",
)
"""Columns of ``human_scores.csv``."""


def unblind_study(study: StudyFolder, who: str, reason: str) -> Path:
    """Show human scores with animals, groups and timepoints; who did it, when and why is kept.

    How far every rater was at that moment is kept too: what is scored later was not blind. A study
    that was unblinded before is not unblinded again; its scores are only written anew.

    Returns
    -------
    Path
        ``results/human_scores.csv``.
    """
    if study.unblindings:
        return write_human_scores(study)
    scoring = study.store.scoring
    keys = list(unit_keys(study).values())
    progress = {
        rater.name: list(scoring.progress(rater.id, keys)[:2]) for rater in study.store.raters.all()
    }
    table = _scores_with_groups(study)  # what fails, fails before anything is written down
    study.store.events.log(UNBLINDED, who, {"reason": reason, "progress": progress})
    return _write(study, table)


def human_scores(study: StudyFolder) -> pd.DataFrame:
    """Return the human score of every image that was seen, with animal, group and timepoint.

    The score is missing where no rater could score enough units.

    Raises
    ------
    StillBlindError
        If the study was not unblinded yet.
    """
    if not study.unblindings:
        msg = (
            "Expected a study that was unblinded before human scores and groups are shown "
            "together, found one that is still blind. When all scoring is done: amgs unblind "
            f"{quoted(study.folder)} --by NAME --reason REASON"
        )
        raise StillBlindError(msg)
    return _scores_with_groups(study)


def _scores_with_groups(study: StudyFolder) -> pd.DataFrame:
    import pandas as pd

    now = present(study)
    planned = now.planned
    faces = {face.image: face for face in now.faces}
    rows: list[tuple[object, ...]] = []
    for score in score_faces(study, now):
        if score.why_none != NOT_SCORED:
            face = faces[score.image]
            r = planned[face.recording]
            scored = (score.image, score.n_raters, score.mgs, score.mgs_per_unit)
            rows.append((*scored, r.animal, r.group, r.timepoint, r.name, face.time_s))
    return pd.DataFrame(rows, columns=list(HUMAN_COLUMNS))


def write_human_scores(study: StudyFolder) -> Path:
    """Write ``results/human_scores.csv``; see `human_scores`."""
    return _write(study, human_scores(study))


def _write(study: StudyFolder, table: pd.DataFrame) -> Path:
    path = study.results / "human_scores.csv"
    rows = table.astype(object).where(table.notna(), None)
    write_result(study, path, HUMAN_COLUMNS, rows.itertuples(index=False))
    return path
