"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from amgs.errors import ImpossibleValueError
from amgs.study.rater_names import LONGEST_NAME
from amgs.web.contexts import CodeContext, SignInContext
from amgs.web.guard import equal_secrets
from amgs.web.state import FORM_COOKIE, RATER_COOKIE, WebState, to

_TOO_OFTEN = "There were too many wrong keys or codes. Wait a minute, then try again."


class SigningInPages:
    """See the module."""

    def __init__(self, web: WebState) -> None:
        self.web = web

    def begin(self, request: Request) -> Response:
        """Show the form, or go on when somebody is signed in."""
        if self.web.rater(request):
            return to("/score")
        return _form(self.web, request)

    def sign_in(
        self,
        request: Request,
        csrf: Annotated[str, Form()],
        name: Annotated[str, Form()] = "",
        code: Annotated[str, Form()] = "",
        key: Annotated[str, Form()] = "",
    ) -> Response:
        """Let a rater or the owner in."""
        if not self.web.is_ours(request, FORM_COOKIE, csrf):
            return _form(self.web, request, "This form has expired. Please try again.", name, 403)
        keys = self.web.keys
        purpose = f"code|{name.strip().casefold()[:LONGEST_NAME]}"
        if keys.too_many_guesses("access") or (code and keys.too_many_guesses(purpose)):
            return _form(self.web, request, _TOO_OFTEN, name, 429)
        if keys.access and not equal_secrets(key.strip(), keys.access):
            keys.wrong_guess("access")
            return _form(self.web, request, "The access key is not right.", name, 403)
        try:
            signed_in = self.web.scoring.sign_in(name, code)
        except ImpossibleValueError as error:
            if code:
                keys.wrong_guess(purpose)
            return _form(self.web, request, str(error), name, 403)
        if signed_in.code is None:
            response: Response = to("/score")
        else:
            response = self.web.page(
                "code.html", CodeContext(signed_in.rater.name, signed_in.code, "/score")
            )
        self.web.set_cookie(response, RATER_COOKIE, signed_in.token)
        return response

    def sign_out(self, request: Request, csrf: Annotated[str, Form()]) -> Response:
        """Sign out."""
        if self.web.is_ours(request, RATER_COOKIE, csrf):
            self.web.scoring.sign_out(request.cookies.get(RATER_COOKIE, ""))
        response = to("/")
        response.delete_cookie(RATER_COOKIE, path="/")
        return response


def routes(web: WebState) -> APIRouter:
    """Return the pages."""
    pages, router = SigningInPages(web), APIRouter()
    router.add_api_route("/", pages.begin, methods=["GET"])
    router.add_api_route("/sign-in", pages.sign_in, methods=["POST"])
    router.add_api_route("/sign-out", pages.sign_out, methods=["POST"])
    return router


def _form(
    web: WebState, request: Request, problem: str = "", name: str = "", status: int = 200
) -> Response:
    def context(csrf: str) -> SignInContext:
        return SignInContext(csrf, bool(web.keys.access), problem, name[:60], web.study.notice)

    return web.form(request, "sign_in.html", context, status)
