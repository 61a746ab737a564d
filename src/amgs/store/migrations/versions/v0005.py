"""Marks that say nothing of a face, time per face, flags and notes; requests that come twice."""

import secrets

import sqlalchemy as sa
from alembic import op

from amgs.store.records import fold_name

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; give every place of an order a random mark, and names their folded form."""
    op.add_column(
        "presentation", sa.Column("mark", sa.String(32), nullable=False, server_default="")
    )
    op.add_column("presentation", sa.Column("seconds", sa.Float))
    op.add_column(
        "presentation",
        sa.Column("flagged", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.add_column("presentation", sa.Column("note", sa.Text, nullable=False, server_default=""))
    op.add_column(
        "answer_log", sa.Column("request", sa.String(40), nullable=False, server_default="")
    )
    op.create_index("ix_answer_log_request", "answer_log", ["request"])
    connection = op.get_bind()
    rows = [
        {"key": key, "mark": secrets.token_hex(16)}
        for (key,) in connection.execute(sa.text("SELECT id FROM presentation")).all()
    ]
    if rows:
        connection.execute(sa.text("UPDATE presentation SET mark = :mark WHERE id = :key"), rows)
    taken: set[str] = set()
    for key, name in connection.execute(sa.text("SELECT id, name FROM rater ORDER BY id")).all():
        # Two names that were told apart until now stay two raters; the owner can merge them.
        folded = fold_name(name) if fold_name(name) not in taken else f"{name.casefold()} {key}"
        taken.add(folded)
        connection.execute(
            sa.text("UPDATE rater SET folded = :folded WHERE id = :key"),
            {"folded": folded, "key": key},
        )
