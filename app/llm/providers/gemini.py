"""Gemini, over its owner's HTTP interface."""

import uuid
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from app.core.db import forbid_in_transaction
from app.core.errors import AppError
from app.core.http import OutboundClient, OutboundFailed, OutboundLimits, OutboundStream
from app.llm.conversation import Chunk, Finished, Prompt, TextChunk, TokenUsage, ToolCall
from app.llm.providers.faults import Owner, body_of, seconds
from app.llm.providers.gemini_form import request
from app.llm.sse import events

VERSION = "/v1beta"
MOST_SIGNATURES = 2000
"""That are kept: a call is answered within seconds."""

_REASONS: dict[str, Literal["end", "length", "refused"]] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "SAFETY": "refused",
    "RECITATION": "refused",
    "LANGUAGE": "refused",
    "BLOCKLIST": "refused",
    "PROHIBITED_CONTENT": "refused",
    "SPII": "refused",
    "MODEL_ARMOR": "refused",
}


class _Call(msgspec.Struct, frozen=True):
    name: str
    args: dict[str, Any] = {}
    id: str = ""


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    text: str = ""
    thought: bool = False
    function_call: _Call | None = None
    thought_signature: str = ""


class _Content(msgspec.Struct, frozen=True):
    parts: list[_Part] = []


class _Candidate(msgspec.Struct, frozen=True, rename="camel"):
    content: _Content = _Content()
    finish_reason: str = ""


class _Feedback(msgspec.Struct, frozen=True, rename="camel"):
    block_reason: str = ""


class _Usage(msgspec.Struct, frozen=True, rename="camel"):
    """Of the answer so far. What is read from the cache counts as a part of the prompt."""

    prompt_token_count: int = 0
    cached_content_token_count: int = 0
    candidates_token_count: int = 0
    thoughts_token_count: int = 0


class _Detail(msgspec.Struct, frozen=True, rename="camel"):
    reason: str = ""
    retry_delay: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: int = 500
    message: str = ""
    details: list[_Detail] = []


class _Told(msgspec.Struct, frozen=True, rename="camel"):
    candidates: list[_Candidate] = []
    prompt_feedback: _Feedback = _Feedback()
    usage_metadata: _Usage = _Usage()
    error: _Error | None = None


class Gemini:
    name = "gemini"

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        context_tokens: int,
        limits: OutboundLimits,
    ) -> None:
        self.model = model
        self.context_tokens = context_tokens
        self._owner = Owner("Gemini", "GEMINI_API_KEY", api_key, context_tokens)
        self._headers = {"content-type": "application/json", "x-goog-api-key": api_key}
        base = base_url.rstrip("/").removesuffix(VERSION) + VERSION
        named = quote(model.removeprefix("models/"), safe="")
        self._url = f"{base}/models/{named}:streamGenerateContent?alt=sse"
        self._client = OutboundClient(
            forbid_in_transaction=forbid_in_transaction,
            limits=limits,
            trusted_base_urls=frozenset({base_url}),
        )
        self._signatures: OrderedDict[str, str] = OrderedDict()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        content = msgspec.json.encode(request(prompt, self.model, self._signatures))
        reading = _Reading(self._owner, self._remember)
        try:
            async with self._client.stream(
                "POST", self._url, headers=self._headers, content=content
            ) as answer:
                if answer.status != 200:
                    raise await self._fault(answer)
                async with aclosing(events(answer.chunks())) as told:
                    async for event in told:
                        for chunk in reading.read(event.data):
                            yield chunk
        except OutboundFailed as error:
            reason = error.details["reason"]
            raise self._owner.failed(f"gave no whole answer: {reason}") from None
        yield Finished(reading.reason(), reading.usage, self.name, self.model)

    def _remember(self, call_id: str, signature: str) -> None:
        self._signatures[call_id] = signature
        if len(self._signatures) > MOST_SIGNATURES:
            self._signatures.popitem(last=False)

    async def _fault(self, answer: OutboundStream) -> AppError:
        try:
            told = msgspec.json.decode(await body_of(answer), type=_Told | list[_Told])
        except msgspec.MsgspecError:
            told = _Told()
        first = told if isinstance(told, _Told) else next(iter(told), _Told())
        retry_after_s = seconds(answer.headers.get("retry-after"))
        return _fault(self._owner, answer.status, first.error or _Error(), retry_after_s)


class _Reading:
    """Of the events of one answer. `signed` is told the id of a call and its signature."""

    def __init__(self, owner: Owner, signed: Callable[[str, str], None]) -> None:
        self._owner = owner
        self._signed = signed
        self._reason = ""
        self._has_called = False
        self.usage = TokenUsage()

    def read(self, data: str) -> Iterator[Chunk]:
        try:
            told = msgspec.json.decode(data, type=_Told)
        except msgspec.MsgspecError:
            raise self._owner.failed("sends events that cannot be read") from None
        if told.error:
            raise _fault(self._owner, told.error.code, told.error, None)
        for candidate in told.candidates[:1]:
            for part in candidate.content.parts:
                yield from self._read_part(part)
            self._reason = candidate.finish_reason or self._reason
        if told.prompt_feedback.block_reason:
            self._reason = "PROHIBITED_CONTENT"
        if told.usage_metadata != _Usage():
            self.usage = _counted(told.usage_metadata)

    def _read_part(self, part: _Part) -> Iterator[Chunk]:
        if part.function_call:
            called = part.function_call
            call = ToolCall(called.id or f"call_{uuid.uuid4().hex}", called.name, called.args)
            if part.thought_signature:
                self._signed(call.id, part.thought_signature)
            self._has_called = True
            yield call
        elif part.text and not part.thought:
            yield TextChunk(part.text)

    def reason(self) -> Literal["end", "tools", "length", "refused"]:
        if not self._reason:
            raise self._owner.failed("broke off its answer")
        reason = _REASONS.get(self._reason)
        if reason is None:
            raise self._owner.failed(f"gave up its answer: {self._reason[:40]}")
        return "tools" if reason == "end" and self._has_called else reason


def _fault(owner: Owner, status: int, error: _Error, retry_after_s: float | None) -> AppError:
    if any(detail.reason.startswith("API_KEY_") for detail in error.details):
        return owner.refused_key()
    delays = [
        seconds(detail.retry_delay.removesuffix("s"))
        for detail in error.details
        if detail.retry_delay
    ]
    return owner.fault(status, error.message, retry_after_s or next(iter(delays), None))


def _counted(usage: _Usage) -> TokenUsage:
    return TokenUsage(
        usage.prompt_token_count,
        usage.candidates_token_count + usage.thoughts_token_count,
        cache_read_tokens=usage.cached_content_token_count,
    )
