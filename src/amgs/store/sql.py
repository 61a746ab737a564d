"""Faces, predictions and events in a database."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from amgs.errors import ConflictError, StoreError, list_faults
from amgs.jobs import batches
from amgs.provenance import hash_text
from amgs.store import tables
from amgs.store.base import EventStore, FaceRecord, FaceStore, PredictionStore, StoredPrediction
from amgs.store.engine import reading, writing

_AT_ONCE = 2000
_FACE = tables.face.c
_PREDICTION = tables.prediction.c


def now() -> str:
    """Return the present time, UTC, in milliseconds, as text that sorts."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def provenance_id(connection: Connection, document: Mapping[str, Any]) -> int:
    """Write down where rows come from, once, and return its key."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    sha256 = hash_text([text])
    wanted = select(tables.provenance.c.id).where(tables.provenance.c.sha256 == sha256)
    known = connection.execute(wanted).scalar()
    if known is not None:
        return int(known)
    try:
        with connection.begin_nested():
            result = connection.execute(
                insert(tables.provenance).values(sha256=sha256, document=text, created=now())
            )
            return inserted_key(result)
    except IntegrityError:  # another process wrote the same at the same moment
        return int(connection.execute(wanted).scalar_one())


def inserted_key(result: Any) -> int:
    """Return the key that the database gave to a new row."""
    return int(result.inserted_primary_key[0])


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
            for batch in batches(new.values(), _AT_ONCE):
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


def _refuse_changed(faces: Sequence[FaceRecord], known: Mapping[str, tuple[str, str]]) -> None:
    faults = []
    for face in faces:
        content, recording = known.get(face.image, (face.content, face.recording))
        if content != face.content:
            faults.append(f"{face.image}: the picture is another one than the one known")
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


class SqlPredictions(PredictionStore):
    """See `PredictionStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_model(self, name: str, folder: str, sha256: str, provenance: Mapping[str, Any]) -> None:
        """See `PredictionStore.add_model`."""
        with writing(self._engine) as connection:
            known = self._model_id(connection, sha256)
            if known is None:
                connection.execute(
                    insert(tables.model).values(
                        name=name,
                        folder=folder,
                        sha256=sha256,
                        provenance_id=provenance_id(connection, provenance),
                    )
                )
            elif folder:  # it may have been from elsewhere so far, and has a place here now
                model = tables.model.c
                connection.execute(
                    update(tables.model)
                    .where(model.id == known, model.folder == "")
                    .values(name=name, folder=folder)
                )

    def models(self) -> list[tuple[str, str, str]]:
        """See `PredictionStore.models`."""
        model = tables.model.c
        wanted = select(model.name, model.folder, model.sha256).order_by(model.id)
        with reading(self._engine) as connection:
            return [(row.name, row.folder, row.sha256) for row in connection.execute(wanted)]

    def add(
        self, model: str, rows: Iterable[StoredPrediction], provenance: Mapping[str, Any]
    ) -> int:
        """See `PredictionStore.add`."""
        listed = list(rows)
        with writing(self._engine) as connection:
            model_id = self._model_id(connection, model)
            if model_id is None:
                raise StoreError(f"Expected a model of this study, found the unknown {model}.")
            faces = self._faces(connection, [row.image for row in listed])
            done = set(
                connection.execute(
                    select(_PREDICTION.face_id).where(
                        _PREDICTION.model_id == model_id,
                        _PREDICTION.face_id.in_(faces.values()),
                        _PREDICTION.problem == "",
                    )
                ).scalars()
            )
            new = {faces[row.image]: row for row in listed if faces[row.image] not in done}
            if new:
                origin = provenance_id(connection, provenance)
                connection.execute(
                    delete(tables.prediction).where(
                        _PREDICTION.model_id == model_id, _PREDICTION.face_id.in_(new)
                    )
                )
                connection.execute(
                    insert(tables.prediction),
                    [_prediction_row(face, row, model_id, origin) for face, row in new.items()],
                )
        return len(new)

    @staticmethod
    def _model_id(connection: Connection, sha256: str) -> int | None:
        wanted = select(tables.model.c.id).where(tables.model.c.sha256 == sha256)
        return connection.execute(wanted).scalar()

    @staticmethod
    def _faces(connection: Connection, images: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for batch in batches(images, _AT_ONCE):
            wanted = select(_FACE.image, _FACE.id).where(_FACE.image.in_(batch))
            found |= {row.image: row.id for row in connection.execute(wanted)}
        unknown = [image for image in images if image not in found]
        if unknown:
            msg = f"Expected images of this study, found {len(unknown)} others:\n"
            raise StoreError(msg + list_faults(unknown))
        return found

    def all(self, model: str) -> list[StoredPrediction]:
        """See `PredictionStore.all`."""
        wanted = (
            select(
                _FACE.image,
                _PREDICTION.p_pain,
                _PREDICTION.orbital_tightening,
                _PREDICTION.p_narrowed,
                _PREDICTION.content,
                _PREDICTION.part,
                _PREDICTION.problem,
            )
            .join_from(tables.prediction, tables.face)
            .join(tables.model, tables.model.c.id == _PREDICTION.model_id)
            .where(tables.model.c.sha256 == model)
            .order_by(_FACE.id)
        )
        with reading(self._engine) as connection:
            return [StoredPrediction(*row) for row in connection.execute(wanted)]


def _prediction_row(face: int, row: StoredPrediction, model_id: int, origin: int) -> dict[str, Any]:
    return {
        "model_id": model_id,
        "face_id": face,
        "p_pain": row.p_pain,
        "orbital_tightening": row.orbital_tightening,
        "p_narrowed": row.p_narrowed,
        "content": row.content,
        "part": row.part,
        "problem": row.problem,
        "provenance_id": origin,
    }


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
