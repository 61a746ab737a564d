"""A report from files as one step; that of a study is `amgs.study.reporting`."""

from __future__ import annotations

from pathlib import Path

from amgs.cohort.comparison import ComparisonChoice
from amgs.files import refuse_to_replace_document
from amgs.provenance import record_provenance
from amgs.report.build import PAGE_OPENING, write_report
from amgs.report.gather import ReportFiles, gather_files

__all__ = ["ReportFiles", "build_report"]


def build_report(
    files: ReportFiles,
    out: Path,
    choice: ComparisonChoice | None = None,
    *,
    title: str = "",
    overwrite: bool = False,
) -> Path:
    """Write one page with the design, the images, exclusions, results, figures and methods.

    Parameters
    ----------
    files
        What the report is made of.
    out
        The page; one file that needs nothing from elsewhere.
    choice
        What is compared.
    title
        What stands on top; the name of the summary if empty.
    overwrite
        Replace an earlier report.

    Raises
    ------
    OutputExistsError
        If `out` exists and is no report, or may not be replaced.
    TableError, DesignError
        If a table cannot be used.
    """
    refuse_to_replace_document(out, PAGE_OPENING, overwrite=overwrite)
    material = gather_files(files, choice or ComparisonChoice(), title or files.summary.stem)
    write_report(out, material, record_provenance({"value": material.value}, material.inputs))
    return out
