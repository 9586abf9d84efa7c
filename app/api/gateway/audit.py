"""The audit log of an organization: page by page, and as a file."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from app.api.access import ADMIN, in_organization
from app.api.gateway.auth import TENANT
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.audit import AuditCursor, AuditEntry, AuditQuery
from app.tenancy.domain.audit_export import ExportFormat
from app.tenancy.domain.principals import Permission

PATH = "/bot/api/orgs/{org_id:uuid}/audit"

PageSize = Annotated[int, QueryParameter(ge=1, le=500)]


class AuditPage(msgspec.Struct, frozen=True):
    entries: list[AuditEntry]
    next_cursor: str | None
    """To be given as `cursor` for the entries before these; null where there are none."""


def _query(
    action: FromQuery[str | None] = None,
    actor: FromQuery[str | None] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> AuditQuery:
    query = AuditQuery(action, actor, since, until)
    query.check()
    return query


QUERY = {"wanted": Provide(_query, sync_to_thread=False)}


@get(PATH, opt=in_organization(Permission.SETTINGS), dependencies=TENANT | QUERY)
async def audit_page(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    wanted: NamedDependency[AuditQuery],
    org_id: FromPath[UUID],
    cursor: FromQuery[str | None] = None,
    limit: PageSize = 100,
) -> AuditPage:
    """The newest first."""
    return await _page(runtime, tenant, wanted, cursor, limit)


@get(
    f"{PATH}/export",
    opt=in_organization(Permission.SETTINGS),
    dependencies=TENANT | QUERY,
    responses={
        200: ResponseSpec(
            str,
            generate_examples=False,
            description="JSON lines, or CSV where `format` says so",
            media_type=ExportFormat.JSONL.media_type,
        )
    },
)
async def export_audit(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    wanted: NamedDependency[AuditQuery],
    org_id: FromPath[UUID],
    format: FromQuery[ExportFormat] = ExportFormat.JSONL,  # noqa: A002 - the parameter's name
) -> Stream:
    """All of it, the oldest first, as JSON lines or CSV. That it was taken is itself in the log."""
    return Stream(
        runtime.audit.export(tenant, wanted, format),
        media_type=format.media_type,
        headers={"content-disposition": f'attachment; filename="audit.{format.value}"'},
    )


@get("/auth/audit", opt=ADMIN, dependencies=TENANT | QUERY)
async def operator_audit_page(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    wanted: NamedDependency[AuditQuery],
    cursor: FromQuery[str | None] = None,
    limit: PageSize = 100,
) -> AuditPage:
    """The log of the organization that the admin token belongs to."""
    return await _page(runtime, tenant, wanted, cursor, limit)


async def _page(
    runtime: Runtime, tenant: OrgScope, wanted: AuditQuery, cursor: str | None, limit: int
) -> AuditPage:
    before = None if cursor is None else AuditCursor.parse(cursor)
    async with runtime.database.transaction(tenant) as tx:
        entries = await runtime.audit.list(tx, wanted, before=before, limit=limit + 1)
    shown = entries[:limit]
    rest = str(AuditCursor.of(shown[-1])) if len(entries) > limit else None
    return AuditPage(shown, rest)


ROUTES = (audit_page, export_audit, operator_audit_page)
