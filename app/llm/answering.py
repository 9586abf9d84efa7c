"""One answer, whoever gives it: tried again while none of it has come, else handed to the next."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from app.core.errors import AppError, TooLarge, Unavailable, UpstreamFailed, UpstreamTimeout
from app.core.http import OutboundTimedOut
from app.llm.breaker import Breaker
from app.llm.conversation import (
    Chunk,
    Finished,
    ModelFailed,
    ModelOverloaded,
    Prompt,
    Provider,
    Switched,
    TokenUsage,
)
from app.llm.metrics import ThinkingMetrics
from app.llm.retries import is_passing, wait_before_again_s

ANOTHER_MAY_DO_BETTER = (TooLarge, Unavailable, UpstreamFailed, UpstreamTimeout)


class ModelTimedOut(UpstreamTimeout):
    """The model was silent for longer than the operator has patience."""

    code = "model_timed_out"


@dataclass(frozen=True, slots=True)
class Patience:
    """None is any. `silence_s` is between two chunks: a tool call comes as one."""

    first_s: float | None = None
    silence_s: float | None = None


@dataclass(frozen=True, slots=True)
class Contender:
    provider: Provider
    patience: Patience = Patience()
    breaker: Breaker = field(default_factory=Breaker)
    is_set_up: bool = True

    @property
    def would_answer(self) -> bool:
        return self.is_set_up and self.breaker.state != "open"


Counted = Callable[[Provider, TokenUsage | None], None]
"""Told of each answer that began what it took; None where it did not come to its end."""


class Answering:
    """`contenders`: whom to ask, in their order."""

    def __init__(
        self, contenders: Sequence[Contender], metrics: ThinkingMetrics, counted: Counted
    ) -> None:
        self._contenders = contenders
        self._metrics = metrics
        self._counted = counted

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """Once something of an answer has been given, its failure is told and nobody else asked."""
        has_begun = False
        for contender, following in zip(
            self._contenders, (*self._contenders[1:], None), strict=True
        ):
            try:
                async with aclosing(self._try_again(contender, prompt)) as chunks:
                    async for chunk in chunks:
                        has_begun = True
                        yield chunk
                return
            except ANOTHER_MAY_DO_BETTER as fault:
                if has_begun or following is None:
                    raise
                failed, name = contender.provider.name, following.provider.name
                self._metrics.switches.labels(failed, name).inc()
                switched = Switched(failed, name, fault.message)
            yield switched

    async def _try_again(self, contender: Contender, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        fault: AppError = _left_alone(contender)
        tried = 0
        while contender.breaker.admits():
            has_begun = False
            try:
                async with aclosing(self._try(contender, prompt)) as chunks:
                    async for chunk in chunks:
                        has_begun = True
                        yield chunk
                return
            except AppError as error:
                fault = error
                self._note(contender, fault)
            tried += 1
            wait_s = wait_before_again_s(fault, tried)
            if has_begun or wait_s is None:
                break
            await asyncio.sleep(wait_s)
        raise fault

    async def _try(self, contender: Contender, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        provider, patience_s = contender.provider, contender.patience.first_s
        asked_at, has_begun, usage = time.monotonic(), False, None
        try:
            async with aclosing(provider.stream(prompt)) as chunks:
                while chunk := await _next(chunks, provider, patience_s):
                    if not has_begun:
                        has_begun, patience_s = True, contender.patience.silence_s
                        waited_s = time.monotonic() - asked_at
                        self._metrics.first_token.labels(provider.name).observe(waited_s)
                    if isinstance(chunk, Finished):
                        usage = chunk.usage
                        contender.breaker.succeeded()
                    yield chunk
                    if usage is not None:
                        return
            raise ModelFailed(f"The answer of {provider.name} broke off")
        finally:
            if has_begun:
                self._counted(provider, usage)

    def _note(self, contender: Contender, fault: AppError) -> None:
        self._metrics.failures.labels(contender.provider.name, fault.code).inc()
        if is_passing(fault):
            contender.breaker.failed()
        else:
            contender.breaker.succeeded()


async def _next(
    chunks: AsyncGenerator[Chunk, None], provider: Provider, patience_s: float | None
) -> Chunk | None:
    try:
        async with asyncio.timeout(patience_s):
            return await anext(chunks, None)
    except (TimeoutError, OutboundTimedOut):
        raise ModelTimedOut(
            f"{provider.name} was silent for too long", provider=provider.name
        ) from None


def _left_alone(contender: Contender) -> ModelOverloaded:
    return ModelOverloaded(
        f"{contender.provider.name} failed too often and is left alone for a moment",
        provider=contender.provider.name,
        retry_after_s=max(1, round(contender.breaker.retry_after_s)),
    )
