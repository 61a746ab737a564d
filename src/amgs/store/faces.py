"""Faces in a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select

from amgs.errors import StoreError, list_faults
from amgs.jobs import batches
from amgs.store import tables
from amgs.store.base import FaceStore
from amgs.store.engine import ROWS_AT_ONCE, reading, writing
from amgs.store.origins import provenance_id
from amgs.store.records import FaceRecord

_FACE = tables.face.c


class SqlFaces(FaceStore):
    """See `FaceStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, faces: Sequence[FaceRecord], provenance: Mapping[str, Any]) -> int:
        """See `FaceStore.add`."""
        with writing(self._engine) as connection:
            known = {
                row.image: (row.content, row.recording)
                for row in connection.execute(select(_FACE.image, _FACE.content, _FACE.recording))
            }
            _refuse_changed(faces, known)
            new = {f.image: f for f in faces if f.image not in known}
            if not new:
                return 0
            origin = provenance_id(connection, provenance)
            for batch in batches(new.values(), ROWS_AT_ONCE):
                connection.execute(insert(tables.face), [_face_row(face, origin) for face in batch])
        return len(new)

    def all(self) -> list[FaceRecord]:
        """See `FaceStore.all`."""
        wanted = select(
            _FACE.image,
            _FACE.recording,
            _FACE.content,
            _FACE.time_s,
            _FACE.frame,
            _FACE.possible_sleep,
            _FACE.id,
        ).order_by(_FACE.id)
        with reading(self._engine) as connection:
            return [FaceRecord(*row) for row in connection.execute(wanted)]

    def count(self) -> int:
        """See `FaceStore.count`."""
        with reading(self._engine) as connection:
            return int(
                connection.execute(select(func.count()).select_from(tables.face)).scalar_one()
            )

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


def _refuse_changed(faces: Sequence[FaceRecord], known: Mapping[str, tuple[str, str]]) -> None:
    faults = []
    for face in faces:
        content, recording = known.get(face.image, (face.content, face.recording))
        if content != face.content:
            faults.append(f"{face.image}: the image is another one than the one known")
        elif recording != face.recording:
            faults.append(f"{face.image}: {recording} before, {face.recording} now")
    if faults:
        msg = (
            f"Expected the face images as they were taken up, found {len(faults)} changed:\n"
            f"{list_faults(faults)}\nPut the files back; images that were scored must not change."
        )
        raise StoreError(msg)


def _face_row(face: FaceRecord, origin: int) -> dict[str, Any]:
    return {
        "image": face.image,
        "recording": face.recording,
        "content": face.content,
        "time_s": face.time_s,
        "frame": face.frame,
        "possible_sleep": face.possible_sleep,
        "provenance_id": origin,
    }
