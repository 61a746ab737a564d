"""What all pages share: the study, the keys, the templates, and who is signed in."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment

from amgs.errors import SignedOutError
from amgs.store import Rater
from amgs.study import ScoringRoom, Study
from amgs.study.entrance import SESSION_DAYS
from amgs.study.shown import ShownFaces
from amgs.web.keys import Keys, Purpose

SEE_OTHER = 303

SIGN_IN_AGAIN = "Please sign in again; what was saved is safe."


@dataclass
class WebState:
    """What the pages work with.

    ``codes`` keeps the codes of new raters, by key, until their first answer: the page that shows
    one can be loaded again.
    """

    study: Study
    scoring: ScoringRoom
    keys: Keys
    secure: bool
    templates: Environment
    shown: ShownFaces
    codes: dict[int, str] = field(default_factory=dict)

    def page(self, template: str, context: Any, status: int = 200) -> HTMLResponse:
        """Render a page from its context and nothing else."""
        text = self.templates.get_template(template).render(page=context)
        return HTMLResponse(text, status)

    def form(
        self,
        request: Request,
        template: str,
        context: Callable[[str], Any],
        status: int = 200,
    ) -> HTMLResponse:
        """Render a form for somebody who is not signed in; `context` is given its CSRF token."""
        sealed = request.cookies.get(self.cookie("form"), "")
        token = self.keys.open("sign-in cookie", sealed)
        if not token:  # none, or one that we did not make
            token = secrets.token_urlsafe(18)
            sealed = self.keys.seal("sign-in cookie", token)
        response = self.page(template, context(self.keys.sign("sign-in form", token)), status)
        self.set_cookie(response, "form", sealed)
        return response

    def is_own_form(self, request: Request, csrf: str) -> bool:
        """Whether a form for signing in was given by us to this browser."""
        token = self.keys.open("sign-in cookie", request.cookies.get(self.cookie("form"), ""))
        return self.keys.is_signed("sign-in form", token, csrf)

    def rater(self, request: Request) -> Rater | None:
        """Return who is signed in in this browser."""
        return self.scoring.entrance.who(request.cookies.get(self.cookie("rater"), ""))

    def rater_who_reads(self, request: Request) -> Rater:
        """Return who is signed in in this browser.

        Raises
        ------
        SignedOutError
            If nobody is.
        """
        rater = self.rater(request)
        if rater is None:
            raise SignedOutError(SIGN_IN_AGAIN)
        return rater

    def rater_of_script(self, request: Request, signature: str) -> Rater:
        """Return who sends something by our own script.

        Raises
        ------
        SignedOutError
            If nobody is signed in, or it was not our script.
        """
        rater = self.rater(request)
        if rater is None or not self.is_ours(request, "rater", signature):
            raise SignedOutError(SIGN_IN_AGAIN)
        return rater

    def is_owner(self, request: Request) -> bool:
        """Whether the owner's key was entered in this browser, and the page used lately."""
        return self.keys.owners.goes_on(request.cookies.get(self.cookie("owner"), ""))

    def csrf(self, request: Request, cookie: str) -> str:
        """Return the CSRF token for the forms of the holder of a cookie."""
        return self.keys.sign(_purpose(cookie), request.cookies.get(self.cookie(cookie), ""))

    def is_ours(self, request: Request, cookie: str, csrf_token: str) -> bool:
        """Whether a request was made by a form or script that we gave to this browser."""
        token = request.cookies.get(self.cookie(cookie), "")
        return self.keys.is_signed(_purpose(cookie), token, csrf_token)

    def cookie(self, kind: str) -> str:
        """Return the name of a cookie: browsers send those of one machine to all its ports."""
        prefix = "__Host-" if self.secure else ""
        return f"{prefix}amgs_{kind}_{self.keys.cookie_mark}"

    def set_cookie(self, response: Response, kind: str, value: str) -> None:
        """Let the browser keep a secret that no script reads and no other page sends."""
        days = SESSION_DAYS if kind == "rater" else None
        response.set_cookie(
            self.cookie(kind),
            value,
            max_age=None if days is None else days * 24 * 3600,
            httponly=True,
            samesite="strict",
            secure=self.secure,
            path="/",
        )

    def delete_cookie(self, response: Response, kind: str) -> None:
        """Let the browser forget a secret."""
        response.delete_cookie(
            self.cookie(kind), path="/", secure=self.secure, httponly=True, samesite="strict"
        )


def _purpose(cookie: str) -> Purpose:
    return "owner's form" if cookie == "owner" else "rater's form"


def address_of(request: Request) -> str:
    """Return the address that a request comes from."""
    return "" if request.client is None else request.client.host


def to(path: str) -> RedirectResponse:
    """Send the browser on to another page."""
    return RedirectResponse(path, SEE_OTHER)
