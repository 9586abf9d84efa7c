"""The last step of the loop, in which no tool may be called, as each provider says it."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.core.http import OutboundLimits
from app.llm.conversation import Finished, Message, Prompt, Provider, TextChunk, ToolCall
from app.llm.providers.claude_form import request as claude_request
from app.llm.providers.gemini_form import request as gemini_request
from app.llm.providers.openai_compatible import local
from app.llm.tools.built_in import CLOCK
from tests.fakes.openai_api import KEY, MODEL, OpenAiApi

LIMITS = OutboundLimits(total_s=20)
CALL = ToolCall("call-1", CLOCK.name, {"zone": "UTC"})
LAST = Prompt(
    [
        Message("user", "How late is it?"),
        Message("assistant", "", (CALL,)),
        Message("tool", '{"time": "18:30"}', call_id="call-1"),
    ],
    tools=[CLOCK],
    may_call=False,
)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (claude_request(LAST, "claude-sonnet-4-6"), {"tool_choice": {"type": "none"}}),
        (
            gemini_request(LAST, "gemini-2.5-flash", {}),
            {"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}},
        ),
    ],
)
def test_who_wants_tools_declared_is_told_that_none_may_be_called(
    asked: Mapping[str, Any], said: Mapping[str, Any]
) -> None:
    assert asked["tools"]
    assert said.items() <= asked.items()


async def test_a_local_server_is_not_told_of_tools_any_more() -> None:
    api = OpenAiApi()
    async with api.serving():
        provider: Provider = local(
            base_url=f"{api.url}/v1", api_key=KEY, model=MODEL, context_tokens=8000, limits=LIMITS
        )
        chunks = [chunk async for chunk in provider.stream(LAST)]
        assert isinstance(chunks[-1], Finished)
        assert any(isinstance(chunk, TextChunk) for chunk in chunks)
        assert "tools" not in api.asked[0].body
        assert [each["role"] for each in api.asked[0].body["messages"]][-1] == "tool"
