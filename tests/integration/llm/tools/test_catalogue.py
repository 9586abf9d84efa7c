"""The tools and secrets of an organization, on a real database and over real sockets."""

import json
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.errors import InvalidInput
from app.core.http import OutboundClient
from app.core.scope import OrgScope, system_scope
from app.llm.tools import definitions, kept_secrets
from app.llm.tools.built_in import built_in_tools
from app.llm.tools.catalogue import ToolCatalogue
from app.llm.tools.definitions import ToolDefinition, ToolNotFound, ToolsFull
from app.llm.tools.kept_secrets import (
    ToolSecretInvalid,
    ToolSecretNotFound,
    ToolSecrets,
    ToolSecretsFull,
)
from app.llm.tools.mcp.server import McpServer
from app.llm.tools.opening import ToolOpening
from app.llm.tools.templates import HttpRequest
from app.llm.tools.tool import ToolOutcome, ToolsMissing
from tests.integration.core.http.internet import Site, answer
from tests.integration.llm.tools.mcp_servers import KEY, Scripted, official, serving
from tests.integration.tenancy.opened import NEW_KEY, OLD_KEY, Tenancy, opened, working
from tests.integration.tenancy.people import until

PARAMETERS = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
BEARER = {"Authorization": "Bearer {{secret:crm_key}}"}


@dataclass
class Bank:
    """An organization, and its tools."""

    scope: OrgScope
    tenancy: Tenancy
    tools: ToolCatalogue
    secrets: ToolSecrets

    async def put(self, name: str, **kind: Any) -> None:
        async with self.tenancy.database.transaction(self.scope) as tx:
            await self.tools.put(tx, name, ToolDefinition(description="Asks the CRM.", **kind))

    async def set_secret(self, value: str = KEY, name: str = "crm_key", **host: str) -> None:
        async with self.tenancy.database.transaction(self.scope) as tx:
            await self.secrets.put(tx, name, value, **({"host": "127.0.0.1"} | host))

    async def allow(self, port: int) -> None:
        async with self.tenancy.database.transaction(self.scope) as tx:
            await self.tenancy.rules.add(tx, f"127.0.0.1:{port}")

    async def names(self, scope: OrgScope | None = None, *only: str) -> list[str]:
        async with self.tools.toolbox(scope or self.scope, only or None) as toolbox:
            return [spec.name for spec in toolbox.specs]


def bank_of(tenancy: Tenancy, scope: OrgScope, outbound: OutboundClient) -> Bank:
    secrets = ToolSecrets(tenancy.database, tenancy.events, tenancy.jobs, tenancy.ring)
    opening = ToolOpening(outbound)
    tools = ToolCatalogue(
        tenancy.database, tenancy.events, secrets, tenancy.rules, opening, built_in_tools()
    )
    return Bank(scope, tenancy, tools, secrets)


@pytest.fixture
async def bank(database: Database, app_url: str, outbound: OutboundClient) -> AsyncGenerator[Bank]:
    async with opened(database, app_url, OLD_KEY) as tenancy:
        yield bank_of(tenancy, await tenancy.new_organization(), outbound)


def http(url: str = "https://crm.example.com/{id}", **others: Any) -> HttpRequest:
    return HttpRequest(url=url, parameters=PARAMETERS, **others)


EVERYBODYS = ["date_time", "calendar", "calculator"]


