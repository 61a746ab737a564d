"""Serving the lab on this computer until it is ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from amgs.web.connections import PatientServer, listen, make_room_for_files
from amgs.web.keys import Keys
from amgs.web.lab.app import make_lab_app

DEFAULT_PORT = 8500
OWNER_IDLE_S = 90 * 24 * 3600.0
"""The lab is of one person at one computer: it does not ask again while it runs."""


def serve_lab(
    announce: Callable[[str], None], port: int | None = None, folder: Path | None = None
) -> None:
    """Serve the lab until it is stopped; with it end the rooms and the work that it began.

    Parameters
    ----------
    announce
        Told the whole address, with its key, before the first request.
    port
        The port; the first free one from 8500 on if not given.
    folder
        A study to open at once.

    Raises
    ------
    StudyError
        If the folder is no study.
    ImpossibleValueError
        If the port cannot be used.
    """
    keys = Keys.make(with_access=False)
    keys.owners.idle_s = OWNER_IDLE_S
    app = make_lab_app(keys)
    begin = "" if folder is None else f"&study={app.state.lab.take_up(folder)}"
    listening = listen("127.0.0.1", port, DEFAULT_PORT)
    announce(f"http://127.0.0.1:{listening.getsockname()[1]}/?key={keys.owner}{begin}")
    PatientServer(app, lambda: None, None, make_room_for_files()).run(listening)
