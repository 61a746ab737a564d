"""Answers in the training course, beside the reference."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "course_answer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("rater_id", sa.Integer, sa.ForeignKey("rater.id"), nullable=False),
        sa.Column("image", sa.Text, nullable=False),
        sa.Column("unit", sa.String(40), nullable=False),
        sa.Column("score", sa.Integer),
        sa.Column("reference", sa.Integer),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_index("ix_course_answer_rater", "course_answer", ["rater_id", "id"])