async def test_a_tool_is_kept_replaced_and_deleted_for_one_organization(bank: Bank) -> None:
    other = await bank.tenancy.new_organization()
    await bank.put("crm", http=http())
    await bank.put("crm", http=http(method="DELETE", body={"a": [1, None, "\0", "é"]}))
    assert await bank.names() == [*EVERYBODYS, "crm"]
    assert await bank.names(other) == EVERYBODYS
    assert await bank.names(None, "crm", "calculator") == ["calculator", "crm"]
    async with bank.tenancy.database.transaction(bank.scope) as tx:
        (kept,) = await bank.tools.list(tx)
        assert kept.definition.http == http(method="DELETE", body={"a": [1, None, "\0", "é"]})
        assert (await bank.tools.get(tx, "crm")).definition == kept.definition
    async with bank.tenancy.database.transaction(other) as tx:
        for ask in (bank.tools.get, bank.tools.delete):
            with pytest.raises(ToolNotFound):
                await ask(tx, "crm")
    async with bank.tenancy.database.transaction(bank.scope) as tx:
        await bank.tools.delete(tx, "crm")
        with pytest.raises(ToolNotFound):
            await bank.tools.delete(tx, "crm")
        audited = [(each.action, each.details) for each in await bank.tenancy.audit.list(tx)]
    assert audited[:3] == [
        ("ToolDeleted", {"name": "crm"}),
        ("ToolPut", {"name": "crm", "host": "crm.example.com"}),
        ("ToolPut", {"name": "crm", "host": "crm.example.com"}),
    ]
    async with bank.tools.toolbox(bank.scope, ["crm"]) as toolbox:
        assert toolbox.missing == (ToolsMissing("crm", "there is no such tool"),)


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [
        ("CRM", {"http": http()}, "tool_name"),
        ("a__b", {"http": http()}, "tool_name"),
        ("a_", {"http": http()}, "tool_name"),
        ("x" * 33, {"http": http()}, "tool_name"),
        ("a\n", {"http": http()}, "tool_name"),
        ("a\0", {"http": http()}, "tool_name"),
        ("calculator", {"http": http()}, "tool_name"),
        ("crm", {"http": http("https://{id}.example.com/")}, "http.url"),
        ("crm", {"http": http(headers={"Host": "x"})}, "http.headers.Host"),
        ("crm", {"http": http(query={"q": "{nobody}"})}, "http.query.q"),
        ("crm", {"http": http(headers=BEARER)}, "http"),
        ("crm", {"http": HttpRequest(url="https://a/", parameters={})}, "http.parameters"),
        ("crm", {"mcp": McpServer(url="ftp://a/")}, "mcp.url"),
        ("crm", {"mcp": McpServer(url="https://a/{id}")}, "mcp.url"),
        ("crm", {"mcp": McpServer(url="https://a/", headers=BEARER)}, "mcp"),
    ],
)
async def test_what_cannot_be_kept_names_its_field(
    bank: Bank, name: str, kind: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await bank.put(name, **kind)
    assert refused.value.details["field"] == field
    assert refused.value.message.startswith(f"{field}: ")


async def test_a_secret_is_sent_to_its_host_and_told_to_nobody(
    bank: Bank, embedded_superuser_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = await Site({"/7": answer(b"mine")}).start()
    try:
        await bank.set_secret()
        await bank.allow(site.port)
        await bank.put("crm", http=http(f"http://127.0.0.1:{site.port}/{{id}}", headers=BEARER))
        with caplog.at_level(logging.DEBUG):
            async with bank.tools.toolbox(bank.scope) as toolbox:
                outcome = await toolbox.call(bank.scope, "crm", {"id": "7"})
        assert outcome == ToolOutcome("mine")
        assert site.requests[0].headers["authorization"] == f"Bearer {KEY}"
    finally:
        await site.stop()
    async with bank.tenancy.database.transaction(bank.scope) as tx:
        (shown,) = await bank.secrets.list(tx)
        assert (shown.name, shown.host) == ("crm_key", "127.0.0.1")
        audit = await bank.tenancy.audit.list(tx)
    assert KEY not in repr((shown, audit, toolbox.specs)) + caplog.text
    async with await psycopg.AsyncConnection.connect(embedded_superuser_url) as connection:
        for table in ("llm_tool_secrets", "llm_tools", "outbox", "audit_logs"):
            query = psycopg.sql.SQL("SELECT t::text FROM {} t").format(
                psycopg.sql.Identifier(table)
            )
            rows = await (await connection.execute(query)).fetchall()
            assert rows
            assert KEY not in repr(rows)
            assert KEY.encode().hex() not in repr(rows)


async def test_no_tool_hands_over_the_secret_of_another(bank: Bank) -> None:
    site = await Site({"/7": answer(f"by the way: {KEY}".encode())}).start()
    try:
        await bank.set_secret(host="crm.example.com")
        await bank.allow(site.port)
        await bank.put("crm", http=http(headers=BEARER))
        await bank.put("gossip", http=http(f"http://127.0.0.1:{site.port}/{{id}}"))
        async with bank.tools.toolbox(bank.scope) as toolbox:
            outcome = await toolbox.call(bank.scope, "gossip", {"id": "7"})
    finally:
        await site.stop()
    assert outcome == ToolOutcome("by the way: ***")


async def test_a_secret_cannot_be_led_elsewhere(bank: Bank) -> None:
    await bank.set_secret(host="crm.example.com")
    with pytest.raises(InvalidInput, match=r"'crm_key' is for crm.example.com, not evil"):
        await bank.put("crm", http=http("https://evil.example.com/{id}", headers=BEARER))
    await bank.put("crm", http=http(headers=BEARER))
    await bank.set_secret(host="CRM2.example.com")
    async with bank.tools.toolbox(bank.scope) as toolbox:
        moved = await toolbox.call(bank.scope, "crm", {"id": "7"})
    assert moved.text == "The secret 'crm_key' is for another host than crm.example.com"
    async with bank.tenancy.database.transaction(bank.scope) as tx:
        await bank.secrets.delete(tx, "crm_key")
        with pytest.raises(ToolSecretNotFound):
            await bank.secrets.delete(tx, "crm_key")
    async with bank.tools.toolbox(bank.scope) as toolbox:
        gone = await toolbox.call(bank.scope, "crm", {"id": "7"})
    assert gone == ToolOutcome("The secret 'crm_key' is missing: it has to be set first", True)


@pytest.mark.parametrize(
    ("secret", "field"),
    [
        ({"name": "Key"}, "secret_name"),
        ({"name": "a b"}, "secret_name"),
        ({"name": "x" * 41}, "secret_name"),
        ({"value": "short"}, "value"),
        ({"value": "x" * 4001}, "value"),
        ({"value": "a long one\r\nX-Evil: 1"}, "value"),
        ({"value": "a long one\n"}, "value"),
        ({"value": "пароль-пароль"}, "value"),
        ({"host": ""}, "host"),
        ({"host": "a/b"}, "host"),
        ({"host": "a:8443"}, "host"),
        ({"host": "a@b"}, "host"),
        ({"host": "a?b"}, "host"),
        ({"host": "a#b"}, "host"),
        ({"host": "*.example.com"}, "host"),
        ({"host": "a b"}, "host"),
        ({"host": "a\0b"}, "host"),
    ],
)
async def test_what_cannot_be_a_secret_names_its_field(
    bank: Bank, secret: dict[str, str], field: str
) -> None:
    with pytest.raises(ToolSecretInvalid) as refused:
        await bank.set_secret(**secret)
    assert refused.value.details["field"] == field
    assert secret.get("value", KEY) not in refused.value.message


async def test_there_is_a_most_of_both(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_secrets, "MOST_SECRETS", 1)
    monkeypatch.setattr("app.llm.tools.catalogue.MOST_TOOLS", 1)
    assert definitions.MOST_TOOLS > 1
    for _ in range(2):
        await bank.set_secret()
        await bank.put("crm", http=http())
    with pytest.raises(ToolSecretsFull):
        await bank.set_secret(name="other")
    with pytest.raises(ToolsFull):
        await bank.put("other", http=http())


async def test_a_new_master_key_takes_over_and_a_lost_one_is_told(
    bank: Bank, app_url: str, outbound: OutboundClient, embedded_superuser_url: str
) -> None:
    await bank.set_secret(host="crm.example.com")
    await bank.put("crm", http=http(headers=BEARER))
    async with opened(bank.tenancy.database, app_url, NEW_KEY, OLD_KEY) as later:
        rotated = bank_of(later, bank.scope, outbound)
        async with working(later):
            async with later.database.transaction(system_scope("test")) as tx:
                await rotated.secrets.rotate_soon(tx)

            async def is_sealed_anew() -> bool:
                sealed = await sealed_of(embedded_superuser_url, bank.scope)
                return not KeyRing([NEW_KEY]).needs_rotation(sealed)

            assert await until(is_sealed_anew)
    async with opened(bank.tenancy.database, app_url, NEW_KEY) as newest:
        renewed = bank_of(newest, bank.scope, outbound)
        async with newest.database.transaction(bank.scope) as tx:
            (secret,) = await renewed.secrets.open(tx, ["crm_key"])
        assert secret.value == KEY
    async with bank.tools.toolbox(bank.scope) as toolbox:
        outcome = await toolbox.call(bank.scope, "crm", {"id": "7"})
    assert "missing" in outcome.text


async def sealed_of(url: str, scope: OrgScope) -> bytes:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        query = "SELECT sealed FROM llm_tool_secrets WHERE org_id = %s"
        row = await (await connection.execute(query, [scope.org_id])).fetchone()
        assert row
        return bytes(row[0])


async def test_a_server_s_tools_are_called_by_its_name_and_listed_once(bank: Bank) -> None:
    async with serving(official().streamable_http_app()) as url:
        await bank.allow(int(url.rpartition(":")[2]))
        await bank.set_secret()
        await bank.put("notes", mcp=McpServer(url=f"{url}/mcp", headers=BEARER))
        async with bank.tools.toolbox(bank.scope, ["notes"]) as toolbox:
            outcome = await toolbox.call(bank.scope, "notes__add", {"left": 1, "right": 2})
        assert outcome == ToolOutcome("3")
        outcome, took_s = await bank.tools.attempt(
            bank.scope, "notes", "notes_find", {"words": "x"}
        )
        assert outcome == ToolOutcome("3 notes with 'x'")
        assert took_s > 0
        with pytest.raises(InvalidInput, match=r"^tool: say which one; there are add, fail"):
            await bank.tools.attempt(bank.scope, "notes", "", {})
        with pytest.raises(InvalidInput, match=r"^arguments.left: "):
            await bank.tools.attempt(bank.scope, "notes", "add", {"left": "x", "right": 1})


async def test_a_listing_is_remembered_and_asked_for_anew_when_the_tool_changes(
    bank: Bank,
) -> None:
    there = Scripted(
        tools_list=lambda _: {"tools": [{"name": "a", "inputSchema": {"type": "object"}}]},
        tools_call=lambda params: {"content": [{"type": "text", "text": json.dumps(params)}]},
    )
    async with serving(there) as url:
        await bank.allow(int(url.rpartition(":")[2]))
        for _ in range(2):
            await bank.put("notes", mcp=McpServer(url=url))
            for _ in range(3):
                assert await bank.names() == [*EVERYBODYS, "notes__a"]
        methods = [message["method"] for message in there.heard]
        assert (methods.count("tools/list"), there.ended) == (2, 2)
        async with bank.tools.toolbox(bank.scope) as toolbox:
            await toolbox.call(bank.scope, "notes__a", {})
        assert there.ended == 3


async def test_a_dead_server_leaves_the_others_and_says_so(bank: Bank) -> None:
    await bank.put("dead", mcp=McpServer(url="https://127.0.0.1:1/mcp"))
    await bank.put("crm", http=http())
    async with bank.tools.toolbox(bank.scope) as toolbox:
        assert [spec.name for spec in toolbox.specs] == [*EVERYBODYS, "crm"]
        assert [each.server for each in toolbox.missing] == ["dead"]
    with pytest.raises(InvalidInput, match=r"^tool: dead cannot be had: "):
        await bank.tools.attempt(bank.scope, "dead", "", {})
