"""Serving the scoring room: on this machine alone by default."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amgs.errors import ImpossibleValueError
from amgs.study import Study
from amgs.web.app import make_app
from amgs.web.connections import PatientServer, make_room_for_files
from amgs.web.guard import LOOPBACK
from amgs.web.keys import Keys

DEFAULT_PORT = 8600
_TRIED_PORTS = 20


@dataclass(frozen=True, slots=True)
class Address:
    """Where the pages are, and the keys that open them."""

    url: str
    owner_key: str
    access_key: str


def serve(
    study: Study,
    host: str,
    port: int | None,
    announce: Callable[[Address], None],
    certificate: tuple[Path, Path] | None = None,
) -> None:
    """Serve the scoring room until it is stopped.

    Parameters
    ----------
    study
        An open study.
    host
        The address to listen at; everything but a loopback address needs an access key, which is
        made.
    port
        The port; the first free one from 8600 on if not given.
    announce
        Told the address and the keys, before the first request.
    certificate
        Files of certificate and key, to serve by HTTPS.

    Raises
    ------
    ImpossibleValueError
        If the address or port cannot be used.
    """
    open_to_others = host not in LOOPBACK
    keys = Keys.make(with_access=open_to_others, signing=study.store.events.secret("signing"))
    listening = _listen(host, port)
    scheme = "https" if certificate else "http"
    name = socket.gethostname() if host in {"0.0.0.0", "::"} else host  # noqa: S104
    name = f"[{name}]" if ":" in name else name
    url = f"{scheme}://{name}:{listening.getsockname()[1]}/"
    app = make_app(study, keys, any_host=open_to_others, secure=bool(certificate))
    files = None if certificate is None else tuple(str(file) for file in certificate)
    announce(Address(url, keys.owner, keys.access))
    PatientServer(app, study.store.settle, files, make_room_for_files()).run(listening)


def _listen(host: str, port: int | None) -> socket.socket:
    _require_host(host)
    tried = [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + _TRIED_PORTS)
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
