"""Tools that are requests, over real sockets: what is sent, what is told, what is refused."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from app.core.http import HostRule, OutboundClient
from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec
from app.llm.tools.http_tool import HttpTool
from app.llm.tools.secrets import Secret, Secrets
from app.llm.tools.templates import HttpRequest, Template
from app.llm.tools.tool import ToolOutcome
from app.llm.tools.toolbox import Toolbox
from tests.integration.core.http.internet import Reply, Site, answer, redirect

SCOPE = OrgScope(uuid4(), "test")
KEY = "k3y-of-this-test-9b1f"
SECRETS = Secrets([Secret("crm_key", "127.0.0.1", KEY)])
PARAMETERS = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "note": {"type": "string"}},
    "required": ["id"],
    "additionalProperties": False,
}


@asynccontextmanager
async def site(**replies: Reply) -> AsyncGenerator[Site]:
    there = await Site({f"/{path}": reply for path, reply in replies.items()}).start()
    try:
        yield there
    finally:
        await there.stop()


def json_answer(body: Any, **others: Any) -> bytes:
    return answer(json.dumps(body).encode(), content_type="application/json", **others)


async def called(
    outbound: OutboundClient,
    there: Site,
    arguments: dict[str, Any] | None = None,
    *,
    allowed: bool = True,
    **request: Any,
) -> ToolOutcome:
    rules = frozenset({HostRule.parse(f"127.0.0.1:{there.port}")}) if allowed else frozenset()
    fields = {"url": f"http://127.0.0.1:{there.port}/{{id}}", "parameters": PARAMETERS} | request
    made = HttpRequest(**fields)
    spec = ToolSpec("crm", "Asks the CRM.", made.parameters)
    tool = HttpTool(spec, Template(made), SECRETS, outbound, rules)
    return await Toolbox([tool]).call(SCOPE, "crm", {"id": "7"} | (arguments or {}))


async def test_a_request_arrives_as_it_was_written(outbound: OutboundClient) -> None:
    async with site(**{"a%2Fb%20%C3%A9": json_answer({"ok": True})}) as there:
        outcome = await called(
            outbound,
            there,
            {"id": "a/b é", "note": 'say "hi"\r\n& more=1'},
            method="POST",
            headers={"Authorization": "Bearer {{secret:crm_key}}"},
            query={"q": "{note}", "key": "{{secret:crm_key}}"},
            body={"note": "{note}"},
        )
    assert outcome == ToolOutcome('{"ok":true}')
    (seen,) = there.requests
    assert seen.method == "POST"
    assert seen.target == (f"/a%2Fb%20%C3%A9?q=say%20%22hi%22%0D%0A%26%20more%3D1&key={KEY}")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(seen.body) == {"note": 'say "hi"\r\n& more=1'}


@pytest.mark.parametrize(
    ("pick", "told"),
    [
        ("", '{"data":[{"name":"Ada","a/b":1.5}]}'),
        ("/data/0/name", "Ada"),
        ("/data/0/a~1b", "1.5"),
        ("/data", '[{"name":"Ada","a/b":1.5}]'),
    ],
)
async def test_a_part_of_the_answer_is_picked(
    outbound: OutboundClient, pick: str, told: str
) -> None:
    async with site(**{"7": json_answer({"data": [{"name": "Ada", "a/b": 1.5}]})}) as there:
        assert await called(outbound, there, pick=pick) == ToolOutcome(told)
        for nowhere in ("/data/1", "/data/-1", "/data/x", "/data/0/name/x", "/nobody", "/"):
            outcome = await called(outbound, there, pick=nowhere)
            assert outcome == ToolOutcome(f"The answer has nothing at {nowhere}", is_error=True)


@pytest.mark.parametrize(
    ("reply", "told", "is_error"),
    [
        (answer(b"plain text", content_type="text/plain"), "plain text", False),
        (answer(status="204 No Content"), "(nothing)", False),
        (answer(b"\x89PNG\xff", content_type="image/png"), "(5 bytes of image/png)", False),
        (answer(b"[" * 100_000), "[[[", False),
        (answer(b"1e999999999"), "1e999999999", False),
        (answer(b"9" * 300), "9" * 300, False),
        (answer(b"a\0b"), "a\ufffdb", False),
        (json_answer({"why": "gone"}, status="404 Not Found"), '{"why":"gone"}', True),
        (answer(b"x" * 300_000), "longer than", True),
        (answer(b"<h1>Sorry", status="500 Oops"), "answers 500: <h1>Sorry", True),
    ],
)
async def test_whatever_comes_back_is_told_in_few_words(
    outbound: OutboundClient, reply: bytes, told: str, is_error: bool
) -> None:
    async with site(**{"7": reply}) as there:
        outcome = await called(outbound, there)
    assert told in outcome.text
    assert outcome.is_error == is_error
    assert len(outcome.text) < 17_000


async def test_a_secret_that_is_echoed_is_taken_out(
    outbound: OutboundClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def echo(_: Any, writer: asyncio.StreamWriter) -> None:
        head = there.requests[-1].headers
        writer.write(json_answer({"headers": head, head["authorization"]: [KEY]}))
        await writer.drain()

    moved = redirect(f"http://{KEY}.invalid:{1}/")
    denied = answer(f"no such key: {KEY}".encode(), status="401 Unauthorized")
    headers = {"Authorization": "Bearer {{secret:crm_key}}"}
    with caplog.at_level(logging.DEBUG, logger="app"):
        async with site(**{"7": echo, "8": denied, "9": moved}) as there:
            for number in ("7", "8", "9"):
                outcome = await called(outbound, there, {"id": number}, headers=headers)
                assert KEY not in outcome.text
                assert "***" in outcome.text
                assert there.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text


async def test_only_where_the_rules_allow_and_no_redirect_takes_a_body_along(
    outbound: OutboundClient,
) -> None:
    replies = {
        "7": answer(b"inside"),
        "away": redirect("http://169.254.169.254/latest/meta-data", 307),
        "moved": redirect("/7", 307),
    }
    async with site(**replies) as there:
        refused = await called(outbound, there, allowed=False)
        assert refused.is_error
        assert "not on the public internet" in refused.text
        assert there.connections == 0
        assert (await called(outbound, there, {"id": "away"})).is_error
        assert await called(outbound, there, {"id": "moved"}) == ToolOutcome("inside")
        posted = await called(
            outbound, there, {"id": "moved"}, method="POST", body={"key": "{{secret:crm_key}}"}
        )
        assert posted.is_error
        assert [seen.method for seen in there.requests] == ["GET", "GET", "GET", "POST"]


async def test_a_slow_server_is_not_waited_for(outbound: OutboundClient) -> None:
    hung_up = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()
        hung_up.set()

    async with site(**{"7": slow}) as there:
        outcome = await called(outbound, there, timeout_s=1)
        assert outcome.is_error
        await hung_up.wait()
    assert "in time" in outcome.text or "within 1 s" in outcome.text
