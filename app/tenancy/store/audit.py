"""The audit log."""

import msgspec
from sqlalchemy import select

from app.core.db import Tx
from app.tenancy.domain.audit import AuditEntry
from app.tenancy.store.rows import AuditRow


async def add_audit_entry(tx: Tx, entry: AuditEntry) -> None:
    tx.session.add(AuditRow(**msgspec.structs.asdict(entry)))
    await tx.session.flush()


async def audit_entries(tx: Tx, limit: int) -> list[AuditEntry]:
    rows = await tx.session.scalars(select(AuditRow).order_by(AuditRow.at.desc()).limit(limit))
    return [msgspec.convert(row, AuditEntry, from_attributes=True) for row in rows]
