"""The model of the house: a GGUF file that llama.cpp runs in a process beside this one.

It answers one at a time. The small model that is shipped calls no tools when it should, so it is
told of none.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import msgspec

from app.inference.executor import Lane
from app.inference.registry import ModelRegistry
from app.llm.conversation import Chunk, ModelOverloaded, Prompt
from app.llm.llama.gguf import GgufHeader
from app.llm.llama.models import EmbeddedModel
from app.llm.llama.process import LlamaProcess
from app.llm.llama.schemas import require_modest
from app.llm.providers.faults import Owner
from app.llm.providers.openai_answers import Answer, fault_in
from app.llm.providers.openai_compatible import END
from app.llm.providers.turns import ModelTurn, Turn, as_user_text, turns
from app.llm.sse import events

MOST_AT_ONCE = 8
"""One that is answered, and those that wait for it."""
SILENCE_S = 60
"""It tells how far it has read a prompt every second or so: after more, it hangs."""
OK = 200
URL = "http://embedded/v1/chat/completions"
TEMPERATURE, TOP_P = 0.2, 0.9
"""What the makers of the small model advise."""
UNSEEN = "\u200b"


class Embedded:
    name = "embedded"

    def __init__(self, models: ModelRegistry, model: EmbeddedModel) -> None:
        self.model = model.name
        self.context_tokens = model.context_tokens
        self._models = models
        self._id = model.id
        self._owner = Owner("The embedded model", "", "", model.context_tokens)
        self._asked = 0
        self._turn = asyncio.Lock()

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """`prompt.tools` are left out."""
        if prompt.schema is not None:
            require_modest(prompt.schema)
        async with self._own_turn(), self._running() as process:
            content = self._request(prompt, process.header)
            try:
                async with aclosing(self._answer(process, content)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except httpx.TransportError as error:
                await asyncio.to_thread(process.kill)
                hung = isinstance(error, httpx.TimeoutException)
                how = f"was silent for {SILENCE_S} s" if hung else "broke its answer off"
                raise self._owner.failed(how) from None

    @asynccontextmanager
    async def _own_turn(self) -> AsyncGenerator[None]:
        if self._asked >= MOST_AT_ONCE:
            raise ModelOverloaded(f"{self._asked} answers of the embedded model are awaited")
        self._asked += 1
        try:
            async with self._turn:
                yield
        finally:
            self._asked -= 1

    @asynccontextmanager
    async def _running(self) -> AsyncGenerator[LlamaProcess]:
        async with self._models.lease(self._id, LlamaProcess, Lane.REALTIME) as process:
            if not process.is_running:
                await asyncio.to_thread(process.restart)
            yield process

    async def _answer(self, process: LlamaProcess, content: bytes) -> AsyncGenerator[Chunk, None]:
        answer = Answer(self._owner, self.name, self.model)
        async with _client(process) as client, client.stream("POST", URL, content=content) as told:
            if told.status_code != OK:
                raise fault_in(await told.aread(), self._owner, told.status_code, None)
            async with aclosing(events(told.aiter_raw())) as read:
                async for event in read:
                    if event.data == END:
                        answer.is_whole = True
                        break
                    for chunk in answer.heard(event.data):
                        yield chunk
        for chunk in answer.end():
            yield chunk

    def _request(self, prompt: Prompt, header: GgufHeader) -> bytes:
        messages = [
            {"role": role, "content": _harmless(text, header)} for role, text in _said(prompt)
        ]
        most_bytes = self.context_tokens * header.longest_token
        if sum(len(message["content"].encode()) for message in messages) > most_bytes:
            raise self._owner.too_long()
        request: dict[str, Any] = {
            "messages": messages,
            "max_tokens": prompt.most_tokens,
            "temperature": TEMPERATURE if prompt.temperature is None else prompt.temperature,
            "top_p": TOP_P,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
        }
        if prompt.schema is not None:
            schema = {"name": "answer", "schema": prompt.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        return msgspec.json.encode(request)


def _client(process: LlamaProcess) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(process.socket), verify=False)
    return httpx.AsyncClient(transport=transport, timeout=SILENCE_S, trust_env=False)


def _said(prompt: Prompt) -> Iterator[tuple[str, str]]:
    """Who says what."""
    if prompt.system:
        yield "system", prompt.system
    for turn in turns(prompt.messages):
        yield "assistant" if isinstance(turn, ModelTurn) else "user", "\n\n".join(_texts(turn))


def _texts(turn: Turn) -> Iterator[str]:
    """What a tool gave is told as its words: another model may have called it."""
    if isinstance(turn, ModelTurn):
        yield from turn.texts
        return
    for result in turn.results:
        yield f"{result.call.name}: {result.text}"
    yield from map(as_user_text, turn.said)


def _harmless(text: str, header: GgufHeader) -> str:
    """Marks of the model would end a turn and begin another, and are kept apart by a space that
    nobody sees."""
    text = text.encode(errors="replace").decode()
    marks = sorted(header.marks, key=len, reverse=True)
    if not marks:
        return text
    pattern = re.compile("|".join(map(re.escape, marks)))
    return pattern.sub(lambda found: found[0][0] + UNSEEN + found[0][1:], text)
