"""Scoring rooms that the lab opens: each is ``amgs score`` in a process of its own.

So the page of the raters stays what it is: another program at another port, with keys of its own,
that knows nothing of the lab.
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from amgs.errors import StudyError
from amgs.processes import begin_process, end_input, kill_all

_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """A scoring room that is open: where raters go, and their access key if they need one."""

    url: str
    access_key: str
    others: bool


class Rooms:
    """The rooms that are open, by study."""

    def __init__(self) -> None:
        self._rooms: dict[str, tuple[OpenRoom, subprocess.Popen[bytes]]] = {}
        self._lock = threading.Lock()

    def find(self, mark: str) -> OpenRoom | None:
        """Return the open room of a study."""
        with self._lock:
            room, process = self._rooms.get(mark, (None, None))
            if process is not None and process.poll() is not None:
                del self._rooms[mark]
                return None
            return room

    def open(self, mark: str, folder: Path, *, others: bool) -> OpenRoom:
        """Open the room of a study, for this computer or for others in the network too.

        Raises
        ------
        StudyError
            If it does not open; with what it said.
        """
        if self.find(mark) is not None:
            self.close(mark)
        host = "0.0.0.0" if others else "127.0.0.1"  # noqa: S104 - it was asked for, with a key
        with tempfile.TemporaryFile() as errors:
            process = begin_process(["amgs.web.lab.room_process", str(folder), host], errors)
            told = _first_document(process)
            if told is None:
                process.wait(_PATIENCE_S)
                errors.seek(0)
                text = errors.read().decode("utf-8", "replace").strip()
                raise StudyError(text or "The scoring room did not open.")
        url = told["url"]
        if others:
            url = _by_number(url)
        room = OpenRoom(url, told["access_key"], others)
        with self._lock:
            self._rooms[mark] = (room, process)
        return room

    def close(self, mark: str) -> None:
        """Close the room of a study; every answer that was shown as saved is in the study."""
        with self._lock:
            _, process = self._rooms.pop(mark, (None, None))
        if process is not None:
            _end(process)

    def close_all(self) -> None:
        """Close all rooms."""
        for mark in list(self._rooms):
            self.close(mark)


def _by_number(url: str) -> str:
    """Return an address with the number of this computer in the network instead of its name.

    Telephones and tablets often cannot find a computer by its name. Nothing is sent: the system is
    only asked which of its addresses leads to others.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("10.255.255.255", 1))
            number = asked.getsockname()[0]
        except OSError:  # in no network
            return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{number}:{parts.port}"))


def _first_document(process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    assert process.stdout is not None  # noqa: S101
    line = process.stdout.readline()
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _end(process: subprocess.Popen[bytes]) -> None:
    end_input(process)
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            kill_all(process)
    if process.stdout is not None:
        process.stdout.close()
