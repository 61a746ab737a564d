"""The lab as a web program: puts its pages together.

Adding a page is a context, a template, one file with a function ``routes``, and a name in `PAGES`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from amgs.web.answers import handle_errors
from amgs.web.guard import GuardMiddleware
from amgs.web.keys import Keys
from amgs.web.lab import (
    answering,
    designing,
    facing,
    living,
    modelling,
    overviews,
    reporting,
    scoring,
    starting,
    zoning,
)
from amgs.web.lab.state import LabState
from amgs.web.pages import mount_static, open_templates

PAGES = (
    starting,
    overviews,
    designing,
    zoning,
    facing,
    scoring,
    modelling,
    answering,
    reporting,
    living,
)
"""Modules that each have a function ``routes(lab)``."""

MOST_BYTES = 4 * 1024 * 1024
"""A table of some ten thousand rows; nothing larger is ever sent to the lab."""


def make_lab_app(keys: Keys) -> FastAPI:
    """Return the lab as a web program, for this computer alone.

    Parameters
    ----------
    keys
        ``keys.owner`` lets its holder in.
    """
    templates = open_templates()
    lab = LabState(keys, templates)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        lab.close()

    app = FastAPI(
        title="amgs lab", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    app.state.lab = lab
    app.add_middleware(GuardMiddleware, any_host=False, most_bytes=MOST_BYTES)
    for pages in PAGES:
        app.include_router(pages.routes(lab))
    mount_static(app)
    handle_errors(app, templates)
    return app
