"""What comes of asking a provider, and of asking it in vain."""

import json
from contextlib import aclosing

import pytest

from app.core.errors import AppError
from app.llm.conversation import Chunk, Finished, Message, Prompt, Provider, TextChunk, ToolCall

HELLO = Prompt((Message("user", "Hello?"),))
CALL = ToolCall("call:1/ä", "clock", {"place": "Bern"})

CONVERSATIONS = {
    "nothing": [],
    "empty texts": [Message("user", "  "), Message("assistant", ""), Message("user", "Hello?")],
    "one side twice": [
        Message("user", "Hello?"),
        Message("user", "Anybody?"),
        Message("assistant", "Yes."),
    ],
    "the agent first": [Message("assistant", "Good morning."), Message("user", "Hello.")],
    "words before a result": [
        Message("user", "Time?"),
        Message("assistant", "Wait.", calls=(CALL, ToolCall("b", "clock", {}))),
        Message("user", "Hurry."),
        Message("tool", "no place", call_id="b", is_error=True),
        Message("tool", "12:00", call_id=CALL.id),
    ],
    "a call without a result": [
        Message("user", "Time?"),
        Message("assistant", calls=(CALL,)),
        Message("user", "Well?"),
    ],
    "a call at the end": [Message("user", "Time?"), Message("assistant", calls=(CALL,))],
    "an empty result": [
        Message("user", "Note it."),
        Message("assistant", calls=(CALL,)),
        Message("tool", "\n", call_id=CALL.id),
    ],
    "a result without its call": [
        Message("tool", "12:00", call_id="lost"),
        Message("assistant", "Noon."),
        Message("tool", "13:00", call_id="lost"),
        Message("assistant", "No, one."),
        Message("user", "Thanks."),
    ],
    "an instruction": [
        Message("user", "Hello?"),
        Message("developer", "The caller is known."),
        Message("assistant", "Good morning."),
        Message("developer", "The line is bad."),
        Message("user", "What?"),
    ],
    "an instruction alone": [
        Message("developer", "Greet."),
        Message("assistant", "Hi."),
        Message("developer", "End."),
    ],
}


async def chunks_of(provider: Provider, prompt: Prompt = HELLO) -> list[Chunk]:
    async with aclosing(provider.stream(prompt)) as chunks:
        return [chunk async for chunk in chunks]


async def fault_of(provider: Provider, prompt: Prompt = HELLO, *, key: str) -> AppError:
    with pytest.raises(AppError) as raised:
        await chunks_of(provider, prompt)
    fault = raised.value
    assert key not in fault.message + json.dumps(fault.details)
    return fault


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


def calls_of(chunks: list[Chunk]) -> list[ToolCall]:
    return [chunk for chunk in chunks if isinstance(chunk, ToolCall)]


def end_of(chunks: list[Chunk]) -> Finished:
    *_, last = chunks
    assert isinstance(last, Finished)
    return last
