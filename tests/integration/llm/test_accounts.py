"""The accounts on a real database: nothing is counted twice, nothing is lost while it is away."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from app.core.db import Database, DatabaseDown
from app.core.scope import OrgScope
from app.llm import accounts as module
from app.llm.accounts import DayOfThinking, TokenAccounts
from app.llm.conversation import TokenUsage
from app.llm.prices import PriceList
from app.tenancy.organizations import Organizations
from tests.integration.tenancy.opened import NEW_KEY, opened

LONG_AGO = date(2020, 1, 1)
USAGE = TokenUsage(1000, 100, 10, 1)
PRICES = PriceList("m=1/2")
COST_USD = PRICES.cost_usd("any", "m", USAGE)


@pytest.fixture
async def organizations(database: Database, app_url: str) -> AsyncGenerator[Organizations]:
    async with opened(database, app_url, NEW_KEY) as tenancy:
        yield tenancy.organizations


async def days(
    accounts: TokenAccounts, database: Database, scope: OrgScope, since: date = LONG_AGO
) -> list[DayOfThinking]:
    async with database.transaction(scope) as tx:
        return await accounts.days(tx, since=since)


async def test_replicas_add_to_the_same_day(
    database: Database, organizations: Organizations, org_a: OrgScope, org_b: OrgScope
) -> None:
    replicas = [TokenAccounts(database, organizations, PRICES) for _ in range(2)]
    for accounts in replicas:
        accounts.add(org_a.org_id, "groq", "m", USAGE)
        accounts.add(org_a.org_id, "groq", "m", USAGE)
        accounts.add(org_a.org_id, "groq", "m", None)
        accounts.add(org_b.org_id, "local", "m", USAGE)
    for accounts in replicas:
        await accounts.flush()
        await accounts.flush()
    (of_a,) = await days(replicas[0], database, org_a)
    assert (of_a.provider, of_a.model, of_a.requests, of_a.unmetered) == ("groq", "m", 6, 2)
    assert of_a.usage == TokenUsage(4000, 400, 40, 4)
    assert COST_USD is not None
    assert of_a.cost_usd == pytest.approx(4 * COST_USD)
    (of_b,) = await days(replicas[0], database, org_b)
    assert (of_b.provider, of_b.requests) == ("local", 2)


async def test_a_cost_that_is_not_known_is_null_and_not_nothing(
    database: Database, organizations: Organizations, org_a: OrgScope
) -> None:
    accounts = TokenAccounts(database, organizations, PriceList())
    for model in ("m", "m", "claude-sonnet-4-6"):
        accounts.add(org_a.org_id, "any", model, USAGE)
        await accounts.flush()
    listed, unlisted = await days(accounts, database, org_a)
    assert (unlisted.model, unlisted.cost_usd, unlisted.usage.output_tokens) == ("m", None, 200)
    assert listed.cost_usd is not None


async def test_each_day_has_its_own_and_the_newest_comes_first(
    database: Database,
    organizations: Organizations,
    org_a: OrgScope,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accounts = TokenAccounts(database, organizations, PRICES)
    for day in (7, 8):
        now = datetime(2026, 3, day, 23, 59, 59, tzinfo=UTC)
        monkeypatch.setattr(module, "utc_now", lambda now=now: now)
        accounts.add(org_a.org_id, "groq", "m", USAGE)
    await accounts.flush()
    found = await days(accounts, database, org_a)
    assert [each.day for each in found] == [date(2026, 3, 8), date(2026, 3, 7)]
    found = await days(accounts, database, org_a, since=date(2026, 3, 8))
    assert [each.day for each in found] == [date(2026, 3, 8)]


async def test_what_cannot_be_written_now_is_written_later(
    database: Database, organizations: Organizations, org_a: OrgScope
) -> None:
    nowhere = Database("postgresql://a:b@127.0.0.1:9/c", pool_size=1)
    accounts = TokenAccounts(nowhere, organizations, PRICES)
    accounts.add(org_a.org_id, "groq", "m", USAGE)
    with pytest.raises(DatabaseDown):
        await accounts.flush()
    accounts.add(org_a.org_id, "groq", "m", USAGE)
    accounts._database = database
    await accounts.flush()
    (day,) = await days(accounts, database, org_a)
    assert (day.requests, day.usage.input_tokens) == (2, 2000)
    await nowhere.close()


async def test_an_organization_that_is_gone_does_not_hold_up_the_others(
    database: Database, organizations: Organizations, org_a: OrgScope
) -> None:
    accounts = TokenAccounts(database, organizations, PRICES)
    accounts.add(uuid4(), "groq", "m", USAGE)
    accounts.add(org_a.org_id, "groq", "m", USAGE)
    await accounts.flush()
    (day,) = await days(accounts, database, org_a)
    assert day.requests == 1
