"""How an organization has its words pronounced, from the entry to what is heard."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import LiveServer
from tests.api.people import People, people_of
from tests.api.test_tts import heard_in

URL = "/tts/lexicon"


@pytest.fixture
async def people(server: LiveServer) -> AsyncGenerator[People]:
    async with people_of(server) as people:
        yield people


async def put(client: httpx.AsyncClient, **entry: Any) -> httpx.Response:
    return await client.put(URL, json=entry)


async def said(client: httpx.AsyncClient, text: str) -> bytes:
    answer = await client.post("/tts/synthesize", json={"text": text}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_word_is_heard_as_the_organization_says(
    people: People, admin: httpx.AsyncClient
) -> None:
    (ada, _), (eve, _) = await people.owner(), await people.owner()
    text = "Please bring the xqzt to the office in the morning."
    usual = await said(ada.client, text)
    made = await put(ada.client, word="xqzt", respelling="yellow umbrella")
    assert made.status_code == 200
    entry = made.json()
    assert entry == {
        "id": entry["id"],
        "word": "xqzt",
        "language": None,
        "respelling": "yellow umbrella",
        "sounds": None,
        "matches_case": False,
    }
    assert "yellow umbrella" in await heard_in(admin, await said(ada.client, text))
    assert "umbrella" not in await heard_in(admin, await said(eve.client, text))
    assert (await ada.client.get(URL)).json() == {"entries": [entry]}
    assert (await eve.client.get(URL)).json() == {"entries": []}
    again = await put(ada.client, word="xqzt", sounds="/bə\u02c8nænə/")
    assert again.json()["id"] == entry["id"]
    assert "banana" in await heard_in(admin, await said(ada.client, text))
    assert (await ada.client.delete(f"{URL}/{entry['id']}")).status_code == 204
    assert (await ada.client.delete(f"{URL}/{entry['id']}")).status_code == 404
    assert len(await said(ada.client, text)) == len(usual)


@pytest.mark.parametrize(
    ("entry", "code", "field"),
    [
        ({"word": "x"}, "pronunciation_invalid", "respelling"),
        ({"word": "x", "respelling": "a", "sounds": "a"}, "pronunciation_invalid", "respelling"),
        ({"word": "?!", "respelling": "a"}, "pronunciation_invalid", "word"),
        ({"word": "x" * 101, "respelling": "a"}, "pronunciation_invalid", "word"),
        ({"word": "x", "sounds": "ttt"}, "pronunciation_invalid", "sounds"),
        ({"word": "x", "sounds": "a5"}, "pronunciation_invalid", "sounds"),
        ({"word": "x", "respelling": "a", "language": "kl"}, "language_unknown", "language"),
    ],
)
async def test_what_cannot_be_said_is_refused_with_its_field(
    people: People, entry: dict[str, str], code: str, field: str
) -> None:
    ada, _ = await people.owner()
    answer = await put(ada.client, **entry)
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["details"]["field"]) == (code, field)
    assert (await ada.client.get(URL)).json() == {"entries": []}


async def test_who_may_not_write_may_read_and_changes_are_audited(people: People) -> None:
    ada, organization = await people.owner()
    member = await people.member(ada, organization["id"], "member")
    await member.client.post("/bot/api/orgs/switch", json={"organization_id": organization["id"]})
    entry = (await put(ada.client, word="KYC", respelling="kay why see", language="hi")).json()
    assert entry["language"] == "hi"
    assert (await member.client.get(URL)).json() == {"entries": [entry]}
    assert (await put(member.client, word="KYC", respelling="other")).status_code == 403
    assert (await member.client.delete(f"{URL}/{entry['id']}")).status_code == 403
    assert (await ada.client.delete(f"{URL}/{uuid4()}")).status_code == 404
    await ada.client.delete(f"{URL}/{entry['id']}")
    log = (await ada.client.get(f"/bot/api/orgs/{organization['id']}/audit")).json()
    shown = [(each["action"], each["details"]) for each in log["entries"][:2]]
    assert shown == [
        ("PronunciationRemoved", {"word": "KYC"}),
        ("WordPronounced", {"word": "KYC", "language": "hi"}),
    ]
