"""The table of recordings: edited, pasted into, filled from file names, checked as one types."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from amgs.errors import AmgsError, ConflictError, StudyError
from amgs.study import Study
from amgs.study.actions import list_decisions
from amgs.study.design_table import (
    SHOWN,
    CellRemark,
    TableRows,
    editable,
    fill_from_name,
    parse_pattern,
    read_rows,
    rows_of,
    version_of,
    write_rows,
)
from amgs.study.exclusions import EXCLUSIONS_FILE, Exclusion, list_rows
from amgs.tables import portable_path
from amgs.web.lab.computed import check_table
from amgs.web.lab.state import LabState, to

DEFAULT_PATTERN = "{animal}_{timepoint}"

_WIDE = ("video",)

_EMPTY_ROWS = 8


class SentTable(BaseModel):
    """A table as the page sends it."""

    columns: list[str] = Field(max_length=60)
    rows: list[list[str]] = Field(max_length=20_000)
    version: str = ""

    def as_rows(self) -> TableRows:
        """Return it as the study takes it, every row as long as there are columns."""
        n = len(self.columns)
        rows = tuple(tuple([*row, *[""] * n][:n]) for row in self.rows)
        return TableRows(tuple(self.columns), rows)


class SentFiles(BaseModel):
    """Files that were chosen, and what their names say."""

    files: list[str] = Field(max_length=5000)
    pattern: str = Field(default="", max_length=300)
    together: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is left out of the results."""

    kind: str
    name: str
    start: str
    stop: str
    reason: str
    by: str
    date: str


@dataclass(frozen=True, slots=True)
class DesignContext:
    """The table as a page: its cells, what may be left out, and what is."""

    columns: Sequence[str]
    problem: str
    version: str
    wide: Sequence[str]
    rows: Sequence[Sequence[str]]
    pattern: str
    baseline: str
    animals: Sequence[str]
    recordings: Sequence[str]
    left_out: Sequence[LeftOut]
    decisions: Sequence[tuple[str, str]]


