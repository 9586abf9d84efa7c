"""How Claude and the way to it fail, and what is told of it."""

import asyncio
import io
import logging
from collections.abc import Generator
from contextlib import aclosing
from typing import Any

import pytest

from app.core import logging as lines
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
from tests.fakes.anthropic_api import (
    CONTEXT_TOKENS,
    KEY,
    AnthropicApi,
    Reply,
    error,
    streamed,
)
from tests.fakes.vendor import Answer, said
from tests.integration.llm.answers import HELLO, chunks_of, fault_of, text_of
from tests.integration.llm.claude.conftest import claude


@pytest.mark.parametrize(
    "answer",
    [
        None,
        said(403, error("permission_error", f"{KEY} has no permission")),
        streamed([error("authentication_error", f"invalid {KEY}")]),
    ],
)
async def test_a_wrong_key_is_a_sentence(api: AnthropicApi, answer: Answer | None) -> None:
    api.scripted = [answer] if answer else []
    async with claude(api, key=KEY if answer else f"{KEY}-not") as asked:
        fault = await fault_of(asked, key=KEY)
    assert isinstance(fault, ModelRefused)
    assert fault.message == "Claude refuses the key in ANTHROPIC_API_KEY"
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt((Message("user", "word " * CONTEXT_TOKENS),)),
        Prompt(HELLO.messages, system="word " * CONTEXT_TOKENS),
    ],
)
async def test_too_long_a_prompt(api: AnthropicApi, prompt: Prompt) -> None:
    async with claude(api) as asked:
        fault = await fault_of(asked, prompt, key=KEY)
    assert isinstance(fault, PromptTooLong)
    assert fault.details["most_tokens"] == CONTEXT_TOKENS


