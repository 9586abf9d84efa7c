"""Tools and their secrets over the API: kept, shown, tried, and used in an answer."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.scope import OrgScope
from tests.api.wall.world import Organization, World, world
from tests.integration.asr.job_world import REACHES_LOOPBACK
from tests.integration.core.http.internet import Site, answer
from tests.integration.llm.tools.mcp_servers import official, serving

KEY = "k3y-of-this-test-9b1f"
CRM = {
    "description": "Finds a customer of the bank by the number of the account.",
    "http": {
        "url": "https://crm.example.com/customers/{number}",
        "headers": {"Authorization": "Bearer {{secret:crm_key}}"},
        "parameters": {
            "type": "object",
            "properties": {"number": {"type": "integer", "minimum": 1}},
            "required": ["number"],
            "additionalProperties": False,
        },
        "pick": "/name",
    },
}


@dataclass
class Bank:
    parley: World
    organization: Organization
    owner: httpx.AsyncClient

    async def allow(self, port: int) -> None:
        scope = OrgScope(self.organization.id, "test")
        async with self.parley.runtime.database.transaction(scope) as tx:
            await self.parley.runtime.outbound_rules.add(tx, f"127.0.0.1:{port}")


@pytest.fixture
async def bank(app_url: str, embedded_superuser_url: str, tmp_path: Path) -> AsyncGenerator[Bank]:
    async with world(embedded_superuser_url, tmp_path, **REACHES_LOOPBACK) as parley:
        organization = await parley.organization()
        async with parley.client(person=organization.people["owner"]) as owner:
            yield Bank(parley, organization, owner)


@asynccontextmanager
async def crm(bank: Bank, body: Any, status: str = "200 OK") -> AsyncGenerator[tuple[Site, Any]]:
    """And the tool that asks it."""
    reply = answer(json.dumps(body).encode(), status, content_type="application/json")
    site = await Site({"/customers/7": reply}).start()
    await bank.allow(site.port)
    url = f"http://127.0.0.1:{site.port}/customers/{{number}}"
    secret = {"value": KEY, "host": "127.0.0.1"}
    assert (await bank.owner.put("/agent/secrets/crm_key", json=secret)).status_code == 200
    try:
        yield site, {**CRM, "http": {**CRM["http"], "url": url}}
    finally:
        await site.stop()


async def test_tools_are_kept_shown_and_deleted(bank: Bank) -> None:
    secret = {"value": KEY, "host": "crm.example.com"}
    put = await bank.owner.put("/agent/secrets/crm_key", json=secret)
    assert put.status_code == 200
    assert put.json().keys() == {"name", "host", "changed_at"}
    made = await bank.owner.put("/agent/tools/crm", json=CRM)
    assert made.status_code == 200, made.text
    assert made.json()["kind"] == "http"
    assert made.json()["http"]["url"] == CRM["http"]["url"]
    assert (await bank.owner.get("/agent/tools/crm")).json() == made.json()
    listed = (await bank.owner.get("/agent/tools")).json()["tools"]
    assert [each["name"] for each in listed if each["kind"] == "built_in"] == [
        "date_time",
        "calendar",
        "calculator",
        "search_transcript",
    ]
    assert made.json() in listed
    async with bank.parley.client(person=bank.organization.people["member"]) as member:
        seen = await member.get("/agent/tools/crm")
        assert seen.json() == made.json()
        secrets = await member.get("/agent/secrets")
        assert {"crm_key"} < {each["name"] for each in secrets.json()["secrets"]}
        for refused in (
            await member.put("/agent/tools/crm", json=CRM),
            await member.put("/agent/secrets/crm_key", json=secret),
            await member.post("/agent/tools/crm/try", json={"arguments": {"number": 7}}),
            await member.delete("/agent/tools/crm"),
        ):
            assert refused.status_code == 403
        assert KEY not in seen.text + secrets.text
    assert (await bank.owner.delete("/agent/tools/crm")).json() == {"success": True}
    assert (await bank.owner.get("/agent/tools/crm")).status_code == 404
    assert (await bank.owner.delete("/agent/secrets/crm_key")).json() == {"success": True}
    assert (await bank.owner.delete("/agent/secrets/crm_key")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("tools/CRM", CRM, "tool_name"),
        ("tools/date_time", CRM, "tool_name"),
        ("tools/a%00b", CRM, "tool_name"),
        ("tools/crm", CRM, "http"),
        ("tools/crm", {"description": "x"}, "http"),
        ("tools/crm", {"description": "x", "http": {"url": "https://{a}/"}}, "http.url"),
        ("tools/crm", {"description": "x", "http": {"url": 5}}, "http.url"),
        ("tools/crm", {"description": "x", "http": {"url": "https://a/", "colour": 1}}, "http"),
        ("tools/crm", {"description": "x", "mcp": {"url": "https://a/?b"}}, "mcp.url"),
        ("tools/crm", {"description": "x", "mcp": {"url": "https://a/", "timeout_s": 999}}, "mcp"),
        ("tools/crm", {"description": "", "http": {"url": "https://a/"}}, "description"),
        ("secrets/Key", {"value": KEY, "host": "a"}, "secret_name"),
        ("secrets/key", {"value": "short", "host": "a"}, "value"),
        ("secrets/key", {"value": KEY, "host": "a/b"}, "host"),
        ("secrets/key", {"value": KEY}, "host"),
    ],
)
async def test_what_is_wrong_names_its_field(
    bank: Bank, path: str, body: dict[str, Any], field: str
) -> None:
    refused = await bank.owner.put(f"/agent/{path}", json=body)
    assert 400 <= refused.status_code < 500, refused.text
    assert field in refused.json()["error"]
    assert KEY not in refused.text


async def test_a_tool_is_tried_as_a_model_would_call_it(bank: Bank) -> None:
    async with crm(bank, {"name": f"Ada {KEY}"}) as (site, definition):
        await bank.owner.put("/agent/tools/crm", json=definition)
        tried = await bank.owner.post("/agent/tools/crm/try", json={"arguments": {"number": 7}})
        assert tried.status_code == 200, tried.text
        assert tried.json() == {
            "text": "Ada ***",
            "is_error": False,
            "took_s": tried.json()["took_s"],
        }
        assert site.requests[0].headers["authorization"] == f"Bearer {KEY}"
        for arguments in ({}, {"number": 0}, {"number": 7, "colour": "red"}):
            refused = await bank.owner.post("/agent/tools/crm/try", json={"arguments": arguments})
            assert refused.status_code == 400
            assert refused.json()["details"]["field"].startswith("arguments.")
        assert len(site.requests) == 1
    reckoned = await bank.owner.post(
        "/agent/tools/calculator/try", json={"arguments": {"expression": "9**9**9"}}
    )
    assert reckoned.json()["is_error"] is True
    job = str(bank.organization.job_id)
    for transcript_id in (job, "nonsense", "a\0b"):
        found = await bank.owner.post(
            "/agent/tools/search_transcript/try",
            json={"arguments": {"transcript_id": transcript_id, "words": "hello"}},
        )
        assert found.status_code == 200, found.text
        assert found.json()["is_error"] is True
        assert "transcri" in found.json()["text"]


async def test_a_server_s_tool_is_tried_by_its_name(bank: Bank) -> None:
    async with serving(official().streamable_http_app()) as url:
        await bank.allow(int(url.rpartition(":")[2]))
        definition = {"description": "The notes.", "mcp": {"url": f"{url}/mcp"}}
        assert (await bank.owner.put("/agent/tools/notes", json=definition)).status_code == 200
        asked = {"tool": "add", "arguments": {"left": 40, "right": 2}}
        tried = await bank.owner.post("/agent/tools/notes/try", json=asked)
        assert (tried.status_code, tried.json()["text"]) == (200, "42")
        which = await bank.owner.post("/agent/tools/notes/try", json={})
        assert which.status_code == 400
        assert "add, fail" in which.json()["error"]


async def test_no_tool_reaches_into_this_network(bank: Bank) -> None:
    site = await Site({"/": answer(b"inside")}).start()
    try:
        url = f"http://127.0.0.1:{site.port}/"
        await bank.owner.put("/agent/tools/inside", json={"description": "x", "http": {"url": url}})
        tried = await bank.owner.post("/agent/tools/inside/try", json={})
        assert tried.json()["is_error"] is True
        assert site.connections == 0
    finally:
        await site.stop()


async def test_what_was_done_is_in_the_audit_log_without_the_secret(bank: Bank) -> None:
    async with crm(bank, {}) as (_, definition):
        await bank.owner.put("/agent/tools/crm", json=definition)
    await bank.owner.delete("/agent/tools/crm")
    log = await bank.owner.get(f"/bot/api/orgs/{bank.organization.id}/audit")
    actions = [entry["action"] for entry in log.json()["entries"]]
    assert actions[:3] == ["ToolDeleted", "ToolPut", "ToolSecretSet"]
    assert KEY not in log.text


async def test_many_tries_at_once_do_not_wait_for_each_other(bank: Bank) -> None:
    async with crm(bank, {"name": "Ada"}) as (_, definition):
        await bank.owner.put("/agent/tools/crm", json=definition)
        asked = {"arguments": {"number": 7}}
        tries = await asyncio.gather(
            *(bank.owner.post("/agent/tools/crm/try", json=asked) for _ in range(20))
        )
    assert [each.json()["text"] for each in tries] == ["Ada"] * 20
