"""The log of answers: what stood before and after each, and which request of a page made it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select

from amgs.store import tables
from amgs.store.records import Answer

_LOG = tables.answer_log.c


@dataclass(frozen=True, slots=True)
class Request:
    """What a rater's page asked for: an ``answer`` or an ``undo``, at which time."""

    rater_id: int
    kind: str
    at: str
    request: str


def write_log(
    connection: Connection, request: Request, presentation_id: int, before: str, after: str
) -> None:
    """Write down what stood and stands at a place; both as `as_text` gives them."""
    values = {
        **asdict(request),
        "presentation_id": presentation_id,
        "before": before,
        "after": after,
        "undone": False,
    }
    connection.execute(insert(tables.answer_log).values(values))


def came_before(connection: Connection, request: Request) -> int | None:
    """Return which presentation a request was for that was kept before; `None` for a new one."""
    if not request.request:
        return None
    wanted = (
        select(_LOG.presentation_id)
        .where(
            _LOG.rater_id == request.rater_id,
            _LOG.kind == request.kind,
            _LOG.request == request.request,
        )
        .limit(1)
    )
    return connection.execute(wanted).scalar()


def as_text(answers: dict[str, Answer]) -> str:
    """Return answers as one text."""
    return json.dumps([asdict(answer) for answer in answers.values()], ensure_ascii=False)


def from_text(text: str) -> dict[str, Answer]:
    """Return the answers of such a text, by unit."""
    return {entry["unit"]: Answer(**entry) for entry in json.loads(text)}
