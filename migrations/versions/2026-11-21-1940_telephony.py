"""Telephone numbers, and tickets for the streams of calls."""

import sqlalchemy as sa
from alembic import op

from app.core import rls

revision = "2026112132"
down_revision = "2026112131"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.create_table(
        "phone_numbers",
        *_owned("phone_numbers", "number"),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_phone_numbers_agent_id"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_phone_numbers_org_id"), "phone_numbers", ["org_id"])
    op.create_index(op.f("ix_phone_numbers_agent_id"), "phone_numbers", ["agent_id"])
    op.create_table(
        "stream_tickets",
        *_owned("stream_tickets", "org_id", "token_hash"),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_index(op.f("ix_stream_tickets_expires_at"), "stream_tickets", ["expires_at"])
    for table in ("phone_numbers", "stream_tickets"):
        for statement in rls.enable(table):
            op.execute(statement)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table in ("stream_tickets", "phone_numbers"):
        op.drop_table(table)


def _owned(table: str, *key: str) -> tuple[sa.Column[object] | sa.Constraint, ...]:
    return (
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organizations.id"],
            name=op.f(f"fk_{table}_org_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
    )
