"""Voice agents over HTTP, as the gateway's document describes them and as its clients ask."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncGenerator
from importlib.resources import files
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import LiveServer
from tests.api.people import People, people_of

AGENTS = "/bot/api/agents"
DOCUMENTED = {
    "name": "Sales Rep",
    "system_prompt": "You are a helpful sales assistant for Acme Corp.",
    "greeting": "Hi there! How can I help you today?",
    "voice": "tara",
    "voice_gender": "female",
    "llm_model": "gemini-2.5-flash",
    "video_enabled": True,
}
APPOINTMENT: dict[str, Any] = json.loads(
    files("app.calls.flows").joinpath("examples/appointment.json").read_bytes()
)


@pytest.fixture
async def people(server: LiveServer) -> AsyncGenerator[People]:
    async with people_of(server) as people:
        yield people


async def made(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post(AGENTS, json={"name": "Front desk", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
@pytest.mark.inventory("WH-234", "WH-236", "WH-240", "WH-241", "WH-242", "WH-243")
@pytest.mark.inventory("WH-244", "WH-245", "WH-246", "CF-021", "WH-334")
async def test_the_command_of_the_document_creates_an_agent(people: People) -> None:
    ada, _ = await people.owner()
    command = ["curl", "--silent", "--noproxy", "*", "-X", "POST", f"{people.server.url}{AGENTS}"]
    command += ["-H", "Content-Type: application/json", "-d", json.dumps(DOCUMENTED, indent=2)]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, "-b", f"access_token={ada.client.cookies['access_token']}"],
        capture_output=True,
        check=True,
    )
    agent = json.loads(done.stdout)
    assert {name: agent[name] for name in DOCUMENTED} == DOCUMENTED
    kept = (await ada.client.get(f"{AGENTS}/{agent['id']}")).json()
    assert {name: kept[name] for name in DOCUMENTED} == DOCUMENTED


@pytest.mark.inventory("WH-235", "WH-237", "WH-238", "WH-239", "EX-026")
async def test_an_agent_is_listed_changed_and_deleted(people: People) -> None:
    ada, _ = await people.owner()
    assert (await ada.client.get(AGENTS)).json() == []
    agent, other = await made(ada.client, **DOCUMENTED), await made(ada.client)
    path = f"{AGENTS}/{agent['id']}"
    listed = await ada.client.get(AGENTS)
    assert [each["id"] for each in listed.json()] == [agent["id"], other["id"]]
    changed = await ada.client.patch(
        path, json={"greeting": "Hello.", "behavior": {"barge_in": False}}
    )
    assert changed.status_code == 200
    expected = {**agent, "greeting": "Hello.", "version": 2}
    expected["behavior"] = {**agent["behavior"], "barge_in": False}
    expected["changed_at"] = changed.json()["changed_at"]
    assert changed.json() == expected
    assert (await ada.client.get(path)).json() == expected
    gone = await ada.client.delete(path, params={"confirm": "true"})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await ada.client.get(path)).status_code == 404
    assert (await ada.client.patch(path, json={})).status_code == 404
    assert (await ada.client.delete(path)).status_code == 404
    assert [each["id"] for each in (await ada.client.get(AGENTS)).json()] == [other["id"]]
    assert (await ada.client.delete(f"{AGENTS}/{other['id']}")).status_code == 204


@pytest.mark.inventory("EX-027")
async def test_versions_are_kept_and_come_back(people: People) -> None:
    ada, _ = await people.owner()
    agent = await made(ada.client, system_prompt="Be brief.")
    path = f"{AGENTS}/{agent['id']}"
    await ada.client.patch(path, json={"system_prompt": "Be long."})
    await ada.client.patch(path, json={"system_prompt": "Be long."})
    versions = (await ada.client.get(f"{path}/versions")).json()
    assert [(each["version_no"], each["reason"]) for each in versions] == [
        (2, "changed"),
        (1, "created"),
    ]
    assert [each["prompt_chars"] for each in versions] == [8, 9]
    assert versions[0]["created_by"] == ada.id
    first = (await ada.client.get(f"{path}/versions/{versions[1]['id']}")).json()
    assert first["settings"]["system_prompt"] == "Be brief."
    back = await ada.client.post(f"{path}/versions/{versions[1]['id']}/rollback")
    assert back.status_code == 200
    assert (back.json()["system_prompt"], back.json()["version"]) == ("Be brief.", 3)
    newest = (await ada.client.get(f"{path}/versions")).json()[0]
    assert newest["reason"] == "rolled back to version 1"
    for wrong in (f"{path}/versions/{uuid4()}", f"{AGENTS}/{uuid4()}/versions/{versions[1]['id']}"):
        assert (await ada.client.get(wrong)).status_code == 404
        assert (await ada.client.post(f"{wrong}/rollback")).status_code == 404


@pytest.mark.inventory("EX-027")
async def test_a_clone_is_another_agent(people: People) -> None:
    ada, _ = await people.owner()
    agent = await made(ada.client, **DOCUMENTED)
    cloned = await ada.client.post(f"{AGENTS}/{agent['id']}/clone")
    assert cloned.status_code == 201
    copy = cloned.json()
    assert copy["id"] != agent["id"]
    assert (copy["name"], copy["version"]) == ("Sales Rep (copy)", 1)
    assert copy["system_prompt"] == agent["system_prompt"]
    await ada.client.patch(f"{AGENTS}/{copy['id']}", json={"voice": "am_adam"})
    assert (await ada.client.get(f"{AGENTS}/{agent['id']}")).json()["voice"] == "tara"


async def test_members_see_agents_and_admins_change_them(people: People) -> None:
    ada, bank = await people.owner()
    agent = await made(ada.client)
    path = f"{AGENTS}/{agent['id']}"
    member = await people.member(ada, bank["id"], "member")
    admin = await people.member(ada, bank["id"], "admin")
    assert (await member.client.get(path)).json() == agent
    assert (await member.client.get(f"{path}/versions")).status_code == 200
    for refused in (
        await member.client.post(AGENTS, json={"name": "Mine"}),
        await member.client.patch(path, json={"name": "Mine"}),
        await member.client.post(f"{path}/clone"),
        await member.client.delete(path),
    ):
        assert refused.status_code == 403
    assert (await admin.client.patch(path, json={"name": "New"})).json()["name"] == "New"
    stranger, _ = await people.owner()
    assert (await stranger.client.get(path)).status_code == 404
    assert (await stranger.client.get(AGENTS)).json() == []


async def test_a_key_of_the_organization_does_what_its_scopes_say(people: People) -> None:
    ada, bank = await people.owner()
    keys = f"/bot/api/orgs/{bank['id']}/api-keys"
    for scopes, status in ((["read"], 403), (["read", "write"], 201)):
        key = (await ada.client.post(keys, json={"label": "cli", "scopes": scopes})).json()
        headers = {"Authorization": f"Bearer {key['token']}"}
        async with httpx.AsyncClient(base_url=people.server.url, headers=headers) as client:
            assert (await client.post(AGENTS, json={"name": "By key"})).status_code == status
            assert (await client.get(AGENTS)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"voice": "nobody"}, 422, "voice"),
        ({"voice": str(uuid4())}, 422, "voice"),
        ({"language": "tlh"}, 422, "language"),
        ({"voice_gender": "other"}, 422, "voice_gender"),
        ({"speed": 9}, 422, "speed"),
        ({"speed": "fast"}, 400, "speed"),
        ({"tools": ["teleport"]}, 422, "tools"),
        ({"behavior": {"colour": 1}}, 422, "colour"),
        ({"behavior": {"silence": {"quiet_s": 0}}}, 422, "behavior.silence.quiet_s"),
        ({"graph": {"name": "a"}}, 400, "graph"),
        ({"graph": {"name": "x" * 70_000}}, 422, "graph"),
        ({"name": ""}, 422, "name"),
    ],
)
async def test_what_is_wrong_is_refused_and_named(
    people: People, fields: dict[str, Any], status: int, field: str
) -> None:
    ada, _ = await people.owner()
    agent = await made(ada.client)
    for refused in (
        await ada.client.post(AGENTS, json={"name": "a", **fields}),
        await ada.client.patch(f"{AGENTS}/{agent['id']}", json=fields),
    ):
        assert refused.status_code == status, refused.text
        assert field in refused.json()["error"]
    assert (await ada.client.get(AGENTS)).json() == [agent]


async def test_a_graph_is_checked_path_by_path(people: People) -> None:
    ada, _ = await people.owner()
    agent = await made(ada.client, graph=APPOINTMENT)
    assert agent["graph"] == APPOINTMENT
    broken = json.loads(json.dumps(APPOINTMENT))
    broken["states"]["greeting"]["next"] = [{"to": "nowhere"}]
    refused = await ada.client.patch(f"{AGENTS}/{agent['id']}", json={"graph": broken})
    assert refused.status_code == 400
    paths = {each["path"] for each in refused.json()["details"]["problems"]}
    assert "graph.states.greeting.next[0].to" in paths
    freed = await ada.client.patch(f"{AGENTS}/{agent['id']}", json={"graph": None})
    assert freed.json()["graph"] is None


async def test_tools_are_named_alone_or_as_objects(people: People) -> None:
    ada, _ = await people.owner()
    tools = ["calculator", {"name": "calendar"}, {"name": "date_time", "enabled": False}]
    agent = await made(ada.client, tools=tools)
    assert agent["tools"] == [
        {"name": "calculator", "enabled": True},
        {"name": "calendar", "enabled": True},
    ]


async def test_what_changes_nothing_here_is_said(people: People) -> None:
    ada, _ = await people.owner()
    fields = {"agent_type": "dental", "voice": "tara", "voice_gender": "male"}
    agent = await made(ada.client, **fields, llm_model="gpt-99")
    assert {each["option"] for each in agent["not_applied"]} == {
        "agent_type",
        "voice_gender",
        "llm_model",
    }
    assert agent["llm_model"] == "gpt-99"
    assert (await made(ada.client))["not_applied"] == []
    by_graph = await made(ada.client, graph=APPOINTMENT, llm_model="gpt-99")
    assert [each["option"] for each in by_graph["not_applied"]] == ["llm_model"]


async def test_every_save_and_deletion_is_in_the_audit_log(people: People) -> None:
    ada, bank = await people.owner()
    agent = await made(ada.client)
    await ada.client.patch(f"{AGENTS}/{agent['id']}", json={"greeting": "A secret greeting"})
    await ada.client.delete(f"{AGENTS}/{agent['id']}")
    log = await ada.client.get(f"/bot/api/orgs/{bank['id']}/audit")
    told = [
        (each["action"], each["details"].get("version"))
        for each in log.json()["entries"]
        if each["details"].get("agent_id") == agent["id"]
    ]
    assert told == [("AgentDeleted", None), ("AgentSaved", "2"), ("AgentSaved", "1")]
    assert "secret greeting" not in log.text


async def test_a_newcomer_finds_an_agent_to_talk_to(
    server: LiveServer, admin: httpx.AsyncClient
) -> None:
    listed = (await admin.get(AGENTS)).json()
    demo = next(each for each in listed if each["graph"] == APPOINTMENT)
    assert (demo["version"], demo["not_applied"]) == (1, [])
    assert "demo" in demo["name"]


@pytest.mark.parametrize("depth", [400, 100_000])
async def test_nesting_without_end_is_refused(people: People, depth: int) -> None:
    ada, _ = await people.owner()
    agent = await made(ada.client)
    nested = '{"a":' * depth + "1" + "}" * depth
    for field in ("graph", "behavior"):
        refused = await ada.client.patch(
            f"{AGENTS}/{agent['id']}", content=f'{{"{field}": {nested}}}'.encode()
        )
        assert refused.status_code in (400, 413, 422), refused.text
