"""Opening a study's store: by its folder or by a URL, brought up to date where it is old."""

from __future__ import annotations

import filecmp
import logging
import os
import sqlite3
from contextlib import closing
from functools import lru_cache, partial
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from amgs.drives import network_drive_of
from amgs.errors import StoreError, StoreTooNewError
from amgs.files import atomic_file
from amgs.store.engine import READ_ONLY, make_engine, settle, shut, together
from amgs.store.events import SqlEvents
from amgs.store.faces import SqlFaces
from amgs.store.predictions import SqlPredictions
from amgs.store.raters import SqlRaters
from amgs.store.scoring import SqlScoring
from amgs.store.sources import SqlSources
from amgs.store.store import Store

if TYPE_CHECKING:
    from alembic.config import Config

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())

_UPGRADE_LOCK = 20_180_801
_EMPTY = (
    "Expected the scores and results of the study in {path}, found an empty database or one of "
    "another program. Put back a copy of the file."
)
DATABASE = "study.db"
"""The file of a study's own database."""


def open_store(folder: Path, url: str = "", *, create: bool = False) -> Store:
    """Open the store of a study; an old one is brought up to date, after a copy was kept.

    Parameters
    ----------
    folder
        The study's folder; its ``study.db`` is used when no URL is given.
    url
        A database server, such as ``postgresql+psycopg://user@host/study``.
    create
        Make the database when it is not there.

    Raises
    ------
    StoreError
        If it is not there or cannot be opened.
    StoreTooNewError
        If a newer amgs wrote it.
    """
    path = folder / DATABASE
    if not url:
        _warn_of_network(folder)
    if not url and not path.exists() and not create:
        msg = f"Expected the database {DATABASE} in {folder}, found none. Was it moved?"
        raise StoreError(msg)
    if not url and not create and path.stat().st_size == 0:
        raise StoreError(_EMPTY.format(path=path))  # before SQLite writes its header into it
    own = not url
    engine: Engine | None = None
    try:
        # As a part, not as text: a folder may have any character in its name.
        engine = make_engine(URL.create("sqlite", database=str(path)) if own else url)
        _bring_up_to_date(engine, path if own else None, may_be_empty=create or not own)
    except StoreError:
        if engine is not None:
            engine.dispose()  # or its journals would stay beside a file that is not opened
        raise
    except (NoSuchModuleError, ArgumentError, ModuleNotFoundError) as error:
        msg = (
            f"Expected the address of a database, such as postgresql+psycopg://user@host/name, "
            f"found one that cannot be used: {error}. For PostgreSQL: pip install 'amgs[postgres]'."
        )
        raise StoreError(msg) from error
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        msg = f"The study's database cannot be opened: {reason}."
        if own and not os.access(folder, os.W_OK):
            msg += (
                f" Nothing may be written in {folder}, and the database writes beside itself even "
                "when it is only read. Copy the study to a folder of your own."
            )
        raise StoreError(msg) from error
    return Store(
        SqlSources(engine),
        SqlFaces(engine),
        SqlRaters(engine),
        SqlScoring(engine),
        SqlPredictions(engine),
        SqlEvents(engine),
        partial(together, engine),
        partial(settle, engine),
        partial(shut, engine),
        engine.url.render_as_string(hide_password=True),
    )


@lru_cache(maxsize=64)
def _warn_of_network(folder: Path) -> None:
    """Say once that a database file on a network drive bears one writer at a time."""
    if kind := network_drive_of(folder):
        _log.warning(
            "%s lies on a network drive (%s). Its database bears one program at a time there: two "
            "that write at once can damage it. Work on a local copy, or use PostgreSQL ([study] "
            "database in study.toml).",
            folder,
            kind,
        )


def _bring_up_to_date(engine: Engine, path: Path | None, *, may_be_empty: bool) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    with as_file(files("amgs.store") / "migrations") as scripts:
        config = _configure(scripts)
        known = ScriptDirectory.from_config(config)
        newest = known.get_current_head()
        # Without a lock first: most studies are up to date, and readers need not wait.
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            found = _version_of(connection)
        if found == newest:
            return
        if found is None and not may_be_empty:
            raise StoreError(_EMPTY.format(path=path))
        if found is not None and found not in {r.revision for r in known.walk_revisions()}:
            msg = (
                f"Expected a study written by this amgs or an older one, found version {found} of "
                f"its database; this amgs knows up to {newest}. Install a newer amgs."
            )
            raise StoreTooNewError(msg)
        with engine.begin() as connection:  # SQLite: no other process writes from here on
            if engine.dialect.name == "postgresql":  # one program upgrades, others wait
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
            found = _version_of(connection)
            if found == newest:
                return  # another process was faster
            # Under the lock, or the copy could already be the upgraded file.
            if found is not None and path is not None:
                _keep_copy(path, found)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _version_of(connection: Connection) -> str | None:
    """Return the version of a database; ``None`` where it has none of our tables."""
    from alembic.runtime.migration import MigrationContext

    found = MigrationContext.configure(connection).get_current_heads()
    if len(found) > 1:
        msg = (
            f"Expected one version in the study's database, found {', '.join(sorted(found))}: it "
            "was changed by hand. Put back a copy of the file."
        )
        raise StoreError(msg)
    return found[0] if found else None


def _configure(scripts: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", scripts.as_posix().replace("%", "%%"))
    return config


def _keep_copy(path: Path, version: str) -> None:
    """Copy a database before it is changed, with SQLite's own means, beside it.

    A copy of an earlier upgrade stays: an old database may have been put back and worked with.
    """
    stem = f"{path.stem}-before-upgrade-from-{version}"
    with TemporaryDirectory(dir=path.parent, prefix=f".{stem}") as place:
        made = Path(place) / path.name
        copy_database(path, made)
        copy, number = path.with_name(f"{stem}{path.suffix}"), 2
        while copy.exists() and _is_whole(copy, version):
            if filecmp.cmp(made, copy, shallow=False):
                return  # of an upgrade that did not come to its end
            copy, number = path.with_name(f"{stem}-{number}{path.suffix}"), number + 1
        with atomic_file(copy) as temporary:
            made.replace(temporary)


def _is_whole(path: Path, version: str) -> bool:
    """Whether a file is a database of a version, without damage."""
    try:
        with closing(sqlite3.connect(path)) as database:
            (checked,) = database.execute("PRAGMA quick_check").fetchone()
            found = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return False
    return bool(checked == "ok" and found == (version,))


def copy_database(path: Path, copy: Path) -> None:
    """Copy a SQLite database as it is at this moment, also while others write to it.

    Raises
    ------
    StoreError
        If it cannot be read, or the disk is full.
    """
    try:
        with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        msg = f"The database {path} could not be copied to {copy.parent}: {error}. Is there space?"
        raise StoreError(msg) from error
