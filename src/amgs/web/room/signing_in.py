"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from amgs.errors import ImpossibleValueError
from amgs.store.records import fold_name
from amgs.study.rater_names import LONGEST_NAME
from amgs.web.contexts import CodeContext, SignInContext
from amgs.web.keys import equal_secrets
from amgs.web.state import WebState, address_of, to

BACK = "back"
"""What the form says of somebody who has scored here before."""

_TOO_OFTEN = "There were too many wrong keys or codes. Wait a minute, then try again."


class SignInSent(BaseModel):
    """What the form of somebody new, or of somebody who comes back, sends."""

    csrf: str = ""
    way: str = ""
    name: str = ""
    code: str = ""
    key: str = ""


class SigningInPages:
    """See the module."""

    def __init__(self, web: WebState) -> None:
        self.web = web

    def begin(self, request: Request) -> Response:
        """Show the form, and who is signed in: the next one at a shared computer is another."""
        return self._form(request)

    def sign_in(self, request: Request, sent: Annotated[SignInSent, Form()]) -> Response:
        """Let a rater in."""
        back = sent.way == BACK
        if not self.web.is_own_form(request, sent.csrf):
            expired = "This form has expired. Please try again."
            return self._form(request, expired, sent.name, 403, back=back)
        address, guesses = address_of(request), self.web.keys.guesses
        # The key is too long to be guessed, so that the right one passes however many guesses came
        # before; wrong ones are only told apart, so that their sender learns to wait.
        if self.web.keys.access and not equal_secrets(sent.key.strip(), self.web.keys.access):
            if not guesses.count("access", address):
                return self._form(request, _TOO_OFTEN, sent.name, 429, back=back)
            return self._form(request, "The access key is not right.", sent.name, 403, back=back)
        # Counted before it is looked at: many guesses at the same moment are counted one by one.
        who = fold_name(sent.name.strip())[:LONGEST_NAME]
        if back and sent.code.strip() and not guesses.count("code", who, address):
            return self._form(request, _TOO_OFTEN, sent.name, 429, back=back)
        try:
            entrance = self.web.scoring.entrance
            signed_in = entrance.go_on(sent.name, sent.code) if back else entrance.begin(sent.name)
        except ImpossibleValueError as error:
            return self._form(request, str(error), sent.name, 403, back=back)
        if signed_in.code is not None:
            self.web.codes[signed_in.rater.id] = signed_in.code
        response = to("/score" if signed_in.code is None else "/code")
        self.web.set_cookie(response, "rater", signed_in.token)
        return response

    def code(self, request: Request) -> Response:
        """Show a new rater's code, until the first answer."""
        rater = self.web.rater(request)
        code = None if rater is None else self.web.codes.get(rater.id)
        if rater is None or code is None:
            return to("/score")
        return self.web.page("code.html", CodeContext(rater.name, code))

    def sign_out(self, request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        """Sign out."""
        if self.web.is_ours(request, "rater", csrf):
            token = request.cookies.get(self.web.cookie("rater"), "")
            self.web.scoring.entrance.sign_out(token)
        response = to("/")
        self.web.delete_cookie(response, "rater")
        return response

    def _form(
        self, request: Request, problem: str = "", name: str = "", status: int = 200, *,
        back: bool = False,
    ) -> Response:  # fmt: skip
        def context(csrf: str) -> SignInContext:
            key_needed, notice = bool(self.web.keys.access), self.web.study.notice
            shown = name[:LONGEST_NAME].encode("utf-8", "replace").decode()
            rater = self.web.rater(request)
            signed_in = "" if rater is None else rater.name
            return SignInContext(csrf, key_needed, problem, shown, notice, back, signed_in)

        return self.web.form(request, "sign_in.html", context, status)


def routes(web: WebState) -> APIRouter:
    """Return the pages."""
    pages, router = SigningInPages(web), APIRouter()
    router.add_api_route("/", pages.begin, methods=["GET"])
    router.add_api_route("/code", pages.code, methods=["GET"])
    router.add_api_route("/sign-in", pages.sign_in, methods=["POST"])
    router.add_api_route("/sign-out", pages.sign_out, methods=["POST"])
    return router
