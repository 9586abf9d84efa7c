"""What the tokens of an organization used, for its admin."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from app.api.access import ADMIN
from app.api.gateway.auth import TENANT
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.usage import Amounts, UsageEntry, UsageSum
from app.tenancy.usage import days_ago

Days = Annotated[int, QueryParameter(ge=1, le=3650)]


class UsageLog(msgspec.Struct, frozen=True):
    user_id: str | None
    days: int
    usage: list[UsageEntry]


class UsageSummary(msgspec.Struct, frozen=True):
    days: int
    total: Amounts
    by_user_and_endpoint: list[UsageSum]


@get("/auth/usage", opt=ADMIN, dependencies=TENANT)
async def usage_log(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user_id: FromQuery[str | None] = None,
    days: Days = 7,
) -> UsageLog:
    """Minute by minute, the newest first; of one user or of all."""
    async with runtime.database.transaction(tenant) as tx:
        entries = await runtime.usage.entries(tx, user_id=user_id, since=days_ago(days))
    return UsageLog(user_id, days, entries)


@get("/auth/usage/summary", opt=ADMIN, dependencies=TENANT)
async def usage_summary(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    days: Days = 30,
) -> UsageSummary:
    """In sum, and for each user and endpoint."""
    async with runtime.database.transaction(tenant) as tx:
        sums = await runtime.usage.sums(tx, since=days_ago(days))
    return UsageSummary(days, sum((each.amounts for each in sums), Amounts()), sums)


ROUTES = (usage_log, usage_summary)
