"""What is kept of users: seen and deleted by the organization's keys, by its admins, by oneself."""

import httpx
import pytest

from tests.api.agent.conftest import Parley
from tests.api.wall.world import Organization

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAID = {"transcript": "Hello."}


async def test_a_user_s_history_is_shown_and_deleted(
    parley: Parley, client: httpx.AsyncClient
) -> None:
    await client.post("/agent/process", json=SAID, headers={"X-Device-Id": "phone-7"})
    shown = (await client.get("/agent/history", headers={"X-Device-Id": "phone-7"})).json()
    (exchange,) = shown["exchanges"]
    assert (shown["user_id"], exchange["said"], exchange["tools"]) == ("phone-7", "Hello.", [])
    assert exchange["answered"] == "You said: Hello."
    gone = await client.delete("/agent/history?user_id=phone-7")
    assert gone.json() == {"success": True, "deleted": 1}
    assert (await client.get("/agent/history?user_id=phone-7")).json()["exchanges"] == []


@pytest.mark.parametrize("page", ["history", "preferences"])
async def test_without_a_user_it_is_asked_for(client: httpx.AsyncClient, page: str) -> None:
    for method in ("GET", "DELETE"):
        answer = await client.request(method, f"/agent/{page}")
        assert (answer.status_code, answer.json()["details"]["field"]) == (400, "user_id")


async def test_a_signed_in_user_is_itself(parley: Parley, organization: Organization) -> None:
    member = organization.people["member"]
    async with parley.client(person=member) as browser:
        await browser.post("/agent/process", json=SAID, headers={"X-Device-Id": "phone-7"})
        shown = (await browser.get("/agent/history")).json()
        assert (shown["user_id"], len(shown["exchanges"])) == (str(member.user_id), 1)


async def test_only_an_admin_sees_what_others_said(
    parley: Parley, organization: Organization, client: httpx.AsyncClient
) -> None:
    await client.post("/agent/process", json={**SAID, "user_id": "ada"})
    async with parley.client(person=organization.people["member"]) as member:
        for method, path in (
            ("GET", "/agent/history"),
            ("DELETE", "/agent/history"),
            ("GET", "/agent/preferences"),
            ("GET", "/agent/usage"),
        ):
            refused = await member.request(method, path, params={"user_id": "ada"})
            assert refused.status_code == 403, path
        refused = await member.post("/agent/process", json={**SAID, "user_id": "ada"})
        assert refused.status_code == 403
        assert (await member.get("/agent/histories")).json() == {"histories": []}
    async with parley.client(person=organization.people["admin"]) as admin:
        shown = (await admin.get("/agent/history?user_id=ada")).json()
        assert len(shown["exchanges"]) == 1
        (history,) = (await admin.get("/agent/histories")).json()["histories"]
        assert (history["user_id"], history["exchanges"]) == ("ada", 1)
        assert (await admin.delete("/agent/history?user_id=ada")).json()["deleted"] == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"tone": "rude"}, "tone"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"language": "not a tag!"}, "language"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_with_preferences_is_named(
    client: httpx.AsyncClient, wrong: dict[str, str], field: str
) -> None:
    answer = await client.put("/agent/preferences?user_id=ada", json=wrong)
    assert answer.status_code == 400
    assert field in answer.json()["error"]
