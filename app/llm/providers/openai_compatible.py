"""Whoever speaks OpenAI's chat completions: Groq, and servers such as llama.cpp, vLLM and Ollama.

They differ in what they leave out: usage, ids of calls, the reason why an answer ends, its last
event. An answer is whole where its reason or that event came.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec

from app.core.db import forbid_in_transaction
from app.core.http import OutboundClient, OutboundFailed, OutboundLimits, OutboundStream
from app.llm.conversation import Chunk, Message, Prompt, ToolCall
from app.llm.providers.faults import Owner, body_of, seconds
from app.llm.providers.openai_answers import Answer, fault_in
from app.llm.providers.turns import ModelTurn, Turn, as_user_text, turns
from app.llm.sse import events

END = "[DONE]"


@dataclass(frozen=True, slots=True)
class Dialect:
    """`path` is that below the base URL, `limit` the field for the most tokens of an answer, and
    `streams_schema` whether what must fit a schema can come piece by piece. `efforts`: what is said
    to models, by a part of their id, that think before they answer."""

    path: str = "/chat/completions"
    limit: str = "max_tokens"
    streams_schema: bool = True
    efforts: tuple[tuple[str, str], ...] = ()


GROQ = Dialect(
    "/openai/v1/chat/completions",
    "max_completion_tokens",
    streams_schema=False,
    efforts=(("gpt-oss", "low"), ("qwen3", "none")),
)


class OpenAiCompatible:
    def __init__(
        self,
        name: str,
        owner: Owner,
        dialect: Dialect,
        *,
        base_url: str,
        model: str,
        limits: OutboundLimits,
    ) -> None:
        self.name = name
        self.model = model
        self.context_tokens = owner.context_tokens
        self._owner = owner
        self._dialect = dialect
        self._url = base_url.rstrip("/") + dialect.path
        self._client = OutboundClient(
            forbid_in_transaction=forbid_in_transaction,
            limits=limits,
            trusted_base_urls=frozenset({base_url}),
        )
        self._headers = {"content-type": "application/json"}
        if owner.key:
            self._headers["authorization"] = f"Bearer {owner.key}"

    async def aclose(self) -> None:
        await self._client.aclose()

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        content = msgspec.json.encode(self._request(prompt))
        answer = Answer(self._owner, self.name, self.model)
        try:
            async with self._client.stream(
                "POST", self._url, headers=self._headers, content=content
            ) as told:
                if told.status != 200:
                    wait_s = seconds(told.headers.get("retry-after"))
                    raise fault_in(await body_of(told), self._owner, told.status, wait_s)
                async with aclosing(_read(told, answer)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        except OutboundFailed as error:
            reason = error.details["reason"]
            raise self._owner.failed(f"gave no whole answer: {reason}") from None
        for chunk in answer.end():
            yield chunk

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        streams = self._dialect.streams_schema or prompt.schema is None
        request: dict[str, Any] = {
            "model": self.model,
            "messages": _messages(prompt),
            self._dialect.limit: prompt.most_tokens,
            "stream": streams,
        }
        if streams:
            request["stream_options"] = {"include_usage": True}
        for of_model, effort in self._dialect.efforts:
            if of_model in self.model:
                request["reasoning_effort"] = effort
        if prompt.temperature is not None:
            request["temperature"] = prompt.temperature
        if prompt.tools and prompt.may_call:  # not every server heeds a `tool_choice` of none
            request["tools"] = [
                {"type": "function", "function": msgspec.structs.asdict(tool)}
                for tool in prompt.tools
            ]
        if prompt.schema is not None:
            schema = {"name": "answer", "schema": prompt.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        return request


def groq(
    *, base_url: str, api_key: str, model: str, context_tokens: int, limits: OutboundLimits
) -> OpenAiCompatible:
    owner = Owner("Groq", "GROQ_API_KEY", api_key, context_tokens)
    return OpenAiCompatible("groq", owner, GROQ, base_url=base_url, model=model, limits=limits)


def local(
    *, base_url: str, api_key: str, model: str, context_tokens: int, limits: OutboundLimits
) -> OpenAiCompatible:
    owner = Owner("The local server", "LOCAL_LLM_API_KEY", api_key, context_tokens)
    return OpenAiCompatible(
        "local", owner, Dialect(), base_url=base_url, model=model, limits=limits
    )


async def _read(told: OutboundStream, answer: Answer) -> AsyncGenerator[Chunk, None]:
    kind = told.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        for chunk in answer.heard(await told.read()):
            yield chunk
        answer.is_whole = True
    else:
        async with aclosing(events(told.chunks())) as read:
            async for event in read:
                if event.data == END:
                    answer.is_whole = True
                    break
                for chunk in answer.heard(event.data):
                    yield chunk


def _messages(prompt: Prompt) -> list[dict[str, Any]]:
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    return system + [message for turn in turns(prompt.messages) for message in _told(turn)]


def _told(turn: Turn) -> list[dict[str, Any]]:
    if isinstance(turn, ModelTurn):
        said: dict[str, Any] = {"role": "assistant", "content": "\n\n".join(turn.texts)}
        if turn.calls:
            said["tool_calls"] = [_call(call) for call in turn.calls]
        return [said]
    results = [
        {
            "role": "tool",
            "tool_call_id": result.call.id,
            "content": f"Error: {result.text}" if result.is_error else result.text,
        }
        for result in turn.results
    ]
    return results + _user(turn.said)


def _user(said: Sequence[Message]) -> list[dict[str, Any]]:
    if not said:
        return []
    return [{"role": "user", "content": "\n\n".join(map(as_user_text, said))}]


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = msgspec.json.encode(call.arguments).decode()
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }
