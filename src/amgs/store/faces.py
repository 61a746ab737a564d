"""Faces in a database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select, update

from amgs.errors import StoreError, count_of, list_faults
from amgs.jobs import batches
from amgs.store import tables
from amgs.store.base import FaceStore
from amgs.store.engine import ROWS_AT_ONCE, reading, writing
from amgs.store.origins import provenance_id
from amgs.store.records import FaceRecord, StoredDetail

_FACE = tables.face.c
_SOURCE = tables.source.c


class SqlFaces(FaceStore):
    """See `FaceStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, faces: Sequence[FaceRecord], provenance: Mapping[str, Any]) -> int:
        """See `FaceStore.add`."""
        with writing(self._engine) as connection:
            known = {
                row.image: (row.content, row.code)
                for row in connection.execute(
                    select(_FACE.image, _FACE.content, _SOURCE.code).join_from(
                        tables.face, tables.source
                    )
                )
            }
            _refuse_changed(faces, known)
            new = {f.image: f for f in faces if f.image not in known}
            if not new:
                return 0
            keys = _keys(connection, (f.source for f in new.values()))
            origin = provenance_id(connection, provenance)
            for batch in batches(new.values(), ROWS_AT_ONCE):
                rows = [_face_row(face, keys[face.source], origin) for face in batch]
                connection.execute(insert(tables.face), rows)
        return len(new)

    def all(self, *, retired: bool = False) -> list[FaceRecord]:
        """See `FaceStore.all`."""
        return self._read([] if retired else [_SOURCE.recording != ""])

    def find(self, face_id: int) -> FaceRecord | None:
        """See `FaceStore.find`."""
        return next(iter(self._read([_FACE.id == face_id, _SOURCE.recording != ""])), None)

    def _read(self, conditions: Sequence[ColumnElement[bool]]) -> list[FaceRecord]:
        wanted = (
            select(
                _FACE.image,
                _SOURCE.code,
                _FACE.content,
                _FACE.time_s,
                _FACE.frame,
                _FACE.possible_sleep,
                _FACE.id,
                _SOURCE.recording,
                _FACE.same_as,
                _FACE.detail,
            )
            .join_from(tables.face, tables.source)
            .where(*conditions)
            .order_by(_FACE.id)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return [FaceRecord(*row[:9], StoredDetail(row.detail or "{}")) for row in rows]

    def count(self) -> int:
        """See `FaceStore.count`."""
        wanted = (
            select(func.count())
            .select_from(tables.face)
            .join(tables.source)
            .where(_SOURCE.recording != "")
        )
        with reading(self._engine) as connection:
            return int(connection.execute(wanted).scalar_one())

    def move(self, sources: Mapping[int, str]) -> None:
        """See `FaceStore.move`."""
        with writing(self._engine) as connection:
            keys = _keys(connection, sources.values())
            for face, code in sources.items():
                connection.execute(
                    update(tables.face).where(_FACE.id == face).values(source_id=keys[code])
                )

    def describe(self, details: Mapping[int, Mapping[str, Any]]) -> None:
        """See `FaceStore.describe`."""
        with writing(self._engine) as connection:
            for face, detail in details.items():
                text = json.dumps(dict(detail), ensure_ascii=False)
                connection.execute(update(tables.face).where(_FACE.id == face).values(detail=text))

    def clear(self) -> None:
        """See `FaceStore.clear`."""
        with writing(self._engine) as connection:
            used = {
                what: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for what, table in (
                    ("answers", tables.answer_log),
                    ("predictions", tables.prediction),
                )
            }
            if any(used.values()):
                found = " and ".join(f"{n} {what}" for what, n in used.items() if n)
                msg = (
                    f"Expected faces that nobody has scored or classified, found {found} of them: "
                    "they stay, and so do their faces."
                )
                raise StoreError(msg)
            connection.execute(delete(tables.presentation))
            connection.execute(delete(tables.face))
            connection.execute(delete(tables.source))


def _keys(connection: Connection, codes: Iterable[str]) -> dict[str, int]:
    """Return the keys of sources by their codes."""
    known = {row.code: row.id for row in connection.execute(select(_SOURCE.code, _SOURCE.id))}
    unknown = sorted(set(codes) - set(known))
    if unknown:
        msg = (
            f"Expected faces of sources that are known, found {count_of(len(unknown), 'other')}:\n"
        )
        raise StoreError(msg + list_faults(unknown))
    return known


def _refuse_changed(faces: Sequence[FaceRecord], known: Mapping[str, tuple[str, str]]) -> None:
    faults = []
    for face in faces:
        content, source = known.get(face.image, (face.content, face.source))
        if content != face.content:
            faults.append(f"{face.image}: the image is another one than the one known")
        elif source != face.source:
            faults.append(f"{face.image}: from {source} before, from {face.source} now")
    if faults:
        msg = (
            f"Expected the face images as they were taken up, found {len(faults)} changed:\n"
            f"{list_faults(faults)}\nPut the files back; images that were scored must not change."
        )
        raise StoreError(msg)


def _face_row(face: FaceRecord, source: int, origin: int) -> dict[str, Any]:
    return {
        "image": face.image,
        "source_id": source,
        "content": face.content,
        "time_s": face.time_s,
        "frame": face.frame,
        "possible_sleep": face.possible_sleep,
        "same_as": face.same_as,
        "detail": json.dumps(dict(face.detail), ensure_ascii=False),
        "provenance_id": origin,
    }
