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
from amgs.web.contexts import FaceState
from amgs.web.guard import equal_secrets, explain
from amgs.web.room.faces import VARIANTS, score_context, send_image
from amgs.web.state import WebState, to


class AnswerSent(BaseModel):
    """An answer as the page sends it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    position: int
    face_token: str
    unit: str
    score: int | None = None
    reason: str = ""


class ScoringPages:
    """See the module."""

    def __init__(self, web: WebState) -> None:
        self.web = web

    def page(self, request: Request) -> Response:
        """Show the page."""
        rater = self.web.rater(request)
        if rater is None:
            return to("/")
        if not self.web.scoring.may_score(rater):
            return to("/course")
        return self.web.page("score.html", score_context(self.web, request, rater))

    def face(self, request: Request, position: int) -> Response:
        """Return the pixels of a face."""
        rater = self.web.rater(request)
        shown = _may_see(self.web, rater, position)
        if shown is None:
            return explain(request, "There is no face for you here.", 404)
        content = self.web.scoring.read_face_bytes(shown)
        if content is None:
            text = "This face image is missing or was changed; tell the owner of the study. Go on."
            return explain(request, text, 410)
        return send_image(content, _variant(self.web, shown))

    def state(self, request: Request, position: int) -> Response:
        """Return where the rater is, and their own answers."""
        rater = self.web.rater(request)
        shown = _may_see(self.web, rater, position)
        if rater is None or shown is None:
            return explain(request, "There is no face for you here.", 404)
        return _state(self.web, rater, shown)

    def answer(
        self, request: Request, sent: AnswerSent, x_amgs_form: Annotated[str, Header()] = ""
    ) -> Response:
        """Keep answers."""
        rater = self.web.rater_of_script(request, x_amgs_form)
        shown = _may_see(self.web, rater, sent.position)
        if shown is None:
            return explain(request, "There is no face for you here.", 404)
        if not equal_secrets(sent.face_token, _face_token(self.web, shown)):
            raise ConflictError("Another face is shown here now; this answer was not kept.")
        self.web.scoring.answer(shown, sent.unit, sent.score, sent.reason)
        return _state(self.web, rater, shown)

    def undo(self, request: Request, x_amgs_form: Annotated[str, Header()] = "") -> Response:
        """Take back the last answer."""
        rater = self.web.rater_of_script(request, x_amgs_form)
        shown = self.web.scoring.undo(rater)
        if shown is None:
            return explain(request, "There is nothing to take back.", 404)
        return _state(self.web, rater, shown)


def routes(web: WebState) -> APIRouter:
    """Return the page and what it asks for."""
    pages, router = ScoringPages(web), APIRouter()
    router.add_api_route("/score", pages.page, methods=["GET"])
    router.add_api_route("/face/{position}", pages.face, methods=["GET"])
    router.add_api_route("/api/face/{position}", pages.state, methods=["GET"])
    router.add_api_route("/api/answer", pages.answer, methods=["POST"])
    router.add_api_route("/api/undo", pages.undo, methods=["POST"])
    return router


def _face_token(web: WebState, shown: Presentation) -> str:
    """Return what tells this face at this place from any other, and nothing else."""
    return web.keys.sign(f"face|{shown.rater_id}|{shown.position}|{shown.face_id}")[:24]


def _variant(web: WebState, shown: Presentation) -> int:
    """Return how an image is encoded: never twice alike for the same rater and face.

    Both showings begin at the same secret number; the repeat then moves on by one to all but one
    variants, so that neither equal bytes nor a pattern in them tell a hidden repeat.
    """
    who = f"{shown.rater_id}|{shown.face_id}"
    first = int(web.keys.sign(f"pixels|{who}"), 16)
    if not shown.repeat:
        return first % VARIANTS
    step = 1 + int(web.keys.sign(f"pixels again|{who}|{shown.position}"), 16) % (VARIANTS - 1)
    return (first + step) % VARIANTS


def _may_see(web: WebState, rater: Rater | None, position: int) -> Presentation | None:
    """Return what stands at a place of the rater's own order, once the course is passed."""
    if rater is None or not 0 <= position < 2**31 or not web.scoring.may_score(rater):
        return None
    return web.scoring.at(rater, position)


def _state(web: WebState, rater: Rater, shown: Presentation) -> JSONResponse:
    answers = web.scoring.answers(shown)
    done, total, next_open = web.scoring.counts(rater, shown.position)
    whole = answers.pop(WHOLE_IMAGE, None)
    state = FaceState(
        position=shown.position,
        face_token=_face_token(web, shown),
        total=total,
        done=done,
        answers={unit: answer.score for unit, answer in answers.items()},
        reason=None if whole is None else whole.reason,
        next_open=next_open,
    )
    return JSONResponse(asdict(state))
