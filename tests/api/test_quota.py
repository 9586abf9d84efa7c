"""Quotas over HTTP: seen by members, set by the operator, and held to."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar import get
from litestar.di import NamedDependency

from app.api.access import TOKEN
from app.api.family import Family
from app.api.gateway.auth import TENANT
from app.core.scope import OrgScope
from app.main import FAMILIES, create_app
from app.runtime import Runtime
from app.tenancy.domain.principals import Principal
from app.tenancy.domain.quota import Slot
from app.tenancy.domain.usage import Amounts
from tests.api.wall.world import Organization, World, world

HOSTILE: list[tuple[Any, str]] = [
    ({"concurrent_calls": -1}, "concurrent_calls"),
    ({"concurrent_calls": 1_000_001}, "concurrent_calls"),
    ({"concurrent_calls": 2**70}, "concurrent_calls"),
    ({"concurrent_streams": "five"}, "concurrent_streams"),
    ({"concurrent_streams": 1.5}, "concurrent_streams"),
    ({"concurrent_streams": True}, "concurrent_streams"),
    ({"audio_minutes_per_month": []}, "audio_minutes_per_month"),
    ({"audio_minutes_per_month": 1_000_000_001}, "audio_minutes_per_month"),
    ({"concurent_calls": 5}, "concurent_calls"),
    ([], "object"),
    (None, "body"),
]


class Holding:
    """A route that holds a stream for as long as the test wants."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()

    def family(self) -> Family:
        @get("/asr/hold", opt=TOKEN, dependencies=TENANT)
        async def hold(
            runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
        ) -> None:
            await runtime.quotas.admit_audio(tenant)
            async with runtime.quotas.slot(tenant, Slot.STREAM):
                self.began.set()
                await self.may_end.wait()

        return Family("holding", "", "", ("/asr",), FAMILIES[0].error_body, (hold,))


@pytest.fixture
async def parley(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> AsyncGenerator[World]:
    async with world(embedded_superuser_url, tmp_path) as parley:
        yield parley


def operator_path(organization: Organization) -> str:
    return f"/auth/organizations/{organization.id}/quota"


async def set_quota(parley: World, organization: Organization, **limits: int) -> httpx.Response:
    async with parley.client(token=parley.operator) as operator:
        return await operator.put(operator_path(organization), json=limits)


async def test_the_operator_sets_it_and_members_see_it(parley: World) -> None:
    organization = await parley.organization()
    answer = await set_quota(parley, organization, concurrent_calls=3, audio_minutes_per_month=600)
    assert answer.json() == {
        "organization_id": str(organization.id),
        "own": {
            "concurrent_calls": 3,
            "concurrent_streams": None,
            "audio_minutes_per_month": 600,
        },
        "holds": {
            "concurrent_calls": 3,
            "concurrent_streams": None,
            "audio_minutes_per_month": 600,
        },
    }
    principal = Principal(organization.id, organization.key_id, "app")
    parley.runtime.usage.add(principal, "/asr", Amounts(audio_s=90))
    async with parley.client(person=organization.people["member"]) as member:
        seen = (await member.get(f"/bot/api/orgs/{organization.id}/quota")).json()
    assert seen["concurrent_calls"] == {"limit": 3, "used": 0}
    assert seen["concurrent_streams"] == {"limit": None, "used": 0}
    assert seen["audio_minutes_per_month"]["limit"] == 600
    assert seen["audio_minutes_per_month"]["used"] == 1.5
    assert seen["audio_minutes_per_month"]["resets_at"].endswith("-01T00:00:00Z")


async def test_nobody_but_the_operator_sets_it_and_nobody_but_members_see_it(
    parley: World,
) -> None:
    organization, other = await parley.organization(), await parley.organization()
    for person in organization.people.values():
        async with parley.client(person=person) as client:
            assert (await client.put(operator_path(organization), json={})).status_code in (
                401,
                403,
            )
            assert (await client.get(f"/bot/api/orgs/{other.id}/quota")).status_code == 404
    async with parley.client(token=organization.key) as client:
        assert (await client.put(operator_path(organization), json={})).status_code == 403
    async with parley.client(token=parley.operator) as client:
        unknown = f"/auth/organizations/{uuid4()}/quota"
        assert (await client.put(unknown, json={"concurrent_calls": 1})).status_code == 404
        assert (await client.get(unknown)).status_code == 404
        assert (await client.get(operator_path(organization))).json()["own"] == {
            "concurrent_calls": None,
            "concurrent_streams": None,
            "audio_minutes_per_month": None,
        }


async def test_what_is_no_quota_is_refused_with_the_field_named(parley: World) -> None:
    organization = await parley.organization()
    async with parley.client(token=parley.operator) as operator:
        for body, named in HOSTILE:
            answer = await operator.put(operator_path(organization), json=body)
            assert answer.status_code == 400, body
            assert named in answer.text, (body, answer.text)
        after = (await operator.get(operator_path(organization))).json()
    assert set(after["own"].values()) == {None}


async def test_one_stream_too_many_is_a_429_and_the_next_goes_when_one_has_ended(
    parley: World,
) -> None:
    holding = Holding()
    parley.app = create_app(parley.runtime, (*FAMILIES, holding.family()))
    organization = await parley.organization()
    await set_quota(parley, organization, concurrent_streams=1)
    async with parley.client(token=organization.key) as client, asyncio.TaskGroup() as group:
        first = group.create_task(client.get("/asr/hold"))
        await holding.began.wait()
        refusal = await client.get("/asr/hold")
        assert refusal.status_code == 429
        assert refusal.json()["code"] == "quota_exceeded"
        assert refusal.json()["details"] == {"quota": "concurrent_streams", "limit": 1}
        holding.may_end.set()
        assert (await first).status_code == 200
        assert (await client.get("/asr/hold")).status_code == 200


async def test_audio_over_the_month_is_a_429_that_says_when_the_month_ends(parley: World) -> None:
    holding = Holding()
    holding.may_end.set()
    parley.app = create_app(parley.runtime, (*FAMILIES, holding.family()))
    organization = await parley.organization()
    await set_quota(parley, organization, audio_minutes_per_month=1)
    principal = Principal(organization.id, organization.key_id, "app")
    parley.runtime.usage.add(principal, "/asr", Amounts(audio_s=60))
    async with parley.client(token=organization.key) as client:
        refusal = await client.get("/asr/hold")
    assert refusal.status_code == 429
    assert refusal.json()["details"]["quota"] == "audio_minutes_per_month"
    assert 0 < int(refusal.headers["retry-after"]) <= 31 * 86400
