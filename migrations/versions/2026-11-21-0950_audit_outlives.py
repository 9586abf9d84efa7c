"""The audit log outlives the organization that it tells of."""

from alembic import op

revision = "2026112116"
down_revision = "2026112115"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
REFERENCE = "fk_audit_logs_org_id"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.drop_constraint(op.f(REFERENCE), "audit_logs", type_="foreignkey")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("DELETE FROM audit_logs WHERE org_id NOT IN (SELECT id FROM organizations)")
    op.create_foreign_key(
        op.f(REFERENCE), "audit_logs", "organizations", ["org_id"], ["id"], ondelete="CASCADE"
    )
