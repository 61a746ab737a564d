"""The training course: reference faces with feedback."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from amgs.images import read_image
from amgs.store import Rater
from amgs.web.answers import explain
from amgs.web.contexts import CourseFeedback, CoursePageState
from amgs.web.room.canvas import draw_canvas
from amgs.web.room.faces import score_context, send_image
from amgs.web.room.level_images import LevelImages
from amgs.web.state import WebState, to


class CourseSent(BaseModel):
    """Answers to a reference face as the page sends them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    seen: int
    scores: dict[str, int | None]


class CoursePages:
    """See the module."""

    def __init__(self, web: WebState) -> None:
        self.web = web
        self.level_images = LevelImages(web.scoring.scale, web.study.folder)

    def page(self, request: Request) -> Response:
        """Show the page."""
        rater = self.web.rater(request)
        if rater is None:
            return to("/")
        if self.web.scoring.course(rater) is None:
            return to("/score")
        context = score_context(self.web, request, rater, self.level_images)
        return self.web.page("course.html", context)

    def state(self, request: Request) -> Response:
        """Return where the rater is, and their own answers."""
        rater = self.web.rater(request)
        if rater is None or self.web.scoring.course(rater) is None:
            return explain("There is no course for you here.", 404)
        return JSONResponse(asdict(_state(self.web, rater)))

    def face(self, request: Request, seen: int) -> Response:
        """Return the pixels of a face."""
        rater = self.web.rater(request)
        state = None if rater is None else self.web.scoring.course(rater)
        if rater is None or state is None or seen not in {state.seen, state.seen - 1} or seen < 0:
            return explain("There is no face for you here.", 404)
        path = self.web.scoring.course_face(rater, seen).path
        return send_image(draw_canvas(read_image(path), None, f"course {seen}"))

    def answer(
        self, request: Request, sent: CourseSent, x_amgs_form: Annotated[str, Header()] = ""
    ) -> Response:
        """Keep answers."""
        rater = self.web.rater_of_script(request, x_amgs_form)
        state = self.web.scoring.course(rater)
        if state is not None and sent.seen == state.seen - 1:
            # The answer came, and its feedback got lost on the way: the same again.
            known = self.web.scoring.last_course_answers(rater)
            answers = list(known.values())
            if {unit: a.score for unit, a in known.items()} != sent.scores:
                return explain("This face has already been scored.", 409)
        elif state is None or sent.seen != state.seen:
            return explain("This face has already been scored.", 409)
        else:
            answers = self.web.scoring.answer_course(rater, sent.seen, sent.scores)
        feedback = [asdict(CourseFeedback(a.unit, a.score, a.reference)) for a in answers]
        return JSONResponse({"feedback": feedback, "state": asdict(_state(self.web, rater))})


def routes(web: WebState) -> APIRouter:
    """Return the page and what it asks for."""
    pages, router = CoursePages(web), APIRouter()
    router.add_api_route("/course", pages.page, methods=["GET"])
    router.add_api_route("/api/course", pages.state, methods=["GET"])
    router.add_api_route("/course/face/{seen}", pages.face, methods=["GET"])
    router.add_api_route("/api/course", pages.answer, methods=["POST"])
    return router


def _state(web: WebState, rater: Rater) -> CoursePageState:
    state = web.scoring.course(rater)
    pass_mark = web.scoring.course_pass
    if state is None:
        return CoursePageState(0, 0, pass_mark, None, passed=True)
    return CoursePageState(state.seen, state.needed, pass_mark, state.agreement, state.passed)
