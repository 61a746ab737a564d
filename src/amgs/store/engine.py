"""Connections and transactions: SQLite with one writer at a time, PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, IntegrityError

from amgs.errors import ConflictError, StoreError

WAIT_S = 60
"""How long a writer waits for another one before it gives up."""

ROWS_AT_ONCE = 2000
"""Databases limit how many values one statement may carry."""

_READ = "amgs_read"


def make_engine(url: str | URL) -> Engine:
    """Open an engine; SQLite gets WAL, full synchronisation and foreign keys.

    With ``synchronous=FULL`` every commit is on the disk before it returns, so that a pulled plug
    loses nothing that was said to be saved.
    """
    parsed = make_url(url) if isinstance(url, str) else url
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    engine = create_engine(parsed, connect_args={"timeout": WAIT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin as `_begin_sqlite` says
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: two that began as readers could only fail.
    reading = connection.get_execution_options().get(_READ, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that is kept whole or not at all.

    Raises
    ------
    ConflictError
        If a row that must be the only one of its kind is there already.
    StoreError
        If the database refuses, with its reason.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except IntegrityError as error:
        raise ConflictError(f"An entry with the same key exists already: {error.orig}.") from error
    except DatabaseError as error:
        raise _explain(error, engine) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One view of the database that does not change while it is read."""
    try:
        with engine.connect().execution_options(**{_READ: True}) as connection:
            yield connection
    except DatabaseError as error:
        raise _explain(error, engine) from error


def _explain(error: DatabaseError, engine: Engine) -> StoreError:
    where = engine.url.render_as_string(hide_password=True)
    return StoreError(
        f"The database {where} failed: {error.orig}. No partial data remain. Check free space, "
        "permissions and whether another program holds the file, then try again."
    )


def inserted_key(result: Any) -> int:
    """Return the key that the database gave to a new row."""
    return int(result.inserted_primary_key[0])
