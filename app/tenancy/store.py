"""The tables of tenancy and all of their SQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, delete, func, select, update
from sqlalchemy.dialects.postgresql import CITEXT, JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantKeyed, TenantOwned, Tx
from app.tenancy.domain import Amounts, AuditEntry, Counted, UsageEntry, UsageSum


class OrganizationRow(Base):
    __tablename__ = "organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(CITEXT, unique=True)
    signing_secret: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiKeyRow(TenantOwned, Base):
    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    label: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    is_admin: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


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


class AuditRow(TenantOwned, Base):
    __tablename__ = "audit_logs"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    actor: Mapped[str]
    action: Mapped[str]
    details: Mapped[dict[str, str]] = mapped_column(JSONB)


async def add_organization(tx: Tx, row: OrganizationRow) -> bool:
    """False where the slug is taken."""
    statement = (
        insert(OrganizationRow)
        .values(id=row.id, name=row.name, slug=row.slug, signing_secret=row.signing_secret)
        .on_conflict_do_nothing(index_elements=[OrganizationRow.slug])
        .returning(OrganizationRow.id)
    )
    return (await tx.session.execute(statement)).first() is not None


async def organizations(tx: Tx) -> Sequence[OrganizationRow]:
    rows = await tx.session.scalars(select(OrganizationRow).order_by(OrganizationRow.created_at))
    return rows.all()


async def get_organization(tx: Tx, org_id: UUID) -> OrganizationRow:
    rows = await tx.session.scalars(select(OrganizationRow).where(OrganizationRow.id == org_id))
    return rows.one()


async def lock_organization(tx: Tx) -> None:
    """Holds back other transactions that ask the same of this organization."""
    await tx.session.execute(
        select(OrganizationRow.id).where(OrganizationRow.id == tx.org_id).with_for_update()
    )


async def find_organization(tx: Tx, slug: str) -> OrganizationRow | None:
    return await tx.session.scalar(select(OrganizationRow).where(OrganizationRow.slug == slug))


async def add_key(tx: Tx, row: ApiKeyRow) -> None:
    tx.session.add(row)
    await tx.session.flush()


_LIVE = ApiKeyRow.revoked_at.is_(None) & (
    ApiKeyRow.expires_at.is_(None) | (ApiKeyRow.expires_at > func.now())
)


async def find_live_key(tx: Tx, hashes: Sequence[bytes]) -> ApiKeyRow | None:
    return await tx.session.scalar(select(ApiKeyRow).where(ApiKeyRow.token_hash.in_(hashes), _LIVE))


async def live_keys(tx: Tx, user_id: str | None) -> Sequence[ApiKeyRow]:
    query = select(ApiKeyRow).where(_LIVE).order_by(ApiKeyRow.created_at, ApiKeyRow.id)
    if user_id is not None:
        query = query.where(ApiKeyRow.user_id == user_id)
    return (await tx.session.scalars(query)).all()


async def revoke_key(tx: Tx, key_id: UUID) -> bool:
    """False where there is no such live key."""
    statement = (
        update(ApiKeyRow)
        .where(ApiKeyRow.id == key_id, _LIVE)
        .values(revoked_at=func.now())
        .returning(ApiKeyRow.id)
    )
    return (await tx.session.execute(statement)).first() is not None


async def has_live_admin_key(tx: Tx) -> bool:
    live = select(ApiKeyRow.id).where(ApiKeyRow.is_admin, _LIVE)
    return await tx.session.scalar(live) is not None


async def revoke_admin_keys(tx: Tx) -> None:
    await tx.session.execute(
        update(ApiKeyRow)
        .where(ApiKeyRow.is_admin, ApiKeyRow.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


async def outbound_rules(tx: Tx) -> Sequence[str]:
    rules = await tx.session.scalars(select(OutboundRuleRow.rule).order_by(OutboundRuleRow.rule))
    return rules.all()


async def add_outbound_rule(tx: Tx, rule: str) -> bool:
    """False where it stands already."""
    statement = (
        insert(OutboundRuleRow)
        .values(org_id=tx.org_id, rule=rule)
        .on_conflict_do_nothing()
        .returning(OutboundRuleRow.rule)
    )
    return (await tx.session.execute(statement)).first() is not None


async def remove_outbound_rule(tx: Tx, rule: str) -> bool:
    """False where there is no such rule."""
    statement = (
        delete(OutboundRuleRow).where(OutboundRuleRow.rule == rule).returning(OutboundRuleRow.rule)
    )
    return (await tx.session.execute(statement)).first() is not None


async def add_audit_entry(tx: Tx, entry: AuditEntry) -> None:
    row = AuditRow(at=entry.at, actor=entry.actor, action=entry.action, details=entry.details)
    tx.session.add(row)
    await tx.session.flush()


async def audit_entries(tx: Tx, limit: int) -> Sequence[AuditRow]:
    rows = await tx.session.scalars(select(AuditRow).order_by(AuditRow.at.desc()).limit(limit))
    return rows.all()


_AMOUNTS = (UsageRow.requests, UsageRow.audio_s, UsageRow.characters, UsageRow.llm_tokens)


async def add_usage(tx: Tx, minute: datetime, counted: Iterable[Counted]) -> None:
    """In one order everywhere, so that replicas writing at once do not wait for each other."""
    rows = [
        {
            "org_id": each.principal.org_id,
            "minute": minute,
            "user_id": each.principal.user_id,
            "key_id": each.principal.key_id,
            "endpoint": each.endpoint,
        }
        | msgspec.structs.asdict(each.amounts)
        for each in counted
    ]
    rows.sort(key=lambda row: (row["key_id"], row["endpoint"]))
    statement = insert(UsageRow).values(rows)
    sums = {column.key: column + statement.excluded[column.key] for column in _AMOUNTS}
    await tx.session.execute(
        statement.on_conflict_do_update(index_elements=UsageRow.__table__.primary_key, set_=sums)
    )


async def usage_entries(tx: Tx, user_id: str | None, since: datetime) -> list[UsageEntry]:
    query = (
        select(UsageRow)
        .where(UsageRow.minute >= since)
        .order_by(UsageRow.minute.desc(), UsageRow.endpoint)
    )
    if user_id is not None:
        query = query.where(UsageRow.user_id == user_id)
    return [
        UsageEntry(
            row.minute,
            row.user_id,
            row.key_id,
            row.endpoint,
            Amounts(row.requests, row.audio_s, row.characters, row.llm_tokens),
        )
        for row in await tx.session.scalars(query)
    ]


async def usage_sums(tx: Tx, since: datetime) -> list[UsageSum]:
    query = (
        select(UsageRow.user_id, UsageRow.endpoint, *(func.sum(column) for column in _AMOUNTS))
        .where(UsageRow.minute >= since)
        .group_by(UsageRow.user_id, UsageRow.endpoint)
        .order_by(UsageRow.user_id, UsageRow.endpoint)
    )
    return [
        UsageSum(user_id, endpoint, Amounts(int(requests), audio_s, int(characters), int(tokens)))
        for user_id, endpoint, requests, audio_s, characters, tokens in await tx.session.execute(
            query
        )
    ]
