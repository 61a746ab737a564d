"""The first tables: faces, raters and their answers, models and predictions, events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _to(target: str) -> sa.Column[int]:
    return sa.Column(f"{target}_id", sa.Integer, sa.ForeignKey(f"{target}.id"), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    _make_faces()
    _make_scoring()
    _make_models()


def _make_faces() -> None:
    op.create_table(
        "provenance",
        _key(),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        _text("document"),
        _text("created"),
    )
    op.create_table(
        "face",
        _key(),
        sa.Column("image", sa.Text, nullable=False, unique=True),
        sa.Column("recording", sa.Text, nullable=False, index=True),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("time_s", sa.Float),
        sa.Column("frame", sa.Integer),
        _text("possible_sleep"),
        _to("provenance"),
    )


def _make_scoring() -> None:
    op.create_table(
        "rater",
        _key(),
        _text("name"),
        sa.Column("folded", sa.Text, nullable=False, unique=True),
        _text("code_hash"),
        _text("created"),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        _to("rater"),
        _text("created"),
    )
    op.create_table(
        "presentation",
        _key(),
        _to("rater"),
        sa.Column("position", sa.Integer, nullable=False),
        _to("face"),
        sa.Column("repeat", sa.Boolean, nullable=False),
        sa.UniqueConstraint("rater_id", "position"),
    )
    op.create_table(
        "answer",
        _key(),
        _to("presentation"),
        sa.Column("unit", sa.String(40), nullable=False),
        sa.Column("score", sa.Integer),
        _text("reason"),
        _text("answered_at"),
        sa.UniqueConstraint("presentation_id", "unit"),
    )
    op.create_table(
        "answer_log",
        _key(),
        _to("rater"),
        _to("presentation"),
        sa.Column("kind", sa.String(10), nullable=False),
        _text("before"),
        _text("after"),
        _text("at"),
        sa.Column("undone", sa.Boolean, nullable=False),
    )
    op.create_index("ix_answer_log_rater", "answer_log", ["rater_id", "id"])


def _make_models() -> None:
    op.create_table(
        "model",
        _key(),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        _text("name"),
        _text("folder"),
        _to("provenance"),
    )
    op.create_table(
        "prediction",
        _key(),
        _to("model"),
        _to("face"),
        sa.Column("p_pain", sa.Float),
        sa.Column("orbital_tightening", sa.Float),
        sa.Column("p_narrowed", sa.Float),
        _text("content"),
        _text("part"),
        _text("problem"),
        _to("provenance"),
        sa.UniqueConstraint("model_id", "face_id"),
    )
    op.create_table(
        "event",
        _key(),
        sa.Column("kind", sa.String(40), nullable=False, index=True),
        _text("who"),
        _text("at"),
        _text("detail"),
    )
    op.create_table("secret", sa.Column("name", sa.String(40), primary_key=True), _text("value"))
