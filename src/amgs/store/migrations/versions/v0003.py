"""What a model says of a face as one reading, in place of a column per number."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_EARLIER = ("p_pain", "orbital_tightening", "p_narrowed")


def upgrade() -> None:
    """Put the numbers of the three columns into readings, then drop the columns."""
    op.add_column("prediction", sa.Column("reading", sa.Text, nullable=False, server_default="{}"))
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT p.id, m.name, p.p_pain, p.orbital_tightening, p.p_narrowed, p.problem "
            "FROM prediction p JOIN model m ON m.id = p.model_id"
        )
    ).all()
    readings = [{"id": row[0], "reading": json.dumps(_reading(*row[1:]))} for row in rows]
    if readings:
        statement = sa.text("UPDATE prediction SET reading = :reading WHERE id = :id")
        connection.execute(statement, readings)
    for column in _EARLIER:
        op.drop_column("prediction", column)


def _reading(
    model: str,
    p_pain: float | None,
    orbital_tightening: float | None,
    p_narrowed: float | None,
    problem: str,
) -> dict[str, float | str | bool | None]:
    if problem:
        return {}
    if model == "orbital":
        return {
            "orbital_tightening": orbital_tightening,
            "p_narrowed": p_narrowed,
            "scorable": orbital_tightening is not None,
        }
    if p_pain is None:
        return {}
    # As amgs 0.1.0 derived them whenever they were asked for.
    return {
        "predicted": "pain" if p_pain >= 0.5 else "no pain",  # noqa: PLR2004
        "confidence": max(p_pain, 1.0 - p_pain),
        "p_pain": p_pain,
        "signed_score": 2.0 * p_pain - 1.0,
    }
