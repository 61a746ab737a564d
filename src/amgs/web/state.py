"""What all pages share: the study, the keys, the templates, and who is signed in."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment

from amgs.errors import SignedOutError
from amgs.store import Rater
from amgs.study import ScoringRoom, Study
from amgs.web.guard import Keys

RATER_COOKIE, OWNER_COOKIE, FORM_COOKIE = "amgs_rater", "amgs_owner", "amgs_form"
SEE_OTHER = 303


@dataclass
class WebState:
    """What the pages work with."""

    study: Study
    scoring: ScoringRoom
    keys: Keys
    secure: bool
    templates: Environment

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
        token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(18)
        response = self.page(template, context(self.keys.sign(token)), status)
        self.set_cookie(response, FORM_COOKIE, token)
        return response

    def rater(self, request: Request) -> Rater | None:
        """Return who is signed in in this browser."""
        return self.scoring.who(request.cookies.get(RATER_COOKIE, ""))

    def rater_of_script(self, request: Request, signature: str) -> Rater:
        """Return who sends something by our own script.

        Raises
        ------
        SignedOutError
            If nobody is signed in, or it was not our script.
        """
        rater = self.rater(request)
        if rater is None or not self.is_ours(request, RATER_COOKIE, signature):
            raise SignedOutError("Please sign in again; what was saved is safe.")
        return rater

    def is_owner(self, request: Request) -> bool:
        """Whether the owner's key was entered in this browser."""
        cookie = request.cookies.get(OWNER_COOKIE, "")
        token, _, signature = cookie.partition(".")
        return self.keys.is_signed(f"owner|{token}|{self.keys.owner}", signature)

    def owner_cookie(self) -> str:
        """Return what a browser keeps to be the owner's until the program ends."""
        token = secrets.token_urlsafe(18)
        return f"{token}.{self.keys.sign(f'owner|{token}|{self.keys.owner}')}"

    def csrf(self, request: Request, cookie: str) -> str:
        """Return the CSRF token for the forms of the holder of a cookie."""
        return self.keys.sign(request.cookies.get(cookie, ""))

    def is_ours(self, request: Request, cookie: str, csrf_token: str) -> bool:
        """Whether a request was made by a form or script that we gave to this browser."""
        return self.keys.is_signed(request.cookies.get(cookie, ""), csrf_token)

    def set_cookie(self, response: Response, name: str, value: str) -> None:
        """Let the browser keep a secret that no script reads and no other page sends."""
        response.set_cookie(
            name, value, httponly=True, samesite="strict", secure=self.secure, path="/"
        )


def to(path: str) -> RedirectResponse:
    """Send the browser on to another page."""
    return RedirectResponse(path, SEE_OTHER)
