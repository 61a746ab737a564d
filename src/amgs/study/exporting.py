"""`export`: a table of the study in a format of another program, or the whole study as one file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

from amgs.csv_cells import TEXT_COLUMNS
from amgs.errors import NothingLeftError, StudyError, UnknownNameError
from amgs.files import atomic_file, safe_file_name
from amgs.interop.dictionary import DICTIONARY_COLUMNS, describe_column
from amgs.interop.formats import EXPORTERS, open_exporter
from amgs.model.likeness import NEAREST_IMAGE
from amgs.study.comparing import compare_study, summarise_for
from amgs.study.exclusions import read_exclusions
from amgs.study.exporting_boris import write_boris
from amgs.study.exporting_sessions import (
    list_readings,
    meanings_of,
    write_bids_folder,
    write_nwb_folder,
)
from amgs.study.folder import StudyFolder
from amgs.study.rater_agreement import list_all_ratings
from amgs.study.sending import archive_study, blinded_copy
from amgs.study.summarising import HUMAN_VALUE, has_readings
from amgs.study.unblinding import human_scores
from amgs.tables import parse_number, read_table
from amgs.workbooks import Sheet, write_workbook

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Sending:
    """What goes along when a study is sent: its face images, and the key to animals and groups."""

    faces: bool = True
    key: bool = True


def export_study(
    study: StudyFolder, form: str, out: Path, value: str = "", sending: Sending | None = None
) -> tuple[str, ...]:
    """Write a table of the study, or the study, in a foreign format; return what to know.

    Parameters
    ----------
    study
        The study.
    form
        A name out of `amgs.interop.formats.EXPORTERS` (the format decides which table it takes) or
        of `STUDY_FORMS`.
    out
        The file.
    value
        Which column, where the format holds one number per animal.
    sending
        What goes along in an archive.

    Raises
    ------
    UnknownNameError
        If there is no such format.
    StillBlindError
        If it takes human scores with groups, and the study was not unblinded.
    """
    suffix_of(form)  # names every format where there is no such one
    if form in STUDY_FORMS:
        return STUDY_FORMS[form].write(study, out, sending or Sending())
    exporter = open_exporter(form)
    if exporter.kind == "ratings":
        table = _blind_ratings(study)
    elif exporter.kind == "scores":
        table = human_scores(study)
    elif exporter.kind == "predictions":
        _, table = list_readings(study)
    else:
        table = _summary(study, value)
    return exporter.write(table, out, value)


def suffix_of(form: str) -> str:
    """Return how files of a format end.

    Raises
    ------
    UnknownNameError
        If there is no such format; those there are are named.
    """
    if form in STUDY_FORMS:
        return STUDY_FORMS[form].suffix
    if form not in EXPORTERS:
        known = ", ".join([*EXPORTERS, *STUDY_FORMS])
        raise UnknownNameError(f"Expected a format that can be exported ({known}), found {form!r}.")
    return open_exporter(form).suffix


def _blind_ratings(study: StudyFolder) -> pd.DataFrame:
    # Timepoints would tell what raters must not know until the study is unblinded.
    table = list_all_ratings(study)
    return table.drop(columns=[] if study.unblindings else ["timepoint", "recording"])


def _summary(study: StudyFolder, value: str = "") -> pd.DataFrame:
    by_model = has_readings(study)
    value = value or (study.settings.plan.outcome if by_model else HUMAN_VALUE)
    return read_table(summarise_for(study, value).path, required=("animal",))


def _write_workbook(study: StudyFolder, out: Path, sending: Sending) -> tuple[str, ...]:
    """Write every table of the study as a sheet of one workbook."""
    if not sending.key:
        msg = (
            "Expected an archive where what tells animals and groups is left out, found a "
            "workbook: its tables name them. Use: --format archive --no-key"
        )
        raise StudyError(msg)
    sheets: dict[str, Sheet] = {}
    summary = _summary(study)
    sheets["animals"] = as_sheet(summary, "one row per animal and timepoint")
    notes = []
    meanings: dict[str, str] = {}
    scored = study.store.scoring.count_log() > 0
    if has_readings(study):
        reader, table = list_readings(study)
        meanings = meanings_of(reader)
        sheets["images"] = as_sheet(table, "every face image with what the model says")
    if scored and study.unblindings:
        sheets["ratings"] = as_sheet(list_all_ratings(study), "every answer of every rater")
    elif scored:
        notes.append(
            "Human scores are left out: the study is blind, and the workbook names the groups."
        )
    try:
        sheets["comparison"] = _comparison(study)
    except NothingLeftError as error:
        notes.append(f"No comparison: {error}")
    if scored:
        sheets["agreement"] = _agreement(study)
    rows = [
        [row.what, row.reason, row.by, row.date]
        for row in read_exclusions(study, study.design()).rows
    ]
    sheets["exclusions"] = Sheet(
        ("what", "reason", "by", "date"), rows, "what is left out by decision"
    )
    design = read_table(study.folder / "recordings.csv", required=("animal",))
    sheets["key"] = as_sheet(design, "the table of the experiment: whose every recording is")
    settings = [
        [section, name, value]
        for section, entries in study.settings.as_dict().items()
        for name, value in entries.items()
    ]
    sheets["settings"] = Sheet(("section", "setting", "value"), settings, "settings of the study")
    names = dict.fromkeys(
        c for name in ("animals", "images") if name in sheets for c in sheets[name].columns
    )
    sheets["dictionary"] = Sheet(
        DICTIONARY_COLUMNS, [describe_column(n, meanings) for n in names], "what the columns mean"
    )
    write_workbook(out, sheets)
    return tuple(notes)


def as_sheet(table: pd.DataFrame, about: str) -> Sheet:
    """Return a table of text as a sheet whose numbers are numbers, and whose names stay names."""
    typed = [_named if name in TEXT_COLUMNS else _typed for name in table.columns]
    rows = [
        [of(cell) for of, cell in zip(typed, row, strict=True)]
        for row in table.astype(object).to_numpy().tolist()
    ]
    return Sheet([str(name) for name in table.columns], rows, about)


def _named(cell: object) -> str | None:
    return None if cell is None or cell != cell else str(cell) or None  # noqa: PLR0124


def _typed(cell: object) -> object:
    if not isinstance(cell, str):
        return None if cell is None or cell != cell else cell  # noqa: PLR0124
    number = parse_number(cell)
    # A name such as 007 is no number: it would lose its zeros.
    if number is None or (len(cell) > 1 and cell[0] == "0" and cell[1] != "."):
        return cell or None
    return int(number) if number.is_integer() and "." not in cell else number


def _comparison(study: StudyFolder) -> Sheet:
    columns = ("analysis", "a", "b", "difference", "lower", "upper", "p")
    document = compare_study(study).document
    parts = {"primary": document["primary"].get("rows", []), "Tukey (changes)": document["tukey"]}
    rows = [
        [name, *(row[c] for c in columns[1:])]
        for name, found in parts.items()
        if isinstance(found, list)
        for row in found
    ]
    what = f"{document['value']} at {document['timepoint']}: pairs of groups"
    return Sheet(columns, rows, what)


def _agreement(study: StudyFolder) -> Sheet:
    from amgs.study.rater_agreement import measure_rater_agreement

    document = measure_rater_agreement(study)
    units = {**document["units"], "mgs_per_unit": document["mgs_per_unit"]}
    rows = [
        [name, u["n_images"], u["krippendorff_alpha"], u["icc"].get("value"), u["exact_agreement"]]
        for name, u in units.items()
    ]
    columns = ("unit", "images", "krippendorff_alpha", "icc", "exact_agreement")
    return Sheet(columns, rows, "agreement of the raters")


def _write_archive(study: StudyFolder, out: Path, sending: Sending) -> tuple[str, ...]:
    if sending.key:
        return archive_study(study, out, faces=sending.faces)
    tables: dict[str, tuple[Sequence[str], Any]] = {"animals": _rows(_summary(study))}
    meanings: dict[str, str] = {}
    if has_readings(study):
        reader, table = list_readings(study)
        tables["images"] = _rows(table)
        meanings = meanings_of(reader)
    return blinded_copy(study, out, tables, meanings, faces=sending.faces)


def _rows(table: pd.DataFrame) -> tuple[Sequence[str], list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    # A human score beside a group, even a coded one, is what unblinding is there for; that of the
    # nearest training image, often of the same animal, says nearly the same.
    human = {"mgs", "mean_mgs_sum", "n_mgs", NEAREST_IMAGE}
    return [c for c in table.columns if c not in human], rows


def _write_figures(study: StudyFolder, out: Path, sending: Sending) -> tuple[str, ...]:
    """Write the figures of every comparison as PNG, SVG and PDF, each with its data as CSV."""
    from amgs.figures.table import write_figures

    del sending
    compare_study(study)
    with (
        tempfile.TemporaryDirectory() as place,
        atomic_file(out) as temporary,
        ZipFile(temporary, "w", ZIP_DEFLATED) as archive,
    ):
        for path in sorted(study.results.glob("comparison_*.json")):
            document = json.loads(path.read_text(encoding="utf-8"))
            write_figures(Path(place) / safe_file_name(path.stem), "comparison", document)
        for file in sorted(Path(place).rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(place).as_posix())
    return ()


@dataclass(frozen=True, slots=True)
class StudyForm:
    """A format that takes the whole study."""

    title: str
    suffix: str
    write: Callable[[StudyFolder, Path, Sending], tuple[str, ...]]


STUDY_FORMS: Mapping[str, StudyForm] = {
    "workbook": StudyForm(
        "every table as a sheet of one workbook (XLSX)", ".xlsx", _write_workbook
    ),
    "archive": StudyForm("the study as one file to send, without videos", ".zip", _write_archive),
    "nwb": StudyForm(
        "a folder of NWB files, one per recording",
        "",
        lambda study, out, _: write_nwb_folder(study, out),
    ),
    "bids": StudyForm(
        "a folder in the manner of BIDS", "", lambda study, out, _: write_bids_folder(study, out)
    ),
    "boris": StudyForm(
        "a project of BORIS: kept images and possible sleep on the videos",
        ".boris",
        lambda study, out, _: write_boris(study, out),
    ),
    "figures": StudyForm("figures of the comparisons with their data", ".zip", _write_figures),
}
"""Formats of `amgs export` for a whole study, besides `amgs.interop.formats.EXPORTERS`."""
