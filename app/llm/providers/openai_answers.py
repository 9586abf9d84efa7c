"""What comes back over OpenAI's chat completions, as far as those who speak it agree. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import msgspec

from app.core.errors import AppError
from app.llm.conversation import Chunk, Finished, TextChunk, TokenUsage, ToolCall
from app.llm.providers.faults import Owner

Reason = Literal["end", "tools", "length", "refused"]

_REASONS: dict[str, Reason] = {
    "stop": "end",
    "tool_calls": "tools",
    "function_call": "tools",
    "length": "length",
    "content_filter": "refused",
}
_NO_CREDIT = frozenset({"insufficient_quota", "insufficient_quota_error", "quota_exceeded"})
_BAD_LUCK = frozenset({"tool_use_failed", "json_validate_failed"})
"""The model broke the form that it was held to: the next time it may keep to it."""


class _Function(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _CallPart(msgspec.Struct, frozen=True):
    index: int | None = None
    id: str | None = None
    function: _Function = _Function()


class _Said(msgspec.Struct, frozen=True):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_CallPart] | None = None


class _Choice(msgspec.Struct, frozen=True):
    """`delta` where the answer comes in pieces, `message` where it comes at once."""

    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Cached(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Cached | None = None


class _OfGroq(msgspec.Struct, frozen=True):
    usage: _Usage | None = None


class _Fault(msgspec.Struct, frozen=True):
    message: str = ""
    code: str | int | None = None
    type: str | None = None


class _Told(msgspec.Struct, frozen=True):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    x_groq: _OfGroq | None = None
    error: _Fault | str | None = None


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    arguments: str = ""

    @property
    def is_whole(self) -> bool:
        return _object_in(self.arguments) is not None


class Answer:
    """One answer, put together as it comes. `is_whole` is set by whoever sees its end."""

    def __init__(self, owner: Owner, provider: str, model: str) -> None:
        self.is_whole = False
        self._owner = owner
        self._provider = provider
        self._model = model
        self._calls = _Calls()
        self._usage = TokenUsage()
        self._reason: Reason | None = None

    def heard(self, data: str | bytes) -> Iterator[Chunk]:
        try:
            told = msgspec.json.decode(data, type=_Told)
        except msgspec.MsgspecError:
            raise self._owner.failed("sends an answer that cannot be read") from None
        if told.error is not None:
            raise _fault(told.error, self._owner, None, None)
        usage = told.usage or (told.x_groq.usage if told.x_groq else None)
        if usage:
            self._usage = _counted(usage)
        for choice in told.choices or ():
            yield from self._said(choice)

    def end(self) -> Iterator[Chunk]:
        """Calls come whole, so they come last."""
        if not self.is_whole and self._reason is None:
            raise self._owner.failed("broke its answer off")
        for call in self._calls.begun:
            arguments = _object_in(call.arguments)
            if arguments is not None and call.name:
                yield ToolCall(call.id, call.name, arguments)
            elif self._reason != "length":
                raise self._owner.failed("sends a tool call that cannot be read")
        reason = self._reason or "end"
        if reason == "end" and self._calls.begun:
            reason = "tools"
        yield Finished(reason, self._usage, self._provider, self._model)

    def _said(self, choice: _Choice) -> Iterator[Chunk]:
        said = choice.delta or choice.message or _Said()
        if said.refusal:
            self._reason = "refused"
        if text := said.content or said.refusal:
            yield TextChunk(text)
        for part in said.tool_calls or ():
            self._calls.add(part)
        if choice.finish_reason:
            self._reason = self._reason or _REASONS.get(choice.finish_reason, "end")


class _Calls:
    """By index where there is one. Some servers give every call the same, or none: there a new
    call is known by its id, or by coming whole behind one that is."""

    def __init__(self) -> None:
        self.begun: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def add(self, part: _CallPart) -> None:
        index, name = part.index or 0, part.function.name or ""
        call = self._by_index.get(index)
        if call is None or _begins_another(part, call):
            call = self._by_index[index] = _Call(part.id or f"call_{uuid4().hex}", name)
            self.begun.append(call)
        arguments = part.function.arguments
        if isinstance(arguments, dict):
            arguments = msgspec.json.encode(arguments).decode()
        call.arguments += arguments or ""


def _begins_another(part: _CallPart, call: _Call) -> bool:
    if part.id:
        return part.id != call.id
    return bool(part.function.name) and bool(call.arguments) and call.is_whole


def fault_in(body: bytes, owner: Owner, status: int, retry_after_s: float | None) -> AppError:
    """What stands in the body of an answer that is none."""
    try:
        error = msgspec.json.decode(body, type=_Told).error
    except msgspec.MsgspecError:
        error = None
    return _fault(error or "", owner, status, retry_after_s)


def _fault(
    error: _Fault | str, owner: Owner, status: int | None, retry_after_s: float | None
) -> AppError:
    """`status` is None where the fault came in the place of an answer."""
    fault = error if isinstance(error, _Fault) else _Fault(error)
    if {fault.code, fault.type} & _NO_CREDIT:
        return owner.fault(402)
    if {fault.code, fault.type} & _BAD_LUCK:
        return owner.failed("did not keep to the form of a call or of the schema")
    if status is None:
        status = fault.code if isinstance(fault.code, int) else 500
    if fault.type == "exceed_context_size_error" or fault.code == "context_length_exceeded":
        return owner.too_long()
    return owner.fault(status, fault.message, retry_after_s)


def _counted(usage: _Usage) -> TokenUsage:
    cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
    return TokenUsage(usage.prompt_tokens, usage.completion_tokens, cache_read_tokens=cached or 0)


def _object_in(arguments: str) -> dict[str, Any] | None:
    """None where it is not the JSON of an object. Nothing at all stands for an empty one."""
    try:
        return msgspec.json.decode(arguments or "{}", type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
