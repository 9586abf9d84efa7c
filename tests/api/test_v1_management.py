"""What v1 lets signed-in users manage, in its envelope; API keys may not."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.api.conftest import LiveServer
from tests.api.people import People, people_of

ORGANIZATIONS = "/api/v1/organizations"
USERS = "/api/v1/users"
NOBODYS = UUID(int=7)


@pytest.fixture
async def people(server: LiveServer) -> AsyncGenerator[People]:
    async with people_of(server) as people:
        yield people


def data_of(answer: httpx.Response, status: int = 200) -> Any:
    body = answer.json()
    assert answer.status_code == status, answer.text
    assert (body["success"], set(body)) == (True, {"success", "data", "meta"})
    assert body["meta"]["timestamp"].endswith("Z")
    assert UUID(body["meta"]["request_id"]) == UUID(answer.headers["x-request-id"])
    return body["data"]


@pytest.mark.inventory("VA-003")
async def test_organizations_are_created_listed_seen_and_changed(people: People) -> None:
    ada = await people.person()
    slug = f"acme-{uuid4().hex}"
    made = data_of(await ada.client.post(ORGANIZATIONS, json={"name": "Acme", "slug": slug}), 201)
    assert (made["name"], made["slug"], made["role"]) == ("Acme", slug, "owner")
    assert data_of(await ada.client.get(ORGANIZATIONS)) == [made]
    path = f"{ORGANIZATIONS}/{made['id']}"
    assert data_of(await ada.client.get(path)) == made
    assert data_of(await ada.client.patch(path, json={"name": "Acme 2"}))["name"] == "Acme 2"


@pytest.mark.inventory("VA-003")
async def test_users_of_the_active_organization_are_listed_and_invited(people: People) -> None:
    ada, bank = await people.owner()
    member = await people.member(ada, bank["id"], "member")
    listed = data_of(await member.client.get(USERS))
    assert [(each["id"], each["email"], each["role"]) for each in listed] == [
        (ada.id, ada.email, "owner"),
        (member.id, member.email, "member"),
    ]
    fields = {"email": f"{uuid4()}@bank.example", "role": "admin"}
    invited = data_of(await ada.client.post(f"{USERS}/invite", json=fields), 201)
    assert (invited["email"], invited["role"]) == (fields["email"], "admin")
    assert invited["email_delivery"].startswith("kept in the outbox")
    assert await people.token_sent_to(fields["email"])
    assert (await member.client.post(f"{USERS}/invite", json=fields)).status_code == 403


@pytest.mark.inventory("VA-003")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ORGANIZATIONS),
        ("POST", ORGANIZATIONS),
        ("GET", f"{ORGANIZATIONS}/{NOBODYS}"),
        ("PATCH", f"{ORGANIZATIONS}/{NOBODYS}"),
        ("GET", USERS),
        ("POST", f"{USERS}/invite"),
    ],
)
async def test_an_api_key_is_told_that_it_takes_a_session(
    client: httpx.AsyncClient, admin: httpx.AsyncClient, method: str, path: str
) -> None:
    by_key = await admin.request(method, path, json={"name": "x", "email": "x@y.example"})
    assert (by_key.status_code, by_key.json()["success"]) == (403, False)
    assert "session" in by_key.json()["error"]
    assert (await client.request(method, path, json={})).status_code == 401


async def test_errors_are_in_the_envelope_and_name_the_field(people: People) -> None:
    ada, bank = await people.owner()
    _, foreign = await people.owner()
    slug = await ada.client.post(ORGANIZATIONS, json={"name": "Bank", "slug": "No!"})
    taken = await ada.client.post(ORGANIZATIONS, json={"name": "x", "slug": foreign["slug"]})
    email = await ada.client.post(f"{USERS}/invite", json={"email": "bob"})
    hidden = await ada.client.get(f"{ORGANIZATIONS}/{foreign['id']}")
    assert [each.status_code for each in (slug, taken, email, hidden)] == [400, 409, 400, 404]
    assert [each.json()["details"].get("field") for each in (slug, taken, email)] == [
        "slug",
        "slug",
        "email",
    ]
    assert all(each.json()["success"] is False for each in (slug, taken, email, hidden))
    assert data_of(await ada.client.get(f"{ORGANIZATIONS}/{bank['id']}"))["name"] == "Bank"