class DesignPages:
    """See the module."""

    def __init__(self, lab: LabState) -> None:
        self.lab = lab

    def page(self, request: Request, mark: str) -> Response:
        """Show the table, whatever is wrong in it."""
        study = self.lab.study(mark)
        chrome = self.lab.chrome(request, "Design", mark, "design")
        table, problem = TableRows(SHOWN, ()), ""
        animals: list[str] = []
        recordings: list[str] = []
        try:
            table = rows_of(study)
        except AmgsError as error:
            problem = (
                f"{error}\nCorrect the file in an editor and load this page again; or fill the "
                "table here: what is in the file now stays as recordings_before.csv."
            )
        else:
            animals, recordings = _names(table)
        try:
            left_out = [
                LeftOut(r.kind, r.name, r.start, r.stop, r.reason, r.by, r.date)
                for _, r in list_rows(study.folder / EXCLUSIONS_FILE)
                if r.kind != "face"
            ]
            known = {"animal": animals, "recording": recordings, "period": recordings}
            lost = [r.name for r in left_out if r.name not in known.get(r.kind, [r.name])]
            if lost and not problem:
                problem = (
                    f"Left out, but not in the table any more: {', '.join(lost)}. Take these in "
                    "again below (and leave out the new name, where it was renamed)."
                )
        except AmgsError as error:
            left_out, problem = [], problem or str(error)
        empty = ("",) * len(table.columns)
        rows = [*table.rows, *[empty] * (_EMPTY_ROWS if not table.rows else 2)]
        context = DesignContext(
            table.columns,
            problem,
            version_of(study),
            _WIDE,
            rows,
            DEFAULT_PATTERN,
            study.settings.study.baseline,
            animals,
            recordings,
            left_out,
            _say_decisions(study),
        )
        return self.lab.page("design.html", context, chrome)

    def check(self, mark: str, sent: SentTable) -> Response:
        """Return what is wrong or odd, at its cell."""
        remarks = self._check(self.lab.study(mark), sent.as_rows())
        return JSONResponse([asdict(remark) for remark in remarks])

    def _check(self, study: Study, table: TableRows) -> list[CellRemark]:
        return self.lab.calculator.ask(check_table, str(study.folder), table.columns, table.rows)

    def save(self, mark: str, sent: SentTable) -> Response:
        """Write the table, also with faults: what was typed is never lost."""
        study = self.lab.study(mark)
        self.lab.board.require_idle(mark)
        require_version(study, sent.version)
        write_rows(study, sent.as_rows())
        remarks = self._check(study, sent.as_rows())
        faults = sum(remark.fault for remark in remarks)
        told = [asdict(remark) for remark in remarks]
        return JSONResponse({"faults": faults, "remarks": told, "version": version_of(study)})

    def propose(self, mark: str, sent: SentFiles) -> Response:
        """Return rows for files that were chosen, filled from their names."""
        study = self.lab.study(mark)
        pattern = parse_pattern(sent.pattern) if sent.pattern.strip() else None
        divided = [Path(file).name for file in sent.files if ";" in file]
        if divided:
            msg = (
                "Expected names of files without a semicolon, which divides the files of one "
                f"session in the table; found {', '.join(divided)}. Rename the file or its folder."
            )
            raise StudyError(msg)
        paths = [path_in_study(study.folder, Path(file)) for file in sent.files]
        names = [portable_path(file) for file in sent.files]
        if sent.together and paths:  # the pieces of one session, in the order of their names
            paths, names = ["; ".join(paths)], names[:1]
        rows = []
        for path, name in zip(paths, names, strict=True):
            filled = {} if pattern is None else dict(fill_from_name(pattern, name))
            rows.append({"video": path, **filled, "named": bool(filled) or pattern is None})
        return JSONResponse(rows)

    def read(self, mark: str, sent: SentFiles) -> Response:
        """Return the rows of a CSV or workbook that was chosen; nothing is written."""
        study = self.lab.study(mark)
        table = editable(read_rows(Path(sent.files[0])))
        # Paths in a table start at its own folder, which may be another one.
        place = table.columns.index("video")
        base = Path(sent.files[0]).parent
        rows = [
            [*row[:place], _moved(row[place], base, study.folder), *row[place + 1 :]]
            for row in table.rows
        ]
        return JSONResponse({"columns": table.columns, "rows": rows})

    def leave_out(
        self,
        mark: str,
        what: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        """Leave an animal or a recording out of all results."""
        study = self.lab.study(mark)
        kind, _, name = what.partition(":")
        try:
            if not reason.strip():
                self.lab.say(mark, problem="Enter why it should be left out.")
            else:
                study.exclude([Exclusion(_kind(kind), name, " ".join(reason.split()))])
                self.lab.say(mark, f"Left out of all results: {kind} {name}.")
        except AmgsError as error:
            self.lab.say(mark, problem=str(error))
        return to(f"/study/{mark}/design#left-out")

    def take_in(
        self,
        mark: str,
        kind: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        start: Annotated[str, Form()] = "",
        stop: Annotated[str, Form()] = "",
    ) -> Response:
        """Take something in again that was left out."""
        try:
            self.lab.study(mark).include(kind, name, start, stop)
            self.lab.say(mark, f"Counts again: {kind} {name}.")
        except AmgsError as error:
            self.lab.say(mark, problem=str(error))
        return to(f"/study/{mark}/design#left-out")


def require_version(study: Study, version: str) -> None:
    """Stop where the table is another one than a page was made from.

    Raises
    ------
    ConflictError
        If another tab, or somebody with a spreadsheet, has written it since.
    """
    if version != version_of(study):
        msg = (
            "Expected the table as it was when this page was loaded, found that it was changed "
            "since: in another tab, or in a spreadsheet. Nothing was saved."
        )
        raise ConflictError(msg)


def _names(table: TableRows) -> tuple[list[str], list[str]]:
    """Return the animals and the recordings of a table, as `amgs.study.design` names them."""
    animals: dict[str, None] = {}
    recordings: dict[str, None] = {}
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        if cells["animal"]:
            animals[cells["animal"]] = None
            own = cells.get("recording", "")
            recordings[own or f"{cells['animal']}_{cells['timepoint']}"] = None
    return list(animals), list(recordings)


def _kind(text: str) -> str:
    return text if text in {"animal", "recording"} else "animal"


def path_in_study(folder: Path, path: Path) -> str:
    """Return a path as the table keeps it: from the study's folder where that leads there."""
    try:
        return portable_path(str(path.relative_to(folder)))
    except ValueError:
        pass
    try:
        return portable_path(os.path.relpath(path, folder))
    except ValueError:  # another drive of Windows
        return portable_path(str(path))


def _moved(cell: str, base: Path, folder: Path) -> str:
    """Return a cell ``video`` of a table in one folder as another folder's table keeps it."""
    if not cell:
        return ""
    parts = [part.strip() for part in cell.split(";") if part.strip()]
    found = [
        path_in_study(folder, (base / part).resolve()) if (base / part).exists() else part
        for part in parts
    ]
    return "; ".join(portable_path(part) for part in found)


def _say_decisions(study: Study) -> list[tuple[str, str]]:
    return [
        (
            event["at"][:16].replace("T", " "),
            f"{event['who']}: {event['what']} {event['kind']} {event['name']}"
            + (f" ({event['reason']})" if event.get("reason") else ""),
        )
        for event in list_decisions(study.store.events)
        if event["kind"] != "face"
    ]


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages = DesignPages(lab)
    router = APIRouter(prefix="/study/{mark}/design", dependencies=[Depends(lab.require_owner)])
    router.add_api_route("", pages.page, methods=["GET"])
    router.add_api_route("/check", pages.check, methods=["POST"])
    router.add_api_route("/save", pages.save, methods=["POST"])
    router.add_api_route("/propose", pages.propose, methods=["POST"])
    router.add_api_route("/read", pages.read, methods=["POST"])
    router.add_api_route("/leave-out", pages.leave_out, methods=["POST"])
    router.add_api_route("/take-in", pages.take_in, methods=["POST"])
    return router
