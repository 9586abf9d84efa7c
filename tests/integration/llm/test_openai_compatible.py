"""Groq and servers of OpenAI's protocol, over real sockets: what they say, and how they fail."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from openai import AsyncOpenAI

from app.core.errors import AppError
from app.core.http import OutboundLimits, OutboundTimedOut
from app.llm.conversation import (
    Chunk,
    Finished,
    Message,
    ModelFailed,
    ModelOverloaded,
    ModelRefused,
    Prompt,
    PromptTooLong,
    TextChunk,
    TokenUsage,
    ToolCall,
    ToolSpec,
)
from app.llm.providers.openai_compatible import OpenAiCompatible, groq, local
from tests.fakes.openai_api import (
    EVENTS,
    KEY,
    KINDS,
    MODEL,
    Called,
    OpenAiApi,
    Reply,
    event_of,
    fault,
)
from tests.fakes.vendor import Answer, said
from tests.integration.llm.answers import HELLO, calls_of, chunks_of, end_of, fault_of, text_of

CONTEXT = 4096
TOLD = TokenUsage(21, 13, cache_read_tokens=8)
WEATHER = ToolSpec("weather", "Of a city", {"type": "object", "properties": {}})
SCHEMA = {"type": "object", "properties": {"mood": {"type": "string"}}}
PART = {"choices": [{"index": 0, "delta": {"content": "Half"}, "finish_reason": None}]}

every_kind = pytest.mark.parametrize("kind", KINDS)
those_who_stream = pytest.mark.parametrize("kind", ["groq", "llama.cpp"])


@dataclass(frozen=True)
class Asking:
    server: OpenAiApi
    provider: OpenAiCompatible


@asynccontextmanager
async def asking(
    kind: str,
    *replies: Reply,
    scripted: Sequence[Answer] = (),
    key: str = KEY,
    model: str = MODEL,
    read_s: float = 5,
) -> AsyncGenerator[Asking]:
    server = OpenAiApi(KINDS[kind], list(replies))
    async with server.serving():
        server.scripted = list(scripted)
        make, base_url = (groq, server.url) if kind == "groq" else (local, f"{server.url}/v1/")
        provider = make(
            base_url=base_url,
            api_key=key,
            model=model,
            context_tokens=CONTEXT,
            limits=OutboundLimits(read_s=read_s, max_redirects=0),
        )
        try:
            yield Asking(server, provider)
        finally:
            await provider.aclose()


@pytest.mark.inventory("WH-300")
@every_kind
async def test_text_comes_as_it_is_made(kind: str) -> None:
    async with asking(kind, Reply("Good morning.")) as asked:
        chunks = await chunks_of(asked.provider)
    assert [chunk.text for chunk in chunks if isinstance(chunk, TextChunk)][:2] == ["Goo", "d m"]
    assert text_of(chunks) == "Good morning."
    told = TokenUsage() if kind == "without usage" else TOLD
    name = "groq" if kind == "groq" else "local"
    assert end_of(chunks) == Finished("end", told, name, MODEL)


@every_kind
async def test_calls_come_whole_and_apart(kind: str) -> None:
    calls = [Called("weather", {"city": "Pune", "days": [1, 2]}), Called("time", {})]
    prompt = Prompt(HELLO.messages, tools=[WEATHER])
    async with asking(kind, Reply("Let me see.", calls)) as asked:
        chunks = await chunks_of(asked.provider, prompt)
        sent = asked.server.asked[0].body["tools"]
    told = calls_of(chunks)
    assert [(call.name, call.arguments) for call in told] == [
        ("weather", {"city": "Pune", "days": [1, 2]}),
        ("time", {}),
    ]
    assert len({call.id for call in told} - {""}) == 2
    assert text_of(chunks) == "Let me see."
    assert end_of(chunks).reason == "tools"
    described = {"name": "weather", "description": "Of a city", "parameters": WEATHER.parameters}
    assert sent == [{"type": "function", "function": described}]


@every_kind
async def test_a_conversation_is_told_with_its_calls_and_their_results(kind: str) -> None:
    calls = (ToolCall("a1", "weather", {"city": "Pune"}), ToolCall("a2", "time", {}))
    prompt = Prompt(
        [
            Message("user", "Rain?"),
            Message("assistant", "I look.", calls),
            Message("tool", "No rain", call_id="a1"),
            Message("tool", "no clock", call_id="a2", is_error=True),
            Message("developer", "Be short."),
            Message("user", "So?"),
        ],
        system="You help.",
        most_tokens=77,
        temperature=0.5,
    )
    async with asking(kind) as asked:
        await chunks_of(asked.provider, prompt)
        body = asked.server.asked[0].body
    system, rain, look, first, second, last = body["messages"]
    assert system == {"role": "system", "content": "You help."}
    assert rain == {"role": "user", "content": "Rain?"}
    assert [call["function"] for call in look["tool_calls"]] == [
        {"name": "weather", "arguments": '{"city":"Pune"}'},
        {"name": "time", "arguments": "{}"},
    ]
    assert first == {"role": "tool", "tool_call_id": "a1", "content": "No rain"}
    assert second["content"] == "Error: no clock"
    assert last["role"] == "user"
    assert "Be short." in last["content"]
    assert last["content"].endswith("So?")
    assert (body["temperature"], body[KINDS[kind].limit]) == (0.5, 77)


@every_kind
async def test_a_schema_is_asked_for_in_the_form_that_the_server_knows(kind: str) -> None:
    async with asking(kind, Reply('{"mood": "good"}')) as asked:
        chunks = await chunks_of(asked.provider, Prompt(HELLO.messages, schema=SCHEMA))
        body = asked.server.asked[0].body
    assert text_of(chunks) == '{"mood": "good"}'
    assert body["response_format"]["json_schema"] == {"name": "answer", "schema": SCHEMA}
    assert end_of(chunks).reason == "end"
    assert end_of(chunks).usage == (TokenUsage() if kind == "without usage" else TOLD)


@pytest.mark.parametrize(
    ("reason", "told"), [("length", "length"), ("content_filter", "refused"), ("stop", "end")]
)
async def test_why_it_ended_is_told(reason: str, told: str) -> None:
    async with asking("llama.cpp", Reply("So", reason=reason)) as asked:
        assert end_of(await chunks_of(asked.provider)).reason == told


async def test_a_refusal_is_text_and_told_as_one() -> None:
    delta = {"choices": [{"delta": {"refusal": "I will not."}, "finish_reason": None}]}
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    pieces = [event_of(delta), event_of(end)]
    async with asking("llama.cpp", scripted=[Answer(200, EVENTS, pieces)]) as asked:
        chunks = await chunks_of(asked.provider)
    assert (text_of(chunks), end_of(chunks).reason) == ("I will not.", "refused")


async def test_a_call_that_the_limit_cut_off_is_left_out() -> None:
    part = {"index": 0, "id": "a", "function": {"name": "weather", "arguments": '{"city": "Pu'}}
    pieces = [
        event_of({"choices": [{"delta": {"tool_calls": [part]}}]}),
        event_of({"choices": [{"delta": {}, "finish_reason": "length"}]}),
    ]
    async with asking("llama.cpp", scripted=[Answer(200, EVENTS, pieces)]) as asked:
        assert await chunks_of(asked.provider) == [Finished("length", TokenUsage(), "local", MODEL)]


@pytest.mark.parametrize("arguments", ['{"city": "Pu', "[1]", "Pune"])
async def test_a_call_that_cannot_be_read_is_a_failure(arguments: str) -> None:
    part = {"index": 0, "id": "a", "function": {"name": "weather", "arguments": arguments}}
    pieces = [
        event_of({"choices": [{"delta": {"tool_calls": [part]}}]}),
        event_of({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}),
    ]
    async with asking("llama.cpp", scripted=[Answer(200, EVENTS, pieces)]) as asked:
        refused = await fault_of(asked.provider, key=KEY)
    assert isinstance(refused, ModelFailed)
    assert refused.message == "The local server sends a tool call that cannot be read"


@those_who_stream
@pytest.mark.parametrize(
    ("answer", "kind_of_fault", "sentence"),
    [
        (said(401, fault("bad", "x", "invalid_api_key")), ModelRefused, "refuses the key in "),
        (said(403, {}), ModelRefused, "refuses the key in "),
        (said(402, {}), ModelRefused, "has no credit left"),
        (said(429, fault("x", "insufficient_quota")), ModelRefused, "has no credit left"),
        (
            said(400, fault("top_k: no", "x")),
            ModelRefused,
            "does not accept the request: top_k: no",
        ),
        (said(404, {"error": "no such model"}), ModelRefused, "request: no such model"),
        (said(400, fault("x", "exceed_context_size_error", 400)), PromptTooLong, "can hold"),
        (said(400, fault("x", "y", "context_length_exceeded")), PromptTooLong, "can hold"),
        (
            said(400, {"object": "error", **fault("maximum context length is 8 tokens", "y", 400)}),
            PromptTooLong,
            "can hold",
        ),
        (said(400, fault("x", "y", "tool_use_failed")), ModelFailed, "keep to the form"),
        (said(500, fault("boom", "server_error")), ModelFailed, "answers 500"),
        (Answer(502, "text/html", [b"<html>"]), ModelFailed, "answers 502"),
        (said(503, fault("Loading model", "unavailable_error", 503)), ModelOverloaded, "for now"),
        (said(529, {}), ModelOverloaded, "takes no more for now"),
        (Answer(200, EVENTS, [b"data: <html>\n\n"]), ModelFailed, "cannot be read"),
        (Answer(200, EVENTS, []), ModelFailed, "broke its answer off"),
        (Answer(200, EVENTS, [event_of(PART)]), ModelFailed, "broke its answer off"),
        (Answer(200, EVENTS, [event_of(fault("x", "y", 503))]), ModelOverloaded, "for now"),
        (Answer(200, EVENTS, [event_of(fault("x", "y"))]), ModelFailed, "answers 500"),
        (Answer(200, EVENTS, [event_of({"error": "out of memory"})]), ModelFailed, "answers 500"),
        (said(200, fault("x", "y", 429)), ModelOverloaded, "takes no more for now"),
    ],
)
async def test_what_goes_wrong_is_a_sentence(
    kind: str, answer: Answer, kind_of_fault: type[AppError], sentence: str
) -> None:
    async with asking(kind, scripted=[answer]) as asked:
        refused = await fault_of(asked.provider, key=KEY)
    assert type(refused) is kind_of_fault
    assert sentence in refused.message
    assert "Groq" in refused.message or "The local server" in refused.message


async def test_a_wrong_key_is_refused_without_being_shown() -> None:
    async with asking("groq", key="gsk_wrong") as asked:
        refused = await fault_of(asked.provider, key=KEY)
    assert refused.message == "Groq refuses the key in GROQ_API_KEY"


@pytest.mark.parametrize(("header", "told"), [("7", 7), ("0.4", 1), ("soon", None)])
async def test_when_to_come_back_is_told(header: str, told: int | None) -> None:
    busy = said(429, fault("slow down", "requests"), **{"retry-after": header})
    async with asking("groq", scripted=[busy]) as asked:
        assert (await fault_of(asked.provider, key=KEY)).details.get("retry_after_s") == told


@those_who_stream
async def test_an_answer_that_is_cut_gives_what_came_and_then_fails(kind: str) -> None:
    async with asking(kind, scripted=[Answer(200, EVENTS, [event_of(PART)], cut=True)]) as asked:
        heard = list[Chunk]()
        with pytest.raises(ModelFailed, match="gave no whole answer: its answer broke off"):
            async with aclosing(asked.provider.stream(HELLO)) as chunks:
                async for chunk in chunks:
                    heard.append(chunk)
    assert heard == [TextChunk("Half")]


@those_who_stream
@pytest.mark.parametrize(
    "answer", [Answer(0, "", [], hangs=True), Answer(200, EVENTS, [], hangs=True)]
)
async def test_a_server_that_stalls_is_given_up(kind: str, answer: Answer) -> None:
    """Before the head of its answer, and behind it."""
    async with asking(kind, scripted=[answer], read_s=0.2) as asked:
        assert isinstance(await fault_of(asked.provider, key=KEY), OutboundTimedOut)


@those_who_stream
async def test_who_listens_no_more_is_noticed_there(kind: str) -> None:
    """An answer that is not wanted must not be made to its end."""
    async with asking(kind, scripted=[Answer(200, EVENTS, [event_of(PART)], hangs=True)]) as asked:
        chunks = asked.provider.stream(HELLO)
        assert await anext(chunks) == TextChunk("Half")
        await chunks.aclose()
        await asked.server.left.wait()


@pytest.mark.parametrize(
    ("kind", "model", "effort"),
    [
        ("groq", "openai/gpt-oss-120b", "low"),
        ("groq", "qwen/qwen3-32b", "none"),
        ("groq", "llama-3.3-70b-versatile", None),
        ("vllm", "openai/gpt-oss-120b", None),
    ],
)
async def test_models_that_think_unasked_are_kept_from_thinking_long(
    kind: str, model: str, effort: str | None
) -> None:
    async with asking(kind, model=model) as asked:
        await fault_of(asked.provider, key=KEY)
        assert asked.server.asked[0].body.get("reasoning_effort") == effort


@pytest.mark.parametrize("kind", ["llama.cpp", "vllm", "without usage"])
async def test_what_stands_in_for_a_server_is_understood_by_the_client_of_openai(kind: str) -> None:
    """Else it would prove that two mistakes agree."""
    server = OpenAiApi(KINDS[kind], [Reply("Good morning.", [Called("time", {"zone": "UTC"})])])
    async with (
        server.serving(),
        AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client,
        client.chat.completions.stream(
            model=MODEL, messages=[{"role": "user", "content": "Hello"}], max_tokens=9
        ) as stream,
    ):
        answer = await stream.get_final_completion()
    message = answer.choices[0].message
    called = message.tool_calls
    assert message.content == "Good morning."
    assert called is not None
    assert [(each.function.name, each.function.arguments) for each in called] == [
        ("time", '{"zone": "UTC"}')
    ]
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_a_server_without_a_key_gets_none() -> None:
    async with asking("ollama", key="") as asked:
        await chunks_of(asked.provider)
        headers: dict[str, Any] = asked.server.asked[0].headers
    assert "authorization" not in headers
