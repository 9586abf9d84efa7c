"""The Messages API of Anthropic, version 2026-10-21, streamed. It refuses what the documents say is
refused, keeps what is marked to be cached, and counts a token for every word."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.vendor import Answer, Asked, Refused, Vendor

KEY = "sk-ant-api03-of-this-test-4c1d"
MODEL = "claude-opus-5-5"
OLDER_MODEL = "claude-sonnet-4-6"
"""That knows no system turns."""

THINKING = {
    MODEL: {"adaptive"},
    OLDER_MODEL: {"adaptive", "enabled", "disabled"},
    "claude-sonnet-5-5": {"adaptive", "between_tools"},
    "claude-haiku-5-5": {"adaptive", "disabled"},
}
"""The kinds that each model takes."""

CONTEXT_TOKENS = 1000

_FIELDS = frozenset(
    {"model", "max_tokens", "messages", "stream", "system", "tools", "cache_control"}
    | {"output_config", "tool_choice", "thinking", "metadata", "stop_sequences"}
)
_NOT_IN_SCHEMA = frozenset({"minimum", "maximum", "maxLength", "minLength", "maxItems", "oneOf"})
_PIECE = 7
"""Characters of one delta."""


@dataclass(frozen=True)
class Use:
    id: str
    name: str
    input: str
    """JSON, as the model writes it."""


@dataclass(frozen=True)
class Reply:
    blocks: Sequence[str | Use] = ("Good morning.",)
    stop_reason: str = "end_turn"
    thinks: bool = False

    def events(self, usage: dict[str, int]) -> Iterator[dict[str, Any]]:
        yield {"type": "message_start", "message": _message(usage)}
        yield {"type": "ping"}
        blocks = [*([None] if self.thinks else []), *self.blocks]
        for place, block in enumerate(blocks):
            yield from _block(place, block)
        yield {"type": "an_event_of_later", "why": {"not": "yet known"}}
        spoken = sum(len(str(block).split()) for block in self.blocks)
        yield {
            "type": "message_delta",
            "delta": {"stop_reason": self.stop_reason, "stop_sequence": None},
            "usage": {"output_tokens": spoken},
        }
        yield {"type": "message_stop"}


def _message(usage: dict[str, int]) -> dict[str, Any]:
    return {
        "id": "msg_01Test",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": 1},
    }


def _block(place: int, block: str | Use | None) -> Iterator[dict[str, Any]]:
    match block:
        case None:
            start: dict[str, Any] = {"type": "thinking", "thinking": "", "signature": ""}
            deltas: list[dict[str, Any]] = [{"type": "signature_delta", "signature": "RXJ"}]
        case Use():
            start = {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": ""}]
            deltas += [{"type": "input_json_delta", "partial_json": p} for p in _cut(block.input)]
        case str():
            start = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in ["", *_cut(block)]]
    yield {"type": "content_block_start", "index": place, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": place, "delta": delta}
    yield {"type": "content_block_stop", "index": place}


def _cut(text: str) -> list[str]:
    return [text[begin : begin + _PIECE] for begin in range(0, len(text), _PIECE)]


def wire(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def error(kind: str, message: str) -> dict[str, Any]:
    return {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": "req_011Test",
    }


def streamed(events: Sequence[dict[str, Any]], *, cut: bool = False, hangs: bool = False) -> Answer:
    pieces = [wire(event) for event in events]
    return Answer(200, "text/event-stream; charset=utf-8", pieces, cut=cut, hangs=hangs)


@dataclass
class AnthropicApi(Vendor):
    """`replies` come in their order, then the usual one."""

    replies: list[Reply] = field(default_factory=list[Reply])

    def __post_init__(self) -> None:
        super().__init__()
        self._cached: set[tuple[str, ...]] = set()

    def answer(self, asked: Asked) -> Answer:
        _check_head(asked)
        body = asked.body
        _check_fields(body)
        _check_messages(body)
        if "format" in body.get("output_config", {}):
            _check_schema(body["output_config"]["format"]["schema"])
        usage = self._usage(body)
        reply = self.replies.pop(0) if self.replies else Reply()
        return streamed(list(reply.events(usage)))

    def _usage(self, body: dict[str, Any]) -> dict[str, int]:
        blocks = [*body.get("tools", []), *body.get("system", [])]
        blocks += [block for message in body["messages"] for block in message["content"]]
        marks = [place for place, block in enumerate(blocks, 1) if "cache_control" in block]
        if "cache_control" in body:
            marks.append(len(blocks))
        if len(marks) > 4:
            raise _invalid(f"A maximum of 4 blocks with cache_control may be provided: {marks}")
        written = [json.dumps({**block, "cache_control": None}) for block in blocks]
        words = [len(text.split()) for text in written]
        if (total := sum(words)) > CONTEXT_TOKENS:
            raise _invalid(f"prompt is too long: {total} tokens > {CONTEXT_TOKENS} maximum")
        prefixes = [tuple(written[:place]) for place in range(len(written) + 1)]
        read = max(
            (place for place, prefix in enumerate(prefixes) if prefix in self._cached), default=0
        )
        kept = max(marks, default=0)
        self._cached |= {prefixes[mark] for mark in marks}
        return {
            "input_tokens": sum(words[max(read, kept) :]),
            "cache_read_input_tokens": sum(words[:read]),
            "cache_creation_input_tokens": sum(words[read:kept]),
        }


def _invalid(message: str) -> Refused:
    return Refused(400, error("invalid_request_error", message))


def _check_head(asked: Asked) -> None:
    if (asked.method, asked.path) != ("POST", "/v1/messages"):
        raise Refused(404, error("not_found_error", "Not found"))
    bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
    if asked.headers.get("x-api-key", bearer) != KEY:
        raise Refused(401, error("authentication_error", f"invalid x-api-key: {bearer}"))
    if asked.headers.get("anthropic-version") != "2026-10-21":
        raise _invalid("anthropic-version: header is required")
    if asked.headers.get("content-type") != "application/json":
        raise _invalid("content-type: must be application/json")


def _check_fields(body: dict[str, Any]) -> None:
    if strange := sorted(body.keys() - _FIELDS):
        raise _invalid(f"{strange[0]}: Extra inputs are not permitted")
    if body["model"] not in THINKING:
        raise Refused(404, error("not_found_error", f"model: {body['model']}"))
    if (kind := body.get("thinking", {"type": "adaptive"})["type"]) not in THINKING[body["model"]]:
        raise _invalid(f'"thinking.type.{kind}" is not supported for this model.')
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1 or not body.get("stream"):
        raise _invalid("max_tokens: Input should be greater than or equal to 1")
    if any(not block["text"].strip() for block in body.get("system", [])):
        raise _invalid("system: text content blocks must be non-empty")


def _check_messages(body: dict[str, Any]) -> None:
    messages = body["messages"]
    if not messages or messages[0]["role"] != "user":
        raise _invalid("messages: first message must use the user role")
    if messages[-1]["role"] == "assistant":
        raise _invalid("This model does not support assistant message prefill.")
    uses: list[str] = []
    for place, message in enumerate(messages):
        _check_texts(message, place)
        if message["role"] == "system":
            _check_system_turn(body["model"], messages, place)
        else:
            uses = _check_tools(message, place, uses)


def _check_texts(message: dict[str, Any], place: int) -> None:
    if not message["content"]:
        raise _invalid(f"messages.{place}: must have non-empty content")
    for block in message["content"]:
        text = block.get("text", block.get("content", "said"))
        if not text.strip():
            raise _invalid("messages: text content blocks must contain non-whitespace text")


def _check_system_turn(model: str, messages: Sequence[dict[str, Any]], place: int) -> None:
    if model == OLDER_MODEL:
        raise _invalid("role 'system' is not supported on this model")
    after = messages[place + 1 : place + 2]
    if messages[place - 1]["role"] != "user" or any(m["role"] != "assistant" for m in after):
        raise _invalid(f"messages.{place}: a system message must follow a user message")


def _check_tools(message: dict[str, Any], place: int, uses: Sequence[str]) -> list[str]:
    """The calls that the next message must answer."""
    kinds = [block["type"] for block in message["content"]]
    results = [b["tool_use_id"] for b in message["content"] if b["type"] == "tool_result"]
    if sorted(results) != sorted(uses) or "tool_result" in kinds[len(results) :]:
        raise _invalid(
            f"messages.{place - 1}: `tool_use` ids were found without `tool_result` blocks "
            f"immediately after: {', '.join(uses)}"
        )
    found = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
    if any(not re.fullmatch("[a-zA-Z0-9_-]+", id_) for id_ in found):
        raise _invalid("tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    return found


def _check_schema(schema: dict[str, Any]) -> None:
    if strange := sorted(schema.keys() & _NOT_IN_SCHEMA):
        raise _invalid(f"output_config.format.schema: {strange[0]} is not supported")
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise _invalid("For 'object' type, 'additionalProperties' must be set to false")
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    for part in inner:
        _check_schema(part)
