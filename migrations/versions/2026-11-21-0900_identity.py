"""Who is who: users, their sessions and proofs, memberships, invitations, quotas; more of a key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core import rls

revision = "2026112109"
down_revision = "2026112108"
branch_labels = None
depends_on = None

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
USER_TABLES = ("user_sessions", "oauth_accounts", "password_resets", "email_verifications")
TENANT_TABLES = ("organization_memberships", "organization_invitations", "quotas")


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    _create_users()
    _create_sessions()
    _create_proofs()
    _create_members()
    _create_quotas()
    _add_columns()
    _wall_off()


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("DROP POLICY own ON organizations")
    op.execute("DROP POLICY member ON users")
    for column in ("user_id", "ip_address", "user_agent"):
        op.drop_column("audit_logs", column)
    for column in ("hint", "family", "scopes", "replaced_by"):
        op.drop_column("api_keys", column)
    op.drop_column("organizations", "owner_user_id")
    for table in (*reversed(TENANT_TABLES), *reversed(USER_TABLES), "users"):
        op.drop_table(table)


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", postgresql.CITEXT(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("auth_provider", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        _now("created_at"),
        _time("email_verified_at", nullable=True),
        _time("last_login_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )


def _create_sessions() -> None:
    op.create_table(
        "user_sessions",
        *_owned("user_sessions"),
        sa.Column("chain_id", sa.Uuid(), nullable=False),
        sa.Column("refresh_token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("device_info", sa.Text(), nullable=False),
        sa.Column("ip_address", sa.Text(), nullable=False),
        sa.Column("active_org_id", sa.Uuid(), nullable=True),
        _now("created_at"),
        _time("expires_at"),
        _time("ends_at"),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        _time("replaced_at", nullable=True),
        _time("revoked_at", nullable=True),
        _reference("user_sessions", "active_org_id", "organizations.id"),
        _reference("user_sessions", "replaced_by", "user_sessions.id"),
        sa.UniqueConstraint("refresh_token_hash", name=op.f("uq_user_sessions_refresh_token_hash")),
    )
    _index("user_sessions", "user_id", "chain_id", "active_org_id", "ends_at", "replaced_by")


def _create_proofs() -> None:
    op.create_table(
        "oauth_accounts",
        *_owned("oauth_accounts"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_user_id", sa.Text(), nullable=False),
        _now("created_at"),
        sa.UniqueConstraint(
            "provider", "provider_user_id", name=op.f("uq_oauth_accounts_provider_provider_user_id")
        ),
    )
    _index("oauth_accounts", "user_id")
    for table, extra in (
        ("password_resets", ()),
        ("email_verifications", (sa.Column("email", postgresql.CITEXT(), nullable=False),)),
    ):
        op.create_table(
            table,
            *_owned(table),
            *extra,
            sa.Column("token_hash", sa.LargeBinary(), nullable=False),
            _now("created_at"),
            _time("expires_at"),
            _time("used_at", nullable=True),
            sa.UniqueConstraint("token_hash", name=op.f(f"uq_{table}_token_hash")),
        )
        _index(table, "user_id", "expires_at")


def _create_members() -> None:
    op.create_table(
        "organization_memberships",
        _org_id(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        _now("created_at"),
        _belongs("organization_memberships"),
        _reference("organization_memberships", "user_id", "users.id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "user_id", name=op.f("pk_organization_memberships")),
    )
    _index("organization_memberships", "user_id")
    table = "organization_invitations"
    op.create_table(
        table,
        _org_id(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", postgresql.CITEXT(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        _now("created_at"),
        _time("expires_at"),
        _time("accepted_at", nullable=True),
        _time("revoked_at", nullable=True),
        _belongs(table),
        _reference(table, "invited_by", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("token_hash", name=op.f(f"uq_{table}_token_hash")),
    )
    _index(table, "org_id", "invited_by")
    op.create_index(
        "uq_organization_invitations_pending",
        table,
        ["org_id", "email"],
        unique=True,
        postgresql_where=sa.column("accepted_at").is_(None) & sa.column("revoked_at").is_(None),
    )


def _create_quotas() -> None:
    op.create_table(
        "quotas",
        _org_id(),
        sa.Column("concurrent_calls", sa.Integer(), nullable=True),
        sa.Column("concurrent_streams", sa.Integer(), nullable=True),
        sa.Column("audio_minutes_per_month", sa.Integer(), nullable=True),
        _belongs("quotas"),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_quotas")),
    )


def _add_columns() -> None:
    op.add_column("organizations", sa.Column("owner_user_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_organizations_owner_user_id"),
        "organizations",
        "users",
        ["owner_user_id"],
        ["id"],
        ondelete="SET NULL",
    )
    _index("organizations", "owner_user_id")
    every_scope = sa.literal_column("""'["speech", "read", "call", "write"]'::jsonb""")
    op.add_column("api_keys", sa.Column("hint", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "api_keys", sa.Column("family", sa.Text(), server_default="gateway", nullable=False)
    )
    op.add_column(
        "api_keys",
        sa.Column("scopes", postgresql.JSONB(), server_default=every_scope, nullable=False),
    )
    op.alter_column("api_keys", "scopes", server_default=None)
    op.add_column("api_keys", sa.Column("replaced_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_api_keys_replaced_by"),
        "api_keys",
        "api_keys",
        ["replaced_by"],
        ["id"],
        ondelete="SET NULL",
    )
    _index("api_keys", "replaced_by")
    op.add_column("audit_logs", sa.Column("user_id", sa.Uuid(), nullable=True))
    for column in ("ip_address", "user_agent"):
        op.add_column("audit_logs", sa.Column(column, sa.Text(), server_default="", nullable=False))


def _wall_off() -> None:
    for table in TENANT_TABLES:
        for statement in rls.enable(table):
            op.execute(statement)
    for table in USER_TABLES:
        for statement in rls.enable_for_user(table):
            op.execute(statement)
    for statement in rls.enable_for_user("users", owner_column="id"):
        op.execute(statement)
    op.execute(rls.also_visible("organization_memberships", "own", "user_id = {user}"))
    op.execute(
        rls.also_visible(
            "organizations",
            "own",
            "id IN (SELECT m.org_id FROM organization_memberships m WHERE m.user_id = {user})",
        )
    )
    op.execute(
        rls.also_visible(
            "users",
            "member",
            "id IN (SELECT m.user_id FROM organization_memberships m WHERE m.org_id = {org})",
        )
    )


def _org_id() -> sa.Column:
    return sa.Column("org_id", sa.Uuid(), server_default=rls.CURRENT_ORG_SQL, nullable=False)


def _belongs(table: str) -> sa.ForeignKeyConstraint:
    return _reference(table, "org_id", "organizations.id", ondelete="CASCADE")


def _owned(table: str) -> list:
    return [
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        _reference(table, "user_id", "users.id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _reference(
    table: str, column: str, target: str, *, ondelete: str = "SET NULL"
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete
    )


def _now(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
