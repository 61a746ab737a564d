"""The first page: recent studies, a new one, another one, the demo; and browsing the computer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

from amgs.errors import AmgsError, StudyError
from amgs.scale import SCALES, load_scale
from amgs.study import Study, is_study
from amgs.web.keys import equal_secrets
from amgs.web.lab.browsing import list_folder
from amgs.web.lab.recent import forget, list_recent, mark_of
from amgs.web.lab.state import SIGNED_OUT, LabState, to
from amgs.web.state import address_of

LONGEST_NAME = 80
TOO_MANY = "Too many wrong keys. Wait a minute."
START = ""
"""Messages of the first page stand under this name."""

_IMPOSSIBLE = (AmgsError, OSError, ValueError)
"""What a place that cannot be one raises; the last one where there is a NUL in its path."""


@dataclass(frozen=True, slots=True)
class RecentStudy:
    """A study that was opened before, if it is still there."""

    mark: str
    name: str
    folder: str
    there: bool


@dataclass(frozen=True, slots=True)
class StartContext:
    """The first page."""

    recent: Sequence[RecentStudy]
    home: str
    scales: Sequence[tuple[str, str]]
    demo: dict[str, Any] | None
    demo_folder: str
    demo_mark: str


class StartPages:
    """See the module."""

    def __init__(self, lab: LabState) -> None:
        self.lab = lab

    def enter(self, request: Request, key: str = "", study: str = "") -> Response:
        """Let the person with the key in; without one, show the page to whom was let in before.

        `study` is the mark of the study that was named when the lab was begun.
        """
        if key:
            if not equal_secrets(key, self.lab.keys.owner):
                allowed = self.lab.keys.guesses.count("owner", address_of(request))
                return self._refused() if allowed else self._refused(TOO_MANY, 429)
            # Not sent on by the server: a browser that came from elsewhere would not send the
            # cookie with the next request. The address with the key leaves the history.
            # Only the mark of a study that is open here: never an address from outside.
            then = f"/study/{study}" if self.lab.is_open(study) else "/"
            template = self.lab.templates.get_template("lab/enter.html")
            response = HTMLResponse(template.render(then=then))
            response.set_cookie(
                self.lab.cookie,
                self.lab.keys.owners.start(),
                httponly=True,
                samesite="strict",
                path="/",
            )
            return response
        if not self.lab.is_owner(request):
            return self._refused()
        return self.lab.page("start.html", self._context(), self.lab.chrome(request, "amgs lab"))

    def _refused(self, message: str = SIGNED_OUT, status: int = 403) -> Response:
        text = self.lab.templates.get_template("lab/refused.html").render(message=message)
        return HTMLResponse(text, status)

    def _context(self) -> StartContext:
        recent = [
            RecentStudy(mark_of(path), _name(path), str(path), is_study(path))
            for path in list_recent()
        ]
        demo = self.lab.board.latest("", "demo")
        mark = ""
        if demo is not None and demo.state == "done":
            mark = self.lab.take_up(Path(demo.result["study"]))
        return StartContext(
            recent,
            str(Path.home()),
            [(name, load_scale(name).title) for name in SCALES],
            None if demo is None else demo.as_dict(),
            str(Path.home() / "amgs-demo"),
            mark,
        )

    def new(
        self,
        folder: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        scale: Annotated[str, Form()] = "mouse",
    ) -> Response:
        """Make a study in a folder of its own."""
        name = " ".join(name.split())[:LONGEST_NAME]
        base = Path(folder.strip()).expanduser()
        if not folder.strip() or not re.search(r"\w", name) or not base.is_absolute():
            problem = "Enter a name for the study, and a folder with its whole path (or browse)."
            self.lab.say(START, problem=problem)
            return to("/")
        place = base / _folder_name(name)
        try:
            Study.create(place, name, scale).store.close()
            mark = self.lab.take_up(place)
        except _IMPOSSIBLE as error:
            self.lab.say(START, problem=str(error))
            return to("/")
        self.lab.say(mark, "The study is made. Next: which videos show which animals.")
        return to(f"/study/{mark}/design")

    def open(self, folder: Annotated[str, Form()] = "") -> Response:
        """Open a study that is on the computer."""
        try:
            place = Path(folder.strip()).expanduser()
            if not is_study(place):
                msg = (
                    f"Expected the folder of a study (it holds study.toml), found none at {place}."
                )
                raise StudyError(msg)
            return to(f"/study/{self.lab.take_up(place)}")
        except _IMPOSSIBLE as error:
            self.lab.say(START, problem=str(error))
            return to("/")

    def forget(self, mark: Annotated[str, Form()] = "") -> Response:
        """Take a study off the list."""
        for path in list_recent():
            if mark_of(path) == mark:
                forget(path)
        return to("/")

    def demo(self, folder: Annotated[str, Form()] = "") -> Response:
        """Begin the demo in a folder of its own."""
        place = Path(folder.strip() or str(Path.home() / "amgs-demo")).expanduser()
        self.lab.board.start("demo", "The demo", "", {"folder": str(place)})
        return to("/")

    def demo_page(self) -> Response:
        """Show the page in which the demo ended."""
        demo = self.lab.board.latest("", "demo")
        if demo is None or demo.state != "done":
            return to("/")
        return report_response(Path(demo.result["page"]))

    def browse(self, path: str = "", kind: str = "folder") -> Response:
        """Return what is in a folder of the computer, for the dialog."""
        return JSONResponse(list_folder(Path(path).expanduser() if path else Path.home(), kind))

    def work(self) -> Response:
        """Return all that runs or ran, for the pages' script."""
        board = self.lab.board
        return JSONResponse([work.as_dict() for work in board.all_at_work()])

    def one(self, number: int) -> Response:
        """Return how far one piece of work is."""
        work = self.lab.board.find(number)
        if work is None:
            raise StudyError("There is no such work: the lab was started anew.")
        return JSONResponse(work.as_dict())

    def stop(self, number: int) -> Response:
        """Let work end in order."""
        self.lab.board.stop(number)
        return JSONResponse({"stopping": number})


REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox allow-same-origin"
)
"""A report has its style and images inside, and runs nothing."""


def report_response(path: Path) -> Response:
    """Return a report as a page that can be looked at, in which no script runs."""
    return FileResponse(
        path, media_type="text/html", headers={"content-security-policy": REPORT_POLICY}
    )


def _name(path: Path) -> str:
    from amgs.study.settings import SETTINGS_FILE
    from amgs.study.settings_file import read_settings

    try:
        return read_settings(path / SETTINGS_FILE).study.name
    except (AmgsError, OSError):
        return path.name


def _folder_name(name: str) -> str:
    from amgs.files import safe_file_name

    return safe_file_name(name.replace(" ", "-"))


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages, router = StartPages(lab), APIRouter()
    own = [Depends(lab.require_owner)]
    router.add_api_route("/", pages.enter, methods=["GET"])
    router.add_api_route("/new", pages.new, methods=["POST"], dependencies=own)
    router.add_api_route("/open", pages.open, methods=["POST"], dependencies=own)
    router.add_api_route("/forget", pages.forget, methods=["POST"], dependencies=own)
    router.add_api_route("/demo", pages.demo, methods=["POST"], dependencies=own)
    router.add_api_route("/demo/page", pages.demo_page, methods=["GET"], dependencies=own)
    router.add_api_route("/browse", pages.browse, methods=["GET"], dependencies=own)
    router.add_api_route("/jobs", pages.work, methods=["GET"], dependencies=own)
    router.add_api_route("/jobs/{number}", pages.one, methods=["GET"], dependencies=own)
    router.add_api_route("/jobs/{number}/stop", pages.stop, methods=["POST"], dependencies=own)
    return router
