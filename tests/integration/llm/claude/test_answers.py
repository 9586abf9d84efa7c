"""Claude, asked over a real socket through the package of its owner."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from app.llm.conversation import (
    Message,
    ModelFailed,
    Prompt,
    TextChunk,
    ToolCall,
    ToolSpec,
)
from tests.fakes.anthropic_api import (
    KEY,
    MODEL,
    OLDER_MODEL,
    AnthropicApi,
    Reply,
    Use,
    streamed,
)
from tests.integration.llm.answers import HELLO, calls_of, chunks_of, end_of, fault_of, text_of
from tests.integration.llm.claude.conftest import claude

CLOCK = ToolSpec(
    "clock", "The time of a place.", {"type": "object", "properties": {"place": {"type": "string"}}}
)


@pytest.mark.inventory("WH-300")
async def test_text_comes_in_pieces_and_the_end_says_what_it_took(api: AnthropicApi) -> None:
    api.replies = [Reply(["Good morning. ", "How can I help?"], thinks=True)]
    async with claude(api) as asked:
        chunks = await chunks_of(asked)
    assert text_of(chunks) == "Good morning. How can I help?"
    assert sum(isinstance(chunk, TextChunk) for chunk in chunks) > 3
    assert TextChunk("") not in chunks
    end = end_of(chunks)
    assert (end.reason, end.provider, end.model) == ("end", "claude", MODEL)
    assert end.usage.output_tokens == 6
    assert end.usage.input_tokens > 0


async def test_the_address_may_end_with_the_version(api: AnthropicApi) -> None:
    api.url += "/v1/"
    async with claude(api) as asked:
        assert text_of(await chunks_of(asked)) == "Good morning."


async def test_the_first_piece_is_told_before_the_next_is_there(api: AnthropicApi) -> None:
    usual = list(Reply().events({"input_tokens": 1}))
    api.scripted = [streamed(usual[:5], hangs=True)]
    async with claude(api) as asked, aclosing(asked.stream(HELLO)) as chunks:
        async with asyncio.timeout(2):
            assert await anext(chunks) == TextChunk("Good mo")
        assert not api.left.is_set()


async def test_calls_come_whole_with_the_words_around_them(api: AnthropicApi) -> None:
    first = Use("toolu_01", "clock", '{"place": "Zürich \\u2014 \\"old\\" town"}')
    api.replies = [Reply(["One moment.", first, Use("toolu_02", "clock", "")], "tool_use")]
    async with claude(api) as asked:
        chunks = await chunks_of(asked, replace(HELLO, tools=[CLOCK]))
    assert calls_of(chunks) == [
        ToolCall("toolu_01", "clock", {"place": 'Zürich — "old" town'}),
        ToolCall("toolu_02", "clock", {}),
    ]
    assert text_of(chunks) == "One moment."
    assert end_of(chunks).reason == "tools"
    assert api.asked[0].body["tools"][0]["input_schema"] == CLOCK.parameters


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refused"),
        ("stop_sequence", "end"),
    ],
)
async def test_why_it_ends(api: AnthropicApi, stop_reason: str, reason: str) -> None:
    api.replies = [Reply(stop_reason=stop_reason)]
    async with claude(api) as asked:
        assert end_of(await chunks_of(asked)).reason == reason


async def test_a_call_that_the_limit_cuts_off_is_left_out(api: AnthropicApi) -> None:
    api.replies = [Reply([Use("toolu_01", "clock", '{"place": "Zü')], "max_tokens")]
    async with claude(api) as asked:
        chunks = await chunks_of(asked)
    assert not calls_of(chunks)
    assert end_of(chunks).reason == "length"


@pytest.mark.parametrize("arguments", ['{"place": "Zü', "[1]", '"Zürich"'])
async def test_a_call_whose_arguments_are_no_object_is_a_fault(
    api: AnthropicApi, arguments: str
) -> None:
    api.replies = [Reply([Use("toolu_01", "clock", arguments)], "tool_use")]
    async with claude(api) as asked:
        fault = await fault_of(asked, key=KEY)
    assert isinstance(fault, ModelFailed)
    assert fault.message == "Claude sends an answer that cannot be read"


async def test_what_must_fit_a_schema_is_asked_for_as_the_api_takes_it(api: AnthropicApi) -> None:
    schema = {
        "type": "object",
        "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
        "required": ["score"],
    }
    api.replies = [Reply(['{"score": 7}'])]
    async with claude(api) as asked:
        chunks = await chunks_of(asked, replace(HELLO, schema=schema, temperature=0.2))
    assert text_of(chunks) == '{"score": 7}'
    assert api.asked[0].body["output_config"]["effort"] == "low"
    assert api.asked[0].body["output_config"]["format"]["schema"] == {
        "type": "object",
        "properties": {"score": {"type": "integer", "description": '{"minimum":0,"maximum":10}'}},
        "required": ["score"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (MODEL, {"output_config": {"effort": "low"}}),
        (OLDER_MODEL, {}),
        ("claude-sonnet-5-5", {"thinking": {"type": "between_tools"}}),
        ("claude-haiku-5-5", {"thinking": {"type": "disabled"}}),
    ],
)
async def test_a_model_is_kept_from_thinking_long(
    api: AnthropicApi, model: str, told: dict[str, Any]
) -> None:
    async with claude(api, model=model) as asked:
        assert text_of(await chunks_of(asked)) == "Good morning."
    body = api.asked[0].body
    assert {key: body[key] for key in ("thinking", "output_config") if key in body} == told


async def test_what_was_said_before_is_read_from_the_cache(api: AnthropicApi) -> None:
    begun = Prompt(HELLO.messages, system="You answer the phone of a shop.", tools=[CLOCK])
    more = (Message("assistant", "Good morning."), Message("user", "Are you open?"))
    async with claude(api) as asked:
        first = end_of(await chunks_of(asked, begun)).usage
        second = end_of(
            await chunks_of(asked, replace(begun, messages=(*begun.messages, *more)))
        ).usage
        other = end_of(
            await chunks_of(asked, replace(begun, messages=(Message("user", "Hi"),)))
        ).usage
    assert first.input_tokens == first.cache_write_tokens > 20
    assert second.cache_read_tokens == first.input_tokens
    assert second.input_tokens == second.cache_read_tokens + second.cache_write_tokens
    assert 20 < other.cache_read_tokens < first.input_tokens


async def test_tools_alone_are_read_from_the_cache(api: AnthropicApi) -> None:
    async with claude(api) as asked:
        for text in ("Hello?", "Are you open?"):
            prompt = Prompt((Message("user", text),), tools=[CLOCK, CLOCK])
            end = end_of(await chunks_of(asked, prompt))
    assert end.usage.cache_read_tokens > 20
