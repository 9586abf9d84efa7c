"""Organizations and what they may reach."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Tx
from app.tenancy.store.rows import OrganizationRow, OutboundRuleRow


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
