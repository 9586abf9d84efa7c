"""Organizations and what they may reach."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from app.core.db import Tx
from app.tenancy.domain.organizations import OwnOrganization
from app.tenancy.domain.principals import Role
from app.tenancy.store.rows import MembershipRow, OrganizationRow, OutboundRuleRow


async def add_organization(tx: Tx, row: OrganizationRow) -> bool:
    """False where the slug is taken."""
    statement = (
        insert(OrganizationRow)
        .values(
            id=row.id,
            name=row.name,
            slug=row.slug,
            owner_user_id=row.owner_user_id,
            signing_secret=row.signing_secret,
        )
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


async def hold_organizations(tx: Tx, org_ids: Collection[UUID]) -> set[UUID]:
    """Those of them that there are, and will be until the transaction ends."""
    held = await tx.session.scalars(
        select(OrganizationRow.id)
        .where(OrganizationRow.id.in_(org_ids))
        .order_by(OrganizationRow.id)
        .with_for_update(read=True, key_share=True)
    )
    return set(held)


async def find_locked(tx: Tx) -> OrganizationRow | None:
    """That of the scope, held until the transaction ends: others that ask for it wait."""
    return await tx.session.scalar(
        select(OrganizationRow)
        .where(OrganizationRow.id == tx.org_id)
        .with_for_update(key_share=True)
    )


async def rename_organization(tx: Tx, row: OrganizationRow, name: str, slug: str) -> bool:
    """False where the slug is taken."""
    try:
        async with tx.session.begin_nested():
            row.name, row.slug = name, slug
    except IntegrityError:
        return False
    return True


async def delete_organization(tx: Tx) -> None:
    """PostgreSQL deletes everything that belongs to it."""
    await tx.session.execute(delete(OrganizationRow).where(OrganizationRow.id == tx.org_id))


async def own_organizations(tx: Tx, *, org_id: UUID | None = None) -> list[OwnOrganization]:
    """Those that the user of the scope belongs to, or the one; the oldest membership first."""
    query = (
        select(OrganizationRow, MembershipRow.role)
        .join(MembershipRow, MembershipRow.org_id == OrganizationRow.id)
        .where(MembershipRow.user_id == tx.user_id)
        .order_by(MembershipRow.created_at, OrganizationRow.id)
    )
    if org_id is not None:
        query = query.where(OrganizationRow.id == org_id)
    return [
        OwnOrganization(row.id, row.name, row.slug, Role(role), row.owner_user_id, row.created_at)
        for row, role in (await tx.session.execute(query)).tuples()
    ]


async def find_organization(tx: Tx, slug: str) -> OrganizationRow | None:
    return await tx.session.scalar(select(OrganizationRow).where(OrganizationRow.slug == slug))


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
