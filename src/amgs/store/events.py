"""Events and secrets of a study in a database."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, insert, select

from amgs.errors import ConflictError
from amgs.store import tables
from amgs.store.base import EventStore, now
from amgs.store.engine import reading, writing


class SqlEvents(EventStore):
    """See `EventStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def log(self, kind: str, who: str, detail: Mapping[str, Any]) -> None:
        """See `EventStore.log`."""
        text = json.dumps(detail, ensure_ascii=False)
        with writing(self._engine) as connection:
            connection.execute(
                insert(tables.event).values(kind=kind, who=who, at=now(), detail=text)
            )

    def all(self, kind: str) -> list[dict[str, Any]]:
        """See `EventStore.all`."""
        column = tables.event.c
        wanted = select(column.who, column.at, column.detail).where(column.kind == kind)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(column.id)).all()
        return [{"who": row.who, "at": row.at, **json.loads(row.detail)} for row in rows]

    def secret(self, name: str) -> str:
        """See `EventStore.secret`."""
        wanted = select(tables.secret.c.value).where(tables.secret.c.name == name)
        with reading(self._engine) as connection:
            known = connection.execute(wanted).scalar()
        if known is None:
            # Another process may make it in the meantime: theirs is read then.
            with suppress(ConflictError), writing(self._engine) as connection:
                connection.execute(
                    insert(tables.secret).values(name=name, value=secrets.token_hex(32))
                )
            with reading(self._engine) as connection:
                known = connection.execute(wanted).scalar_one()
        return str(known)
