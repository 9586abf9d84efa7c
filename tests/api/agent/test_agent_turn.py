"""One turn of an agent, as who measures agents asks for it: with other tools, or the agent's."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.api.agent.conftest import LABEL, Parley
from tests.fakes.openai_api import MODEL, Called, Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")

TURN = "/bot/api/bench/agent-turn"
PROMPT = "You book tables at the Grand Hotel."
BOOK: dict[str, Any] = {
    "name": "book",
    "description": "Books a table.",
    "input_schema": {"type": "object", "properties": {"guests": {"type": "integer"}}},
}
ASKED = [{"role": "user", "content": "A table for two."}]


@pytest_asyncio.fixture(loop_scope="module")
async def agent_id(client: httpx.AsyncClient) -> str:
    fields = {"name": "Hotel", "system_prompt": PROMPT, "tools": ["calculator"]}
    return str((await client.post("/bot/api/agents", json=fields)).json()["id"])


@pytest.mark.inventory("EX-036")
async def test_a_harness_calls_its_own_tools_between_the_turns(
    parley: Parley, client: httpx.AsyncClient, agent_id: str
) -> None:
    parley.model.replies = [Reply("One moment.", [Called("book", {"guests": 2})]), Reply("Done.")]
    body = {"agent_id": agent_id, "messages": ASKED, "tools": [BOOK], "model": "claude-9"}
    first = (await client.post(TURN, json=body)).json()
    (call,) = first["tool_calls"]
    assert (first["reply"], first["stop_reason"]) == ("One moment.", "tool_use")
    assert (call["name"], call["arguments"]) == ("book", {"guests": 2})
    assert first["content"] == [
        {"type": "text", "text": "One moment."},
        {"type": "tool_use", "id": call["id"], "name": "book", "input": {"guests": 2}},
    ]
    assert [each["option"] for each in first["not_applied"]] == ["model"]
    assert PROMPT in parley.told[0]["content"]
    (told,) = parley.model.asked[-1].body["tools"]
    assert told["function"]["name"] == "book"

    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "table 7"}
    messages = [
        *ASKED,
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": [result]},
    ]
    body |= {"messages": messages, "system": "Be brief.", "model": MODEL}
    second = (await client.post(TURN, json=body)).json()
    assert (second["reply"], second["stop_reason"], second["model"]) == ("Done.", "end_turn", LABEL)
    assert (second["tool_calls"], second["not_applied"]) == ([], [])
    assert second["usage"]["input_tokens"] > 0
    assert PROMPT not in str(parley.told)
    assert "Be brief." in parley.told[0]["content"]
    assert (parley.told[-1]["role"], parley.told[-1]["content"]) == ("tool", "table 7")


@pytest.mark.inventory("EX-036")
async def test_without_tools_of_the_client_the_agent_calls_its_own(
    parley: Parley, client: httpx.AsyncClient, agent_id: str
) -> None:
    parley.model.replies = [Reply("", [Called("calculator", {"expression": "2 + 2"})]), Reply("4")]
    answer = (await client.post(TURN, json={"agent_id": agent_id, "messages": ASKED})).json()
    assert (answer["reply"], answer["tool_calls"], answer["stop_reason"]) == ("4", [], "end_turn")
    assert parley.told[-1]["role"] == "tool"
    parley.model.replies = [Reply("Gladly.")]
    await client.post(TURN, json={"agent_id": agent_id, "messages": ASKED, "tools": []})
    assert "tools" not in parley.model.asked[-1].body


async def test_a_turn_that_makes_no_sense_is_refused(
    parley: Parley, client: httpx.AsyncClient, agent_id: str
) -> None:
    lost = [{"type": "tool_result", "tool_use_id": "x", "content": "7"}]
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, 400, "messages"),
        ({"messages": [{"role": "user", "content": lost}]}, 400, "nobody made the call 'x'"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "role"),
        ({"tools": [BOOK, BOOK]}, 400, "two have one name"),
        ({"tools": [BOOK | {"name": "no name"}]}, 400, "name"),
        ({"agent_id": str(uuid4())}, 404, "Agent not found"),
    ]
    for fields, status, said in wrong:
        refused = await client.post(TURN, json={"agent_id": agent_id, "messages": ASKED} | fields)
        assert (refused.status_code, said in refused.text) == (status, True), refused.text
    assert parley.model.asked == []


async def test_a_dialogue_graph_has_no_single_turns(client: httpx.AsyncClient) -> None:
    state = {"say": {"en": ["Goodbye."]}, "ends": "over"}
    graph = {"name": "a", "languages": ["en"], "start": "bye", "states": {"bye": state}}
    graph |= {"unclear": {"to": "bye"}, "silent": {"to": "bye"}}
    made = await client.post("/bot/api/agents", json={"name": "Graph", "graph": graph})
    assert made.status_code == 201, made.text
    refused = await client.post(TURN, json={"agent_id": made.json()["id"], "messages": ASKED})
    assert (refused.status_code, refused.json()["code"]) == (422, "graph_answers")
