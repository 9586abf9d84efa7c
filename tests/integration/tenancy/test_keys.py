"""API keys on a real database: families, scopes, rotation, and what is remembered of them."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.core.clock import utc_now
from app.core.db import Database
from app.core.scope import OrgScope
from app.tenancy.domain.keys import (
    AdminTokenNotRotated,
    ApiKeyInvalid,
    ApiKeyNotFound,
    ApiKeyRotatedAlready,
    KeyFamily,
    NewApiKey,
    Rotation,
)
from app.tenancy.domain.organizations import OrganizationNotFound
from app.tenancy.domain.principals import KEY_SCOPES, Permission, TokenInvalid
from app.tenancy.store.organizations import delete_organization
from tests.integration.tenancy.opened import OLD_KEY, Tenancy, listening, opened, working

DAY = timedelta(days=1)


@pytest.fixture
async def tenancy(database: Database, app_url: str) -> AsyncGenerator[Tenancy]:
    async with opened(database, app_url, OLD_KEY) as tenancy:
        yield tenancy


async def make(tenancy: Tenancy, scope: OrgScope, **fields: Any) -> tuple[Any, str]:
    new = NewApiKey(**({"user_id": "ada", "label": "Till 4", "expires_at": None} | fields))
    async with tenancy.database.transaction(scope) as tx:
        return await tenancy.api_keys.create(tx, new)


async def rotate(tenancy: Tenancy, scope: OrgScope, key_id: Any, overlap: timedelta) -> Rotation:
    async with tenancy.database.transaction(scope) as tx:
        return await tenancy.api_keys.rotate(tx, key_id, overlap)


@pytest.mark.inventory("WH-015", "NN-003", "VA-002", "EX-025")
@pytest.mark.parametrize(
    ("family", "prefix"),
    [
        (KeyFamily.GATEWAY, "wh_"),
        (KeyFamily.ORGANIZATION, "wsk_"),
        (KeyFamily.VOICE, "nn_k_"),
        (KeyFamily.V1, "va_"),
    ],
)
async def test_a_prefix_tells_the_family_and_a_hint_tells_which(
    tenancy: Tenancy, family: KeyFamily, prefix: str
) -> None:
    scope = await tenancy.new_organization()
    key, token = await make(tenancy, scope, family=family)
    assert token.startswith(prefix)
    assert (await tenancy.api_keys.authenticate(token)).org_id == scope.org_id
    first, last = key.hint.split("...")
    assert token.startswith(first)
    assert token.endswith(last)
    assert len(token) - len(first) - len(last) >= 32


@pytest.mark.parametrize(
    "scopes", [("speech",), ("write", "read"), KEY_SCOPES, ("speech", "speech")]
)
async def test_a_key_may_do_what_its_scopes_say(tenancy: Tenancy, scopes: tuple[str, ...]) -> None:
    key, token = await make(tenancy, await tenancy.new_organization(), scopes=scopes)
    principal = await tenancy.api_keys.authenticate(token)
    assert principal.permissions == {Permission(scope) for scope in scopes}
    assert key.scopes == [scope for scope in KEY_SCOPES if scope in scopes]


@pytest.mark.parametrize("scopes", [(), ("operate",), ("speech", "own"), ("Speech",), ("a\0b",)])
async def test_no_other_scope_is_given(tenancy: Tenancy, scopes: tuple[str, ...]) -> None:
    with pytest.raises(ApiKeyInvalid) as refusal:
        await make(tenancy, await tenancy.new_organization(), scopes=scopes)
    assert refusal.value.details == {"field": "scopes"}


async def test_a_rotated_key_works_on_beside_its_successor(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    key, old = await make(tenancy, scope, family=KeyFamily.VOICE, scopes=("read",))
    done = await rotate(tenancy, scope, key.id, DAY)
    for token, key_id in ((old, key.id), (done.token, done.key.id)):
        assert (await tenancy.api_keys.authenticate(token)).key_id == key_id
    assert done.token.startswith("nn_k_")
    assert (done.key.label, done.key.scopes, done.key.user_id) == ("Till 4", ["read"], "ada")
    assert done.key.expires_at is None
    assert done.replaced.replaced_by == done.key.id
    assert done.replaced.expires_at is not None
    assert abs(done.replaced.expires_at - utc_now() - DAY) < timedelta(minutes=5)


async def test_a_successor_lasts_as_long_as_what_it_replaces(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    key, _ = await make(tenancy, scope, expires_at=utc_now() + timedelta(hours=1))
    done = await rotate(tenancy, scope, key.id, DAY)
    assert done.replaced.expires_at == key.expires_at
    lasts = done.key.expires_at - done.key.created_at
    assert abs(lasts - timedelta(hours=1)) < timedelta(minutes=1)


async def test_without_an_overlap_the_old_key_ends_at_once_where_it_is_known_too(
    database: Database, app_url: str, tenancy: Tenancy
) -> None:
    scope = await tenancy.new_organization()
    key, token = await make(tenancy, scope)
    async with listening(tenancy), opened(database, app_url, OLD_KEY) as other:
        await tenancy.api_keys.authenticate(token)
        done = await rotate(other, scope, key.id, timedelta())
        with pytest.raises(TokenInvalid):
            await other.api_keys.authenticate(token)
        with pytest.raises(TokenInvalid):
            async with asyncio.timeout(20):
                while True:
                    await tenancy.api_keys.authenticate(token)
                    await asyncio.sleep(0)
        assert (await tenancy.api_keys.authenticate(done.token)).key_id == done.key.id


async def test_a_known_key_ends_with_its_overlap(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    key, token = await make(tenancy, scope)
    async with listening(tenancy):
        await tenancy.api_keys.authenticate(token)
        done = await rotate(tenancy, scope, key.id, timedelta(seconds=1))
        assert done.replaced.expires_at is not None
        with pytest.raises(TokenInvalid):
            async with asyncio.timeout(20):
                while True:
                    await tenancy.api_keys.authenticate(token)
                    await asyncio.sleep(0)
    assert utc_now() >= done.replaced.expires_at


async def test_of_many_rotations_at_once_one_succeeds(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    key, _ = await make(tenancy, scope)
    tries = await asyncio.gather(
        *(rotate(tenancy, scope, key.id, DAY) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(each, Rotation) for each in tries) == 1
    assert sum(isinstance(each, ApiKeyRotatedAlready) for each in tries) == 4


async def test_what_is_gone_or_of_others_cannot_be_rotated(tenancy: Tenancy) -> None:
    scope, other = await tenancy.new_organization(), await tenancy.new_organization()
    key, _ = await make(tenancy, scope)
    for wrong_scope, wrong_id in ((other, key.id), (scope, uuid4())):
        with pytest.raises(ApiKeyNotFound):
            await rotate(tenancy, wrong_scope, wrong_id, DAY)
    async with tenancy.database.transaction(scope) as tx:
        await tenancy.api_keys.revoke(tx, key.id)
    with pytest.raises(ApiKeyNotFound):
        await rotate(tenancy, scope, key.id, DAY)


async def test_the_admin_token_is_out_of_reach_of_members(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    token = await tenancy.api_keys.ensure_admin(scope)
    assert token is not None
    admin = await tenancy.api_keys.authenticate(token)
    async with tenancy.database.transaction(scope) as tx:
        assert await tenancy.api_keys.list(tx) == []
        assert [key.id for key in await tenancy.api_keys.list(tx, admins_too=True)] == [
            admin.key_id
        ]
        with pytest.raises(ApiKeyNotFound):
            await tenancy.api_keys.revoke(tx, admin.key_id)
        with pytest.raises(ApiKeyNotFound):
            await tenancy.api_keys.rotate(tx, admin.key_id, DAY)
        with pytest.raises(AdminTokenNotRotated, match="renew-admin"):
            await tenancy.api_keys.rotate(tx, admin.key_id, DAY, admins_too=True)
    assert (await tenancy.api_keys.authenticate(token)).is_admin


async def test_keys_end_with_their_organization(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    _, token = await make(tenancy, scope)
    await tenancy.api_keys.authenticate(token)
    async with tenancy.database.transaction(scope) as tx:
        await delete_organization(tx)
    with pytest.raises(TokenInvalid):
        await tenancy.api_keys.authenticate(token)


async def test_an_operator_names_an_organization_by_slug_or_id(tenancy: Tenancy) -> None:
    home = await tenancy.new_organization()
    there = await tenancy.organizations.create(f"Shop {uuid4()}", actor="ada")
    for name in (there.slug, there.slug.upper(), str(there.id)):
        assert (await tenancy.api_keys.operator_scope(home, name)).org_id == there.id
    assert await tenancy.api_keys.operator_scope(home, None) == home
    for name in ("", "nobody", str(uuid4()), "a\0b", "x" * 5000, "\udc80"):
        with pytest.raises(OrganizationNotFound, match="organization"):
            await tenancy.api_keys.operator_scope(home, name)


async def test_every_act_is_in_the_audit_log(tenancy: Tenancy) -> None:
    scope = await tenancy.new_organization()
    expected = ["OrganizationCreated", *["ApiKeyCreated"] * 4, "ApiKeyRotated"]
    expected += ["ApiKeyRevoked"] * 2
    async with working(tenancy):
        await tenancy.api_keys.ensure_admin(scope)
        await tenancy.api_keys.renew_admin(scope)
        key, _ = await make(tenancy, scope)
        done = await rotate(tenancy, scope, key.id, DAY)
        async with tenancy.database.transaction(scope) as tx:
            await tenancy.api_keys.revoke(tx, done.key.id)
        entries: list[str] = []
        async with asyncio.timeout(20):
            while len(entries) < len(expected):
                entries = await _actions(tenancy, scope)
    assert sorted(entries) == sorted(expected)


async def _actions(tenancy: Tenancy, scope: OrgScope) -> list[str]:
    async with tenancy.database.transaction(scope) as tx:
        return [entry.action for entry in await tenancy.audit.list(tx)]
