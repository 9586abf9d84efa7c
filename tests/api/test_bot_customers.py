"""Customers over HTTP, as the gateway's document describes them and as its clients ask."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import LiveServer
from tests.api.people import People, people_of

CUSTOMERS = "/bot/api/customers"
DOCUMENTED = {"name": "Jane Smith", "phone_number": "+14155551234", "email": "jane@example.com"}
CSV = "name,phone_number,Due amount\nJane,+14155551234,12.50\nKarl,030 1234567,\nEve,,\n"


@pytest.fixture
async def people(server: LiveServer) -> AsyncGenerator[People]:
    async with people_of(server) as people:
        yield people


async def made(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post(CUSTOMERS, json=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def imported(client: httpx.AsyncClient, content: str, **fields: str) -> httpx.Response:
    file = {"file": ("customers.csv", content.encode())}
    return await client.post(f"{CUSTOMERS}/import", files=file, data=fields)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
@pytest.mark.inventory("WH-258", "WH-262", "WH-263", "WH-264", "WH-335")
async def test_the_command_of_the_document_creates_a_customer(people: People) -> None:
    ada, _ = await people.owner()
    url = f"{people.server.url}{CUSTOMERS}"
    command = ["curl", "--silent", "--noproxy", "*", "-X", "POST", url]
    command += ["-H", "Content-Type: application/json", "-d", json.dumps(DOCUMENTED, indent=2)]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, "-b", f"access_token={ada.client.cookies['access_token']}"],
        capture_output=True,
        check=True,
    )
    customer = json.loads(done.stdout)
    assert {name: customer[name] for name in DOCUMENTED} == DOCUMENTED
    assert (await ada.client.get(CUSTOMERS)).json() == [customer]


@pytest.mark.inventory("WH-257", "WH-259", "WH-260", "WH-261")
async def test_a_customer_is_changed_and_deleted(people: People) -> None:
    ada, _ = await people.owner()
    agent = (await ada.client.post("/bot/api/agents", json={"name": "Front desk"})).json()
    jane = await made(
        ada.client, **DOCUMENTED, tags=["vip"], metadata={"due": [2**70, {"a": None}]}
    )
    path = f"{CUSTOMERS}/{jane['id']}"
    assert (await ada.client.get(path)).json() == jane
    changes = {"email": None, "preferred_language": "hi", "agent_id": agent["id"]}
    changed = await ada.client.patch(path, json=changes)
    assert changed.status_code == 200
    expected = {**jane, "email": None, "language": "hi", "agent_id": agent["id"]}
    expected["changed_at"] = changed.json()["changed_at"]
    assert changed.json() == (await ada.client.get(path)).json() == expected
    assert (await ada.client.patch(path, json={"agent_id": None})).json()["agent_id"] is None
    assert (await ada.client.patch(path, json={"agent_id": str(uuid4())})).status_code == 404
    gone = await ada.client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "PATCH", "DELETE"):
        assert (await ada.client.request(method, path, json={})).status_code == 404
    assert (await ada.client.get(CUSTOMERS)).json() == []


async def test_changes_at_the_same_time_are_all_kept(people: People) -> None:
    ada, _ = await people.owner()
    path = f"{CUSTOMERS}/{(await made(ada.client, **DOCUMENTED))['id']}"
    changes = {"name": "Janet", "notes": "calls back", "tags": ["vip"], "language": "hi"}
    done = await asyncio.gather(
        *(ada.client.patch(path, json={name: value}) for name, value in changes.items())
    )
    assert {answer.status_code for answer in done} == {200}
    kept = (await ada.client.get(path)).json()
    assert {name: kept[name] for name in changes} == changes
    assert kept["email"] == DOCUMENTED["email"]


@pytest.mark.inventory("WH-265")
async def test_a_number_belongs_to_one_customer_of_an_organization(people: People) -> None:
    ada, _ = await people.owner()
    eve, _ = await people.owner()
    await made(ada.client, **DOCUMENTED)
    other = await made(ada.client, name="Karl")
    taken = {"phone_number": "+1 (415) 555-1234"}
    for refused in (
        await ada.client.post(CUSTOMERS, json={"name": "Jane again", **taken}),
        await ada.client.patch(f"{CUSTOMERS}/{other['id']}", json=taken),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "phone_number_taken")
    elsewhere = await made(eve.client, **DOCUMENTED)
    assert (await eve.client.get(CUSTOMERS)).json() == [elsewhere]
    assert (await ada.client.get(f"{CUSTOMERS}/{elsewhere['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"name": " "}, 422, "name"),
        ({"phone_number": "030 1234567"}, 422, "phone_number"),
        ({"name": "a", "phone_number": "call me"}, 422, "phone_number"),
        ({"name": "a", "email": "no address"}, 400, "email"),
        ({"name": "a", "language": "not a language"}, 422, "language"),
        ({"name": "a", "tags": ["x" * 51]}, 422, "tags"),
        ({"name": "a", "metadata": {"a": "x" * 9000}}, 422, "metadata"),
        ({"name": "a", "metadata": [1]}, 400, "metadata"),
        ({"name": "a\u0000"}, 422, "name"),
    ],
)
async def test_what_is_wrong_is_refused_and_named(
    people: People, fields: dict[str, Any], status: int, field: str
) -> None:
    ada, _ = await people.owner()
    refused = await ada.client.post(CUSTOMERS, json=fields)
    assert refused.status_code == status, refused.text
    assert field in refused.json()["error"]


async def test_national_numbers_are_read_once_the_country_is_known(people: People) -> None:
    ada, bank = await people.owner()
    member = await people.member(ada, bank["id"], "member")
    settings = f"{CUSTOMERS}/settings"
    assert (await member.client.get(settings)).json() == {"country_code": ""}
    assert (await member.client.put(settings, json={"country_code": "49"})).status_code == 403
    assert (await ada.client.put(settings, json={"country_code": "DE"})).status_code == 422
    assert (await ada.client.put(settings, json={"country_code": "+49"})).json() == {
        "country_code": "49"
    }
    assert (await made(ada.client, phone_number="030 1234567"))["phone_number"] == "+49301234567"
    ends = await ada.client.put(settings, json={"country_code": ""})
    assert ends.json() == {"country_code": ""}
    refused = await ada.client.post(CUSTOMERS, json={"phone_number": "030 7654321"})
    assert "country_code" in refused.json()["error"]


@pytest.mark.inventory("WH-257")
async def test_customers_are_paged_and_searched(people: People) -> None:
    ada, _ = await people.owner()
    agent = (await ada.client.post("/bot/api/agents", json={"name": "Front desk"})).json()
    names = [f"Customer {number}" for number in range(7)]
    for number, name in enumerate(names):
        of = {"agent_id": agent["id"]} if number == 3 else {}
        await made(ada.client, name=name, tags=["even"] if number % 2 == 0 else [], **of)
    await made(ada.client, name="Łucja ŻÓŁĆ", phone_number="+48221234567", email="lz@example.com")

    async def found(**asked: Any) -> list[str]:
        return [each["name"] for each in (await ada.client.get(CUSTOMERS, params=asked)).json()]

    assert (await found())[1:] == names[::-1]
    assert await found(limit=2, offset=3) == ["Customer 4", "Customer 3"]
    assert await found(offset=99) == []
    assert await found(tag="even") == ["Customer 6", "Customer 4", "Customer 2", "Customer 0"]
    assert await found(tag="even", limit=1, offset=1) == ["Customer 4"]
    assert await found(agent_id=agent["id"]) == ["Customer 3"]
    for words in ("żółć", "22123", "LZ@EXAMPLE"):
        assert await found(search=words) == ["Łucja ŻÓŁĆ"]
    assert await found(search="nobody") == []
    for wrong in ({"limit": 0}, {"limit": 1001}, {"offset": -1}, {"search": "x" * 101}):
        assert (await ada.client.get(CUSTOMERS, params=wrong)).status_code == 400


@pytest.mark.inventory("EX-028")
async def test_a_file_is_imported_row_by_row(people: People) -> None:
    ada, _ = await people.owner()
    agent = (await ada.client.post("/bot/api/agents", json={"name": "Front desk"})).json()
    done = await imported(ada.client, CSV, agent_id=agent["id"])
    assert done.status_code == 200
    answer = done.json()
    assert {name: answer[name] for name in ("created", "updated", "skipped")} == {
        "created": 1,
        "updated": 0,
        "skipped": 0,
    }
    assert [each["row"] for each in answer["errors"]] == [3, 4]
    (jane,) = (await ada.client.get(CUSTOMERS)).json()
    assert (jane["name"], jane["agent_id"]) == ("Jane", agent["id"])
    assert jane["metadata"] == {"Due amount": "12.50"}


@pytest.mark.inventory("EX-028")
@pytest.mark.parametrize(
    ("on_duplicate", "counts", "name"),
    [
        ("skip", (1, 0, 2, 0), "Jane Smith"),
        ("update", (1, 2, 0, 0), "Janet"),
        ("error", (1, 0, 0, 2), "Jane Smith"),
    ],
)
async def test_who_is_there_already_is_met_as_asked(
    people: People, on_duplicate: str, counts: tuple[int, ...], name: str
) -> None:
    ada, _ = await people.owner()
    jane = await made(ada.client, **DOCUMENTED, metadata={"kept": 1})
    content = "Tel,Wer,Shop\n+1-415-555-1234,Janet,Berlin\n+14155551235,Karl,\n+14155551235,,Bonn\n"
    mapping = {"Tel": "phone_number", "Wer": "name", "Shop": "shop"}
    done = await imported(
        ada.client, content, mapping=json.dumps(mapping), on_duplicate=on_duplicate
    )
    answer = done.json()
    errors = answer["errors"]
    assert (answer["created"], answer["updated"], answer["skipped"], len(errors)) == counts
    found = (await ada.client.get(f"{CUSTOMERS}/{jane['id']}")).json()
    assert (found["name"], found["email"]) == (name, "jane@example.com")
    if on_duplicate == "update":
        assert found["metadata"] == {"kept": 1, "shop": "Berlin"}
        (karl,) = (await ada.client.get(CUSTOMERS, params={"search": "Karl"})).json()
        assert karl["metadata"] == {"shop": "Bonn"}
    if on_duplicate == "error":
        assert [each["row"] for each in errors] == [2, 4]


@pytest.mark.parametrize(
    ("fields", "content", "status", "field"),
    [
        ({"on_duplicate": "replace"}, CSV, 422, "on_duplicate"),
        ({"mapping": "{"}, CSV, 422, "mapping"),
        ({"mapping": "[1]"}, CSV, 422, "mapping"),
        ({"mapping": '{"nothing": "name"}'}, CSV, 422, "mapping"),
        ({"agent_id": "x"}, CSV, 422, "agent_id"),
        ({"agent_id": str(uuid4())}, CSV, 404, "agent_id"),
        ({}, "name\nJane\n", 422, "mapping"),
        ({}, "phone\n\0", 422, "file"),
        ({}, "x" * (9 * 1024 * 1024), 413, "body"),
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing(
    people: People, fields: dict[str, str], content: str, status: int, field: str
) -> None:
    ada, _ = await people.owner()
    refused = await imported(ada.client, content, **fields)
    assert refused.status_code == status, refused.text
    assert field in refused.json()["error"]
    assert (await ada.client.get(CUSTOMERS)).json() == []


async def test_members_see_customers_and_admins_change_them(people: People) -> None:
    ada, bank = await people.owner()
    jane = await made(ada.client, **DOCUMENTED)
    path = f"{CUSTOMERS}/{jane['id']}"
    member = await people.member(ada, bank["id"], "member")
    assert (await member.client.get(path)).json() == jane
    for refused in (
        await member.client.post(CUSTOMERS, json={"name": "Karl"}),
        await member.client.patch(path, json={"name": "Karl"}),
        await member.client.delete(path),
        await imported(member.client, CSV),
    ):
        assert refused.status_code == 403


async def test_the_audit_log_tells_that_and_not_who(people: People) -> None:
    ada, bank = await people.owner()
    jane = await made(ada.client, **DOCUMENTED)
    await ada.client.patch(f"{CUSTOMERS}/{jane['id']}", json={"name": "Janet"})
    await ada.client.delete(f"{CUSTOMERS}/{jane['id']}")
    await imported(ada.client, CSV)
    log = await ada.client.get(f"/bot/api/orgs/{bank['id']}/audit")
    actions = [each["action"] for each in log.json()["entries"]]
    assert actions[:4] == [
        "CustomersImported",
        "CustomerDeleted",
        "CustomerChanged",
        "CustomerAdded",
    ]
    assert not any(personal in log.text for personal in ("Jane", "4155551234", "example.com"))


@pytest.mark.parametrize(("depth", "status"), [(15, 201), (17, 422), (500, 422), (100_000, 400)])
async def test_metadata_is_nested_within_reason(people: People, depth: int, status: int) -> None:
    ada, _ = await people.owner()
    nested = '{"a":' * depth + "1" + "}" * depth
    body = f'{{"name": "a", "metadata": {nested}}}'.encode()
    answer = await ada.client.post(CUSTOMERS, content=body)
    assert answer.status_code == status, answer.text[:300]
    assert (await ada.client.get(CUSTOMERS)).status_code == 200
