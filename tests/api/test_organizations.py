"""Organizations and their members over HTTP, as the gateway's document describes them."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.api.conftest import LiveServer
from tests.api.people import People, create, people_of
from tests.scenarios.operator import command

ORGS = "/bot/api/orgs"
NOBODYS = UUID(int=7)


@pytest.fixture
async def people(server: LiveServer) -> AsyncGenerator[People]:
    async with people_of(server) as people:
        yield people


@pytest.mark.inventory("WH-317", "WH-318", "WH-319", "WH-321")
async def test_an_organization_is_created_listed_and_active(people: People) -> None:
    ada = await people.person()
    assert (await ada.client.get(ORGS)).json() == []
    assert (await ada.client.get(f"{ORGS}/active")).status_code == 403
    slug = f"acme-{uuid4().hex}"
    made = await ada.client.post(ORGS, json={"name": "Acme Corp", "slug": slug})
    organization = made.json()
    assert made.status_code == 201
    assert (organization["name"], organization["slug"]) == ("Acme Corp", slug)
    assert (organization["role"], organization["is_active"]) == ("owner", True)
    assert organization["owner_user_id"] == ada.id
    assert (await ada.client.get(ORGS)).json() == [organization]
    assert (await ada.client.get(f"{ORGS}/active")).json() == organization
    assert (await ada.client.get(f"{ORGS}/{organization['id']}")).json() == organization


@pytest.mark.inventory("WH-320", "WH-327")
async def test_a_user_of_several_switches_between_them(people: People) -> None:
    ada, first = await people.owner()
    second = await create(ada)
    _, foreign = await people.owner()
    assert second["is_active"] is False
    switched = await ada.client.post(f"{ORGS}/switch", json={"organization_id": second["id"]})
    assert (switched.status_code, switched.json()["is_active"]) == (200, True)
    listed = (await ada.client.get(ORGS)).json()
    assert [(each["id"], each["is_active"]) for each in listed] == [
        (first["id"], False),
        (second["id"], True),
    ]
    for unknown in (foreign["id"], str(uuid4())):
        refused = await ada.client.post(f"{ORGS}/switch", json={"organization_id": unknown})
        assert refused.status_code == 404
    assert (await ada.client.get(f"{ORGS}/active")).json()["id"] == second["id"]


@pytest.mark.inventory("WH-322", "WH-326")
async def test_settings_are_for_owners_and_admins(people: People) -> None:
    ada, bank = await people.owner()
    path = f"{ORGS}/{bank['id']}"
    admin = await people.member(ada, bank["id"], "admin")
    member = await people.member(ada, bank["id"], "member")
    slug = f"new-{uuid4().hex}"
    changed = await admin.client.patch(path, json={"name": "New", "slug": slug})
    assert (changed.json()["name"], changed.json()["slug"]) == ("New", slug)
    refused = await member.client.patch(path, json={"name": "Mine"})
    assert refused.status_code == 403
    seen = (await member.client.get(path)).json()
    assert (seen["name"], seen["role"]) == ("New", "member")


@pytest.mark.inventory("WH-323", "WH-326")
async def test_only_an_owner_deletes_and_everything_is_gone(people: People) -> None:
    ada, bank = await people.owner()
    path = f"{ORGS}/{bank['id']}"
    admin = await people.member(ada, bank["id"], "admin")
    home = await create(admin)
    assert (await admin.client.delete(path)).status_code == 403
    await admin.client.post(f"{ORGS}/switch", json={"organization_id": bank["id"]})
    assert (await ada.client.delete(path)).status_code == 204
    for person in (ada, admin):
        for method in ("GET", "PATCH", "DELETE"):
            answer = await person.client.request(method, path, json={})
            assert answer.status_code == 404
    assert (await admin.client.get(f"{ORGS}/active")).json()["id"] == home["id"]
    assert (await ada.client.get(ORGS)).json() == []


@pytest.mark.inventory("WH-324", "WH-325", "WH-326")
async def test_a_demoted_admin_is_refused_from_the_next_request_on(people: People) -> None:
    ada, bank = await people.owner()
    bob = await people.member(ada, bank["id"], "admin")
    members = f"{ORGS}/{bank['id']}/members"
    invitations = f"{ORGS}/{bank['id']}/invitations"
    assert (await bob.client.get(invitations)).status_code == 200
    demoted = await ada.client.patch(f"{members}/{bob.id}", json={"role": "member"})
    assert (demoted.status_code, demoted.json()["role"]) == (200, "member")
    assert (await bob.client.get(invitations)).status_code == 403
    listed = (await bob.client.get(members)).json()
    assert [(each["user_id"], each["email"], each["role"]) for each in listed] == [
        (ada.id, ada.email, "owner"),
        (bob.id, bob.email, "member"),
    ]
    assert (await ada.client.delete(f"{members}/{bob.id}")).status_code == 204
    assert (await bob.client.get(members)).status_code == 404


async def test_an_admin_cannot_touch_an_owner_nor_make_one(people: People) -> None:
    ada, bank = await people.owner()
    admin = await people.member(ada, bank["id"], "admin")
    members = f"{ORGS}/{bank['id']}/members"
    for user_id, role in ((ada.id, "member"), (admin.id, "owner")):
        refused = await admin.client.patch(f"{members}/{user_id}", json={"role": role})
        assert refused.status_code == 403
    assert (await admin.client.delete(f"{members}/{ada.id}")).status_code == 403


async def test_the_last_owner_stays_until_the_organization_is_handed_over(people: People) -> None:
    ada, bank = await people.owner()
    bob = await people.member(ada, bank["id"], "member")
    members = f"{ORGS}/{bank['id']}/members"
    demoted = await ada.client.patch(f"{members}/{ada.id}", json={"role": "admin"})
    left = await ada.client.delete(f"{members}/{ada.id}")
    assert (demoted.status_code, left.status_code) == (409, 409)
    transfer = f"{ORGS}/{bank['id']}/transfer"
    assert (await bob.client.post(transfer, json={"user_id": bob.id})).status_code == 403
    handed = await ada.client.post(transfer, json={"user_id": bob.id})
    assert (handed.status_code, handed.json()["role"]) == (200, "owner")
    seen = (await ada.client.get(f"{ORGS}/{bank['id']}")).json()
    assert (seen["role"], seen["owner_user_id"]) == ("admin", bob.id)
    assert (await ada.client.delete(f"{members}/{ada.id}")).status_code == 204


async def test_a_taken_slug_is_a_conflict_that_names_it(people: People) -> None:
    ada, bank = await people.owner()
    other = await create(ada)
    taken = await ada.client.post(ORGS, json={"name": "Bank", "slug": bank["slug"]})
    renamed = await ada.client.patch(f"{ORGS}/{other['id']}", json={"slug": bank["slug"]})
    for refused in (taken, renamed):
        assert refused.status_code == 409
        assert refused.json()["details"] == {"field": "slug"}


@pytest.mark.inventory("EX-024")
async def test_a_key_and_a_session_ask_who_they_are(
    people: People, admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    ada, bank = await people.owner()
    mine = (await ada.client.get("/bot/api/whoami")).json()
    named = {name: bank[name] for name in ("id", "name", "slug")}
    assert mine == {"organization": named, "role": "owner"}
    key = (await admin.get("/bot/api/whoami")).json()
    assert (key["organization"]["slug"], key["role"]) == ("default", "api_key")
    stranger = await people.person()
    assert (await client.get("/bot/api/whoami")).status_code == 401
    assert (await stranger.client.get("/bot/api/whoami")).status_code == 403


async def test_a_guest_founds_nothing(people: People) -> None:
    guest = await people.person(guest=True)
    assert (await guest.client.post(ORGS, json={"name": "Bank"})).status_code == 403


async def test_nobody_founds_organizations_without_end(people: People) -> None:
    ada = await people.person()
    answers = [await ada.client.post(ORGS, json={"name": "Bank"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [201] * 20 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"name": ""}', "name"),
        (b'{"name": "a\\u0000b"}', "name"),
        (b'{"name": "\\u202egnp"}', "name"),
        (b'{"name": "a\\u200bb"}', "name"),
        (b'{"name": 3}', "name"),
        (b'{"name": null}', "name"),
        (b'{"slug": "acme"}', "name"),
        (b'{"name": "Bank", "slug": "Acme"}', "slug"),
        (b'{"name": "Bank", "slug": "\\u0430cme"}', "slug"),
        (b'{"name": "Bank", "slug": "a\\u0000"}', "slug"),
        (b'{"name": "Bank", "slug": ["a"]}', "slug"),
        (b'{"name": "Bank", "slug": "admin"}', "slug"),
        (b'{"name": "' + b"x" * 1_000_000 + b'"}', "name"),
        (b'{"name": ' + b"[" * 100_000, ""),
        (b'{"name": "Bank", "name": "Another"}', "name"),
        (b'{"name": "Bank", "slug": "a-1", "sl\\u0075g": "b-1"}', "slug"),
        (b'{"name": "Bank", "more": {"x": [{"y": 1, "y": 2}]}}', "y"),
        (b'{"name": "' + b"x" * 100_000 + b'", "slug": "a", "slug": "b"}', ""),
        (b'{"name": "\\ud800"}', ""),
        (b'{"name": "Bank"', ""),
        (b'["Bank"]', ""),
        (b"null", ""),
        (b"", ""),
        (b"\xff\xfe", ""),
    ],
)
async def test_hostile_input_is_refused_with_the_field(
    people: People, body: bytes, named: str
) -> None:
    ada = await people.person()
    headers = {"Content-Type": "application/json"}
    answer = await ada.client.post(ORGS, content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert named in answer.text
    assert (await ada.client.get(ORGS)).json() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("POST", "/switch", {"organization_id": "org-uuid"}, "organization_id"),
        ("POST", "/switch", {"organization_id": 7}, "organization_id"),
        ("POST", "/switch", {}, "organization_id"),
        ("PATCH", "/{id}", {"slug": "-"}, "slug"),
        ("PATCH", "/{id}", {"name": "\n"}, "name"),
        ("PATCH", "/{id}/members/{user}", {"role": "king"}, "role"),
        ("PATCH", "/{id}/members/{user}", {"role": None}, "role"),
        ("PATCH", "/{id}/members/{user}", {}, "role"),
        ("POST", "/{id}/transfer", {"user_id": "bob"}, "user_id"),
        ("POST", "/{id}/transfer", {}, "user_id"),
    ],
)
async def test_a_wrong_field_is_named(
    people: People, method: str, path: str, body: dict[str, Any], named: str
) -> None:
    ada, bank = await people.owner()
    url = ORGS + path.format(id=bank["id"], user=ada.id)
    answer = await ada.client.request(method, url, json=body)
    assert answer.status_code == 400
    assert named in answer.text
    assert (await ada.client.get(f"{ORGS}/{bank['id']}")).json() == bank


async def test_ids_that_are_none_are_not_found(people: People) -> None:
    ada, bank = await people.owner()
    members = f"{ORGS}/{bank['id']}/members"
    for path in (f"{ORGS}/nothing", f"{ORGS}/{uuid4()}", f"{ORGS}/%00", f"{members}/x"):
        assert (await ada.client.patch(path, json={"role": "member"})).status_code == 404
    assert (await ada.client.delete(f"{members}/{uuid4()}")).status_code == 404


async def test_the_operator_appoints_and_the_organization_of_the_installation_stays(
    people: People,
) -> None:
    ada = await people.person(name="Ada")
    environ = {"PARLEY_DATA_DIR": people.server.data_dir}

    async def orgs(*arguments: str) -> tuple[int, str]:
        return await asyncio.to_thread(command, "orgs", *arguments, env=environ)

    status, said = await orgs("appoint", "default", ada.email, "owner")
    assert status == 0, said
    _, listed = await orgs("members", "default")
    (line,) = [line for line in listed.splitlines() if ada.email in line]
    assert line.split() == ["owner", ada.id, ada.email, "Ada"]
    default = (await ada.client.get(f"{ORGS}/active")).json()
    path = f"{ORGS}/{default['id']}"
    assert (await ada.client.delete(path)).status_code == 409
    assert (await ada.client.patch(path, json={"slug": "other"})).status_code == 409
    assert (await ada.client.get(path)).json() == default
    status, said = await orgs("appoint", "default", f"nobody@{uuid4()}.example", "member")
    assert (status, "nobody signed up with" in said) == (1, True)


@pytest.mark.parametrize("path", ["", "/active", "/switch", f"/{NOBODYS}", f"/{NOBODYS}/members"])
async def test_nobody_and_no_key_comes_near(
    client: httpx.AsyncClient, admin: httpx.AsyncClient, path: str
) -> None:
    method = "POST" if path == "/switch" else "GET"
    assert (await client.request(method, ORGS + path, json={})).status_code == 401
    by_key = await admin.request(method, ORGS + path, json={})
    assert by_key.status_code == 403
    assert "session" in by_key.json()["error"]
