"""What all pages of the lab share: the studies that are open, long work, keys, templates."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment

from amgs.errors import SignedOutError, StudyError
from amgs.study import Study, is_study
from amgs.study.curation import is_blinded
from amgs.study.settings import SETTINGS_FILE
from amgs.web.keys import Keys
from amgs.web.lab.calculator import Calculator
from amgs.web.lab.recent import list_recent, mark_of, remember
from amgs.web.lab.rooms import Rooms
from amgs.web.lab.work import Work, WorkBoard

COOKIE = "amgs_lab"
CLOSED_AFTER_S = 600.0
"""A study that was opened anew is closed as it was when no page can be reading from it any more."""


STEPS = (
    ("", "Study"),
    ("design", "Design"),
    ("zones", "Zones"),
    ("faces", "Faces"),
    ("scoring", "Scoring"),
    ("model", "Model"),
    ("answer", "Answer"),
    ("report", "Report"),
)
"""The pages of a study in the order of an experiment: address and name."""

SIGNED_OUT = (
    "This page is for the person who started the lab. Open it with the whole address that the "
    "terminal shows, or start the lab anew."
)


@dataclass(frozen=True, slots=True)
class Chrome:
    """What stands around every page: the study's name, its steps, and work that runs."""

    csrf: str
    title: str
    study: str = ""
    mark: str = ""
    at: str = ""
    notice: str = ""
    steps: tuple[tuple[str, str], ...] = STEPS
    work: Mapping[str, Any] | None = None
    told: tuple[str, ...] = ()
    message: str = ""
    problem: str = ""

    @property
    def base(self) -> str:
        """Where the addresses of the study's pages begin."""
        return f"/study/{self.mark}"


@dataclass
class LabState:
    """What the pages work with.

    ``messages`` keeps, by study, what came of the last act until the next page shows it.
    """

    keys: Keys
    templates: Environment
    board: WorkBoard = field(default_factory=WorkBoard)
    calculator: Calculator = field(default_factory=Calculator)
    rooms: Rooms = field(default_factory=Rooms)
    messages: dict[str, tuple[str, str]] = field(default_factory=dict)
    _open: dict[str, tuple[float, Study]] = field(default_factory=dict)
    _folders: dict[str, Path] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take_up(self, folder: Path) -> str:
        """Open a study, remember it, and return its mark.

        Raises
        ------
        StudyError
            If the folder is no study, or has faults.
        """
        mark = mark_of(folder)
        with self._lock:
            self._folders[mark] = folder.resolve()
        self.study(mark)
        remember(folder)
        self.calculator.warm()
        return mark

    def is_open(self, mark: str) -> bool:
        """Whether a study of this mark was opened since the lab was begun."""
        with self._lock:
            return mark in self._folders

    def study(self, mark: str) -> Study:
        """Return the open study of a mark; opened anew where its settings were changed.

        Raises
        ------
        StudyError
            If nothing of that mark was opened on this computer, or it is gone.
        """
        with self._lock:
            folder = self._folders.get(mark) or self._known(mark)
            if folder is None or not is_study(folder):
                msg = (
                    "Expected a study that was opened here before, found none of this address: it "
                    "may have been moved. Open it again from the first page."
                )
                raise StudyError(msg)
            self._folders[mark] = folder
            changed = (folder / SETTINGS_FILE).stat().st_mtime
            known = self._open.get(mark)
            if known is not None and known[0] == changed:
                return known[1]
            study = Study.open(folder)
            if known is not None:
                # Another page may be reading from it at this moment.
                later = threading.Timer(CLOSED_AFTER_S, known[1].store.close)
                later.daemon = True
                later.start()
            self._open[mark] = (changed, study)
            return study

    def _known(self, mark: str) -> Path | None:
        return next((path for path in list_recent() if mark_of(path) == mark), None)

    def close(self) -> None:
        """End all that was begun."""
        self.rooms.close_all()
        self.board.stop_all()
        self.calculator.close()
        for _, study in self._open.values():
            study.store.close()

    def is_owner(self, request: Request) -> bool:
        """Whether this browser came with the key."""
        return self.keys.owners.goes_on(request.cookies.get(self.cookie, ""))

    @property
    def cookie(self) -> str:
        """The cookie's name: browsers send those of one machine to all its ports."""
        return f"{COOKIE}_{self.keys.cookie_mark}"

    def csrf(self, request: Request) -> str:
        """Return what proves that a form or script is ours."""
        return self.keys.sign("owner's form", request.cookies.get(self.cookie, ""))

    async def require_owner(self, request: Request) -> None:
        """Let only the person with the key in, and only what our own pages send.

        Raises
        ------
        SignedOutError
            For anybody and anything else.
        """
        if not self.is_owner(request):
            raise SignedOutError(SIGNED_OUT)
        if request.method != "POST":
            return
        given = request.headers.get("x-csrf", "")
        if not given:
            given = str((await request.form()).get("csrf", ""))
        token = request.cookies.get(self.cookie, "")
        if not self.keys.is_signed("owner's form", token, given):
            raise SignedOutError("This page was open for too long. Load it again.")

    def page(self, template: str, context: Any, chrome: Chrome) -> Response:
        """Render a page from its context, within what stands around every page."""
        text = self.templates.get_template(f"lab/{template}").render(page=context, lab=chrome)
        return HTMLResponse(text)

    def chrome(self, request: Request, title: str, mark: str = "", at: str = "") -> Chrome:
        """Return what stands around a page."""
        message, problem = self.messages.pop(mark, ("", ""))
        if not mark:
            return Chrome(self.csrf(request), title, message=message, problem=problem)
        study = self.study(mark)
        work = self.board.of_study(mark)
        return Chrome(
            csrf=self.csrf(request),
            title=title,
            study=study.name,
            mark=mark,
            at=at,
            notice=study.notice,
            work=None if work is None else work.as_dict(),
            told=() if work is None else _told(work, blinded=is_blinded(study)),
            message=message,
            problem=problem,
        )

    def say(self, mark: str, message: str = "", problem: str = "") -> None:
        """Keep what the next page of a study shows."""
        self.messages[mark] = (message, problem)


def _told(work: Work, *, blinded: bool) -> tuple[str, ...]:
    """Return the warnings of work that runs; they name recordings, so not to who is blinded."""
    if work.told and blinded:
        return ("A recording shows no face in its first frames: look at the zones.",)
    return tuple(work.told)


def to(path: str) -> RedirectResponse:
    """Send the browser on to another page."""
    return RedirectResponse(path, 303)
