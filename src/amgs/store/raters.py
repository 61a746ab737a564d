"""Raters, sessions and the training course in a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, update

from amgs.errors import ConflictError
from amgs.store import tables
from amgs.store.base import RaterStore, now
from amgs.store.engine import inserted_key, reading, writing
from amgs.store.records import CourseAnswer, Rater, fold_name

_RATER = tables.rater.c
_A_RATER = select(_RATER.id, _RATER.name, _RATER.code_hash, _RATER.created, _RATER.merged_into)


class SqlRaters(RaterStore):
    """See `RaterStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, name: str, code_hash: str) -> Rater:
        """See `RaterStore.add`."""
        created = now()
        values = {
            "name": name,
            "folded": fold_name(name),
            "code_hash": code_hash,
            "created": created,
        }
        try:
            with writing(self._engine) as connection:
                result = connection.execute(insert(tables.rater).values(values))
                key = inserted_key(result)
        except ConflictError as error:
            raise ConflictError(
                f"Expected a new name, found that {name} is a rater already."
            ) from error
        return Rater(key, name, code_hash, created)

    def find(self, name: str) -> Rater | None:
        """See `RaterStore.find`."""
        return self._one(_A_RATER.where(_RATER.folded == fold_name(name)))

    def all(self) -> list[Rater]:
        """See `RaterStore.all`."""
        with reading(self._engine) as connection:
            return [Rater(*row) for row in connection.execute(_A_RATER.order_by(_RATER.id))]

    def rename(self, rater_id: int, name: str) -> None:
        """See `RaterStore.rename`."""
        values = {"name": name, "folded": fold_name(name)}
        try:
            with writing(self._engine) as connection:
                connection.execute(update(tables.rater).where(_RATER.id == rater_id).values(values))
        except ConflictError as error:
            raise ConflictError(
                f"Expected a new name, found that {name} is a rater already."
            ) from error

    def merge(self, rater_id: int, into: int | None) -> None:
        """See `RaterStore.merge`."""
        with writing(self._engine) as connection:
            connection.execute(
                update(tables.rater).where(_RATER.id == rater_id).values(merged_into=into)
            )

    def set_code(self, rater_id: int, code_hash: str) -> None:
        """See `RaterStore.set_code`."""
        with writing(self._engine) as connection:
            connection.execute(
                update(tables.rater).where(_RATER.id == rater_id).values(code_hash=code_hash)
            )
            connection.execute(delete(tables.session).where(tables.session.c.rater_id == rater_id))

    def open_session(self, rater_id: int, token_hash: str) -> None:
        """See `RaterStore.open_session`."""
        with writing(self._engine) as connection:
            connection.execute(
                insert(tables.session).values(
                    token_hash=token_hash, rater_id=rater_id, created=now()
                )
            )

    def of_session(self, token_hash: str, since: str = "") -> Rater | None:
        """See `RaterStore.of_session`."""
        session = tables.session.c
        return self._one(
            _A_RATER.join_from(tables.session, tables.rater).where(
                session.token_hash == token_hash, session.created >= since
            )
        )

    def close_session(self, token_hash: str) -> None:
        """See `RaterStore.close_session`."""
        with writing(self._engine) as connection:
            connection.execute(
                delete(tables.session).where(tables.session.c.token_hash == token_hash)
            )

    def _one(self, wanted: Any) -> Rater | None:
        with reading(self._engine) as connection:
            row = connection.execute(wanted).first()
        return None if row is None else Rater(*row)

    def save_course(
        self, rater_id: int, answers: Sequence[CourseAnswer], time: str, known: int | None = None
    ) -> None:
        """See `RaterStore.save_course`."""
        rows = [{"rater_id": rater_id, "at": time, **asdict(answer)} for answer in answers]
        count = select(func.count()).where(tables.course_answer.c.rater_id == rater_id)
        with writing(self._engine) as connection:
            # Two requests at one moment: the second one must see what the first one wrote.
            connection.execute(select(_RATER.id).where(_RATER.id == rater_id).with_for_update())
            if known is not None and connection.execute(count).scalar_one() != known:
                raise ConflictError("This face of the course has been scored already.")
            connection.execute(insert(tables.course_answer), rows)

    def course(self, rater_id: int) -> list[CourseAnswer]:
        """See `RaterStore.course`."""
        column = tables.course_answer.c
        wanted = (
            select(column.image, column.unit, column.score, column.reference)
            .where(column.rater_id == rater_id)
            .order_by(column.id)
        )
        with reading(self._engine) as connection:
            return [CourseAnswer(*row) for row in connection.execute(wanted)]
