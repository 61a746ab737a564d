"""Serving the scoring room: on this machine alone by default."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amgs.study import Study
from amgs.web.app import make_app
from amgs.web.connections import PatientServer, listen, make_room_for_files
from amgs.web.guard import LOOPBACK
from amgs.web.keys import Keys

DEFAULT_PORT = 8600


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
    listening = listen(host, port, DEFAULT_PORT)
    scheme = "https" if certificate else "http"
    name = socket.gethostname() if host in {"0.0.0.0", "::"} else host  # noqa: S104
    name = f"[{name}]" if ":" in name else name
    url = f"{scheme}://{name}:{listening.getsockname()[1]}/"
    app = make_app(study, keys, any_host=open_to_others, secure=bool(certificate))
    files = None if certificate is None else tuple(str(file) for file in certificate)
    announce(Address(url, keys.owner, keys.access))
    PatientServer(app, study.store.settle, files, make_room_for_files()).run(listening)
