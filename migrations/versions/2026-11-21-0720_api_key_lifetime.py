"""When an API key ends and when it was last used."""

import sqlalchemy as sa
from alembic import op

revision = "2026112107"
down_revision = "2026112106"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
COLUMNS = ("expires_at", "last_used_at")


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for name in COLUMNS:
        op.add_column("api_keys", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for name in COLUMNS:
        op.drop_column("api_keys", name)
