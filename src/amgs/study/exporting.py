"""`export`: a table of the study in a format of another program."""

from __future__ import annotations

from pathlib import Path

from amgs.interop.formats import open_exporter
from amgs.study.classifying import find_reader, write_predictions
from amgs.study.comparing import summarise_for
from amgs.study.folder import StudyFolder
from amgs.study.rater_agreement import list_all_ratings
from amgs.study.unblinding import human_scores
from amgs.tables import read_table


def export_study(study: StudyFolder, form: str, out: Path, value: str = "") -> tuple[str, ...]:
    """Write a table of the study in a foreign format; return what a reader must know.

    Parameters
    ----------
    study
        The study.
    form
        A name out of `amgs.interop.formats.EXPORTERS`; the format decides which table it takes.
    out
        The file.
    value
        Which column, where the format holds one number per animal.

    Raises
    ------
    UnknownNameError
        If there is no such format.
    StillBlindError
        If it takes human scores with groups, and the study was not unblinded.
    """
    exporter = open_exporter(form)
    if exporter.kind == "ratings":
        # Timepoints would tell what raters must not know until the study is unblinded.
        table = list_all_ratings(study)
        hidden = [] if study.unblindings else ["timepoint", "recording"]
        table = table.drop(columns=hidden)
    elif exporter.kind == "scores":
        table = human_scores(study)
    elif exporter.kind == "predictions":
        table = read_table(write_predictions(study, find_reader(study, "")), required=("image",))
    else:
        table = read_table(summarise_for(study, value).path, required=("animal",))
    return exporter.write(table, out, value)
