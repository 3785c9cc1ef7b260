"""Makes the tables of contact requests, feedback and questions without an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "contacts",
        sa.Column("request", sa.Text, primary_key=True),
        sa.Column("conversation", sa.Text, nullable=False, index=True),
        sa.Column("created_at", sa.DateTime, nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("notified_at", sa.DateTime),
        sa.Column("notice_due_at", sa.DateTime, nullable=False),
        sa.Column("notice_attempts", sa.Integer, nullable=False),
    )
    op.create_table(
        "feedback",
        sa.Column("conversation", sa.Text, primary_key=True),
        sa.Column("answer", sa.Text, primary_key=True),
        sa.Column("created_at", sa.DateTime, nullable=False, index=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("wording", sa.Text, nullable=False),
        sa.Column("helpful", sa.Boolean, nullable=False),
        sa.Column("comment", sa.Text),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation", sa.Text, nullable=False, index=True),
        sa.Column("created_at", sa.DateTime, nullable=False, index=True),
        sa.Column("wording", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("intent", sa.Text, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
    )