FAULTS: dict[str, tuple[Answer, type[AppError], str, dict[str, Any]]] = {
    "too large": (said(413, error("request_too_large", "x")), PromptTooLong, "can hold", {}),
    "limit exceeded": (
        said(
            400,
            error(
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
            ),
        ),
        PromptTooLong,
        "can hold",
        {},
    ),
    "not accepted": (
        said(400, error("invalid_request_error", f"tools.0\n{KEY}: no such\x00 type")),
        ModelRefused,
        "Claude does not accept the request: tools.0 ***: no such type",
        {},
    ),
    "at length": (
        said(400, error("invalid_request_error", "x" * 9000)),
        ModelRefused,
        f"request: {'x' * 200}",
        {},
    ),
    "no such model": (
        said(404, error("not_found_error", "model: claude-9")),
        ModelRefused,
        "accept the request: model: claude-9",
        {},
    ),
    "no credit": (said(402, error("billing_error", "x")), ModelRefused, "no credit left", {}),
    "a page": (Answer(418, "text/html", [b"<html>"]), ModelRefused, "(status 418)", {}),
    "rate limit": (
        said(429, error("rate_limit_error", "x"), **{"retry-after": "12"}),
        ModelOverloaded,
        "Claude takes no more for now",
        {"retry_after_s": 12},
    ),
    "rate limit of no length": (
        said(429, error("rate_limit_error", "x"), **{"retry-after": "soon"}),
        ModelOverloaded,
        "for now",
        {},
    ),
    "overloaded": (said(529, error("overloaded_error", "x")), ModelOverloaded, "for now", {}),
    "overloaded within": (
        streamed([error("overloaded_error", "Overloaded")]),
        ModelOverloaded,
        "for now",
        {},
    ),
    "broken": (said(500, error("api_error", "x")), ModelFailed, "Claude answers 500", {}),
    "broken within": (streamed([error("api_error", "x")]), ModelFailed, "answers 500", {}),
    "moved": (
        Answer(307, "text/html", [], {"location": "http://127.0.0.1:9/"}),
        ModelRefused,
        "(status 307)",
        {},
    ),
    "cut before the head": (Answer(0, "", [], cut=True), ModelFailed, "broke off its answer", {}),
    "cut within": (
        streamed(list(Reply().events({}))[:6], cut=True),
        ModelFailed,
        "broke off its answer",
        {},
    ),
    "ended too soon": (
        streamed(list(Reply().events({}))[:-1]),
        ModelFailed,
        "broke off its answer",
        {},
    ),
    "no JSON": (
        Answer(200, "text/event-stream", [b"event: message_start\ndata: {\n\n"]),
        ModelFailed,
        "sends events that cannot be read",
        {},
    ),
    "no text": (
        Answer(200, "text/event-stream", [b"event: message_start\ndata: \xff\n\n"]),
        ModelFailed,
        "sends events that cannot be read",
        {},
    ),
    "of another form": (
        streamed([{"type": "message_start"}, {"type": "message_delta"}, {"type": "message_stop"}]),
        ModelFailed,
        "sends an answer that cannot be read",
        {},
    ),
    "not a stream": (Answer(200, "text/html", [b"<html>"]), ModelFailed, "broke off", {}),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_told_and_not_tried_again_here(api: AnthropicApi, name: str) -> None:
    answer, kind, sentence, details = FAULTS[name]
    api.scripted = [answer]
    async with claude(api) as asked:
        fault = await fault_of(asked, key=KEY)
    assert type(fault) is kind
    assert sentence in fault.message
    assert len(fault.message) < 300
    assert {k: v for k, v in fault.details.items() if k == "retry_after_s"} == details
    assert len(api.asked) == 1


async def test_what_was_said_before_a_cut_is_heard(api: AnthropicApi) -> None:
    api.scripted = [streamed(list(Reply().events({}))[:6], cut=True)]
    heard = ""
    async with claude(api) as asked, aclosing(asked.stream(HELLO)) as chunks:
        with pytest.raises(ModelFailed):
            async for chunk in chunks:
                assert isinstance(chunk, TextChunk)
                heard += chunk.text
    assert heard == "Good morning."


@pytest.mark.parametrize("status", [0, 200])
@pytest.mark.parametrize("limits", [{"read_s": 0.2}, {"total_s": 0.2}])
async def test_silence_is_not_waited_out(
    api: AnthropicApi, status: int, limits: dict[str, Any]
) -> None:
    """Before the head of the answer, and behind it."""
    api.scripted = [Answer(status, "text/event-stream", [], hangs=True)]
    async with claude(api, **limits) as asked:
        fault = await fault_of(asked, key=KEY)
        async with asyncio.timeout(2):
            await api.left.wait()
    assert isinstance(fault, OutboundTimedOut)


async def test_who_closes_the_answer_hangs_up(api: AnthropicApi) -> None:
    api.scripted = [streamed(list(Reply().events({}))[:6], hangs=True)]
    async with claude(api) as asked:
        async with aclosing(asked.stream(HELLO)) as chunks:
            await anext(chunks)
            assert not api.left.is_set()
        async with asyncio.timeout(2):
            await api.left.wait()
        assert text_of(await chunks_of(asked)) == "Good morning."


async def test_who_is_cancelled_while_waiting_hangs_up(api: AnthropicApi) -> None:
    api.scripted = [Answer(0, "", [], hangs=True)]
    async with claude(api) as asked:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await chunks_of(asked)
        async with asyncio.timeout(2):
            await api.left.wait()


async def test_a_server_that_is_not_there() -> None:
    nowhere = AnthropicApi()
    nowhere.url = "http://127.0.0.1:9"
    async with claude(nowhere) as asked:
        fault = await fault_of(asked, key=KEY)
    assert isinstance(fault, ModelFailed)
    assert fault.message == "Claude cannot be reached"


@pytest.fixture
def written() -> Generator[io.StringIO]:
    """All that is logged, where the operator wants to see the most."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    lines.configure("DEBUG", "json", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


async def test_no_line_of_the_log_says_what_was_said(
    api: AnthropicApi, written: io.StringIO
) -> None:
    async with claude(api) as asked:
        await chunks_of(asked, Prompt((Message("user", "My number is 4711."),)))
    logging.getLogger().debug("the last line")
    assert "the last line" in written.getvalue()
    assert "4711" not in written.getvalue()
    assert KEY not in written.getvalue()
