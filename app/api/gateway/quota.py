"""What an organization may use at most: seen by its members, set by the operator."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.api.access import ADMIN, in_organization
from app.api.gateway.auth import TENANT
from app.core.clock import utc_now
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.principals import Permission
from app.tenancy.domain.quota import (
    MOST_AT_ONCE,
    MOST_AUDIO_MINUTES,
    Quota,
    QuotaUse,
    month_after,
)

OPERATOR_PATH = "/auth/organizations/{org_id:uuid}/quota"

AtOnce = Annotated[int, msgspec.Meta(ge=0, le=MOST_AT_ONCE)]
Minutes = Annotated[int, msgspec.Meta(ge=0, le=MOST_AUDIO_MINUTES)]


class NewQuota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out or null is the installation's; 0 is no limit."""

    concurrent_calls: AtOnce | None = None
    concurrent_streams: AtOnce | None = None
    audio_minutes_per_month: Minutes | None = None


class SetQuota(msgspec.Struct, frozen=True):
    """`own` is what was set, `holds` what comes of it: there, null is no limit."""

    organization_id: UUID
    own: Quota
    holds: Quota


class AtOnceUse(msgspec.Struct, frozen=True):
    limit: int | None
    used: int


class AudioUse(msgspec.Struct, frozen=True):
    limit: int | None
    used: float
    resets_at: datetime


class QuotaReport(msgspec.Struct, frozen=True):
    """A limit that is null is none."""

    concurrent_calls: AtOnceUse
    concurrent_streams: AtOnceUse
    audio_minutes_per_month: AudioUse


@get(
    "/bot/api/orgs/{org_id:uuid}/quota",
    opt=in_organization(Permission.READ),
    dependencies=TENANT,
)
async def quota_report(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], org_id: FromPath[UUID]
) -> QuotaReport:
    """The limits, and what is used of them now."""
    async with runtime.database.transaction(tenant) as tx:
        _, holds = await runtime.quotas.get(tx)
    return _report(holds, await runtime.quotas.use(tenant))


@get(OPERATOR_PATH, opt=ADMIN, dependencies=TENANT)
async def read_quota(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], org_id: FromPath[UUID]
) -> SetQuota:
    async with runtime.database.transaction(replace(tenant, org_id=org_id)) as tx:
        own, holds = await runtime.quotas.get(tx)
    return SetQuota(org_id, own, holds)


@put(OPERATOR_PATH, opt=ADMIN, dependencies=TENANT)
async def set_quota(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    org_id: FromPath[UUID],
    data: JSONBody[NewQuota],
) -> SetQuota:
    """Replaces all of it. What is under way is not ended."""
    own = Quota(data.concurrent_calls, data.concurrent_streams, data.audio_minutes_per_month)
    async with runtime.database.transaction(replace(tenant, org_id=org_id)) as tx:
        holds = await runtime.quotas.set(tx, own)
    return SetQuota(org_id, own, holds)


def _report(holds: Quota, use: QuotaUse) -> QuotaReport:
    return QuotaReport(
        AtOnceUse(holds.concurrent_calls, use.concurrent_calls),
        AtOnceUse(holds.concurrent_streams, use.concurrent_streams),
        AudioUse(
            holds.audio_minutes_per_month,
            round(use.audio_minutes_this_month, 2),
            month_after(utc_now()),
        ),
    )


ROUTES = (quota_report, read_quota, set_quota)
