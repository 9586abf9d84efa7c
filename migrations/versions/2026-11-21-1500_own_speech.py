"""What organizations add to speaking: voices of their own, and how their words are pronounced."""

import sqlalchemy as sa
from alembic import op

from app.core import rls

revision = "2026112118"
down_revision = "2026112117"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.create_table(
        "fitted_voices",
        *_owned("fitted_voices"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("attested_by", sa.Text(), nullable=False),
        sa.Column("pack", sa.LargeBinary(), nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.Column("stock_voice", sa.Text(), nullable=False),
        sa.Column("stock_similarity", sa.Float(), nullable=False),
        sa.Column("recording_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "lexicon_entries",
        *_owned("lexicon_entries"),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("respelling", sa.Text(), nullable=False),
        sa.Column("sounds", sa.Text(), nullable=False),
        sa.Column("matches_case", sa.Boolean(), nullable=False),
        sa.UniqueConstraint(
            "org_id", "word", "language", name=op.f("uq_lexicon_entries_org_id_word_language")
        ),
    )
    for table in ("fitted_voices", "lexicon_entries"):
        op.create_index(op.f(f"ix_{table}_org_id"), table, ["org_id"])
        for statement in rls.enable(table):
            op.execute(statement)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.drop_table("lexicon_entries")
    op.drop_table("fitted_voices")


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
