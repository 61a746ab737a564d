"""The page on which faces are scored, and what it asks for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from amgs.errors import ConflictError
from amgs.store import Presentation, Rater
from amgs.store.records import WHOLE_IMAGE
from amgs.study.settings import AS_FILMED
from amgs.web.answers import explain
from amgs.web.contexts import FaceState, NextPlace, PlacesState
from amgs.web.keys import equal_secrets
from amgs.web.room.canvas import draw_canvas
from amgs.web.room.faces import score_context, send_image
from amgs.web.room.level_images import LevelImages
from amgs.web.state import WebState, to

_NOT_HERE = "There is no face for you here."


class Sent(BaseModel):
    """What the page sends of a face; `shown_unit` is the one that it shows, where it shows one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    position: int
    face_token: str
    shown_unit: str = ""


class AnswerSent(Sent):
    """An answer as the page sends it; `request` is the page's own name for it."""

    unit: str
    score: int | None = None
    reason: str = ""
    seconds: float = 0
    request: str = ""


class RemarkSent(Sent):
    """A flag or a note as the page sends them; what is missing stays as it is."""

    flagged: bool | None = None
    note: str | None = None


class UndoSent(BaseModel):
    """The wish to take back the last answer; `shown_unit` is the one that the page shows."""

    model_config = ConfigDict(extra="forbid", strict=True)

    shown_unit: str = ""
    request: str = ""


class ScoringPages:
    """See the module."""

    def __init__(self, web: WebState) -> None:
        self.web = web
        self.level_images = LevelImages(web.scoring.scale, web.study.folder)

    def page(self, request: Request) -> Response:
        """Show the page."""
        rater = self.web.rater(request)
        if rater is None:
            return to("/")
        if not self.web.scoring.may_score(rater):
            return to("/course")
        context = score_context(self.web, request, rater, self.level_images)
        return self.web.page("score.html", context)

    def level(self, request: Request, unit: str, level: int) -> Response:
        """Return the image of a unit at 0, 1 or 2."""
        content = None if self.web.rater(request) is None else self.level_images.read(unit, level)
        return explain("There is no such image.", 404) if content is None else send_image(content)

    def face(self, request: Request, position: int) -> Response:
        """Return the image of a face."""
        rater = self.web.rater_who_reads(request)
        shown = _may_see(self.web, rater, position)
        if shown is None:
            return explain(_NOT_HERE, 404)
        settings = self.web.study.settings.scoring
        with_box = settings.background != AS_FILMED
        face = self.web.shown.read(shown, with_box=with_box)
        if face is None:
            text = "This face image is missing or was changed; tell the owner of the study. Go on."
            return explain(text, 410)
        content = draw_canvas(
            face.rgb, face.box, shown.mark, settings.background, settings.brightness
        )
        return send_image(content)

    def state(self, request: Request, position: int, unit: str = "") -> Response:
        """Return where the rater is, and their own answers."""
        rater = self.web.rater_who_reads(request)
        shown = _may_see(self.web, rater, position)
        if shown is None:
            return explain(_NOT_HERE, 404)
        return _state(self.web, rater, shown, unit)

    def places(self, request: Request, unit: str = "") -> Response:
        """Return which places were left open, flagged or noted."""
        rater = self.web.rater_who_reads(request)
        if not self.web.scoring.may_score(rater):
            return explain(_NOT_HERE, 404)
        remarks = [
            {"position": shown.position, "flagged": shown.flagged, "note": shown.note}
            for shown in self.web.scoring.remarked(rater)
        ]
        done, total = self.web.scoring.counts(rater, "")
        state = PlacesState(self.web.scoring.open_places(rater, unit), total - done, remarks)
        return JSONResponse(asdict(state))

    def answer(
        self, request: Request, sent: AnswerSent, x_amgs_form: Annotated[str, Header()] = ""
    ) -> Response:
        """Keep answers."""
        rater = self.web.rater_of_script(request, x_amgs_form)
        shown = _sent_for(self.web, rater, sent)
        if shown is None:
            return explain(_NOT_HERE, 404)
        self.web.scoring.answer(
            shown,
            sent.unit,
            sent.score,
            sent.reason,
            seconds=sent.seconds,
            request=sent.request,
        )
        self.web.codes.pop(rater.id, None)
        return _state(self.web, rater, shown, sent.shown_unit)

    def remark(
        self, request: Request, sent: RemarkSent, x_amgs_form: Annotated[str, Header()] = ""
    ) -> Response:
        """Keep a flag and a note."""
        rater = self.web.rater_of_script(request, x_amgs_form)
        shown = _sent_for(self.web, rater, sent)
        if shown is None:
            return explain(_NOT_HERE, 404)
        self.web.scoring.remark(shown, flagged=sent.flagged, note=sent.note)
        after = self.web.scoring.at(rater, sent.position)
        return _state(self.web, rater, after or shown, sent.shown_unit)

    def undo(
        self, request: Request, sent: UndoSent, x_amgs_form: Annotated[str, Header()] = ""
    ) -> Response:
        """Take back the last answer."""
        rater = self.web.rater_of_script(request, x_amgs_form)
        shown = self.web.scoring.undo(rater, sent.request)
        if shown is None:
            return explain("There is nothing to take back.", 404)
        # An answer to the whole image was of no unit: the rater goes on with theirs.
        unit = self.web.scoring.undone_unit(rater) or sent.shown_unit
        return _state(self.web, rater, shown, unit)


