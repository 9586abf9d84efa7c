"""What comes of asking a provider, and of asking it in vain."""

import json
from contextlib import aclosing

import pytest

from app.core.errors import AppError
from app.llm.conversation import Chunk, Finished, Message, Prompt, Provider, TextChunk, ToolCall

HELLO = Prompt((Message("user", "Hello?"),))


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
