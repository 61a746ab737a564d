"""Scoring: opens and closes the room of the raters, shows how they get on, and unblinds.

The room is another program at another port (`amgs.web.lab.rooms`); the same overview as there is
shown here, and nothing of groups.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse, Response
from markupsafe import Markup

from amgs.errors import AmgsError, StudyError
from amgs.study.planning import plan_is_sealed
from amgs.web.contexts import OwnerContext
from amgs.web.lab.computed import describe_scoring, human_scores, unblind
from amgs.web.lab.rater_acts import RaterActs
from amgs.web.lab.rooms import OpenRoom
from amgs.web.lab.state import LabState, to

UNBLIND_WORD = "unblind"


@dataclass(frozen=True, slots=True)
class ScoringContext:
    """The room, the raters, and unblinding."""

    faces: int
    room: OpenRoom | None
    qr: Markup
    overview: OwnerContext
    sealed: bool
    unblindings: Sequence[dict[str, Any]]


class ScoringPages:
    """See the module."""

    def __init__(self, lab: LabState) -> None:
        self.lab = lab

    def page(self, request: Request, mark: str) -> Response:
        """Show the room and its raters."""
        study = self.lab.study(mark)
        room = self.lab.rooms.find(mark)
        csrf = self.lab.csrf(request)
        try:
            overview = self.lab.calculator.ask(describe_scoring, str(study.folder), csrf)
        except AmgsError as error:
            self.lab.say(mark, problem=str(error))
            return to(f"/study/{mark}/design")
        context = ScoringContext(
            study.store.faces.count(),
            room,
            _qr(room.url) if room is not None and room.others else Markup(""),
            overview,
            plan_is_sealed(study),
            study.unblindings,
        )
        chrome = self.lab.chrome(request, "Scoring", mark, "scoring")
        return self.lab.page("scoring.html", context, chrome)

    def open(self, mark: str, others: Annotated[str, Form()] = "") -> Response:
        """Open the room, for this computer or for the network."""
        study = self.lab.study(mark)
        try:
            if not study.store.faces.count():
                raise StudyError("There are no faces to score yet. First: extract faces.")
            self.lab.rooms.open(mark, study.folder, others=bool(others))
        except AmgsError as error:
            self.lab.say(mark, problem=str(error))
        return to(f"/study/{mark}/scoring")

    def close(self, mark: str) -> Response:
        """Close the room."""
        self.lab.rooms.close(mark)
        self.lab.say(mark, "The scoring room is closed. All answers are in the study.")
        return to(f"/study/{mark}/scoring")

    def rater(
        self,
        mark: str,
        name: Annotated[str, Form()] = "",
        act: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
    ) -> Response:
        """Correct something about a rater: code, name, same person, whether they count."""
        study = self.lab.study(mark)
        acts = RaterActs(study, study.room())
        done: dict[str, Callable[[], str]] = {
            "code": lambda: (
                f"The new code of {name}: {acts.new_code(name)}. The old one is no longer valid."
            ),
            "let in": lambda: acts.let_in(name),
            "rename": lambda: acts.rename(name, text),
            "merge": lambda: acts.merge(name, text),
            "separate": lambda: acts.merge(name, ""),
            "leave out": lambda: acts.leave_out(name, text),
            "take in": lambda: acts.take_in(name),
        }
        try:
            if act not in done:
                raise StudyError("Expected something that can be done about a rater.")
            self.lab.say(mark, done[act]())
        except AmgsError as error:
            self.lab.say(mark, problem=str(error))
        return to(f"/study/{mark}/scoring")

    def unblind(
        self,
        mark: str,
        who: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
        word: Annotated[str, Form()] = "",
    ) -> Response:
        """Unblind the study, when all that is needed was given."""
        who, reason = " ".join(who.split()), " ".join(reason.split())
        if not who or not reason or word.strip().lower() != UNBLIND_WORD:
            problem = (
                f"Nothing was unblinded. Enter a name, a reason and the word {UNBLIND_WORD!r}."
            )
            self.lab.say(mark, problem=problem)
        else:
            try:
                folder = str(self.lab.study(mark).folder)
                self.lab.calculator.ask(unblind, folder, who, reason)
                self.lab.say(mark, "The study is unblinded.")
            except AmgsError as error:
                self.lab.say(mark, problem=str(error))
        return to(f"/study/{mark}/scoring")

    def human_scores(self, mark: str) -> Response:
        """Return human scores with groups, once unblinded."""
        study = self.lab.study(mark)
        if not study.unblindings:
            return to(f"/study/{mark}/scoring")
        path = self.lab.calculator.ask(human_scores, str(study.folder))
        return FileResponse(path, media_type="text/csv", filename=path.name)


def _qr(url: str) -> Markup:
    drawn = io.BytesIO()
    segno.make(url, micro=False).save(
        drawn, kind="svg", xmldecl=False, svgclass="qr", lineclass=None, omitsize=True, border=2
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - it was made here, of an address


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages = ScoringPages(lab)
    router = APIRouter(prefix="/study/{mark}/scoring", dependencies=[Depends(lab.require_owner)])
    router.add_api_route("", pages.page, methods=["GET"])
    router.add_api_route("/open", pages.open, methods=["POST"])
    router.add_api_route("/close", pages.close, methods=["POST"])
    router.add_api_route("/rater", pages.rater, methods=["POST"])
    router.add_api_route("/unblind", pages.unblind, methods=["POST"])
    router.add_api_route("/human_scores.csv", pages.human_scores, methods=["GET"])
    return router
