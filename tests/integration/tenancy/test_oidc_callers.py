"""Tokens of an issuer in the voice family: how they are answered, remembered and forgotten."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, fields
from typing import Any, cast

import httpx
import pytest
from litestar import get
from sqlalchemy import delete

from app.api import voice
from app.api.access import TOKEN
from app.api.family import Family
from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.http import OutboundClient
from app.core.limits import LocalLimiter
from app.core.metrics import Metrics
from app.core.scope import OrgScope
from app.core.settings import load
from app.core.tracing import Tracing
from app.main import create_app
from app.runtime import Runtime
from app.tenancy.domain.keys import NewApiKey
from app.tenancy.domain.principals import NoActiveOrganization, Role
from app.tenancy.oidc import OidcIssuer
from app.tenancy.oidc_callers import OidcCallers
from app.tenancy.providers import Providers
from app.tenancy.store.rows import MembershipRow
from app.tenancy.usage import UsageMeter
from tests.fakes.oidc_provider import FakeOidcProvider, SigningKey
from tests.integration.tenancy.identified import DEVICE, World, world_of
from tests.integration.tenancy.opened import NEW_KEY, listening, opened


@get("/api/voice/agents", opt=TOKEN)
async def agents() -> list[str]:
    return []


@dataclass(frozen=True)
class Doorway:
    world: World
    provider: FakeOidcProvider
    callers: OidcCallers
    client: httpx.AsyncClient

    async def ask(self, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.client.get("/api/voice/agents", headers=headers)


@pytest.fixture
async def doorway(database: Database, app_url: str) -> AsyncGenerator[Doorway]:
    async with (
        opened(database, app_url, NEW_KEY) as tenancy,
        FakeOidcProvider().serving() as provider,
    ):
        world = world_of(tenancy)
        client = OutboundClient(
            forbid_in_transaction=lambda: None, trusted_base_urls=frozenset({provider.url})
        )
        issuer = OidcIssuer(provider.url, provider.url, own=client, public=client)
        callers = OidcCallers(
            issuer, "parley", world.identities, database, tenancy.notices, KeyRing([NEW_KEY])
        )
        runtime = _runtime(
            api_keys=tenancy.api_keys,
            tokens=tenancy.api_keys,
            database=database,
            usage=UsageMeter(database),
            providers=Providers(world.identities, google=None, oidc=callers),
        )
        family = Family("voice", "", "", ("/",), voice.error_body, (agents,))
        transport = httpx.ASGITransport(app=cast("Any", create_app(runtime, (family,))))
        async with httpx.AsyncClient(transport=transport, base_url="http://parley") as asking:
            yield Doorway(world, provider, callers, asking)
        await client.aclose()


def _runtime(**services: Any) -> Runtime:
    nothing = dict.fromkeys((field.name for field in fields(Runtime)), cast("Any", None))
    always = {
        "version": "test",
        "started_at": utc_now(),
        "settings": load({}),
        "metrics": Metrics("test"),
        "tracing": Tracing(None, "test"),
        "limiter": LocalLimiter(),
        "readiness": {},
    }
    return Runtime(**nothing | always | services)


@pytest.mark.inventory("NN-002", "NN-225")
async def test_tokens_and_keys_are_taken_and_refused_alike(
    doorway: Doorway, org_a: OrgScope
) -> None:
    tenancy = doorway.world.tenancy
    async with tenancy.database.transaction(org_a) as tx:
        _, key = await tenancy.api_keys.create(tx, NewApiKey("my-app", "", expires_at=None))
    good = doorway.provider.token(sub="ada", email="ada@voice.example", email_verified=True)
    assert (await doorway.ask(good)).json() == []
    assert (await doorway.ask(key)).json() == []
    expired = doorway.provider.token(exp=1_000_000_000)
    forged = doorway.provider.token(SigningKey())
    for bad in (expired, forged, "a.b.c", "nn_k_nobodys", "nonsense", f"{key}x"):
        answer = await doorway.ask(bad)
        assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid or expired token"})
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_while_the_issuer_was_never_reached_keys_go_on_working(
    doorway: Doorway, org_a: OrgScope
) -> None:
    tenancy = doorway.world.tenancy
    async with tenancy.database.transaction(org_a) as tx:
        _, key = await tenancy.api_keys.create(tx, NewApiKey("my-app", "", expires_at=None))
    doorway.provider.replies["/keys"] = 500, {}, b""
    answer = await doorway.ask(doorway.provider.token())
    assert answer.status_code == 503
    assert set(answer.json()) == {"detail"}
    assert (await doorway.ask(key)).status_code == 200


async def test_what_a_user_may_do_is_known_anew_after_a_change(doorway: Doorway) -> None:
    tenancy = doorway.world.tenancy
    token = doorway.provider.token(sub="bob", email="bob@voice.example", email_verified=True)
    async with listening(tenancy):
        owner = await doorway.callers.authenticate(token, DEVICE)
        assert owner.permissions == Role.OWNER.permissions
        scope = OrgScope(owner.org_id, owner.user_id, owner.key_id)
        async with tenancy.database.transaction(scope) as tx:
            await tx.session.execute(delete(MembershipRow))
        assert await doorway.callers.authenticate(token, DEVICE) == owner
        async with tenancy.database.transaction(scope) as tx:
            await doorway.world.sessions.forget(tx)
        with pytest.raises(NoActiveOrganization):
            await doorway.callers.authenticate(token, DEVICE)


async def test_what_is_remembered_costs_no_look_up(doorway: Doorway) -> None:
    token = doorway.provider.token(sub="eve", email="eve@voice.example", email_verified=True)
    async with listening(doorway.world.tenancy):
        first = await doorway.callers.authenticate(token, DEVICE)
        doorway.provider.keys = [SigningKey()]
        assert await doorway.callers.authenticate(token, DEVICE) is first
