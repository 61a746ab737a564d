"""Where a face was taken from, apart from whose it is; raters who are one person."""

from pathlib import PurePosixPath

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make a source of every folder of images, and let faces name it in place of a recording."""
    op.create_table(
        "source",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.Text, nullable=False, unique=True),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("recording", sa.Text, nullable=False),
        sa.Column("kept", sa.Boolean, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_source_base", "source", ["base"])
    op.create_index("ix_source_recording", "source", ["recording"])
    op.add_column("rater", sa.Column("merged_into", sa.Integer))
    op.add_column("face", sa.Column("same_as", sa.Integer))
    op.add_column("face", sa.Column("detail", sa.Text, nullable=False, server_default="{}"))
    # In one statement that both databases know; SQLite cannot add a reference afterwards, nor one
    # that must not be empty.
    op.execute(
        "ALTER TABLE face ADD COLUMN source_id INTEGER "
        "CONSTRAINT fk_face_source_id REFERENCES source (id)"
    )
    connection = op.get_bind()
    faces = connection.execute(sa.text("SELECT id, image, recording FROM face")).all()
    keys = _add_sources(connection, {_code(image): recording for _, image, recording in faces})
    rows = [{"face": face, "source": keys[_code(image)]} for face, image, _ in faces]
    if rows:
        statement = sa.text("UPDATE face SET source_id = :source WHERE id = :face")
        connection.execute(statement, rows)
    op.drop_index("ix_face_recording", "face")
    op.drop_column("face", "recording")
    op.create_index("ix_face_source_id", "face", ["source_id"])


def _code(image: str) -> str:
    """Return the neutral name under which an image is filed: the folder that it lies in."""
    return PurePosixPath(image).parent.name


def _add_sources(connection: sa.Connection, recordings: dict[str, str]) -> dict[str, int]:
    rows = [{"code": code, "recording": name, "false": False} for code, name in recordings.items()]
    if rows:
        statement = sa.text(
            "INSERT INTO source (code, base, generation, recording, kept, detail) "
            "VALUES (:code, :code, 1, :recording, :false, '{}')"
        )
        connection.execute(statement, rows)
    found = connection.execute(sa.text("SELECT code, id FROM source")).all()
    return {row.code: row.id for row in found}
