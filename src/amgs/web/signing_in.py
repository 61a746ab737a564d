"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from amgs.errors import ImpossibleValueError
from amgs.web.app import FORM_COOKIE, RATER_COOKIE, Room, to
from amgs.web.contexts import CodeContext, SignInContext
from amgs.web.guard import same

_TOO_OFTEN = "There were too many wrong keys or codes. Wait a minute, then try again."


class SigningInPages:
    """See the module."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def begin(self, request: Request) -> Response:
        """Show the form, or go on when somebody is signed in."""
        if self.room.rater(request):
            return to("/score")
        return _form(self.room, request)

    def sign_in(
        self,
        request: Request,
        csrf: Annotated[str, Form()],
        name: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        key: Annotated[str, Form()] = "",
    ) -> Response:
        """Let a rater or the owner in."""
        if not self.room.is_ours(request, FORM_COOKIE, csrf):
            return _form(self.room, request, "The page was too old. Please try again.", name, 403)
        if self.room.keys.too_many_guesses():
            return _form(self.room, request, _TOO_OFTEN, name, 429)
        if self.room.keys.access and not same(key.strip(), self.room.keys.access):
            self.room.keys.wrong_guess()
            return _form(self.room, request, "The access key is not right.", name, 403)
        try:
            signed_in = self.room.scoring.sign_in(name, code)
        except ImpossibleValueError as error:
            if code:
                self.room.keys.wrong_guess()
            return _form(self.room, request, str(error), name, 403)
        if signed_in.code is None:
            response: Response = to("/score")
        else:
            response = self.room.page(
                "code.html", CodeContext(signed_in.rater.name, signed_in.code, "/score")
            )
        self.room.set_cookie(response, RATER_COOKIE, signed_in.token)
        return response

    def sign_out(self, request: Request, csrf: Annotated[str, Form()]) -> Response:
        """Sign out."""
        if self.room.is_ours(request, RATER_COOKIE, csrf):
            self.room.scoring.sign_out(request.cookies.get(RATER_COOKIE, ""))
        response = to("/")
        response.delete_cookie(RATER_COOKIE, path="/")
        return response


def routes(room: Room) -> APIRouter:
    """Return the pages."""
    pages, router = SigningInPages(room), APIRouter()
    router.add_api_route("/", pages.begin, methods=["GET"])
    router.add_api_route("/sign-in", pages.sign_in, methods=["POST"])
    router.add_api_route("/sign-out", pages.sign_out, methods=["POST"])
    return router


def _form(
    room: Room, request: Request, problem: str = "", name: str = "", status: int = 200
) -> Response:
    def context(csrf: str) -> SignInContext:
        return SignInContext(csrf, bool(room.keys.access), problem, name[:60], room.study.notice)

    return room.form(request, "sign_in.html", context, status)
