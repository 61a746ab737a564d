"""The report and the files: made, looked at, printed, saved for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse, Response

from amgs.errors import StudyError, UnknownNameError
from amgs.study import Study
from amgs.web.lab.starting import report_response
from amgs.web.lab.state import LabState, to

REPORT = "report.html"
EXPORTS = "exports"

FORMS = (
    ("workbook", ".xlsx", "Spreadsheet workbook (XLSX): animals, images, ratings, exclusions, key"),
    ("prism-grouped", ".txt", "For Prism: timepoints by groups"),
    ("pzfx", ".pzfx", "A Prism file"),
    ("long", ".csv", "For R or SPSS: one row per number, with a dictionary"),
    ("spreadsheet", ".csv", "CSV with semicolons and decimal commas"),
    ("ratings", ".csv", "Every answer of every rater"),
    ("boris", ".boris", "A project of BORIS: images and possible sleep on the videos"),
    ("figures", ".zip", "All figures with their data (ZIP)"),
    ("archive", ".zip", "The whole study without its videos (ZIP)"),
)
"""What can be saved: the form, how its file ends, and the words of those who want it."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of the results."""

    name: str
    path: str
    size: str
    made: str


@dataclass(frozen=True, slots=True)
class ReportContext:
    """The report if there is one, what can be saved, and all files."""

    made: str
    old: bool
    forms: Sequence[tuple[str, str, str]]
    files: Sequence[FileRow]
    folder: str
    last: dict[str, Any] | None
    notes: Sequence[str]


class ReportPages:
    """See the module."""

    def __init__(self, lab: LabState) -> None:
        self.lab = lab

    def page(self, request: Request, mark: str) -> Response:
        """Show the report and the files."""
        study = self.lab.study(mark)
        path = study.results / REPORT
        last = self.lab.board.latest(mark, "report", "export")
        context = ReportContext(
            _time(path) if path.exists() else "",
            path.exists() and _is_old(study, path),
            FORMS,
            _files(study),
            str(study.results),
            None if last is None else last.as_dict(),
            [] if last is None else last.result.get("notes", []),
        )
        chrome = self.lab.chrome(request, "Report", mark, "report")
        return self.lab.page("report.html", context, chrome)

    def make(self, mark: str) -> Response:
        """Begin to make the report."""
        arguments = {"study": str(self.lab.study(mark).folder)}
        self.lab.board.start("report", "Making the report", mark, arguments)
        return to(f"/study/{mark}/report")

    def show(self, mark: str) -> Response:
        """Return the report itself."""
        path = self.lab.study(mark).results / REPORT
        if not path.exists():
            raise StudyError("The report is not made yet.")
        return report_response(path)

    def export(
        self,
        mark: str,
        form: Annotated[str, Form()] = "",
        blinded: Annotated[str, Form()] = "",
    ) -> Response:
        """Begin to write a file for other programs."""
        from amgs.study.sending import key_of

        study = self.lab.study(mark)
        suffix = next((suffix for name, suffix, _ in FORMS if name == form), None)
        if suffix is None:
            raise UnknownNameError(f"Expected a form that can be saved, found {form!r}.")
        name = f"{form}{'_blinded' if blinded else ''}{suffix}"
        out = study.results / EXPORTS / name
        out.parent.mkdir(parents=True, exist_ok=True)
        number = 2
        # The key is all that decodes what was sent already.
        while blinded and (out.exists() or key_of(out).exists()):
            out = out.with_name(f"{form}_blinded_{number}{suffix}")
            number += 1
        arguments = {
            "study": str(study.folder),
            "form": form,
            "out": str(out),
            "key": not blinded,
        }
        self.lab.board.start("export", f"Writing {out.name}", mark, arguments)
        return to(f"/study/{mark}/report")

    def file(self, mark: str, path: str) -> Response:
        """Return a file of the results, and none from elsewhere."""
        study = self.lab.study(mark)
        root = study.results.resolve()
        # A NUL is in no name of a file, and no system takes it.
        found = (root / path.replace("\0", "")).resolve()
        if not found.is_relative_to(root) or not found.is_file():
            raise UnknownNameError("Expected a file of the results, found no such one.")
        headers = {"content-security-policy": "default-src 'none'; sandbox"}
        return FileResponse(found, filename=found.name, headers=headers)


def _files(study: Study) -> list[FileRow]:
    root = study.results
    if not root.is_dir():
        return []
    files = [p for p in sorted(root.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    return [
        FileRow(
            p.relative_to(root).as_posix(),
            p.relative_to(root).as_posix(),
            f"{max(1, p.stat().st_size >> 10)} kB",
            _time(p),
        )
        for p in files
        if "zones_preview" not in p.parts
    ]


def _time(path: Path) -> str:
    from datetime import datetime

    at = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return at.isoformat(sep=" ", timespec="minutes")[:16]


def _is_old(study: Study, report: Path) -> bool:
    """Whether tables or settings were changed after the report was made."""
    names = ("recordings.csv", "exclusions.csv", "study.toml")
    made = report.stat().st_mtime
    return any(
        (study.folder / name).exists() and (study.folder / name).stat().st_mtime > made
        for name in names
    )


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages = ReportPages(lab)
    router = APIRouter(prefix="/study/{mark}/report", dependencies=[Depends(lab.require_owner)])
    router.add_api_route("", pages.page, methods=["GET"])
    router.add_api_route("/make", pages.make, methods=["POST"])
    router.add_api_route("/page", pages.show, methods=["GET"])
    router.add_api_route("/export", pages.export, methods=["POST"])
    router.add_api_route("/file/{path:path}", pages.file, methods=["GET"])
    return router
