"""How errors are told: as a page to a person, as one kind of JSON to our scripts."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from jinja2 import Environment
from starlette.exceptions import HTTPException

from amgs.errors import AmgsError, ConflictError, SignedOutError, StoreError
from amgs.web.contexts import ErrorContext

_log = logging.getLogger(__name__)

_WORDS = {
    403: "This is not allowed here.",
    404: "There is no such page.",
    405: "There is no such page.",
    500: "Something went wrong in the program. What was saved is safe.",
}
_NOT_OURS = "The request is not one of this page's."
_DATABASE = (
    "The study's database cannot be used at the moment: its disk may be full, or the file was "
    "moved or is in use by another program. The terminal of the scoring room says more."
)


def explain(message: str, status: int) -> JSONResponse:
    """Return an error in the one shape in which our scripts expect it."""
    return JSONResponse({"error": message}, status)


def handle_errors(app: FastAPI, templates: Environment) -> None:
    """Let a program answer every error in words, and never with a path or a traceback."""

    def tell(request: Request, message: str, status: int) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return explain(message, status)
        text = templates.get_template("error.html").render(page=ErrorContext(message))
        return Response(text, status, media_type="text/html")

    @app.exception_handler(SignedOutError)
    def signed_out(request: Request, error: SignedOutError) -> Response:
        return tell(request, str(error), 403)

    @app.exception_handler(ConflictError)
    def in_the_meantime(request: Request, error: ConflictError) -> Response:
        return tell(request, str(error), 409)

    @app.exception_handler(StoreError)
    def try_again(request: Request, error: StoreError) -> Response:
        # A locked or full disk passes; what was to be saved is sent again. Where the database lies
        # is for the owner, who sees the terminal.
        _log.error("%s", error)
        return tell(request, _DATABASE, 503)

    @app.exception_handler(AmgsError)
    def explained(request: Request, error: AmgsError) -> Response:
        return tell(request, str(error), 400)

    @app.exception_handler(RequestValidationError)
    def misshapen(request: Request, _error: RequestValidationError) -> Response:
        return tell(request, _NOT_OURS, 400)

    @app.exception_handler(HTTPException)
    def known(request: Request, error: HTTPException) -> Response:
        return tell(request, _WORDS.get(error.status_code, _NOT_OURS), error.status_code)

    @app.exception_handler(Exception)
    def unknown(request: Request, error: Exception) -> Response:
        _log.error("%s %s", request.method, request.url.path, exc_info=error)
        return tell(request, _WORDS[500], 500)
