"""Opening a study's store: by its folder or by a URL, brought up to date where it is old."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from functools import lru_cache, partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Engine, text
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
    own = not url
    try:
        # As a part, not as text: a folder may have any character in its name.
        engine = make_engine(URL.create("sqlite", database=str(path)) if own else url)
        _bring_up_to_date(engine, path if own else None)
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


def _bring_up_to_date(engine: Engine, path: Path | None) -> None:
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with as_file(files("amgs.store") / "migrations") as scripts:
        config = _configure(scripts)
        known = ScriptDirectory.from_config(config)
        newest = known.get_current_head()
        # Without a lock first: most studies are up to date, and readers need not wait.
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        if found == newest:
            return
        if found is not None and found not in {r.revision for r in known.walk_revisions()}:
            msg = (
                f"Expected a study written by this amgs or an older one, found version {found} of "
                f"its database; this amgs knows up to {newest}. Install a newer amgs."
            )
            raise StoreTooNewError(msg)
        with engine.begin() as connection:  # SQLite: no other process writes from here on
            if engine.dialect.name == "postgresql":  # one program upgrades, others wait
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
            found = MigrationContext.configure(connection).get_current_revision()
            if found == newest:
                return  # another process was faster
            # Under the lock, or the copy could already be the upgraded file.
            if found is not None and path is not None:
                _keep_copy(path, found)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _configure(scripts: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", scripts.as_posix().replace("%", "%%"))
    return config


def _keep_copy(path: Path, version: str) -> None:
    """Copy a database before it is changed, with SQLite's own means, beside it."""
    copy = path.with_name(f"{path.stem}-before-upgrade-from-{version}{path.suffix}")
    if copy.exists() and _is_whole(copy, version):
        return  # of an upgrade that did not come to its end: what it kept is the older one
    with atomic_file(copy) as temporary:
        copy_database(path, temporary)


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
