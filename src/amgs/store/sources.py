"""Where faces come from, in a database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, insert, select, update

from amgs.store import tables
from amgs.store.base import SourceStore
from amgs.store.engine import reading, writing
from amgs.store.records import SourceRecord

_SOURCE = tables.source.c


class SqlSources(SourceStore):
    """See `SourceStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, sources: Sequence[SourceRecord]) -> None:
        """See `SourceStore.put`."""
        with writing(self._engine) as connection:
            known = set(connection.execute(select(_SOURCE.code)).scalars())
            for source in sources:
                values = {
                    "base": source.base,
                    "generation": source.generation,
                    "recording": source.recording,
                    "kept": source.kept,
                    "detail": json.dumps(source.detail, ensure_ascii=False),
                }
                if source.code in known:
                    changed = update(tables.source).where(_SOURCE.code == source.code)
                    connection.execute(changed.values(values))
                else:
                    connection.execute(insert(tables.source).values(code=source.code, **values))
                    known.add(source.code)

    def assign(self, recordings: Mapping[str, tuple[str, bool]]) -> None:
        """See `SourceStore.assign`."""
        with writing(self._engine) as connection:
            for code, recording, kept in connection.execute(
                select(_SOURCE.code, _SOURCE.recording, _SOURCE.kept)
            ).all():
                wanted = recordings.get(code, ("", False))
                if wanted != (recording, kept):
                    connection.execute(
                        update(tables.source)
                        .where(_SOURCE.code == code)
                        .values(recording=wanted[0], kept=wanted[1])
                    )

    def all(self) -> list[SourceRecord]:
        """See `SourceStore.all`."""
        wanted = select(
            _SOURCE.code,
            _SOURCE.base,
            _SOURCE.generation,
            _SOURCE.recording,
            _SOURCE.kept,
            _SOURCE.detail,
            _SOURCE.id,
        ).order_by(_SOURCE.id)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return [SourceRecord(*row[:5], json.loads(row.detail or "{}"), row.id) for row in rows]
