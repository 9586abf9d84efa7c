"""Servers that speak OpenAI's chat completions on loopback, each with what it leaves out or does
its own way. Requests are checked against the types of OpenAI's own package, and so is what is sent
where a server keeps to them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter, ValidationError

from tests.fakes.vendor import Answer, Asked, Refused, Vendor, said

KEY = "key-of-this-test-7c1d"
MODEL = "model-of-this-test"
PROMPT_TOKENS, CACHED_TOKENS, COMPLETION_TOKENS = 21, 8, 13
EVENTS = "text/event-stream"

_STREAMED = TypeAdapter(CompletionCreateParamsStreaming)
_AT_ONCE = TypeAdapter(CompletionCreateParamsNonStreaming)


@dataclass(frozen=True)
class Called:
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    text: str = ""
    calls: Sequence[Called] = ()
    reason: str = ""

    @property
    def ends(self) -> str:
        return self.reason or ("tool_calls" if self.calls else "stop")


@dataclass(frozen=True)
class Kind:
    """What a server does its own way."""

    path: str = "/v1/chat/completions"
    limit: str = "max_tokens"
    keeps_to_types: bool = True
    whole_calls: bool = False
    call_ids: bool = True
    one_index: bool = False
    usage: str = "usage"
    tells_reason: bool = True
    tells_done: bool = True
    streams_schema: bool = True
    needs_key: bool = False


KINDS = {
    "groq": Kind(
        "/openai/v1/chat/completions",
        "max_completion_tokens",
        usage="x_groq",
        streams_schema=False,
        needs_key=True,
    ),
    "llama.cpp": Kind(),
    "vllm": Kind(),
    "ollama": Kind(whole_calls=True, call_ids=False, one_index=True, keeps_to_types=False),
    "one index for all": Kind(one_index=True),
    "without usage": Kind(usage=""),
    "without reason": Kind(tells_reason=False),
    "without end": Kind(tells_done=False),
}


@dataclass
class OpenAiApi(Vendor):
    """`replies` come one after the other; then it says back what it was told last."""

    kind: Kind = field(default_factory=Kind)
    replies: list[Reply] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def answer(self, asked: Asked) -> Answer:
        body = self._checked(asked)
        reply = self.replies.pop(0) if self.replies else Reply(f"You said: {_last(body)}")
        if not body.get("stream"):
            return said(200, self._at_once(reply))
        events = [event_of(chunk) for chunk in self._chunks(reply, body)]
        if self.kind.tells_done:
            events.append(b"data: [DONE]\n\n")
        return Answer(200, EVENTS, events)

    def _checked(self, asked: Asked) -> dict[str, Any]:
        if (asked.method, asked.path) != ("POST", self.kind.path):
            raise Refused(404, fault("Invalid URL", "invalid_request_error", "unknown_url"))
        if self.kind.needs_key and asked.headers.get("authorization") != f"Bearer {KEY}":
            shown = f"Invalid API Key: {asked.headers.get('authorization')}"
            raise Refused(401, fault(shown, "invalid_request_error", "invalid_api_key"))
        body = asked.body
        try:
            (_STREAMED if body.get("stream") else _AT_ONCE).validate_python(body)
        except ValidationError as error:
            raise Refused(400, fault(str(error), "invalid_request_error")) from None
        if not self.kind.streams_schema and body.get("stream") and "response_format" in body:
            raise Refused(400, fault("response_format: not with stream", "invalid_request_error"))
        if self.kind.limit not in body:
            raise Refused(400, fault(f"{self.kind.limit}: required", "invalid_request_error"))
        if body["model"] != MODEL:
            raise Refused(404, fault("The model does not exist", "", "model_not_found"))
        _refuse_unanswered_calls(body["messages"])
        return body

    def _chunks(self, reply: Reply, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield self._chunk({"role": "assistant", "content": ""})
        for piece in in_threes(reply.text):
            yield self._chunk({"content": piece})
        for place, call in enumerate(reply.calls):
            for part in self._parts(place, call):
                yield self._chunk({"tool_calls": [part]})
        yield self._chunk({}, reply.ends if self.kind.tells_reason else None)
        if self.kind.usage and body.get("stream_options") == {"include_usage": True}:
            usage = usage_of()
            told = {"x_groq": {"usage": usage}} if self.kind.usage == "x_groq" else {"usage": usage}
            yield {**self._chunk({}), "choices": [], **told}

    def _parts(self, place: int, call: Called) -> Iterator[dict[str, Any]]:
        arguments = json.dumps(call.arguments)
        index = {"index": 0 if self.kind.one_index else place}
        known = {"id": f"call_{place}"} if self.kind.call_ids else {"id": ""}
        first = {**index, **known, "type": "function"}
        if self.kind.whole_calls:
            yield {**first, "function": {"name": call.name, "arguments": arguments}}
            return
        yield {**first, "function": {"name": call.name, "arguments": ""}}
        for piece in in_threes(arguments):
            yield {**index, "function": {"arguments": piece}}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": MODEL,
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        }
        if self.kind.keeps_to_types:
            ChatCompletionChunk.model_validate(chunk)
        return chunk

    def _at_once(self, reply: Reply) -> dict[str, Any]:
        calls = [next(self._parts(place, call)) for place, call in enumerate(reply.calls)]
        message = {"role": "assistant", "content": reply.text, "tool_calls": calls or None}
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": MODEL,
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.ends}
            ],
            "usage": usage_of(),
        }
        ChatCompletion.model_validate(answer)
        return answer


def usage_of() -> dict[str, Any]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": COMPLETION_TOKENS,
        "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
        "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
    }


def fault(message: str, kind: str, code: str | int | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def event_of(told: Any) -> bytes:
    return b"data: " + json.dumps(told).encode() + b"\n\n"


def in_threes(text: str) -> Iterator[str]:
    for begin in range(0, len(text), 3):
        yield text[begin : begin + 3]


def _last(body: dict[str, Any]) -> str:
    content: str = body["messages"][-1]["content"]
    return content


def _refuse_unanswered_calls(messages: Sequence[dict[str, Any]]) -> None:
    """As OpenAI does: each call has its result right behind it, and each result its call."""
    open_calls = set[str]()
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                raise Refused(400, fault("tool: no such call", "invalid_request_error"))
            open_calls.discard(message["tool_call_id"])
        elif open_calls:
            raise Refused(400, fault("a call without a result", "invalid_request_error"))
        open_calls |= {call["id"] for call in message.get("tool_calls") or ()}
