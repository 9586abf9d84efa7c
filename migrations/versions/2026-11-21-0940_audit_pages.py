"""The audit log of an organization in the order of time, however long it is."""

from alembic import op

revision = "2026112115"
down_revision = "2026112110"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
INDEX = "ix_audit_logs_org_id_at_id"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.create_index(op.f(INDEX), "audit_logs", ["org_id", "at", "id"], unique=False)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.drop_index(op.f(INDEX), "audit_logs")
