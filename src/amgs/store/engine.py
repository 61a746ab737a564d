"""Connections and transactions: SQLite with one writer at a time, PostgreSQL by URL."""

from __future__ import annotations

import contextvars
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, IntegrityError, TimeoutError  # noqa: A004

from amgs.errors import ConflictError, StoreError
from amgs.store.whereabouts import Whereabouts

WAIT_S = 60
"""How long a writer waits for another one before it gives up."""

MOST_AT_ONCE = 40
"""So many requests of one program use a database at the same time."""

ROWS_AT_ONCE = 2000
"""Databases limit how many values one statement may carry."""

READ_ONLY = "amgs_read"
"""The option of a connection that only reads: it takes no lock."""

_FILE = "amgs_file"

_joined: contextvars.ContextVar[tuple[Engine, Connection] | None] = contextvars.ContextVar(
    "amgs_joined", default=None
)


def make_engine(url: str | URL) -> Engine:
    """Open an engine; SQLite gets WAL, full synchronisation and foreign keys.

    With ``synchronous=FULL`` every commit is on the disk before it returns, so that a pulled plug
    loses nothing that was said to be saved.
    """
    parsed = make_url(url) if isinstance(url, str) else url
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    # A connection waits as long for its turn as a writer: a room of raters answers at once.
    engine = create_engine(
        parsed, connect_args={"timeout": WAIT_S}, pool_size=MOST_AT_ONCE, pool_timeout=WAIT_S
    )
    file = Whereabouts(parsed.database or "")

    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin as `_begin_sqlite` says
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()
        file.note()

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin_sqlite)
    engine.update_execution_options(**{_FILE: file})
    return engine


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: two that began as readers could only fail.
    reading = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _file_of(engine: Engine) -> Whereabouts | None:
    found = engine.get_execution_options().get(_FILE)
    return found if isinstance(found, Whereabouts) else None


def _require_file(engine: Engine) -> None:
    file = _file_of(engine)
    if file is not None:
        file.require()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that is kept whole or not at all; inside `together`, a part of that one.

    Raises
    ------
    ConflictError
        If a row that must be the only one of its kind is there already.
    StoreError
        If the database refuses, or is not the file any more that was opened: nothing that was
        written is said to be kept.
    """
    joined = _joined.get()
    if joined is not None and joined[0] is engine:
        try:
            # What is refused must not undo, nor on PostgreSQL end, what was written before.
            with joined[1].begin_nested():
                yield joined[1]
        except IntegrityError as error:
            raise _explain_conflict(error) from error
        return
    _require_file(engine)
    try:
        with engine.begin() as connection:
            yield connection
        _require_file(engine)  # or it was taken away while it was written
    except IntegrityError as error:
        raise _explain_conflict(error) from error
    except (DatabaseError, TimeoutError) as error:
        raise _explain(error, engine) from error


def _explain_conflict(error: IntegrityError) -> ConflictError:
    return ConflictError(f"An entry with the same key exists already: {error.orig}.")


@contextmanager
def together(engine: Engine) -> Iterator[None]:
    """Let all that is read and written inside be one transaction."""
    with writing(engine) as connection:
        token = _joined.set((engine, connection))
        try:
            yield
        finally:
            _joined.reset(token)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One view of the database that does not change while it is read."""
    joined = _joined.get()
    if joined is not None and joined[0] is engine:
        yield joined[1]
        return
    _require_file(engine)
    try:
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            yield connection
    except (DatabaseError, TimeoutError) as error:
        raise _explain(error, engine) from error


def settle(engine: Engine, how: str = "PASSIVE") -> None:
    """Bring what stands in SQLite's log into the file itself; nothing where there is no such log.

    Whoever copies the file alone then has all of it. ``PASSIVE`` waits for nobody: what programs
    that read at the moment need of the log stays there until the next time.
    """
    if _file_of(engine) is None:
        return
    with suppress(DatabaseError, TimeoutError, sqlite3.Error), engine.connect() as connection:
        driver = connection.connection.driver_connection
        if driver is not None:
            # Not by SQLAlchemy, which would begin a transaction, in which SQLite refuses it.
            driver.execute(f"PRAGMA wal_checkpoint({how})").close()


def shut(engine: Engine) -> None:
    """Close all connections, everything in the one file before."""
    settle(engine, "TRUNCATE")
    file = _file_of(engine)
    if file is not None:
        file.close()
    engine.dispose()


def _explain(error: DatabaseError | TimeoutError, engine: Engine) -> StoreError:
    where = engine.url.render_as_string(hide_password=True)
    reason = getattr(error, "orig", error)
    return StoreError(
        f"The database {where} failed: {reason}. No partial data remain. Check free space, "
        "permissions and whether another program holds the file, then try again."
    )


def inserted_key(result: Any) -> int:
    """Return the key that the database gave to a new row."""
    return int(result.inserted_primary_key[0])
