"""The ground floor: the job queue, outbox and inbox, organizations, keys, rules, audit."""

from importlib import resources

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core import rls

revision = "2026112106"
down_revision = None
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
LAST_PROCRASTINATE_STEP = "03.04.00_50"
TENANT_TABLES = ("outbox", "inbox", "api_keys", "outbound_rules", "audit_logs")


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for statement in rls.grant_app_role():
        op.execute(statement)
    _create_job_queue()
    op.execute("CREATE EXTENSION IF NOT EXISTS citext")
    _create_organizations()
    _create_messages()
    _create_tenancy()
    for statement in rls.enable("organizations", owner_column="id"):
        op.execute(statement)
    for table in TENANT_TABLES:
        for statement in rls.enable(table):
            op.execute(statement)
    op.execute(f"REVOKE UPDATE, DELETE ON audit_logs FROM {rls.APP_ROLE}")


def _create_job_queue() -> None:
    """Every step of procrastinate up to the one this revision knows, as it publishes them."""
    driver = op.get_bind().connection.driver_connection
    steps = (resources.files("procrastinate") / "sql" / "migrations").iterdir()
    for step in sorted(steps, key=lambda path: path.name):
        if step.name.endswith(".sql") and step.name[: len(LAST_PROCRASTINATE_STEP)] <= (
            LAST_PROCRASTINATE_STEP
        ):
            driver.execute(step.read_text(encoding="utf-8"))


def _create_organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", postgresql.CITEXT(), nullable=False),
        sa.Column("signing_secret", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
    )


def _create_messages() -> None:
    op.create_table(
        "outbox",
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column(
            "published_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_outbox_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_org_id"), "outbox", ["org_id"], unique=False)
    op.create_index(op.f("ix_outbox_published_at"), "outbox", ["published_at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_inbox_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("org_id", "source", "external_id", name=op.f("pk_inbox")),
    )
    op.create_index(op.f("ix_inbox_received_at"), "inbox", ["received_at"], unique=False)


def _create_tenancy() -> None:
    op.create_table(
        "api_keys",
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_api_keys_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_keys_token_hash")),
    )
    op.create_index(op.f("ix_api_keys_org_id"), "api_keys", ["org_id"], unique=False)
    op.create_table(
        "outbound_rules",
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organizations.id"],
            name=op.f("fk_outbound_rules_org_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "rule", name=op.f("pk_outbound_rules")),
    )
    op.create_table(
        "audit_logs",
        sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name=op.f("fk_audit_logs_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_logs")),
    )
    op.create_index(op.f("ix_audit_logs_at"), "audit_logs", ["at"], unique=False)
    op.create_index(op.f("ix_audit_logs_org_id"), "audit_logs", ["org_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("there is nothing below the ground floor")
