"""What the tokens of an organization used, and what its language models took, for its admin."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from app.api.access import ADMIN
from app.api.gateway.auth import TENANT
from app.core.scope import OrgScope
from app.llm.accounts import DayOfThinking
from app.llm.prices import TAKEN
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


class ModelUsage(msgspec.Struct, frozen=True):
    """`model` is who would answer now. `cost_usd` is in US dollars by the price lists of
    `prices_of`, or what the operator set, and null where the price of one of them is not known."""

    days: int
    model: str
    prices_of: date
    cost_usd: float | None
    by_day: list[DayOfThinking]


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


@get("/auth/usage/models", opt=ADMIN, dependencies=TENANT)
async def model_usage(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    days: Days = 30,
) -> ModelUsage:
    """What language models took and cost, day by day, the newest first."""
    async with runtime.database.transaction(tenant) as tx:
        by_day = await runtime.thinking.accounts.days(tx, since=days_ago(days).date())
    costs = [each.cost_usd for each in by_day]
    cost_usd = None if None in costs else sum(filter(None, costs))
    return ModelUsage(days, runtime.thinking.label, TAKEN, cost_usd, by_day)


ROUTES = (usage_log, usage_summary, model_usage)