def routes(web: WebState) -> APIRouter:
    """Return the page and what it asks for."""
    pages, router = ScoringPages(web), APIRouter()
    router.add_api_route("/score", pages.page, methods=["GET"])
    router.add_api_route("/level/{unit}/{level}", pages.level, methods=["GET"])
    router.add_api_route("/face/{position}", pages.face, methods=["GET"])
    router.add_api_route("/api/face/{position}", pages.state, methods=["GET"])
    router.add_api_route("/api/places", pages.places, methods=["GET"])
    router.add_api_route("/api/answer", pages.answer, methods=["POST"])
    router.add_api_route("/api/remark", pages.remark, methods=["POST"])
    router.add_api_route("/api/undo", pages.undo, methods=["POST"])
    return router


def _may_see(web: WebState, rater: Rater, position: int) -> Presentation | None:
    """Return what stands at a place of the rater's own order, once the course is passed."""
    if not 0 <= position < 2**31 or not web.scoring.may_score(rater):
        return None
    return web.scoring.at(rater, position)


def _sent_for(web: WebState, rater: Rater, sent: Sent) -> Presentation | None:
    """Return what something is sent for, when it still stands at its place."""
    shown = _may_see(web, rater, sent.position)
    if shown is not None and not equal_secrets(sent.face_token, shown.mark):
        raise ConflictError("Another face is shown here now; this answer was not kept.")
    return shown


def _state(web: WebState, rater: Rater, shown: Presentation, unit: str) -> JSONResponse:
    answers = web.scoring.answers(shown)
    whole = answers.pop(WHOLE_IMAGE, None)
    names = web.scoring.scale.unit_names
    if not web.scoring.unit_by_unit:
        unit = ""
    elif unit not in names:
        unit = next((name for name in names if name not in answers), names[-1])
    there = web.shown.content(shown) is not None
    if not there:
        web.scoring.cannot_show(shown)
    following = web.scoring.next_open(rater, shown.position, unit)
    done, total = web.scoring.counts(rater, unit)
    state = FaceState(
        position=shown.position,
        unit=unit,
        face_token=shown.mark if there else "",
        total=total,
        done=done,
        answers={name: answer.score for name, answer in answers.items()},
        reason=None if whole is None else whole.reason,
        flagged=shown.flagged,
        note=shown.note,
        next_open=None if following is None else NextPlace(*following),
    )
    return JSONResponse(asdict(state))
