"""The page on which faces are scored, and what it asks for."""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from PIL import Image
from pydantic import BaseModel, ConfigDict

from amgs.errors import ConflictError
from amgs.images.reading import decode_image
from amgs.store import Presentation, Rater
from amgs.store.base import WHOLE_IMAGE
from amgs.study.room import REASONS
from amgs.web.app import RATER_COOKIE, Room, to
from amgs.web.contexts import FaceState, ScoreContext, UnitContext
from amgs.web.guard import explain, same

LONGEST_SIDE_PX = 1200
_QUALITIES = 5
"""Images go out in one of so many qualities by place: a repeat is not the same bytes again."""


class AnswerSent(BaseModel):
    """An answer as the page sends it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    position: int
    mark: str
    unit: str
    score: int | None = None
    reason: str = ""


class ScoringPages:
    """See the module."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def page(self, request: Request) -> Response:
        """Show the page."""
        rater = self.room.rater(request)
        if rater is None:
            return to("/")
        if not self.room.scoring.may_score(rater):
            return to("/course")
        return self.room.page("score.html", score_context(self.room, request, rater))

    def face(self, request: Request, position: int) -> Response:
        """Return the pixels of a face."""
        rater = self.room.rater(request)
        shown = _may_see(self.room, rater, position)
        if shown is None:
            return explain(request, "There is no face for you here.", 404)
        content = self.room.scoring.pixels_of(shown)
        if content is None:
            text = "This face image is missing or was changed; tell whoever keeps the study. Go on."
            return explain(request, text, 410)
        return picture(content, 88 + shown.position % _QUALITIES)

    def state(self, request: Request, position: int) -> Response:
        """Return where the rater is, and their own answers."""
        rater = self.room.rater(request)
        shown = _may_see(self.room, rater, position)
        if rater is None or shown is None:
            return explain(request, "There is no face for you here.", 404)
        return _state(self.room, rater, shown)

    def answer(
        self, request: Request, sent: AnswerSent, x_amgs_form: Annotated[str, Header()] = ""
    ) -> Response:
        """Keep answers."""
        rater = self.room.rater_of_script(request, x_amgs_form)
        shown = _may_see(self.room, rater, sent.position)
        if shown is None:
            return explain(request, "There is no face for you here.", 404)
        if not same(sent.mark, _mark(self.room, shown)):
            raise ConflictError("Another face stands here by now; this answer was not kept.")
        self.room.scoring.answer(shown, sent.unit, sent.score, sent.reason)
        return _state(self.room, rater, shown)

    def undo(self, request: Request, x_amgs_form: Annotated[str, Header()] = "") -> Response:
        """Take back the last answer."""
        rater = self.room.rater_of_script(request, x_amgs_form)
        shown = self.room.scoring.undo(rater)
        if shown is None:
            return explain(request, "There is nothing to take back.", 404)
        return _state(self.room, rater, shown)


def routes(room: Room) -> APIRouter:
    """Return the page and what it asks for."""
    pages, router = ScoringPages(room), APIRouter()
    router.add_api_route("/score", pages.page, methods=["GET"])
    router.add_api_route("/face/{position}", pages.face, methods=["GET"])
    router.add_api_route("/api/face/{position}", pages.state, methods=["GET"])
    router.add_api_route("/api/answer", pages.answer, methods=["POST"])
    router.add_api_route("/api/undo", pages.undo, methods=["POST"])
    return router


def score_context(room: Room, request: Request, rater: Rater) -> ScoreContext:
    """Return what the scoring page may know."""
    scale = room.scoring.scale
    return ScoreContext(
        csrf=room.csrf(request, RATER_COOKIE),
        rater=rater.name,
        scale=scale.title,
        units=[UnitContext(u.name, u.label, u.look, u.levels) for u in scale.units],
        reasons=REASONS,
        begin_at=room.scoring.progress(rater)[2],
    )


def _mark(room: Room, shown: Presentation) -> str:
    """Return what tells this face at this place from any other, and nothing else."""
    return room.keys.sign(f"face|{shown.rater_id}|{shown.position}|{shown.face_id}")[:24]


def _may_see(room: Room, rater: Rater | None, position: int) -> Presentation | None:
    """Return what stands at a place of the rater's own order, once the course is passed."""
    if rater is None or not 0 <= position < 2**31 or not room.scoring.may_score(rater):
        return None
    return room.scoring.at(rater, position)


def _state(room: Room, rater: Rater, shown: Presentation) -> JSONResponse:
    answers = room.scoring.answers(shown)
    done, total, next_open = room.scoring.counts(rater, shown.position)
    whole = answers.pop(WHOLE_IMAGE, None)
    state = FaceState(
        position=shown.position,
        mark=_mark(room, shown),
        total=total,
        done=done,
        answers={unit: answer.score for unit, answer in answers.items()},
        reason=None if whole is None else whole.reason,
        next_open=next_open,
    )
    return JSONResponse(asdict(state))


def picture(content: bytes, quality: int) -> Response:
    """Return an image encoded anew: pixels only, without anything that the file knew besides."""
    image = Image.fromarray(decode_image(content))
    image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Response(stream.getvalue(), media_type="image/jpeg")
