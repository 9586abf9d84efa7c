"""What is kept of users: bounded, encrypted, for as long as the operator says, and deletable."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from app.core.clock import utc_now
from app.core.crypto import DecryptionFailed, KeyRing
from app.core.db import Database
from app.core.scope import OrgScope, system_scope
from app.llm import dialogues as module
from app.llm.dialogues import Dialogues, Exchange, KeptExchange
from app.llm.preferences import Preferences, UserPreferences
from tests.integration.tenancy.opened import NEW_KEY, OLD_KEY, Tenancy, opened, working

ADA = "ada@example.com"
EXCHANGE = Exchange("My number is 4711.", "I will remember it.", ("calendar",))


@pytest.fixture
async def tenancy(database: Database, app_url: str) -> AsyncGenerator[Tenancy]:
    async with opened(database, app_url, OLD_KEY) as tenancy:
        yield tenancy


def dialogues_of(tenancy: Tenancy, kept_days: int = 30) -> Dialogues:
    return Dialogues(tenancy.database, tenancy.events, tenancy.jobs, tenancy.ring, kept_days)


@pytest.fixture
def dialogues(tenancy: Tenancy) -> Dialogues:
    return dialogues_of(tenancy)


async def kept(tenancy: Tenancy, dialogues: Dialogues, scope: OrgScope) -> list[KeptExchange]:
    async with tenancy.database.transaction(scope) as tx:
        return await dialogues.get(tx, ADA)


async def raw(url: str, table: str, scope: OrgScope) -> list[bytes]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        query = sql.SQL("SELECT sealed FROM {} WHERE org_id = %s ORDER BY id").format(
            sql.Identifier(table)
        )
        rows = await (await connection.execute(query, [scope.org_id])).fetchall()
    return [bytes(sealed) for (sealed,) in rows]


async def test_exchanges_come_back_in_their_order(tenancy: Tenancy, dialogues: Dialogues) -> None:
    scope = await tenancy.new_organization()
    second = Exchange("And?", "Nothing.")
    await dialogues.add(scope, ADA, EXCHANGE)
    await dialogues.add(scope, "eve", Exchange("I am Eve.", "Hello."))
    await dialogues.add(scope, ADA, second)
    assert [each.exchange for each in await kept(tenancy, dialogues, scope)] == [EXCHANGE, second]
    async with tenancy.database.transaction(scope) as tx:
        found = await dialogues.list(tx)
        own = await dialogues.list(tx, user_id="eve")
    assert [(each.user_id, each.exchanges) for each in found] == [(ADA, 2), ("eve", 1)]
    assert [each.user_id for each in own] == ["eve"]


async def test_nothing_of_it_can_be_read_in_the_database(
    tenancy: Tenancy, dialogues: Dialogues, embedded_superuser_url: str
) -> None:
    scope = await tenancy.new_organization()
    preferences = UserPreferences(tenancy.ring)
    await dialogues.add(scope, ADA, EXCHANGE)
    async with tenancy.database.transaction(scope) as tx:
        await preferences.put(tx, ADA, Preferences(name="Ada 4711"))
    for table in ("dialogue_exchanges", "user_preferences"):
        (sealed,) = await raw(embedded_superuser_url, table, scope)
        assert b"4711" not in sealed


async def test_a_row_that_was_given_to_another_user_cannot_be_opened(
    tenancy: Tenancy, dialogues: Dialogues, embedded_superuser_url: str
) -> None:
    scope = await tenancy.new_organization()
    await dialogues.add(scope, "eve", EXCHANGE)
    async with await psycopg.AsyncConnection.connect(embedded_superuser_url) as connection:
        await connection.execute(
            "UPDATE dialogue_exchanges SET user_id = %s WHERE org_id = %s", [ADA, scope.org_id]
        )
    with pytest.raises(DecryptionFailed):
        await kept(tenancy, dialogues, scope)


async def test_the_oldest_give_way(
    tenancy: Tenancy, dialogues: Dialogues, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = await tenancy.new_organization()
    monkeypatch.setattr(module, "MOST_EXCHANGES", 3)
    for number in range(5):
        await dialogues.add(scope, ADA, Exchange(str(number), "x"))
    assert [each.exchange.said for each in await kept(tenancy, dialogues, scope)] == list("234")
    monkeypatch.setattr(module, "MOST_TOKENS", 95)
    await dialogues.add(scope, ADA, Exchange("long", "x" * 270))
    assert [each.exchange.said for each in await kept(tenancy, dialogues, scope)] == ["4", "long"]


async def test_what_is_deleted_is_gone_and_on_record(
    tenancy: Tenancy, dialogues: Dialogues
) -> None:
    scope, other = await tenancy.new_organization(), await tenancy.new_organization()
    for each in (scope, other):
        await dialogues.add(each, ADA, EXCHANGE)
    async with tenancy.database.transaction(scope) as tx:
        assert await dialogues.delete(tx, ADA) == 1
        assert await dialogues.delete(tx, ADA) == 0
    assert await kept(tenancy, dialogues, scope) == []
    assert len(await kept(tenancy, dialogues, other)) == 1
    async with tenancy.database.transaction(scope) as tx:
        entries = await tenancy.audit.list(tx)
    assert [entry.action for entry in entries].count("HistoryDeleted") == 1


async def test_where_nothing_is_to_be_kept_nothing_is(tenancy: Tenancy) -> None:
    dialogues = dialogues_of(tenancy, kept_days=0)
    scope = await tenancy.new_organization()
    await dialogues.add(scope, ADA, EXCHANGE)
    assert await kept(tenancy, dialogues, scope) == []


async def test_what_is_too_old_is_not_seen_and_then_gone(
    tenancy: Tenancy, dialogues: Dialogues, embedded_superuser_url: str
) -> None:
    scope = await tenancy.new_organization()
    await dialogues.add(scope, ADA, EXCHANGE)
    await dialogues.add(scope, "eve", EXCHANGE)
    async with await psycopg.AsyncConnection.connect(embedded_superuser_url) as connection:
        long_ago = utc_now() - timedelta(days=31)
        query = "UPDATE dialogue_exchanges SET said_at = %s WHERE org_id = %s AND user_id = %s"
        await connection.execute(query, [long_ago, scope.org_id, ADA])
    assert await kept(tenancy, dialogues, scope) == []
    async with tenancy.database.transaction(system_scope("test")) as tx:
        await dialogues.tend_soon(tx)
    async with working(tenancy), asyncio.timeout(20):
        while len(await raw(embedded_superuser_url, "dialogue_exchanges", scope)) > 1:
            pass


async def test_what_an_old_key_encrypted_is_encrypted_again(
    tenancy: Tenancy, dialogues: Dialogues, embedded_superuser_url: str, app_url: str
) -> None:
    scope = await tenancy.new_organization()
    preferences = Preferences(name="Ada", language="hi", tone="formal")
    await dialogues.add(scope, ADA, EXCHANGE)
    async with tenancy.database.transaction(scope) as tx:
        await UserPreferences(tenancy.ring).put(tx, ADA, preferences)
    new = KeyRing([NEW_KEY])
    async with opened(tenancy.database, app_url, NEW_KEY, OLD_KEY) as later:
        rotating = dialogues_of(later)
        async with later.database.transaction(system_scope("test")) as tx:
            await rotating.tend_soon(tx)
        async with working(later), asyncio.timeout(20):
            for table in ("user_preferences", "dialogue_exchanges"):
                while any(map(new.needs_rotation, await raw(embedded_superuser_url, table, scope))):
                    pass
    async with opened(tenancy.database, app_url, NEW_KEY) as latest:
        assert [each.exchange for each in await kept(latest, dialogues_of(latest), scope)] == [
            EXCHANGE
        ]
        async with latest.database.transaction(scope) as tx:
            assert await UserPreferences(latest.ring).get(tx, ADA) == preferences


async def test_preferences_are_replaced_and_forgotten(tenancy: Tenancy) -> None:
    preferences, scope = UserPreferences(tenancy.ring), await tenancy.new_organization()
    async with tenancy.database.transaction(scope) as tx:
        assert await preferences.get(tx, ADA) == Preferences()
        await preferences.put(tx, ADA, Preferences(name="Ada"))
        await preferences.put(tx, ADA, Preferences(tone="brief"))
        assert await preferences.get(tx, ADA) == Preferences(tone="brief")
        assert await preferences.get(tx, "eve") == Preferences()
        assert await preferences.delete(tx, ADA)
        assert not await preferences.delete(tx, ADA)
