"""The store's tables; `docs/data-model.md` says what every column means.

A change here is a new file in ``migrations/versions`` too: a test compares both.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)


def _key() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _to(target: str) -> Column[int]:
    return Column(f"{target}_id", Integer, ForeignKey(f"{target}.id"), nullable=False)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, default="")


provenance = Table(
    "provenance",
    metadata,
    _key(),
    Column("sha256", String(64), nullable=False, unique=True),
    _text("document"),
    _text("created"),
)

source = Table(
    "source",
    metadata,
    _key(),
    Column("code", Text, nullable=False, unique=True),
    Column("base", Text, nullable=False, index=True),
    Column("generation", Integer, nullable=False),
    Column("recording", Text, nullable=False, index=True),
    Column("kept", Boolean, nullable=False),
    _text("detail"),
)

face = Table(
    "face",
    metadata,
    _key(),
    Column("image", Text, nullable=False, unique=True),
    Column("source_id", Integer, ForeignKey("source.id")),
    Column("content", String(64), nullable=False),
    Column("time_s", Float),
    Column("frame", Integer),
    _text("possible_sleep"),
    Column("same_as", Integer),
    _text("detail"),
    _to("provenance"),
    Index("ix_face_source_id", "source_id"),
)

rater = Table(
    "rater",
    metadata,
    _key(),
    _text("name"),
    Column("folded", Text, nullable=False, unique=True),
    _text("code_hash"),
    _text("created"),
    Column("merged_into", Integer),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    _to("rater"),
    _text("created"),
)

presentation = Table(
    "presentation",
    metadata,
    _key(),
    _to("rater"),
    Column("position", Integer, nullable=False),
    _to("face"),
    Column("repeat", Boolean, nullable=False),
    Column("mark", String(32), nullable=False, default="", server_default=""),
    Column("seconds", Float),
    Column("flagged", Boolean, nullable=False, default=False, server_default=false()),
    Column("note", Text, nullable=False, default="", server_default=""),
    UniqueConstraint("rater_id", "position"),
)

answer = Table(
    "answer",
    metadata,
    _key(),
    _to("presentation"),
    Column("unit", String(40), nullable=False),
    Column("score", Integer),
    _text("reason"),
    _text("answered_at"),
    UniqueConstraint("presentation_id", "unit"),
)

answer_log = Table(
    "answer_log",
    metadata,
    _key(),
    _to("rater"),
    _to("presentation"),
    Column("kind", String(10), nullable=False),
    _text("before"),
    _text("after"),
    _text("at"),
    Column("undone", Boolean, nullable=False, default=False),
    Column("request", String(40), nullable=False, default="", server_default=""),
    Index("ix_answer_log_rater", "rater_id", "id"),
    Index("ix_answer_log_request", "request"),
)

course_answer = Table(
    "course_answer",
    metadata,
    _key(),
    _to("rater"),
    _text("image"),
    Column("unit", String(40), nullable=False),
    Column("score", Integer),
    Column("reference", Integer),
    _text("at"),
    Index("ix_course_answer_rater", "rater_id", "id"),
)

model = Table(
    "model",
    metadata,
    _key(),
    Column("sha256", String(64), nullable=False, unique=True),
    _text("name"),
    _text("folder"),
    _to("provenance"),
)

prediction = Table(
    "prediction",
    metadata,
    _key(),
    _to("model"),
    _to("face"),
    Column("reading", Text, nullable=False, default="{}", server_default="{}"),
    _text("content"),
    _text("part"),
    _text("problem"),
    _to("provenance"),
    UniqueConstraint("model_id", "face_id"),
)

event = Table(
    "event",
    metadata,
    _key(),
    Column("kind", String(40), nullable=False, index=True),
    _text("who"),
    _text("at"),
    _text("detail"),
)

secret = Table("secret", metadata, Column("name", String(40), primary_key=True), _text("value"))
