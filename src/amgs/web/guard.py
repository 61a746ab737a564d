"""Who may send what: hosts, keys, forged requests, sizes, and the headers of every answer."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 16 * 1024
"""No request of ours is larger; a larger one is refused before it is read."""

GUESSES = 10
WITHIN_S = 60.0
MOST_PURPOSES = 1000

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # without any, browsers send no origin with forms
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}


class GuardMiddleware:
    """Refuses foreign hosts, foreign origins and large bodies; sets the headers.

    Parameters
    ----------
    app
        What is guarded.
    any_host
        Accept any name of this machine; a key is then needed to come in. Otherwise only the
        loopback names are accepted, so that no foreign page can reach in under a name of its own.
    """

    def __init__(self, app: ASGIApp, *, any_host: bool) -> None:
        self._app = app
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refuse(scope["method"], Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, _limited(receive), send_with_headers)

    def _refuse(self, method: str, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if not self._any_host and name not in LOOPBACK:
            return PlainTextResponse("This page is only served to this machine.", 400)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return PlainTextResponse("The request is too large.", 413)
        if method not in SAFE_METHODS:
            origin = headers.get("origin")
            site = headers.get("sec-fetch-site", "same-origin")
            own = {f"http://{host}", f"https://{host}"}
            if (origin is not None and origin not in own) or site not in {"same-origin", "none"}:
                return PlainTextResponse("The request comes from another page.", 403)
        return None


def _limited(receive: Receive) -> Receive:
    """Cut a body off that does not say how long it is."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MOST_BYTES:
            return {"type": "http.disconnect"}
        return message

    return limited


@dataclass
class Keys:
    """The secrets of a running scoring room.

    ``access`` lets raters in when others than this machine can reach the page (empty: not needed),
    ``owner`` opens the owner's page, ``signing`` proves that a form is ours.
    """

    owner: str
    access: str
    signing: str
    _failures: dict[str, deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def make(cls, *, with_access: bool, signing: str = "") -> Keys:
        """Make new keys; with the study's own `signing`, open pages go on after a restart."""
        access = secrets.token_urlsafe(12) if with_access else ""
        return cls(secrets.token_urlsafe(18), access, signing or secrets.token_hex(32))

    def sign(self, token: str) -> str:
        """Return the signature of a token, which only this program can make."""
        return hmac.new(self.signing.encode(), token.encode(), hashlib.sha256).hexdigest()

    def is_signed(self, token: str, signature: str) -> bool:
        """Whether a signature belongs to a token."""
        return equal_secrets(signature, self.sign(token) if token else "")

    def too_many_guesses(self, purpose: str) -> bool:
        """Whether a secret was guessed too often in the last minute.

        Parameters
        ----------
        purpose
            Which secret, such as the code of one rater: whoever guesses at one locks out nobody
            else.
        """
        with self._lock:
            failures = self._failures.get(purpose)
            if failures is None:
                return False
            now = time.monotonic()
            while failures and now - failures[0] > WITHIN_S:
                failures.popleft()
            return len(failures) >= GUESSES

    def wrong_guess(self, purpose: str) -> None:
        """Count a wrong key or code; see `too_many_guesses`."""
        with self._lock:
            if len(self._failures) >= MOST_PURPOSES and purpose not in self._failures:
                self._failures.pop(
                    next(iter(self._failures))
                )  # invented names must not fill memory
            self._failures.setdefault(purpose, deque(maxlen=GUESSES)).append(time.monotonic())


def equal_secrets(given: str, kept: str) -> bool:
    """Compare two secrets without telling by the time how much of them is equal."""
    # An empty kept secret means that there is none, and must never match an empty guess.
    return bool(kept) and secrets.compare_digest(given.encode(), kept.encode())


def explain(request: Request, message: str, status: int) -> JSONResponse:
    """Return an error in the one shape that all errors of the web have."""
    del request
    return JSONResponse({"error": message}, status)
