"""Organizations, the admin token, outbound rules and the audit log on a real database."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from uuid import uuid4

import pytest

from app.core.crypto import DecryptionFailed
from app.core.db import Database
from app.core.feed.port import Subscription, topic
from app.core.http.errors import InvalidHostRule
from app.core.scope import OrgScope, system_scope
from app.tenancy.domain.audit import AUDIT_FEED
from app.tenancy.domain.keys import NewApiKey
from app.tenancy.domain.organizations import (
    OrganizationExists,
    OrganizationNameInvalid,
    OrganizationNotFound,
)
from app.tenancy.domain.principals import TokenInvalid
from tests.integration.tenancy.opened import (
    NEW_KEY,
    OLD_KEY,
    Tenancy,
    listening,
    opened,
    working,
)


@pytest.fixture
async def tenancy(database: Database, app_url: str) -> AsyncGenerator[Tenancy]:
    async with opened(database, app_url, OLD_KEY) as tenancy:
        yield tenancy


async def test_a_name_is_taken_once_however_it_is_written(tenancy: Tenancy) -> None:
    unique = uuid4().hex
    made = await tenancy.organizations.create(f"Société {unique}", actor="ada")
    assert made.slug == f"societe-{unique}"
    with pytest.raises(OrganizationExists, match=made.slug):
        await tenancy.organizations.create(f" SOCIETE  {unique} ", actor="ada")
    again = await tenancy.organizations.get_or_create(f"Societe {unique}", actor="ada")
    assert again == made


@pytest.mark.parametrize("name", ["", "   ", "a\0b", "a\nb", "x" * 121, "\u202egnp.exe"])
async def test_a_name_that_is_none_is_refused_with_the_field(tenancy: Tenancy, name: str) -> None:
    with pytest.raises(OrganizationNameInvalid) as refusal:
        await tenancy.organizations.create(name, actor="ada")
    assert refusal.value.details == {"field": "name"}


async def test_an_unknown_organization_is_not_found(tenancy: Tenancy) -> None:
    with pytest.raises(OrganizationNotFound, match="nobody"):
        await tenancy.organizations.get("nobody")


@pytest.mark.inventory("WH-343")
async def test_one_admin_token_is_made_however_many_replicas_start(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    made = await asyncio.gather(*(tenancy.api_keys.ensure_admin(scope) for _ in range(5)))
    (token,) = [token for token in made if token]
    principal = await tenancy.api_keys.authenticate(token)
    assert (principal.org_id, principal.is_admin) == (scope.org_id, True)


async def test_a_renewed_admin_token_replaces_the_old_one(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    old = await tenancy.api_keys.ensure_admin(scope)
    new = await tenancy.api_keys.renew_admin(scope)
    assert old is not None
    assert (await tenancy.api_keys.authenticate(new)).org_id == scope.org_id
    for wrong in (old, "", "wh_", new + "x", "wh_\0", "é" * 5000):
        with pytest.raises(TokenInvalid):
            await tenancy.api_keys.authenticate(wrong)


async def test_a_key_revoked_by_another_replica_is_refused_here(
    database: Database, app_url: str, tenancy: Tenancy
) -> None:
    scope = await tenancy.new_organization()
    async with listening(tenancy), opened(database, app_url, OLD_KEY) as other:
        async with database.transaction(scope) as tx:
            key, token = await other.api_keys.create(tx, NewApiKey("ada", "", None))
        for _ in range(3):
            assert (await tenancy.api_keys.authenticate(token)).key_id == key.id
        async with database.transaction(scope) as tx:
            await other.api_keys.revoke(tx, key.id)
        with pytest.raises(TokenInvalid):
            async with asyncio.timeout(20):
                while True:
                    await tenancy.api_keys.authenticate(token)
                    await asyncio.sleep(0)


async def test_a_known_key_costs_no_transaction(database: Database, tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    async with listening(tenancy):
        token = await tenancy.api_keys.ensure_admin(scope)
        assert token is not None
        await tenancy.api_keys.authenticate(token)
        async with database.transaction(scope):  # one that asks for another here would be refused
            assert (await tenancy.api_keys.authenticate(token)).org_id == scope.org_id


async def test_keys_and_secrets_outlive_a_change_of_the_master_key(
    database: Database, app_url: str, tenancy: Tenancy
) -> None:
    scope = await tenancy.new_organization()
    token = await tenancy.api_keys.ensure_admin(scope)
    assert token is not None
    async with database.transaction(scope) as tx:
        secret = await tenancy.organizations.signing_secret(tx)

    async with opened(database, app_url, NEW_KEY, OLD_KEY) as rotated:
        assert (await rotated.api_keys.authenticate(token)).org_id == scope.org_id
        async with database.transaction(system_scope("test")) as tx:
            await rotated.organizations.rotate_secrets_soon(tx)
        async with (
            working(rotated),
            opened(database, app_url, NEW_KEY) as afterwards,
            asyncio.timeout(20),
        ):
            assert await _when_it_can_be_read(afterwards, scope) == secret


async def _when_it_can_be_read(tenancy: Tenancy, scope: OrgScope) -> bytes:
    while True:
        with suppress(DecryptionFailed):
            async with tenancy.database.transaction(scope) as tx:
                return await tenancy.organizations.signing_secret(tx)


async def _hear_of(heard: Subscription, action: str) -> None:
    async for message in heard:
        if json.loads(message.body)["action"] == action:
            return


async def test_rules_are_kept_audited_and_announced(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    async with (
        working(tenancy),
        tenancy.feed.subscribe(topic(scope.org_id, AUDIT_FEED)) as heard,
        asyncio.timeout(20),
    ):
        async with tenancy.database.transaction(scope) as tx:
            await tenancy.rules.add(tx, "10.0.5.7:8080")
            await tenancy.rules.add(tx, "10.0.5.7:8080")
        await _hear_of(heard, "OutboundRuleAdded")
        async with tenancy.database.transaction(scope) as tx:
            assert {str(rule.host) for rule in await tenancy.rules.list(tx)} == {"10.0.5.7/32"}
            await tenancy.rules.remove(tx, "10.0.5.7:8080")
            await tenancy.rules.remove(tx, "10.0.5.7:8080")
        await _hear_of(heard, "OutboundRuleRemoved")
    async with tenancy.database.transaction(scope) as tx:
        entries = [(entry.actor, entry.action) for entry in await tenancy.audit.list(tx)]
    assert sorted(entries) == [
        ("ada", "OrganizationCreated"),
        ("ada", "OutboundRuleAdded"),
        ("ada", "OutboundRuleRemoved"),
    ]


async def test_a_rule_that_is_none_is_refused_and_nothing_is_kept(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    with pytest.raises(InvalidHostRule):
        async with tenancy.database.transaction(scope) as tx:
            await tenancy.rules.add(tx, "http://10.0.0.1/")
    async with tenancy.database.transaction(scope) as tx:
        assert await tenancy.rules.list(tx) == frozenset()
