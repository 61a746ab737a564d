"""The web program: what all pages share."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined

from amgs.errors import AmgsError, ConflictError, SignedOutError, StoreError
from amgs.store import Rater
from amgs.study import Study
from amgs.web.guard import GuardMiddleware, Keys, explain

if TYPE_CHECKING:
    from amgs.study import ScoringRoom

RATER_COOKIE, OWNER_COOKIE, FORM_COOKIE = "amgs_rater", "amgs_owner", "amgs_form"
SEE_OTHER = 303


@dataclass
class Room:
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
        """Render a form for somebody who is not signed in; `context` is given the form's mark."""
        token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(18)
        response = self.page(template, context(self.keys.sign(token)), status)
        self.set_cookie(response, FORM_COOKIE, token)
        return response

    def rater(self, request: Request) -> Rater | None:
        """Return who is signed in in this browser."""
        return self.scoring.who(request.cookies.get(RATER_COOKIE, ""))

    def rater_of_script(self, request: Request, mark: str) -> Rater:
        """Return who sends something by our own script.

        Raises
        ------
        SignedOutError
            If nobody is signed in, or it was not our script.
        """
        rater = self.rater(request)
        if rater is None or not self.is_ours(request, RATER_COOKIE, mark):
            raise SignedOutError("Please sign in again; what was saved is safe.")
        return rater

    def is_owner(self, request: Request) -> bool:
        """Whether the owner's key was entered in this browser."""
        cookie = request.cookies.get(OWNER_COOKIE, "")
        token, _, mark = cookie.partition(".")
        return self.keys.is_signed(f"owner|{token}|{self.keys.owner}", mark)

    def owner_cookie(self) -> str:
        """Return what a browser keeps to be the owner's until the program ends."""
        token = secrets.token_urlsafe(18)
        return f"{token}.{self.keys.sign(f'owner|{token}|{self.keys.owner}')}"

    def csrf(self, request: Request, cookie: str) -> str:
        """Return the mark for the forms of the holder of a cookie."""
        return self.keys.sign(request.cookies.get(cookie, ""))

    def is_ours(self, request: Request, cookie: str, mark: str) -> bool:
        """Whether a request was made by a form or script that we gave to this browser."""
        return self.keys.is_signed(request.cookies.get(cookie, ""), mark)

    def set_cookie(self, response: Response, name: str, value: str) -> None:
        """Let the browser keep a secret that no script reads and no other page sends."""
        response.set_cookie(
            name, value, httponly=True, samesite="strict", secure=self.secure, path="/"
        )


def make_app(study: Study, keys: Keys, *, any_host: bool = False, secure: bool = False) -> FastAPI:
    """Return the scoring room of a study as a web program.

    Parameters
    ----------
    study
        An open study.
    keys
        From `Keys.make`.
    any_host
        Others than this machine may reach it; `keys` must then have an access key.
    secure
        It is served by HTTPS.
    """
    from amgs.web import course, owner, scoring, signing_in

    app = FastAPI(title="amgs", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(GuardMiddleware, any_host=any_host)
    templates = Environment(
        loader=PackageLoader("amgs", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    room = Room(study, study.room(), keys, secure, templates)
    for pages in (signing_in, scoring, course, owner):
        app.include_router(pages.routes(room))
    static = Path(str(files("amgs.web") / "static"))
    app.mount("/static", StaticFiles(directory=static), name="static")

    @app.exception_handler(SignedOutError)
    def signed_out(request: Request, error: SignedOutError) -> JSONResponse:
        return explain(request, str(error), 403)

    @app.exception_handler(StoreError)
    def try_again(request: Request, error: StoreError) -> JSONResponse:
        # A locked or full disk passes; what was to be saved is sent again.
        return explain(request, str(error), 409 if isinstance(error, ConflictError) else 503)

    @app.exception_handler(AmgsError)
    def explained(request: Request, error: AmgsError) -> JSONResponse:
        return explain(request, str(error), 400)

    @app.exception_handler(RequestValidationError)
    def misshapen(request: Request, _error: RequestValidationError) -> JSONResponse:
        return explain(request, "The request is not one of this page's.", 400)

    return app


def to(path: str) -> RedirectResponse:
    """Send the browser on to another page."""
    return RedirectResponse(path, SEE_OTHER)
