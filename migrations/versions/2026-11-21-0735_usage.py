"""What each key used, by the minute."""

import sqlalchemy as sa
from alembic import op

from app.core import rls

revision = "2026112108"
down_revision = "2026112107"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.create_table(
        "usage",
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("audio_s", sa.Float(), nullable=False),
        sa.Column("characters", sa.BigInteger(), nullable=False),
        sa.Column("llm_tokens", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_usage_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "minute", "user_id", "key_id", "endpoint", name=op.f("pk_usage")
        ),
    )
    for statement in rls.enable("usage"):
        op.execute(statement)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.drop_table("usage")
