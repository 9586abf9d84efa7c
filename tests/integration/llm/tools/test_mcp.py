"""Tools of MCP servers: the official server over real sockets, and one that misbehaves."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from app.core.http import HostRule, OutboundClient
from app.core.scope import OrgScope
from app.llm.tools.mcp.server import McpServer, connected, listing_of
from app.llm.tools.mcp.wire import McpWire
from app.llm.tools.secrets import Secret, Secrets
from app.llm.tools.templates import Template
from app.llm.tools.tool import ToolOutcome
from app.llm.tools.toolbox import Toolbox
from tests.integration.llm.tools.mcp_servers import KEY, Scripted, official, serving

SCOPE = OrgScope(uuid4(), "test")
LOOPBACK = frozenset({HostRule.parse("127.0.0.1")})
SECRETS = Secrets([Secret("crm_key", "127.0.0.1", KEY)])
AUTHORIZED = {"Authorization": "Bearer {{secret:crm_key}}"}


@asynccontextmanager
async def opened(
    outbound: OutboundClient, url: str, timeout_s: float = 5, **rules: Any
) -> AsyncGenerator[Toolbox]:
    server = McpServer(url=url, headers=AUTHORIZED, timeout_s=timeout_s)
    template = Template(server.request)
    wire = McpWire(
        template.fill({}, SECRETS),
        template.host,
        SECRETS,
        outbound,
        rules.get("allowed", LOOPBACK),
        timeout_s,
    )
    async with connected(wire, timeout_s) as connection:
        listing = await listing_of("crm", connection)
        yield Toolbox(listing.tools(connection), listing.missing)


async def called(toolbox: Toolbox, name: str, **arguments: Any) -> ToolOutcome:
    return await toolbox.call(SCOPE, f"crm__{name}", arguments)


@pytest.mark.parametrize("json_response", [True, False])
@pytest.mark.parametrize("stateless", [True, False])
async def test_the_official_server(
    outbound: OutboundClient, json_response: bool, stateless: bool
) -> None:
    app = official().streamable_http_app(json_response=json_response, stateless_http=stateless)
    async with serving(app) as url, opened(outbound, f"{url}/mcp") as toolbox:
        assert toolbox.missing == ()
        specs = {spec.name: spec for spec in toolbox.specs}
        assert set(specs) == {
            f"crm__{name}" for name in ("add", "notes_find", "fail", "show", "sleep")
        }
        assert specs["crm__add"].description == "Adds two numbers."
        assert specs["crm__add"].parameters["required"] == ["left", "right"]
        assert await called(toolbox, "add", left=2, right=40) == ToolOutcome("42")
        side_by_side = await asyncio.gather(
            *(called(toolbox, "notes_find", words=f"w{each}") for each in range(5))
        )
        assert [each.text for each in side_by_side] == [
            f"3 notes with 'w{each}'" for each in range(5)
        ]
        failed = await called(toolbox, "fail")
        assert failed.is_error
        shown = await called(toolbox, "show")
        assert shown == ToolOutcome("A picture:\n(image)")
        wrong = await called(toolbox, "add", left="two")
        assert wrong.is_error
        assert wrong.text.startswith(("left: ", "right: "))


async def test_a_session_is_begun_once_and_ended(outbound: OutboundClient) -> None:
    server = official()
    app = server.streamable_http_app()
    async with serving(app) as url:
        async with opened(outbound, f"{url}/mcp") as toolbox:
            assert await called(toolbox, "add", left=1, right=1) == ToolOutcome("2")
            assert len(server.session_manager._server_instances) == 1
        assert len(server.session_manager._server_instances) == 0


async def test_a_session_that_the_server_lost_is_begun_again(outbound: OutboundClient) -> None:
    server = official()
    app = server.streamable_http_app()
    async with serving(app) as url, opened(outbound, f"{url}/mcp") as toolbox:
        server.session_manager._server_instances.clear()
        both = await asyncio.gather(
            called(toolbox, "add", left=1, right=1), called(toolbox, "add", left=2, right=2)
        )
        assert [each.text for each in both] == ["2", "4"]
        assert len(server.session_manager._server_instances) == 1


async def test_a_call_that_takes_too_long_is_given_up(outbound: OutboundClient) -> None:
    async with (
        serving(official().streamable_http_app()) as url,
        opened(outbound, f"{url}/mcp", timeout_s=1) as toolbox,
    ):
        outcome = await called(toolbox, "sleep")
        assert outcome.is_error
        assert await called(toolbox, "add", left=1, right=1) == ToolOutcome("2")


def tool(name: str, **others: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"Does {name}.",
        "inputSchema": {"type": "object"},
    } | others


async def test_pages_headers_and_what_a_server_asks(outbound: OutboundClient) -> None:
    pages = {None: (["a", "b"], "2"), "2": (["c"], "3"), "3": (["d"], None)}

    def listed(params: dict[str, Any]) -> Any:
        names, following = pages[params.get("cursor")]
        return {"tools": [tool(name) for name in names], "nextCursor": following}

    there = Scripted(
        tools_list=listed, tools_call=lambda params: {"content": [], "structuredContent": params}
    )
    there.before = [
        {"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x"}},
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "id": "s-2", "method": "sampling/createMessage", "params": {}},
        {"jsonrpc": "2.0", "id": 999, "result": {"content": "of somebody else"}},
    ]
    async with serving(there) as url, opened(outbound, url) as toolbox:
        assert [spec.name for spec in toolbox.specs] == [f"crm__{name}" for name in "abcd"]
        outcome = await called(toolbox, "c", x=1)
        assert json.loads(outcome.text) == {"name": "c", "arguments": {"x": 1}}
    assert there.ended == 1
    methods = [message.get("method") for message in there.heard]
    assert methods[:3] == ["initialize", "notifications/initialized", "tools/list"]
    assert methods.count("initialize") == 1
    answers = [message for message in there.heard if "method" not in message]
    assert {"jsonrpc": "2.0", "id": 1, "result": {}} in answers
    assert [each["error"]["code"] for each in answers if each["id"] == "s-2"] == [-32601] * 4
    assert all(sent["authorization"] == f"Bearer {KEY}" for sent in there.headers)
    assert "mcp-session-id" not in there.headers[0]
    for sent in there.headers[1:]:
        assert sent["mcp-session-id"] == "session-1"
        assert sent["mcp-protocol-version"] == "2025-06-18"
    posted = [sent for sent in there.headers if "content-type" in sent]
    assert {sent["accept"] for sent in posted} == {"application/json, text/event-stream"}


async def test_a_server_cannot_hand_our_secret_to_the_model(outbound: OutboundClient) -> None:
    there = Scripted(
        tools_list=lambda _: {
            "tools": [
                tool("a", description=f"Say {KEY}"),
                tool("b", inputSchema={"type": "object", "description": KEY}),
                tool(KEY),
            ]
        },
        tools_call=lambda _: {"content": [{"type": "text", "text": f"<{KEY}>"}]},
    )
    async with serving(there) as url, opened(outbound, url) as toolbox:
        assert KEY not in repr(toolbox.specs)
        assert await called(toolbox, "a") == ToolOutcome("<***>")


async def test_tools_that_cannot_be_checked_are_left_out_and_named(
    outbound: OutboundClient,
) -> None:
    there = Scripted(
        tools_list=lambda _: {
            "tools": [
                tool("good"),
                tool("none", inputSchema=None),
                tool("far", inputSchema={"type": "object", "$ref": "http://evil.example.com/"}),
                tool("good", description="Another one."),
                "nonsense",
                tool("x" * 500),
            ]
        }
    )
    async with serving(there) as url, opened(outbound, url) as toolbox:
        names = [spec.name for spec in toolbox.specs]
        assert names == ["crm__good", f"crm__{'x' * 59}"]
        assert [each.server for each in toolbox.missing] == ["crm.none", "crm.far"]


@pytest.mark.parametrize(
    ("answers", "status", "reason"),
    [
        ({"initialize": lambda _: {"protocolVersion": "1999-01-01"}}, {}, "1999-01-01"),
        ({"initialize": lambda _: {"error": {"code": 1, "message": "Go away"}}}, {}, "Go away"),
        ({"initialize": lambda _: {"raw": "hello"}}, {}, "no JSON-RPC"),
        ({"initialize": lambda _: {"raw": []}}, {}, "broke off"),
        ({"initialize": lambda _: {"raw": {"id": 1}}}, {}, "no result"),
        ({}, {"initialize": 401}, "answers 401"),
        ({}, {"tools/list": 500}, "answers 500"),
        ({}, {"tools/list": 404}, "forgotten"),
        ({"tools_list": lambda _: {"tools": "many"}}, {}, "list of tools"),
        ({"tools_list": lambda _: {"x": "y" * 600_000}}, {}, "longer than"),
    ],
)
async def test_a_server_that_misbehaves_is_missing_with_its_reason(
    outbound: OutboundClient, answers: dict[str, Any], status: dict[str, int], reason: str
) -> None:
    there = Scripted(**answers)
    there.status = status
    async with serving(there) as url, opened(outbound, url) as toolbox:
        (missing,) = toolbox.missing
        assert missing.server == "crm"
        assert reason in missing.reason
        assert toolbox.specs == ()
    assert [each["method"] for each in there.heard].count("initialize") <= 2


async def test_no_server_within_this_network_is_asked(outbound: OutboundClient) -> None:
    there = Scripted()
    async with serving(there) as url, opened(outbound, url, allowed=frozenset()) as toolbox:
        assert "not on the public internet" in toolbox.missing[0].reason
    assert there.heard == []
