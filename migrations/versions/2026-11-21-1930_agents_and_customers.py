"""Who speaks in calls and with whom: agents with their versions, and customers."""

import sqlalchemy as sa
from alembic import op

from app.core import rls

revision = "2026112130"
down_revision = "2026112121"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    _create_agents()
    _create_customers()
    for table in ("agents", "customers"):
        op.create_index(op.f(f"ix_{table}_org_id_created_at"), table, ["org_id", "created_at"])
    for table in ("agents", "agent_versions", "customers"):
        op.create_index(op.f(f"ix_{table}_org_id"), table, ["org_id"])
    for table in ("agents", "agent_versions", "customers", "customer_settings"):
        for statement in rls.enable(table):
            op.execute(statement)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table in ("customer_settings", "customers", "agent_versions", "agents"):
        op.drop_table(table)


def _create_agents() -> None:
    op.create_table(
        "agents",
        *_owned("agents"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
    )
    op.create_table(
        "agent_versions",
        *_owned("agent_versions"),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("settings", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
            name=op.f("fk_agent_versions_agent_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("agent_id", "number", name=op.f("uq_agent_versions_agent_id_number")),
    )


def _create_customers() -> None:
    op.create_table(
        "customers",
        *_owned("customers"),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_customers_agent_id"), ondelete="SET NULL"
        ),
        sa.UniqueConstraint("org_id", "phone_hash", name=op.f("uq_customers_org_id_phone_hash")),
    )
    op.create_table(
        "customer_settings",
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.Column("country_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organizations.id"],
            name=op.f("fk_customer_settings_org_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_customer_settings")),
    )
    op.create_index(op.f("ix_customers_agent_id"), "customers", ["agent_id"])


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
