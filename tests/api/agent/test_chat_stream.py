"""A conversation that the client holds: events while the answer is made, and their end when nobody
reads them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.api import server_events
from app.core.scope import OrgScope
from app.tenancy.domain.quota import Quota
from tests.api.agent.conftest import LABEL, Parley, events_in
from tests.api.wall.world import Organization
from tests.fakes.openai_api import (
    COMPLETION_TOKENS,
    EVENTS,
    MODEL,
    PROMPT_TOKENS,
    Called,
    Reply,
    event_of,
)
from tests.fakes.vendor import Answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

URL = "/agent/voice-agent/chat/stream"
ASKED = [{"role": "user", "content": "Summarize the key takeaways."}]
DONE = {
    "type": "done",
    "model": LABEL,
    "finish_reason": "end",
    "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": COMPLETION_TOKENS},
}


def begun(text: str = "The key", **rest: Any) -> Answer:
    """The first of an answer; then it hangs, or is cut."""
    delta = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    return Answer(200, EVENTS, [event_of({**chunk, "choices": [delta]})], **rest)


@asynccontextmanager
async def asking(
    parley: Parley, client: httpx.AsyncClient, hanging: Answer, **body: Any
) -> AsyncGenerator[AsyncIterator[str]]:
    """The lines of what comes before the model hangs. Then the client leaves, and the model must
    notice that."""
    parley.model.scripted = [hanging]
    async with client.stream("POST", URL, json={"messages": ASKED, **body}) as answer:
        yield answer.aiter_lines()
        assert not parley.model.left.is_set()
    async with asyncio.timeout(5):
        await parley.model.left.wait()


@pytest.mark.inventory("WH-295", "WH-296", "WH-297", "WH-298", "WH-299", "EX-020")
async def test_the_example_of_the_documents_runs_as_printed(parley: Parley) -> None:
    parley.model.replies = [Reply("The key takeaways...")]
    async with httpx.AsyncClient() as anybody:
        answer = await anybody.post(
            f"{parley.dev_url}/voice-agent/chat/stream",
            headers={"Content-Type": "application/json"},
            json={"messages": ASKED, "user_id": "user-1"},
        )
    *texts, done = events_in(answer.text)
    assert {each["type"] for each in texts} == {"text_chunk"}
    assert len(texts) > 1
    assert "".join(each["content"] for each in texts) == "The key takeaways..."
    assert done == DONE


async def test_nobody_on_the_way_keeps_events_back(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, json={"messages": ASKED})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers


async def test_the_first_word_comes_while_the_model_thinks(
    parley: Parley, client: httpx.AsyncClient
) -> None:
    async with asking(parley, client, begun(hangs=True)) as lines:
        assert events_in(await anext(lines)) == [{"type": "text_chunk", "content": "The key"}]


@pytest.mark.parametrize("has_begun", [True, False])
async def test_the_model_is_left_when_the_client_leaves(
    parley: Parley,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    has_begun: bool,
) -> None:
    hanging = begun(hangs=True)
    if not has_begun:
        monkeypatch.setattr(server_events, "KEEP_ALIVE_S", 0.05)
        hanging = replace(hanging, pieces=())
    async with asking(parley, client, hanging, user_id="ada") as lines:
        first = await anext(lines)
        assert first.startswith("data: " if has_begun else ": keep-alive")
        while not parley.model.asked:  # noqa: ASYNC110 - a fact of another side
            await asyncio.sleep(0.01)
    assert (await client.get("/agent/histories")).json() == {"histories": []}


async def test_the_connection_is_kept_alive_in_a_pause(
    parley: Parley, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_events, "KEEP_ALIVE_S", 0.05)
    async with asking(parley, client, begun(hangs=True)) as lines:
        while not (await anext(lines)).startswith("data: "):
            pass
        assert [await anext(lines) for _ in range(4)] == ["", ": keep-alive", "", ": keep-alive"]


@pytest.mark.parametrize("body", [{}, {"messages": []}, {"messages": [], "user_id": "user-1"}])
@pytest.mark.inventory("EX-020")
async def test_no_messages_are_refused_as_documented(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await client.post(URL, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "No messages provided"


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([{"role": "robot", "content": "Hi"}], "role"),
        ([{"role": "tool", "content": "Hi"}], "role"),
        ([{"content": "Hi"}], "role"),
        ([{"role": "user"}], "content"),
        ([{"role": "user", "content": ""}], "content"),
        ([{"role": "user", "content": ["Hi"]}], "content"),
        ([{"role": "user", "content": "a\0b"}], "content"),
        ([*ASKED, {"role": "assistant", "content": "Hi"}], "messages"),
        (["Hi"], "messages"),
        ("Hi", "messages"),
        (None, "messages"),
        (ASKED * 1001, "messages"),
    ],
)
async def test_what_is_wrong_with_a_message_is_named(
    parley: Parley, client: httpx.AsyncClient, messages: Any, field: str
) -> None:
    answer = await client.post(URL, json={"messages": messages})
    assert answer.status_code == 400
    assert field in answer.json()["error"]
    assert parley.model.asked == []


async def test_all_that_the_client_sent_is_told_in_order(
    parley: Parley, client: httpx.AsyncClient
) -> None:
    messages = [
        {"role": "system", "content": "Speak like a pirate."},
        {"role": "user", "content": "Who are you?"},
        {"role": "assistant", "content": "Arr."},
        *ASKED,
    ]
    await client.post(URL, json={"messages": messages, "user_id": "ada"})
    contents = [each["content"] for each in parley.told]
    assert "Speak like a pirate." in "".join(contents)
    assert contents[-2:] == ["Arr.", ASKED[0]["content"]]
    assert contents[-3].endswith("Who are you?")


async def test_what_was_answered_is_kept(parley: Parley, client: httpx.AsyncClient) -> None:
    parley.model.replies = [Reply("Nothing.")]
    await client.post(URL, json={"messages": ASKED, "user_id": "ada"})
    kept = (await client.get("/agent/history?user_id=ada")).json()["exchanges"]
    assert [(each["said"], each["answered"]) for each in kept] == [
        (ASKED[0]["content"], "Nothing.")
    ]
    parley.model.replies = [Reply("I said: nothing.")]
    asked = {"transcript": "What did you say?", "user_id": "ada"}
    await client.post("/agent/process", json=asked)
    assert [each["content"] for each in parley.told[1:]] == [
        ASKED[0]["content"],
        "Nothing.",
        "What did you say?",
    ]


async def test_the_oldest_messages_give_way_and_that_is_told(
    parley: Parley, client: httpx.AsyncClient
) -> None:
    long = [
        {"role": role, "content": f"{number} {'z' * 700}"}
        for number in range(6)
        for role in ("user", "assistant")
    ]
    answer = await client.post(URL, json={"messages": [*long, *ASKED]})
    dropped = events_in(answer.text)[0]
    assert dropped["type"] == "messages_dropped"
    assert 0 < dropped["oldest"] < len(long)
    told = [each for each in parley.told if each["role"] != "system"]
    assert len(told) == len(long) + 1 - dropped["oldest"]
    assert told[0]["role"] == "user"


async def test_before_the_first_event_an_error_is_an_answer(
    parley: Parley, client: httpx.AsyncClient
) -> None:
    fault = {"error": {"message": "no", "type": "x", "param": None, "code": None}}
    parley.model.scripted = [Answer(400, "application/json", [str(fault).encode()])]
    answer = await client.post(URL, json={"messages": ASKED})
    assert answer.status_code == 502
    assert "local server does not accept the request" in answer.json()["error"]


async def test_after_it_an_error_is_the_last_event(
    parley: Parley, client: httpx.AsyncClient
) -> None:
    parley.model.scripted = [begun(cut=True)]
    answer = await client.post(URL, json={"messages": ASKED, "user_id": "ada"})
    text, error = events_in(answer.text)
    assert text["content"] == "The key"
    assert error["type"] == "error"
    assert error["message"]
    assert (await client.get("/agent/histories")).json() == {"histories": []}


async def test_a_stream_holds_a_slot_of_the_organization(
    parley: Parley, client: httpx.AsyncClient, organization: Organization
) -> None:
    runtime, scope = parley.world.runtime, OrgScope(organization.id, "test")
    async with runtime.database.transaction(scope) as tx:
        await runtime.quotas.set(tx, Quota(concurrent_streams=1))
    async with asking(parley, client, begun(hangs=True)) as lines:
        await anext(lines)
        refused = await client.post(URL, json={"messages": ASKED})
        assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
    async with asyncio.timeout(5):
        while (await client.post(URL, json={"messages": ASKED})).status_code == 429:
            pass


@pytest.mark.inventory("EX-020")
async def test_what_tools_are_called_for_and_give_is_seen(
    parley: Parley, client: httpx.AsyncClient
) -> None:
    called = Called("calculator", {"expression": "6 * 7"})
    parley.model.replies = [Reply("Let me see. ", [called]), Reply("It is 42.")]
    answer = await client.post(URL, json={"messages": ASKED, "user_id": "ada"})
    events = [each for each in events_in(answer.text) if each["type"] != "text_chunk"]
    call, result, done = events
    assert call == {
        "type": "tool_call",
        "id": call["id"],
        "name": "calculator",
        "arguments": {"expression": "6 * 7"},
    }
    assert (result["type"], result["id"], result["name"]) == (
        "tool_result",
        call["id"],
        "calculator",
    )
    assert "42" in result["result"]
    assert result["is_error"] is False
    assert done["usage"] == {
        "input_tokens": 2 * PROMPT_TOKENS,
        "output_tokens": 2 * COMPLETION_TOKENS,
    }
    kept = (await client.get("/agent/history?user_id=ada")).json()["exchanges"]
    assert [(each["answered"], each["tools"]) for each in kept] == [
        ("Let me see. It is 42.", ["calculator"])
    ]
