"""The server of the scoring room: it outlasts idle connections, and ends in order.

uvicorn waits for ever for the rest of a request that was begun, and takes every connection: some
hundred half-sent requests would use up the files that a program may have open. And a signal ends it
without closing the database: nothing is lost, but part of it stands in SQLite's log, and whoever
copies the database file alone would lose that part.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from amgs.errors import ImpossibleValueError

HALF_SENT_S = 20.0
"""A request must have come whole after so many seconds."""

MOST_FILES = 4096
SETTLE_AFTER_S = 3.0
"""After so long without a request what was written is brought into the database file."""

_LEAST_CONNECTIONS = 64
_TRIED_PORTS = 20


def make_room_for_files() -> int:
    """Let the program have more files open, where the system allows; return how many connections.

    macOS allows 256 files by default, of which the database and Python need some.
    """
    if sys.platform == "win32":
        return MOST_FILES // 2
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (ValueError, OSError):  # not even up to the hard limit: go on with what there is
            wanted = soft
    return max(_LEAST_CONNECTIONS, min(soft, MOST_FILES) // 2)


def impatient(most_connections: int, seconds: float = HALF_SENT_S) -> type[asyncio.Protocol]:
    """Return a protocol that closes connections on which no whole request comes in time.

    Parameters
    ----------
    most_connections
        Further ones are closed at once: their browser tries again.
    seconds
        How long a request may take to come in.
    """

    class ImpatientProtocol(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            if len(self.connections) >= most_connections:
                transport.abort()
                return
            super().connection_made(transport)
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._timer is not None:
                self._timer.cancel()
                super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._timer is not None:
                super().data_received(data)

        def _wait(self) -> None:
            self._timer = self.loop.call_later(seconds, self._look)

        def _look(self) -> None:
            cycle = self.cycle
            at_work = cycle is not None and not cycle.response_complete and not cycle.more_body
            if at_work:
                self._wait()
            else:
                self.transport.abort()

    return ImpatientProtocol


class PatientServer:
    """Serves until Ctrl-C, SIGTERM, or the end of the terminal.

    Parameters
    ----------
    app
        The web program.
    settle
        Brings what was written into the database's one file.
    certificate
        Paths of certificate and key, to serve by HTTPS.
    most_connections
        How many connections at once.
    """

    def __init__(
        self,
        app: Any,
        settle: Callable[[], None],
        certificate: tuple[str, ...] | None = None,
        most_connections: int = 1000,
    ) -> None:
        self._settle = settle
        self._last = time.monotonic()
        self._settled = True
        config = uvicorn.Config(
            self._noticing(app),
            http=impatient(most_connections),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ssl_certfile=None if certificate is None else certificate[0],
            ssl_keyfile=None if certificate is None else certificate[1],
        )
        self.server = uvicorn.Server(config)

    def run(self, listening: Any) -> None:
        """Serve on a socket until told to end; every way to end closes what is open."""
        logging.getLogger("asyncio").addFilter(OncePerMinute("socket.accept() out of system"))
        quit_ = threading.Event()
        tidy = threading.Thread(target=self._settle_when_idle, args=(quit_,), daemon=True)
        tidy.start()
        with _ended_in_order(self.server):
            try:
                self.server.run(sockets=[listening])
            finally:
                quit_.set()
                tidy.join(10)

    def _noticing(self, app: Any) -> Any:
        async def noticed(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["method"] == "POST":
                self._settled = False
                self._last = time.monotonic()
            await app(scope, receive, send)

        return noticed

    def _settle_when_idle(self, quit_: threading.Event) -> None:
        while not quit_.wait(1.0):
            if not self._settled and time.monotonic() - self._last > SETTLE_AFTER_S:
                self._settled = True
                self._settle()


@contextmanager
def _ended_in_order(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the program as Ctrl-C does."""

    def end(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # Python lets only the main thread handle signals; a room in another one is its caller's to end.
    here = threading.current_thread() is threading.main_thread()
    names = ("SIGTERM", "SIGHUP") if here else ()
    kinds = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # uvicorn has a handler of its own for SIGTERM while it runs, and raises it again at its end.
    before = {kind: signal.signal(kind, end) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


class OncePerMinute(logging.Filter):
    """Lets one kind of message through once a minute: it would come thousands of times.

    Parameters
    ----------
    beginning
        How the message begins.
    """

    def __init__(self, beginning: str) -> None:
        super().__init__()
        self._beginning = beginning
        self._last = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is let through."""
        if not record.getMessage().startswith(self._beginning):
            return True
        record.exc_info = None
        if time.monotonic() - self._last < 60:  # noqa: PLR2004 - a minute
            return False
        self._last = time.monotonic()
        return True


def listen(host: str, port: int | None, first: int) -> socket.socket:
    """Return a socket that listens: at a port, or at the first free one from `first` on.

    Raises
    ------
    ImpossibleValueError
        If the address or port cannot be used.
    """
    _require_host(host)
    tried = [port] if port is not None else range(first, first + _TRIED_PORTS)
    problem = ""
    for candidate in tried:
        try:
            return _bind(host, candidate)
        except (OSError, OverflowError) as error:
            problem = str(error)
    msg = f"Expected a free port at {host}, found none: {problem}. Choose another with --port."
    raise ImpossibleValueError(msg)


def _require_host(host: str) -> None:
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        msg = (
            f"Expected an address of this computer after --host, such as 127.0.0.1 or 0.0.0.0, "
            f"found {host!r}: {error}."
        )
        raise ImpossibleValueError(msg) from error


def _bind(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    # asyncio sends at once only where the protocol is named; answers would wait 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)  # Windows
    try:
        listening.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1
        )
        listening.bind((host, port))
        listening.listen(128)  # who opens the page at once waits, and is not refused
    except OSError:
        listening.close()
        raise
    return listening
