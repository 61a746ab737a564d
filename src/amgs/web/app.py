"""The web program: puts the pages together.

Adding a page is a context, a template, one file with a function ``routes``, and a name in `PAGES`.
"""

from __future__ import annotations

from fastapi import FastAPI

from amgs.study import Study
from amgs.study.shown import ShownFaces
from amgs.web.answers import handle_errors
from amgs.web.guard import GuardMiddleware
from amgs.web.keys import Keys
from amgs.web.lab import owner
from amgs.web.pages import mount_static, open_templates
from amgs.web.room import course, scoring, signing_in
from amgs.web.state import WebState

PAGES = (signing_in, scoring, course, owner)
"""Modules that each have a function ``routes(web)``."""


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
    app = FastAPI(title="amgs", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(GuardMiddleware, any_host=any_host)
    templates = open_templates()
    web = WebState(study, study.room(), keys, secure, templates, ShownFaces(study))
    for pages in PAGES:
        app.include_router(pages.routes(web))
    mount_static(app)

    handle_errors(app, templates)
    return app
