"""Who may send what: hosts, keys, forged requests, sizes, and the headers of every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 16 * 1024
"""No request of ours is larger; a larger one is refused before it is read."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
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
    most_bytes
        A larger request is refused before it is read.
    """

    def __init__(self, app: ASGIApp, *, any_host: bool, most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._any_host = any_host
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refuse(scope["method"], Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, _limited(receive, self._most_bytes), send_with_headers)

    def _refuse(self, method: str, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        # Not starlette's TrustedHostMiddleware: it takes the first colon of [::1]:8600 for the one
        # before the port.
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.lower().removesuffix(".")
        if not self._any_host and name not in LOOPBACK:
            return PlainTextResponse("This page is only served to this machine.", 400)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._most_bytes:
            return PlainTextResponse("The request is too large.", 413)
        if method not in SAFE_METHODS:
            origin = headers.get("origin")
            site = headers.get("sec-fetch-site", "same-origin")
            own = {f"http://{host}", f"https://{host}"}
            if (origin is not None and origin not in own) or site not in {"same-origin", "none"}:
                return PlainTextResponse("The request comes from another page.", 403)
        return None


def _limited(receive: Receive, most_bytes: int) -> Receive:
    """Cut a body off that does not say how long it is."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most_bytes:
            return {"type": "http.disconnect"}
        return message

    return limited
