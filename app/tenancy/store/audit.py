"""The audit log."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Select, select, tuple_

from app.core.db import Tx
from app.tenancy.domain.audit import AuditCursor, AuditEntry, AuditQuery
from app.tenancy.store.rows import AuditRow

_place = tuple_(AuditRow.at, AuditRow.id)


async def add_audit_entry(tx: Tx, entry: AuditEntry) -> None:
    tx.session.add(AuditRow(**msgspec.structs.asdict(entry)))
    await tx.session.flush()


async def newest_entries(
    tx: Tx, query: AuditQuery, before: AuditCursor | None, limit: int
) -> list[AuditEntry]:
    wanted = _wanted(query).order_by(AuditRow.at.desc(), AuditRow.id.desc())
    if before:
        wanted = wanted.where(_place < (before.at, before.id))
    return _entries(await tx.session.scalars(wanted.limit(limit)))


async def oldest_entries(
    tx: Tx, query: AuditQuery, after: AuditCursor | None, limit: int
) -> list[AuditEntry]:
    wanted = _wanted(query).order_by(AuditRow.at, AuditRow.id)
    if after:
        wanted = wanted.where(_place > (after.at, after.id))
    return _entries(await tx.session.scalars(wanted.limit(limit)))


def _wanted(query: AuditQuery) -> Select[tuple[AuditRow]]:
    wanted = select(AuditRow)
    if query.action is not None:
        wanted = wanted.where(AuditRow.action == query.action)
    if query.actor is not None:
        wanted = wanted.where(AuditRow.actor == query.actor)
    if query.since is not None:
        wanted = wanted.where(AuditRow.at >= query.since)
    if query.until is not None:
        wanted = wanted.where(AuditRow.at < query.until)
    return wanted


def _entries(rows: Iterable[AuditRow]) -> list[AuditEntry]:
    return [msgspec.convert(row, AuditEntry, from_attributes=True) for row in rows]
