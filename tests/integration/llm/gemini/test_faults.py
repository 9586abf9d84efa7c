"""How Gemini and the way to it fail, and what is told of it."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from app.core.errors import AppError
from app.core.http import OutboundTimedOut
from app.llm.conversation import (
    Message,
    ModelFailed,
    ModelOverloaded,
    ModelRefused,
    Prompt,
    PromptTooLong,
    TextChunk,
)
from tests.fakes.gemini_api import (
    CONTEXT_TOKENS,
    KEY,
    GeminiApi,
    Reply,
    error,
    error_info,
    refused,
    retry_info,
    streamed,
)
from tests.fakes.vendor import Answer
from tests.integration.llm.answers import HELLO, chunks_of, fault_of, text_of
from tests.integration.llm.gemini.conftest import gemini

EXHAUSTED = error(429, "RESOURCE_EXHAUSTED", "quota", error_info("X"), retry_info("36.2s"))
UNAVAILABLE = error(503, "UNAVAILABLE", "The model is overloaded.")
INTERNAL = error(500, "INTERNAL", "An internal error has occurred.")
EVENTS = "text/event-stream"


@pytest.mark.parametrize("key", ["", f"{KEY}-not"])
async def test_a_wrong_key_is_a_sentence(api: GeminiApi, key: str) -> None:
    async with gemini(api, key=key) as asked:
        fault = await fault_of(asked, key=KEY)
    assert isinstance(fault, ModelRefused)
    assert fault.message == "Gemini refuses the key in GEMINI_API_KEY"
    assert len(api.asked) == 1


async def test_too_long_a_prompt(api: GeminiApi) -> None:
    async with gemini(api) as asked:
        prompt = Prompt((Message("user", "word " * CONTEXT_TOKENS),))
        fault = await fault_of(asked, prompt, key=KEY)
    assert isinstance(fault, PromptTooLong)
    assert fault.details["most_tokens"] == CONTEXT_TOKENS


async def test_a_model_that_is_not_there(api: GeminiApi) -> None:
    async with gemini(api, model="gemini/../x") as asked:
        fault = await fault_of(asked, key=KEY)
    assert isinstance(fault, ModelRefused)
    assert fault.message.startswith("Gemini does not accept the request: models/gemini%2F..%2Fx is")


FAULTS: dict[str, tuple[Answer, type[AppError], str, dict[str, Any]]] = {
    "not accepted": (
        refused(error(400, "INVALID_ARGUMENT", f"tools[0]\n{KEY}: no such\x00 type")),
        ModelRefused,
        "Gemini does not accept the request: tools[0] ***: no such type",
        {},
    ),
    "in a list": (
        Answer(400, "application/json", [b'[{"error": {"code": 400, "message": "no"}}]']),
        ModelRefused,
        "accept the request: no",
        {},
    ),
    "a page": (Answer(418, "text/html", [b"<html>"]), ModelRefused, "(status 418)", {}),
    "an empty list": (Answer(400, "text/html", [b"[]"]), ModelRefused, "(status 400)", {}),
    "rate limit": (refused(EXHAUSTED), ModelOverloaded, "for now", {"retry_after_s": 37}),
    "rate limit in the head": (
        refused(EXHAUSTED, **{"retry-after": "12"}),
        ModelOverloaded,
        "Gemini takes no more for now",
        {"retry_after_s": 12},
    ),
    "overloaded": (refused(UNAVAILABLE), ModelOverloaded, "for now", {}),
    "overloaded within": (streamed([UNAVAILABLE]), ModelOverloaded, "for now", {}),
    "broken": (refused(INTERNAL), ModelFailed, "Gemini answers 500", {}),
    "broken within": (streamed([INTERNAL]), ModelFailed, "Gemini answers 500", {}),
    "too slow for it": (
        refused(error(408, "DEADLINE_EXCEEDED", "x")),
        ModelFailed,
        "Gemini answers 408",
        {},
    ),
    "a malformed call": (
        streamed(list(Reply(finish_reason="MALFORMED_FUNCTION_CALL").events())),
        ModelFailed,
        "Gemini gave up its answer: MALFORMED_FUNCTION_CALL",
        {},
    ),
    "cut before the head": (Answer(0, "", [], cut=True), ModelFailed, "broke", {}),
    "cut within": (
        streamed(list(Reply().events())[:1], cut=True),
        ModelFailed,
        "gave no whole answer: its answer broke off",
        {},
    ),
    "ended too soon": (
        streamed(list(Reply().events())[:1]),
        ModelFailed,
        "Gemini broke off its answer",
        {},
    ),
    "no JSON": (Answer(200, EVENTS, [b"data: {\n\n"]), ModelFailed, "cannot be read", {}),
    "no text": (Answer(200, EVENTS, [b"data: \xff\n\n"]), ModelFailed, "cannot be read", {}),
    "of another form": (
        Answer(200, EVENTS, [b'data: {"candidates": {"content": 1}}\n\n']),
        ModelFailed,
        "Gemini sends events that cannot be read",
        {},
    ),
    "without end": (Answer(200, EVENTS, [b"x" * 70_000] * 20), ModelFailed, "longer than", {}),
    "not a stream": (Answer(200, "text/html", [b"<html>"]), ModelFailed, "broke off", {}),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_told_and_not_tried_again_here(api: GeminiApi, name: str) -> None:
    answer, kind, sentence, details = FAULTS[name]
    api.scripted = [answer]
    async with gemini(api) as asked:
        fault = await fault_of(asked, key=KEY)
    assert type(fault) is kind
    assert sentence in fault.message
    assert {k: v for k, v in fault.details.items() if k == "retry_after_s"} == details
    assert len(api.asked) == 1


async def test_what_was_said_before_a_cut_is_heard(api: GeminiApi) -> None:
    api.scripted = [streamed(list(Reply().events())[:2], cut=True)]
    heard = ""
    async with gemini(api) as asked, aclosing(asked.stream(HELLO)) as chunks:
        with pytest.raises(ModelFailed):
            async for chunk in chunks:
                assert isinstance(chunk, TextChunk)
                heard += chunk.text
    assert heard == "Good morning."


@pytest.mark.parametrize("status", [0, 200])
@pytest.mark.parametrize("limits", [{"read_s": 0.2}, {"total_s": 0.2}])
async def test_silence_is_not_waited_out(
    api: GeminiApi, status: int, limits: dict[str, Any]
) -> None:
    """Before the head of the answer, and behind it."""
    api.scripted = [Answer(status, EVENTS, [], hangs=True)]
    async with gemini(api, **limits) as asked:
        fault = await fault_of(asked, key=KEY)
        async with asyncio.timeout(2):
            await api.left.wait()
    assert isinstance(fault, OutboundTimedOut)


async def test_who_closes_the_answer_hangs_up(api: GeminiApi) -> None:
    api.scripted = [streamed(list(Reply().events())[:1], hangs=True)]
    async with gemini(api) as asked:
        async with aclosing(asked.stream(HELLO)) as chunks:
            await anext(chunks)
            assert not api.left.is_set()
        async with asyncio.timeout(2):
            await api.left.wait()
        assert text_of(await chunks_of(asked)) == "Good morning."


async def test_who_is_cancelled_while_waiting_hangs_up(api: GeminiApi) -> None:
    api.scripted = [Answer(0, "", [], hangs=True)]
    async with gemini(api) as asked:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await chunks_of(asked)
        async with asyncio.timeout(2):
            await api.left.wait()


async def test_a_server_that_is_not_there() -> None:
    nowhere = GeminiApi()
    nowhere.url = "http://127.0.0.1:9"
    async with gemini(nowhere) as asked:
        fault = await fault_of(asked, key=KEY)
    assert isinstance(fault, ModelFailed)
    assert fault.message == "Gemini gave no whole answer: it accepts no connection"
