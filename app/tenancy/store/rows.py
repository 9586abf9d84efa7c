"""The tables of tenancy."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import CITEXT, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantKeyed, TenantOwned, UserOwned
from app.core.rls import CURRENT_ORG_SQL


class OrganizationRow(Base):
    __tablename__ = "organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(CITEXT, unique=True)
    owner_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    signing_secret: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class UserRow(Base):
    """An account. A guest has no e-mail address."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(CITEXT, unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str | None]
    auth_provider: Mapped[str]
    device_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    email_verified_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]


class UserSessionRow(UserOwned, Base):
    """One refresh token. Those that replaced each other share a chain; the first of them is the
    session, and alone says which organization is active and whether the session was ended."""

    __tablename__ = "user_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    chain_id: Mapped[UUID] = mapped_column(index=True)
    refresh_token_hash: Mapped[bytes] = mapped_column(unique=True)
    device_info: Mapped[str]
    ip_address: Mapped[str]
    active_org_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    """However often it is refreshed."""
    replaced_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_sessions.id", ondelete="SET NULL"), index=True
    )
    replaced_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class OAuthAccountRow(UserOwned, Base):
    """An account at an issuer that speaks for a user of ours."""

    __tablename__ = "oauth_accounts"
    __table_args__ = (UniqueConstraint("provider", "provider_user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    provider: Mapped[str]
    provider_user_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PasswordResetRow(UserOwned, Base):
    __tablename__ = "password_resets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class EmailVerificationRow(UserOwned, Base):
    __tablename__ = "email_verifications"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(CITEXT)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class MembershipRow(TenantKeyed, Base):
    """Read by the organization, and by the user whose membership it is."""

    __tablename__ = "organization_memberships"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InvitationRow(TenantOwned, Base):
    __tablename__ = "organization_invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(CITEXT)
    role: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    invited_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None] = mapped_column()
    revoked_at: Mapped[datetime | None] = mapped_column()

    __table_args__ = (
        Index(
            "uq_organization_invitations_pending",
            "org_id",
            "email",
            unique=True,
            postgresql_where=accepted_at.is_(None) & revoked_at.is_(None),
        ),
    )


class ApiKeyRow(TenantOwned, Base):
    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    label: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    hint: Mapped[str] = mapped_column(server_default="")
    """Its first and last characters, so that its owner recognizes it."""
    family: Mapped[str] = mapped_column(server_default="gateway")
    scopes: Mapped[list[str]] = mapped_column(JSONB)
    is_admin: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    replaced_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("api_keys.id", ondelete="SET NULL"), index=True
    )


class OutboundRuleRow(TenantKeyed, Base):
    __tablename__ = "outbound_rules"

    rule: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class UsageRow(TenantKeyed, Base):
    __tablename__ = "usage"

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
    audio_s: Mapped[float]
    characters: Mapped[int] = mapped_column(BigInteger)
    llm_tokens: Mapped[int] = mapped_column(BigInteger)


class QuotaRow(TenantKeyed, Base):
    """What an organization may use at most; null is the installation's default."""

    __tablename__ = "quotas"

    concurrent_calls: Mapped[int | None]
    concurrent_streams: Mapped[int | None]
    audio_minutes_per_month: Mapped[int | None]


class AuditRow(TenantOwned, Base):
    """Written once: the role of the running application cannot change or delete it. Refers to no
    organization, so that it outlives the one it tells of."""

    __tablename__ = "audit_logs"
    __table_args__ = (Index(None, "org_id", "at", "id"),)

    org_id: Mapped[UUID] = mapped_column(index=True, server_default=CURRENT_ORG_SQL, sort_order=-1)
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    user_id: Mapped[UUID | None]
    actor: Mapped[str]
    action: Mapped[str]
    ip_address: Mapped[str] = mapped_column(server_default="")
    user_agent: Mapped[str] = mapped_column(server_default="")
    details: Mapped[dict[str, str]] = mapped_column(JSONB)
