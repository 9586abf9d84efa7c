"""Claude, through the package of its owner. It takes no temperature, and what a model thinks before
it answers is not told."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import httpx2
import msgspec
from anthropic import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    DefaultAsyncHttpxClient,
    Timeout,
)
from anthropic.types import (
    InputJSONDelta,
    Message,
    MessageDeltaUsage,
    RawContentBlockDeltaEvent,
    RawContentBlockStartEvent,
    RawContentBlockStopEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStopEvent,
    RawMessageStreamEvent,
    TextDelta,
    ToolUseBlock,
    Usage,
)
from anthropic.types.raw_message_delta_event import Delta

from app.core.errors import AppError
from app.core.http import OutboundLimits, OutboundTimedOut
from app.llm.conversation import Chunk, Finished, Prompt, TextChunk, TokenUsage, ToolCall
from app.llm.providers.claude_form import request
from app.llm.providers.faults import Owner, seconds

T = TypeVar("T")

_REASONS: dict[str, Literal["end", "tools", "length", "refused"]] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "pause_turn": "end",
    "tool_use": "tools",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}
_STATUS_OF = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}
"""Of an error that comes when the answer has begun."""

_COUNTED = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)


class Claude:
    name = "claude"

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
        self._total_s = limits.total_s
        self._owner = Owner("Claude", "ANTHROPIC_API_KEY", api_key, context_tokens)
        timeout = Timeout(limits.read_s, connect=limits.connect_s, pool=limits.connect_s)
        self._client = AsyncAnthropic(
            api_key=api_key,
            base_url=base_url.rstrip("/").removesuffix("/v1"),
            timeout=timeout,
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(
                timeout=timeout, follow_redirects=False, trust_env=False
            ),
            open_telemetry=False,
        )

    async def aclose(self) -> None:
        await self._client.close()

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        deadline = asyncio.get_running_loop().time() + self._total_s
        reading = _Reading(self._owner)
        asked = self._client.messages.create(**request(prompt, self.model), stream=True)
        async with await self._before(deadline, asked) as answer:
            while (event := await self._before(deadline, anext(answer, None))) is not None:
                for chunk in reading.read(event):
                    yield chunk
        yield Finished(reading.reason(), reading.usage(), self.name, self.model)

    async def _before(self, deadline: float, awaited: Awaitable[T]) -> T:
        with self._faults_told():
            async with asyncio.timeout_at(deadline):
                return await awaited

    @contextmanager
    def _faults_told(self) -> Generator[None]:
        try:
            yield
        except APIStatusError as error:
            raise self._fault(error) from None
        except (APITimeoutError, httpx2.TimeoutException, TimeoutError):
            raise OutboundTimedOut(self._client.base_url.host) from None
        except (APIConnectionError, httpx2.HTTPError) as error:
            is_reached = not isinstance(error.__cause__, httpx2.ConnectError)
            how = "broke off its answer" if is_reached else "cannot be reached"
            raise self._owner.failed(how) from None
        except ValueError:
            raise self._owner.failed("sends events that cannot be read") from None

    def _fault(self, error: APIStatusError) -> AppError:
        status = error.status_code
        if status == 200:
            status = _STATUS_OF.get(error.type or "", 500)
        retry_after_s = seconds(error.response.headers.get("retry-after"))
        return self._owner.fault(status, error.api_message or "", retry_after_s)


class _Reading:
    """Of the events of one answer. Those of a kind not known here are passed over, as the owner
    asks for."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._calls: dict[int, tuple[ToolUseBlock, list[str]]] = {}
        self._has_broken_call = False
        self._counts: dict[str, int] = {}
        self._stop_reason = ""
        self._is_complete = False

    def read(self, event: RawMessageStreamEvent) -> Iterator[Chunk]:
        match event:
            case RawContentBlockDeltaEvent(delta=TextDelta(text=str(text))):
                if text:
                    yield TextChunk(text)
            case RawContentBlockDeltaEvent(
                index=int(place), delta=InputJSONDelta(partial_json=str(piece))
            ) if place in self._calls:
                self._calls[place][1].append(piece)
            case RawContentBlockStartEvent(index=int(place), content_block=ToolUseBlock() as block):
                self._calls[place] = (block, [])
            case RawContentBlockStopEvent(index=int(place)) if place in self._calls:
                yield from self._called(*self._calls.pop(place))
            case RawMessageStartEvent(message=Message(usage=usage)):
                self._count(usage)
            case RawMessageDeltaEvent(delta=Delta(stop_reason=str(reason)), usage=usage):
                self._stop_reason = reason
                self._count(usage)
            case RawMessageStopEvent():
                self._is_complete = True
            case _:
                pass

    def _called(self, block: ToolUseBlock, pieces: list[str]) -> Iterator[ToolCall]:
        """One that the limit of tokens cut off is left out; whether it was is told only later."""
        try:
            written = msgspec.json.decode("".join(pieces) or "{}", type=dict[str, Any])
        except msgspec.MsgspecError:
            self._has_broken_call = True
            return
        yield ToolCall(block.id, block.name, written)

    def _count(self, usage: Usage | MessageDeltaUsage) -> None:
        """What comes later counts from the beginning, too."""
        for name in _COUNTED:
            if isinstance(count := getattr(usage, name, None), int):
                self._counts[name] = count

    def usage(self) -> TokenUsage:
        new, output, read, written = (self._counts.get(name, 0) for name in _COUNTED)
        return TokenUsage(new + read + written, output, read, written)

    def reason(self) -> Literal["end", "tools", "length", "refused"]:
        if not self._is_complete:
            raise self._owner.failed("broke off its answer")
        reason = _REASONS.get(self._stop_reason)
        if reason is None or (self._has_broken_call and reason != "length"):
            raise self._owner.failed("sends an answer that cannot be read")
        return reason
