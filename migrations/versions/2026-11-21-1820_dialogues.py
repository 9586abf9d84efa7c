"""What users said to the assistant and were answered, and what they want of it."""

import sqlalchemy as sa
from alembic import op

from app.core import rls

revision = "2026112120"
down_revision = "2026112119"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.create_table(
        "dialogue_exchanges",
        *_personal("dialogue_exchanges"),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
    )
    op.create_index(op.f("ix_dialogue_exchanges_said_at"), "dialogue_exchanges", ["said_at"])
    op.create_index(
        op.f("ix_dialogue_exchanges_org_id_user_id_said_at"),
        "dialogue_exchanges",
        ["org_id", "user_id", "said_at"],
    )
    op.create_table(
        "user_preferences",
        *_personal("user_preferences"),
        sa.UniqueConstraint("org_id", "user_id", name=op.f("uq_user_preferences_org_id_user_id")),
    )
    for table in ("dialogue_exchanges", "user_preferences"):
        op.create_index(op.f(f"ix_{table}_org_id"), table, ["org_id"])
        for statement in rls.enable(table):
            op.execute(statement)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.drop_table("user_preferences")
    op.drop_table("dialogue_exchanges")


def _personal(table: str) -> tuple[sa.Column[object] | sa.Constraint, ...]:
    return (
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organizations.id"],
            name=op.f(f"fk_{table}_org_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
