"""Models and what they said of faces, in a database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from amgs.errors import StoreError, count_of, list_faults
from amgs.jobs import batches
from amgs.store import tables
from amgs.store.base import PredictionStore
from amgs.store.engine import ROWS_AT_ONCE, reading, writing
from amgs.store.origins import provenance_id
from amgs.store.records import StoredPrediction
from amgs.vocabulary import Reading

_FACE = tables.face.c
_PREDICTION = tables.prediction.c


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
        for batch in batches(images, ROWS_AT_ONCE):
            wanted = select(_FACE.image, _FACE.id).where(_FACE.image.in_(batch))
            found |= {row.image: row.id for row in connection.execute(wanted)}
        unknown = [image for image in images if image not in found]
        if unknown:
            msg = f"Expected images of this study, found {count_of(len(unknown), 'other')}:\n"
            raise StoreError(msg + list_faults(unknown))
        return found

    def all(self, model: str) -> list[StoredPrediction]:
        """See `PredictionStore.all`."""
        wanted = (
            select(
                _FACE.image,
                _PREDICTION.reading,
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
            return [
                StoredPrediction(image, Reading(json.loads(said)), *rest)
                for image, said, *rest in connection.execute(wanted)
            ]

    def count(self, model: str) -> int:
        """See `PredictionStore.count`."""
        wanted = (
            select(func.count())
            .select_from(tables.prediction)
            .join(tables.model, tables.model.c.id == _PREDICTION.model_id)
            .where(tables.model.c.sha256 == model)
        )
        with reading(self._engine) as connection:
            return int(connection.execute(wanted).scalar_one())


def _prediction_row(face: int, row: StoredPrediction, model_id: int, origin: int) -> dict[str, Any]:
    return {
        "model_id": model_id,
        "face_id": face,
        "reading": json.dumps(row.reading.as_dict(), ensure_ascii=False),
        "content": row.content,
        "part": row.part,
        "problem": row.problem,
        "provenance_id": origin,
    }
