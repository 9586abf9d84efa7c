"""Calls, and what was said in them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core import rls

revision = "2026112131"
down_revision = "2026112130"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    _create_calls()
    _create_turns()
    for column in ("agent_id", "customer_id", "state", "forget_at"):
        op.create_index(op.f(f"ix_calls_{column}"), "calls", [column])
    op.create_index(op.f("ix_calls_org_id_started_at"), "calls", ["org_id", "started_at"])
    for table in ("calls", "call_turns"):
        op.create_index(op.f(f"ix_{table}_org_id"), table, ["org_id"])
        for statement in rls.enable(table):
            op.execute(statement)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.drop_table("call_turns")
    op.drop_table("calls")


def _owned(table: str) -> tuple[sa.Column[object] | sa.Constraint, ...]:
    return (
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organizations.id"],
            name=op.f(f"fk_{table}_org_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _create_calls() -> None:
    op.create_table(
        "calls",
        *_owned("calls"),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("agent_version", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("alive_at", TIME, nullable=False),
        sa.Column("forget_at", TIME, nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("ended_reason", sa.Text(), nullable=False),
        sa.Column("recorded_bytes", sa.Integer(), nullable=True),
        sa.Column("summary_state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_calls_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_calls_customer_id"),
            ondelete="SET NULL",
        ),
        sa.UniqueConstraint("org_id", "provider_id", name=op.f("uq_calls_org_id_provider_id")),
    )


def _create_turns() -> None:
    op.create_table(
        "call_turns",
        *_owned("call_turns"),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("at_s", sa.Float(), nullable=False),
        sa.Column("ended_s", sa.Float(), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("timings", postgresql.JSONB(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_call_turns_call_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("call_id", "number", name=op.f("uq_call_turns_call_id_number")),
    )
