"""The raters' orders and their answers in a database."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from amgs.errors import ConflictError, StoreError
from amgs.jobs import batches
from amgs.store import tables
from amgs.store.answer_log import Request, as_text, came_before, from_text, write_log
from amgs.store.base import ScoringStore
from amgs.store.engine import ROWS_AT_ONCE, reading, writing
from amgs.store.records import WHOLE_IMAGE, Activity, Answer, Presentation, RatingRow

_RATER = tables.rater.c
_SHOWN = tables.presentation.c
_ANSWER = tables.answer.c
_LOG = tables.answer_log.c

_IS_REMARKED = _SHOWN.flagged | (_SHOWN.note != "")

_A_PRESENTATION = select(
    _SHOWN.id,
    _SHOWN.rater_id,
    _SHOWN.position,
    _SHOWN.face_id,
    tables.face.c.image,
    _SHOWN.repeat,
    _SHOWN.mark,
    _SHOWN.flagged,
    _SHOWN.note,
).join_from(tables.presentation, tables.face)


class SqlScoring(ScoringStore):
    """See `ScoringStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def plan(self, rater_id: int, keep: int, order: Sequence[tuple[int, bool]]) -> None:
        """See `ScoringStore.plan`."""
        behind = (_SHOWN.rater_id == rater_id, _SHOWN.position >= keep)
        with writing(self._engine) as connection:
            _hold(connection, rater_id)
            doomed = select(_SHOWN.id).where(*behind).scalar_subquery()
            touched = select(func.count()).where(_LOG.presentation_id.in_(doomed))
            remarked = select(func.count()).where(*behind, _IS_REMARKED)
            if any(connection.execute(query).scalar_one() for query in (touched, remarked)):
                msg = f"Expected no answers behind place {keep}, found some: nothing was changed."
                raise StoreError(msg)
            connection.execute(delete(tables.presentation).where(*behind))
            numbered = enumerate(order, start=keep)
            for batch in batches(numbered, ROWS_AT_ONCE):
                rows = [
                    {
                        "rater_id": rater_id,
                        "position": place,
                        "face_id": face,
                        "repeat": repeat,
                        "mark": secrets.token_hex(16),
                    }
                    for place, (face, repeat) in batch
                ]
                connection.execute(insert(tables.presentation), rows)

    def order(self, rater_id: int) -> list[Presentation]:
        """See `ScoringStore.order`."""
        wanted = _A_PRESENTATION.where(_SHOWN.rater_id == rater_id).order_by(_SHOWN.position)
        with reading(self._engine) as connection:
            return [Presentation(*row) for row in connection.execute(wanted)]

    def presentation(self, rater_id: int, position: int) -> Presentation | None:
        """See `ScoringStore.presentation`."""
        wanted = _A_PRESENTATION.where(_SHOWN.rater_id == rater_id, _SHOWN.position == position)
        with reading(self._engine) as connection:
            row = connection.execute(wanted).first()
        return None if row is None else Presentation(*row)

    def answers(self, presentation_id: int) -> dict[str, Answer]:
        """See `ScoringStore.answers`."""
        with reading(self._engine) as connection:
            return _answers(connection, presentation_id)

    def save(
        self,
        presentation: Presentation,
        answer: Answer,
        time: str,
        seconds: float = 0,
        request: str = "",
    ) -> None:
        """See `ScoringStore.save`."""
        asked = Request(presentation.rater_id, "answer", time, request)
        with writing(self._engine) as connection:
            # Two windows of one rater: without the lock both would read the same state before.
            _hold(connection, presentation.rater_id)
            _require_unchanged(connection, presentation)
            if came_before(connection, asked) is not None:
                return
            if seconds > 0:
                of_this = _SHOWN.id == presentation.id
                longer = func.coalesce(_SHOWN.seconds, 0) + seconds
                connection.execute(
                    update(tables.presentation).where(of_this).values(seconds=longer)
                )
            before = _answers(connection, presentation.id)
            whole = answer.unit == WHOLE_IMAGE
            after = {
                unit: kept
                for unit, kept in before.items()
                if not whole and unit not in {WHOLE_IMAGE, answer.unit}
            } | {answer.unit: answer}
            if after == before:
                return
            _replace(connection, presentation.id, before, after, time)
            write_log(connection, asked, presentation.id, as_text(before), as_text(after))

    def undo(self, rater_id: int, time: str, request: str = "") -> Presentation | None:
        """See `ScoringStore.undo`."""
        asked = Request(rater_id, "undo", time, request)
        with writing(self._engine) as connection:
            _hold(connection, rater_id)
            known = came_before(connection, asked)
            if known is not None:
                row = connection.execute(_A_PRESENTATION.where(_SHOWN.id == known)).one()
                return Presentation(*row)
            last = connection.execute(
                select(_LOG.id, _LOG.presentation_id, _LOG.before, _LOG.after)
                .where(_LOG.rater_id == rater_id, _LOG.kind == "answer", _LOG.undone.is_(False))
                .order_by(_LOG.id.desc())
                .limit(1)
            ).first()
            if last is None:
                return None
            before, after = from_text(last.before), from_text(last.after)
            # From the log, not from what stands now: the states of every line follow each other.
            _replace(connection, last.presentation_id, after, before, time)
            connection.execute(
                update(tables.answer_log).where(_LOG.id == last.id).values(undone=True)
            )
            write_log(connection, asked, last.presentation_id, last.after, last.before)
            row = connection.execute(_A_PRESENTATION.where(_SHOWN.id == last.presentation_id)).one()
        return Presentation(*row)

    def remark(
        self, presentation: Presentation, *, flagged: bool | None = None, note: str | None = None
    ) -> None:
        """See `ScoringStore.remark`."""
        given = {"flagged": flagged, "note": note}
        values = {name: value for name, value in given.items() if value is not None}
        with writing(self._engine) as connection:
            _require_unchanged(connection, presentation)
            if values:
                of_this = _SHOWN.id == presentation.id
                connection.execute(update(tables.presentation).where(of_this).values(values))

    def remarked(self, rater_id: int) -> list[Presentation]:
        """See `ScoringStore.remarked`."""
        wanted = _A_PRESENTATION.where(_SHOWN.rater_id == rater_id, _IS_REMARKED)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(_SHOWN.position)).all()
        return [Presentation(*row) for row in rows]

    def activity(self) -> dict[int, Activity]:
        """See `ScoringStore.activity`."""
        n = select(_SHOWN.rater_id, func.count()).join_from(tables.answer, tables.presentation)
        last = select(_LOG.rater_id, func.max(_LOG.at)).group_by(_LOG.rater_id)
        looked = select(_SHOWN.rater_id, _SHOWN.seconds).where(_SHOWN.seconds.is_not(None))
        seconds: dict[int, list[float]] = {}
        with reading(self._engine) as connection:
            counts = {
                int(rater): int(number)
                for rater, number in connection.execute(n.group_by(_SHOWN.rater_id)).all()
            }
            times = {int(rater): str(at) for rater, at in connection.execute(last).all()}
            for rater, value in connection.execute(looked).all():
                seconds.setdefault(rater, []).append(value)
        return {
            rater: Activity(counts.get(rater, 0), at, tuple(seconds.get(rater, ())))
            for rater, at in times.items()
        }

    def finished(self, rater_id: int, units: Sequence[str]) -> list[int]:
        """See `ScoringStore.finished`."""
        wanted = (
            select(_SHOWN.position)
            .join_from(tables.answer, tables.presentation)
            .where(_SHOWN.rater_id == rater_id)
            .group_by(_SHOWN.id, _SHOWN.position)
            .having(
                (func.sum(_in(_ANSWER.unit, units)) == len(units))
                | (func.sum(_in(_ANSWER.unit, [WHOLE_IMAGE])) == 1)
            )
        )
        with reading(self._engine) as connection:
            return [int(place) for place in connection.execute(wanted).scalars()]

    def places(self, rater_id: int) -> int:
        """See `ScoringStore.places`."""
        # Places run from 0 without a gap, so the last one says how many there are.
        wanted = select(func.max(_SHOWN.position)).where(_SHOWN.rater_id == rater_id)
        with reading(self._engine) as connection:
            last = connection.execute(wanted).scalar()
        return 0 if last is None else int(last) + 1

    def last_touched(self, rater_id: int) -> int | None:
        """See `ScoringStore.last_touched`."""
        wanted = (
            select(func.max(_SHOWN.position))
            .join_from(tables.answer_log, tables.presentation)
            .where(_LOG.rater_id == rater_id)
        )
        remarked = select(func.max(_SHOWN.position)).where(
            _SHOWN.rater_id == rater_id, _IS_REMARKED
        )
        with reading(self._engine) as connection:
            found = [connection.execute(query).scalar() for query in (wanted, remarked)]
        return max((int(place) for place in found if place is not None), default=None)

    def undone_unit(self, rater_id: int) -> str:
        """See `ScoringStore.undone_unit`."""
        last = (
            select(_LOG.before, _LOG.after)
            .where(_LOG.rater_id == rater_id, _LOG.kind == "undo")
            .order_by(_LOG.id.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(last).first()
        taken, left = (from_text(text) for text in (row or ("[]", "[]")))
        changed = [unit for unit, answer in taken.items() if left.get(unit) != answer]
        return changed[-1] if changed else ""

    def all(self) -> list[RatingRow]:
        """See `ScoringStore.all`."""
        face, source = tables.face.c, tables.source.c
        wanted = (
            select(
                face.image,
                source.recording,
                _RATER.name,
                _ANSWER.unit,
                _ANSWER.score,
                _ANSWER.reason,
                _SHOWN.repeat,
                _SHOWN.position,
                _ANSWER.answered_at,
                face.id,
                _SHOWN.seconds,
                _SHOWN.flagged,
                _SHOWN.note,
            )
            .join_from(tables.answer, tables.presentation)
            .join(tables.face, face.id == _SHOWN.face_id)
            .join(tables.source, source.id == face.source_id)
            .join(tables.rater, _RATER.id == _SHOWN.rater_id)
            .order_by(_RATER.id, _SHOWN.position, _ANSWER.unit)
        )
        with reading(self._engine) as connection:
            # All at once: fetched one by one, rows cost as much again.
            return [RatingRow(*row) for row in connection.execute(wanted).all()]

    def count_log(self) -> int:
        """See `ScoringStore.count_log`."""
        wanted = select(func.count()).select_from(tables.answer_log)
        with reading(self._engine) as connection:
            return int(connection.execute(wanted).scalar_one())


def _hold(connection: Connection, rater_id: int) -> None:
    """Let one rater's answers come one after the other, also from two windows at once."""
    connection.execute(select(_RATER.id).where(_RATER.id == rater_id).with_for_update())


def _require_unchanged(connection: Connection, presentation: Presentation) -> None:
    now = select(_SHOWN.mark).where(_SHOWN.id == presentation.id)
    if connection.execute(now).scalar() != presentation.mark:
        msg = "The order of faces was planned anew in the meantime; this answer was not kept."
        raise ConflictError(msg)


def _in(column: Any, values: Sequence[str]) -> Any:
    """Return 1 where a column holds one of the values, else 0; SQLite and PostgreSQL can sum it."""
    from sqlalchemy import case

    return case((column.in_(values), 1), else_=0)


def _answers(connection: Connection, presentation_id: int) -> dict[str, Answer]:
    rows = connection.execute(
        select(_ANSWER.unit, _ANSWER.score, _ANSWER.reason)
        .where(_ANSWER.presentation_id == presentation_id)
        .order_by(_ANSWER.id)
    )
    return {row.unit: Answer(row.unit, row.score, row.reason) for row in rows}


def _replace(
    connection: Connection,
    presentation_id: int,
    before: dict[str, Answer],
    after: dict[str, Answer],
    time: str,
) -> None:
    """Write the difference between two states of a presentation."""
    of_this = _ANSWER.presentation_id == presentation_id
    changed = [unit for unit in before if after.get(unit) != before[unit]]
    if changed:
        connection.execute(delete(tables.answer).where(of_this, _ANSWER.unit.in_(changed)))
    new = [answer for unit, answer in after.items() if before.get(unit) != answer]
    if new:
        connection.execute(
            insert(tables.answer),
            [
                {
                    "presentation_id": presentation_id,
                    "unit": answer.unit,
                    "score": answer.score,
                    "reason": answer.reason,
                    "answered_at": time,
                }
                for answer in new
            ],
        )
