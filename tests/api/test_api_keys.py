"""API keys as members of an organization make them, in the gateway's family and in v1's."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.tenancy.domain.principals import Role
from tests.api.wall.world import Organization, World, world

V1 = "/api/v1/api-keys"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"label": None}, "label"),
    ({"label": "a\0b"}, "label"),
    ({"label": "x" * 121}, "label"),
    ({"label": ["a"]}, "label"),
    ({"scopes": []}, "scopes"),
    ({"scopes": ["operate"]}, "scopes"),
    ({"scopes": ["settings", "read"]}, "scopes"),
    ({"scopes": {"read": True}}, "scopes"),
    ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
    ({"expires_at": "2999-01-01T00:00:00"}, "expires_at"),
    ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
]


@pytest.fixture
async def parley(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> AsyncGenerator[World]:
    async with world(embedded_superuser_url, tmp_path) as parley:
        yield parley


@pytest.fixture
async def bank(parley: World) -> Organization:
    return await parley.organization()


@pytest.fixture
async def admin(parley: World, bank: Organization) -> AsyncGenerator[httpx.AsyncClient]:
    async with parley.client(person=bank.people["admin"]) as client:
        yield client


def keys_of(organization: Organization) -> str:
    return f"/bot/api/orgs/{organization.id}/api-keys"


async def status_with(parley: World, token: str, path: str = "/asr/status") -> int:
    async with parley.client(token=token) as client:
        return (await client.get(path)).status_code


@pytest.mark.inventory("EX-025", "NN-002", "NN-003")
@pytest.mark.parametrize(
    ("fields", "prefix"),
    [({}, "wsk_"), ({"family": "organization"}, "wsk_"), ({"family": "voice"}, "nn_k_")],
)
async def test_an_organization_has_keys_of_its_own(
    parley: World,
    bank: Organization,
    admin: httpx.AsyncClient,
    fields: dict[str, Any],
    prefix: str,
) -> None:
    answer = await admin.post(keys_of(bank), json={"label": "Till"} | fields)
    made = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert made["token"].startswith(prefix)
    assert made["user_id"] == str(bank.people["admin"].user_id)
    assert await status_with(parley, made["token"]) == 200
    listed = (await admin.get(keys_of(bank))).json()
    assert {key["id"] for key in listed} == {made["id"], str(bank.key_id)}
    assert made["token"] not in str(listed)
    assert (await admin.delete(f"{keys_of(bank)}/{made['id']}")).status_code == 204
    assert await status_with(parley, made["token"]) == 401
    assert (await admin.delete(f"{keys_of(bank)}/{made['id']}")).status_code == 404


async def test_a_key_of_an_organization_is_rotated(
    parley: World, bank: Organization, admin: httpx.AsyncClient
) -> None:
    made = (await admin.post(keys_of(bank), json={"label": "Till", "scopes": ["speech"]})).json()
    path = f"{keys_of(bank)}/{made['id']}/rotate"
    answer = await admin.post(path, json={"overlap_s": 60})
    new = answer.json()
    assert (answer.status_code, new["replaces"], new["scopes"]) == (201, made["id"], ["speech"])
    for token in (made["token"], new["token"]):
        assert await status_with(parley, token) == 200
    assert (await admin.post(path, json={})).status_code == 409
    for overlap_s in (-1, 1e9, "x"):
        wrong = await admin.post(path, json={"overlap_s": overlap_s})
        assert (wrong.status_code, "overlap_s" in wrong.text) == (400, True)


@pytest.mark.inventory("VA-002", "VA-003")
async def test_v1_keys_are_made_listed_regenerated_and_revoked(
    parley: World, bank: Organization, admin: httpx.AsyncClient
) -> None:
    answer = await admin.post(V1, json={"label": "Dialler"})
    body = answer.json()
    assert (answer.status_code, body["success"]) == (201, True)
    assert set(body["meta"]) == {"timestamp", "request_id"}
    made = body["data"]
    assert made["token"].startswith("va_")
    assert await status_with(parley, made["token"]) == 200

    listed = (await admin.get(V1)).json()
    assert {key["id"] for key in listed["data"]} == {made["id"], str(bank.key_id)}
    new = (await admin.post(f"{V1}/{made['id']}/regenerate")).json()["data"]
    assert new["token"].startswith("va_")
    assert await status_with(parley, made["token"]) == 401
    assert await status_with(parley, new["token"]) == 200
    gone = await admin.post(f"{V1}/{made['id']}/regenerate")
    assert (gone.status_code, gone.json()["success"]) == (404, False)
    revoked = await admin.delete(f"{V1}/{new['id']}")
    assert (revoked.status_code, revoked.json()["data"]) == (200, {"id": new["id"]})
    assert await status_with(parley, new["token"]) == 401


@pytest.mark.inventory("VA-003")
async def test_no_key_makes_or_ends_a_key(parley: World, bank: Organization) -> None:
    async with parley.client(token=bank.key) as client:
        for path in (V1, keys_of(bank)):
            for method in ("GET", "POST"):
                refused = await client.request(method, path, json={"label": "Mine"})
                assert refused.status_code == 403
                assert "API key cannot do it" in refused.json()["error"]
            ended = await client.delete(f"{path}/{bank.key_id}")
            assert ended.status_code == 403
    assert await status_with(parley, "wh_wrong", V1) == 401
    async with parley.client() as nobody:
        assert (await nobody.get(V1)).status_code == 401


async def test_a_member_does_not_see_keys(parley: World, bank: Organization) -> None:
    async with parley.client(person=bank.people["member"]) as client:
        for path in (V1, keys_of(bank)):
            assert (await client.get(path)).status_code == 403
            assert (await client.post(path, json={"label": "Mine"})).status_code == 403


async def test_the_wrong_fields_are_named(bank: Organization, admin: httpx.AsyncClient) -> None:
    family = [({"family": wrong}, "family") for wrong in ("gateway", "v1", "", None, 7)]
    for path, tries in ((V1, WRONG), (keys_of(bank), [*WRONG, *family])):
        for fields, named in tries:
            answer = await admin.post(path, json={"label": "Till"} | fields)
            assert answer.status_code in (400, 422), (path, fields)
            assert named in answer.json()["error"]
        assert (await admin.delete(f"{path}/not-an-id")).status_code == 404
        assert (await admin.delete(f"{path}/{uuid4()}")).status_code == 404
        assert len((await admin.get(path)).json()) in (1, 3)


async def test_the_operators_token_is_not_among_the_keys_of_members(
    parley: World, bank: Organization
) -> None:
    """Not even of those of the organization that it belongs to."""
    operator = await parley.runtime.api_keys.authenticate(parley.operator)
    owner = await parley.person(operator.org_id, Role.OWNER)
    async with parley.client(person=owner) as client:
        listed = (await client.get(V1)).json()["data"]
        assert str(operator.key_id) not in {key["id"] for key in listed}
        assert (await client.delete(f"{V1}/{operator.key_id}")).status_code == 404
    assert await status_with(parley, parley.operator) == 200
