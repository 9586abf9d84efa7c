"""Invitations over HTTP, as the gateway's document describes them."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import LiveServer
from tests.api.people import People, people_of

PREVIEW = "/bot/api/invitations/preview"
ACCEPT = "/bot/api/invitations/accept"
KEPT = "kept in the outbox: this installation sends no e-mail"


@pytest.fixture
async def people(server: LiveServer) -> AsyncGenerator[People]:
    async with people_of(server) as people:
        yield people


def invitations_of(organization: Any) -> str:
    return f"/bot/api/orgs/{organization['id']}/invitations"


@pytest.mark.inventory("WH-328", "WH-329", "WH-331", "WH-332", "WH-333")
async def test_somebody_is_invited_looks_and_joins(
    people: People, client: httpx.AsyncClient
) -> None:
    ada, bank = await people.owner()
    bob = await people.person()
    made = await ada.client.post(invitations_of(bank), json={"email": bob.email, "role": "member"})
    invitation = made.json()
    assert made.status_code == 201
    assert (invitation["email"], invitation["role"]) == (bob.email, "member")
    assert invitation["email_delivery"] == KEPT
    listed = (await ada.client.get(invitations_of(bank))).json()
    assert [each["id"] for each in listed] == [invitation["id"]]
    token = await people.token_sent_to(bob.email)
    assert token not in made.text
    assert token not in str(listed)

    seen = await client.get(PREVIEW, params={"token": token})
    assert seen.status_code == 200
    assert seen.json() == {
        "organization": {"name": "Bank", "slug": bank["slug"]},
        "email": f"{bob.email[0]}***@bank.example",
        "role": "member",
        "invited_by": "Ada",
        "expires_at": invitation["expires_at"],
    }
    joined = await bob.client.post(ACCEPT, json={"token": token})
    assert joined.status_code == 200
    assert joined.json() == {
        "organization": {name: bank[name] for name in ("id", "name", "slug")},
        "role": "member",
        "active_organization_id": bank["id"],
    }
    assert (await client.get(PREVIEW, params={"token": token})).status_code == 404
    assert (await bob.client.post(ACCEPT, json={"token": token})).status_code == 409
    assert (await ada.client.get(invitations_of(bank))).json() == []


@pytest.mark.inventory("WH-330")
async def test_a_revoked_invitation_is_worth_nothing(
    people: People, client: httpx.AsyncClient
) -> None:
    ada, bank = await people.owner()
    bob = await people.person()
    made = await ada.client.post(invitations_of(bank), json={"email": bob.email})
    token = await people.token_sent_to(bob.email)
    path = f"{invitations_of(bank)}/{made.json()['id']}"
    assert (await bob.client.delete(path)).status_code == 404
    assert (await ada.client.delete(path)).status_code == 204
    assert (await ada.client.delete(path)).status_code == 404
    assert (await client.get(PREVIEW, params={"token": token})).status_code == 404
    assert (await bob.client.post(ACCEPT, json={"token": token})).status_code == 404


async def test_only_the_one_it_was_sent_to_accepts(
    people: People, client: httpx.AsyncClient
) -> None:
    ada, bank = await people.owner()
    email = f"{uuid4()}@bank.example"
    await ada.client.post(invitations_of(bank), json={"email": email})
    body = {"token": await people.token_sent_to(email)}
    for person in (await people.person(), await people.person(guest=True), ada):
        assert (await person.client.post(ACCEPT, json=body)).status_code == 403
    assert (await client.post(ACCEPT, json=body)).status_code == 401
    members = (await ada.client.get(f"/bot/api/orgs/{bank['id']}/members")).json()
    assert [member["user_id"] for member in members] == [ada.id]


@pytest.mark.inventory("WH-326")
async def test_members_do_not_invite_and_nobody_invites_an_owner(people: People) -> None:
    ada, bank = await people.owner()
    member = await people.member(ada, bank["id"], "member")
    admin = await people.member(ada, bank["id"], "admin")
    email = f"{uuid4()}@bank.example"
    for role in ("member", "admin"):
        fields = {"email": email, "role": role}
        refused = await member.client.post(invitations_of(bank), json=fields)
        assert refused.status_code == 403
        assert (await admin.client.post(invitations_of(bank), json=fields)).status_code == 201
    owner = await ada.client.post(invitations_of(bank), json={"email": email, "role": "owner"})
    assert owner.status_code == 400
    assert "role" in owner.text
    assert (await member.client.get(invitations_of(bank))).status_code == 403


async def test_invitations_of_another_organization_are_out_of_reach(people: People) -> None:
    ada, bank = await people.owner()
    eve, other = await people.owner()
    made = await ada.client.post(invitations_of(bank), json={"email": f"{uuid4()}@bank.example"})
    invitation_id = made.json()["id"]
    assert (await eve.client.get(invitations_of(bank))).status_code == 404
    for organization in (bank, other):
        path = f"{invitations_of(organization)}/{invitation_id}"
        assert (await eve.client.delete(path)).status_code == 404
    assert len((await ada.client.get(invitations_of(bank))).json()) == 1


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "email"),
        ({"email": None}, "email"),
        ({"email": 7}, "email"),
        ({"email": "bob"}, "email"),
        ({"email": "bob@bank.example\r\nBcc: eve@bank.example"}, "email"),
        ({"email": "bob@bank.example\0"}, "email"),
        ({"email": "bob@\u202ebank.example"}, "email"),
        ({"email": "=?utf-8?q?bob?=@bank.example"}, "email"),
        ({"email": "b" * 100_000 + "@bank.example"}, "email"),
        ({"email": ["bob@bank.example"]}, "email"),
        ({"email": "bob@bank.example", "role": "king"}, "role"),
        ({"email": "bob@bank.example", "role": None}, "role"),
        ({"email": "bob@bank.example", "role": {"is": "admin"}}, "role"),
    ],
)
async def test_a_wrong_field_is_named(people: People, body: dict[str, Any], named: str) -> None:
    ada, bank = await people.owner()
    answer = await ada.client.post(invitations_of(bank), json=body)
    assert answer.status_code == 400
    assert named in answer.text
    assert (await ada.client.get(invitations_of(bank))).json() == []


@pytest.mark.parametrize("token", ["", "x", "inv_", "\0", "\ud7ff", "x" * 5000, "%00"])
async def test_a_token_that_is_none_is_not_found(
    people: People, client: httpx.AsyncClient, token: str
) -> None:
    ada = await people.person()
    assert (await ada.client.post(ACCEPT, json={"token": token})).status_code == 404
    assert (await client.get(PREVIEW, params={"token": token})).status_code in (400, 404)


async def test_a_token_that_is_no_text_is_named(people: People, client: httpx.AsyncClient) -> None:
    ada = await people.person()
    for body in ({}, {"token": None}, {"token": 1}, {"token": []}):
        answer = await ada.client.post(ACCEPT, json=body)
        assert (answer.status_code, "token" in answer.text) == (400, True)
    assert (await client.get(PREVIEW)).status_code == 400


async def test_an_address_cannot_try_tokens_without_end(server: LiveServer) -> None:
    """From an address of its own, so that it holds back no other test."""
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.77")
    async with httpx.AsyncClient(base_url=server.url, transport=transport) as client:
        statuses = set()
        for number in range(70):  # more than a limit for each of two windows
            answer = await client.get(PREVIEW, params={"token": f"inv_{number}"})
            statuses.add(answer.status_code)
    assert statuses == {404, 429}
