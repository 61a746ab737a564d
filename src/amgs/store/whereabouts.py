"""Whether the file of a database is still the one that was opened."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from amgs.errors import StoreError


class Whereabouts:
    """The file behind a SQLite database, known by its number in the file system.

    A program that has a file open goes on writing into it after somebody deleted or replaced it,
    and everything seems well: but what was written is gone when the program ends.

    Parameters
    ----------
    path
        The file; empty for a database in memory.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path not in {"", ":memory:"} else None
        self._known: tuple[int, int] | None = None
        self._held: sqlite3.Connection | None = None
        self._rescued: Path | None = None
        self._lock = threading.Lock()

    def note(self) -> None:
        """Remember which file it is; call it when it has just been opened."""
        with self._lock:
            if self._path is None or self._known is not None:
                return
            # Connections of the pool come and go, and a new one would open what lies there by then:
            # this one stays with the file that was opened.
            self._held = sqlite3.connect(self._path, check_same_thread=False)
            self._held.execute("SELECT count(*) FROM sqlite_master").fetchone()
            self._known = self._look()

    def require(self) -> None:
        """Refuse to go on when the file is not the one that was opened.

        All that had been saved is written into another file beside it, once.

        Raises
        ------
        StoreError
            If the file was deleted, moved or replaced.
        """
        if self._path is None or self._known is None:
            return
        there = self._look()
        if there == self._known:
            return
        with self._lock:
            rescued = self._rescue()
        what = "deleted or moved" if there is None else "replaced by another file"
        kept = f" What amgs had saved before is kept in {rescued.name}." if rescued else ""
        msg = (
            f"The study's database was {what} while amgs was using it, so nothing more can be "
            f"saved.{kept} Put {self._path.name} back as it was, or stop amgs, put the right file "
            "in its place, and start amgs again."
        )
        raise StoreError(msg)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._held is not None:
                self._held.close()
                self._held = None

    def _look(self) -> tuple[int, int] | None:
        assert self._path is not None  # noqa: S101 - who calls it has asked
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _rescue(self) -> Path | None:
        """Write what the connection to the old file still sees into a new one."""
        if self._rescued is None and self._held is not None and self._path is not None:
            at = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            target = self._path.with_name(f"{self._path.stem}-rescued-{at}{self._path.suffix}")
            with suppress(sqlite3.Error, OSError), closing(sqlite3.connect(target)) as copy:
                self._held.backup(copy)
                self._rescued = target
        return self._rescued
