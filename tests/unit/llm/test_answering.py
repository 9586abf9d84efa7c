"""Who answers in the end, when others fail: on a virtual clock, with providers that do as told."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.core.errors import AppError
from app.core.http import OutboundTimedOut
from app.llm.answering import Answering, Contender, ModelTimedOut, Patience
from app.llm.breaker import FAILURES, Breaker
from app.llm.conversation import (
    Chunk,
    Finished,
    Message,
    ModelFailed,
    ModelOverloaded,
    ModelRefused,
    Prompt,
    PromptTooLong,
    Provider,
    Switched,
    TextChunk,
    TokenUsage,
)
from app.llm.metrics import ThinkingMetrics
from tests.virtual_time import virtual_time

PROMPT = Prompt([Message("user", "Hello")])
SPENT = TokenUsage(5, 2)
HALF = TextChunk("Half")
FOREVER = 1e9


@dataclass
class Scripted:
    """Each asking takes the next of `scripts`: chunks to give, seconds to wait, faults to raise."""

    name: str
    scripts: Sequence[Sequence[Chunk | float | AppError]]
    model: str = "m"
    context_tokens: int = 100
    asked_at: list[float] = field(default_factory=list)
    closed: int = 0

    @property
    def finished(self) -> Finished:
        return Finished("end", SPENT, self.name, self.model)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        script = self.scripts[min(len(self.asked_at), len(self.scripts) - 1)]
        self.asked_at.append(asyncio.get_running_loop().time())
        try:
            for step in script:
                if isinstance(step, AppError):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.closed += 1


def answering(name: str) -> Scripted:
    return Scripted(name, [[TextChunk(name), Finished("end", SPENT, name, "m")]])


class Asking:
    def __init__(self, *providers: Scripted, first_s: float = 10, silence_s: float = 5) -> None:
        patience = Patience(first_s, silence_s)
        clock = asyncio.get_running_loop().time
        self.contenders = [Contender(each, patience, Breaker(clock)) for each in providers]
        self.metrics = ThinkingMetrics(
            {each.provider.name: each.breaker for each in self.contenders}
        )
        self.counted = list[tuple[str, TokenUsage | None]]()
        self._answering = Answering(self.contenders, self.metrics, self._count)

    def _count(self, provider: Provider, usage: TokenUsage | None) -> None:
        self.counted.append((provider.name, usage))

    async def chunks(self) -> list[Chunk]:
        async with aclosing(self._answering.stream(PROMPT)) as chunks:
            return [chunk async for chunk in chunks]

    async def until_fault(self) -> tuple[list[Chunk], AppError]:
        heard = list[Chunk]()
        with pytest.raises(AppError) as raised:
            async with aclosing(self._answering.stream(PROMPT)) as chunks:
                async for chunk in chunks:
                    heard.append(chunk)
        return heard, raised.value

    def metric(self, name: str, **labels: str) -> float:
        samples = [each for metric in self.metrics.collect() for each in metric.samples]
        return sum(each.value for each in samples if each.name == name and each.labels == labels)


@virtual_time
async def test_a_fault_that_passes_is_tried_again_and_nobody_notices() -> None:
    a = Scripted(
        "a", [[ModelFailed("x")], [ModelOverloaded("x", retry_after_s=2)], [HALF, *_end("a")]]
    )
    asking = Asking(a)
    assert await asking.chunks() == [HALF, a.finished]
    first, second, third = a.asked_at
    assert 0.125 <= second - first <= 0.25
    assert third - second == pytest.approx(2)
    assert asking.counted == [("a", SPENT)]
    assert asking.metric("parley_llm_failures_total", provider="a", kind="model_failed") == 1
    assert asking.metric("parley_llm_failures_total", provider="a", kind="model_overloaded") == 1
    assert asking.metric("parley_llm_first_token_seconds_count", provider="a") == 1


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        (ModelFailed("it answers 500"), 3),
        (ModelOverloaded("busy", retry_after_s=60), 1),
        (ModelRefused("no credit"), 1),
        (PromptTooLong("too long"), 1),
    ],
    ids=type,
)
@virtual_time
async def test_where_one_cannot_the_next_answers_and_it_is_told(
    fault: AppError, tries: int
) -> None:
    a, b = Scripted("a", [[fault]]), answering("b")
    asking = Asking(a, b)
    assert await asking.chunks() == [Switched("a", "b", fault.message), TextChunk("b"), b.finished]
    assert len(a.asked_at) == tries
    assert asking.counted == [("b", SPENT)]
    assert asking.metric("parley_llm_switches_total", failed="a", provider="b") == 1


@virtual_time
async def test_what_has_begun_is_never_begun_again() -> None:
    a, b = Scripted("a", [[HALF, ModelFailed("cut")]]), answering("b")
    asking = Asking(a, b)
    heard, fault = await asking.until_fault()
    assert (heard, fault.message) == ([HALF], "cut")
    assert (len(a.asked_at), b.asked_at) == (1, [])
    assert asking.counted == [("a", None)]


@virtual_time
async def test_an_answer_without_an_end_is_a_failure() -> None:
    heard, fault = await Asking(Scripted("a", [[HALF]])).until_fault()
    assert heard == [HALF]
    assert (type(fault), fault.message) == (ModelFailed, "The answer of a broke off")


@pytest.mark.parametrize(("script", "given_up_s"), [([FOREVER], 10), ([9.9, FOREVER], 10)])
@virtual_time
async def test_who_does_not_begin_is_given_up_for_the_next(script: Any, given_up_s: float) -> None:
    a, b = Scripted("a", [script]), answering("b")
    chunks = await Asking(a, b).chunks()
    assert chunks[0] == Switched("a", "b", "a was silent for too long")
    assert b.asked_at == [given_up_s]
    assert a.closed == 1


@virtual_time
async def test_a_provider_that_gives_up_itself_is_told_without_where_it_is() -> None:
    a, b = Scripted("a", [[OutboundTimedOut("10.0.0.7")]]), answering("b")
    chunks = await Asking(a, b).chunks()
    assert chunks[0] == Switched("a", "b", "a was silent for too long")
    assert len(a.asked_at) == 1


@virtual_time
async def test_who_falls_silent_is_given_up_and_it_is_told() -> None:
    a = Scripted("a", [[HALF, 4.9, HALF, FOREVER]])
    heard, fault = await Asking(a).until_fault()
    assert heard == [HALF, HALF]
    assert isinstance(fault, ModelTimedOut)
    assert (a.closed, asyncio.get_running_loop().time()) == (1, pytest.approx(9.9))


@virtual_time
async def test_who_listens_slowly_is_not_taken_for_silence() -> None:
    asking = Asking(answering("a"))
    async with aclosing(asking._answering.stream(PROMPT)) as chunks:
        async for _ in chunks:
            await asyncio.sleep(60)
    assert asking.counted == [("a", SPENT)]


@virtual_time
async def test_who_leaves_closes_the_answer_and_it_is_counted_as_unknown() -> None:
    a = Scripted("a", [[HALF, FOREVER]])
    asking = Asking(a)
    chunks = asking._answering.stream(PROMPT)
    assert await anext(chunks) == HALF
    await chunks.aclose()
    assert (a.closed, asking.counted) == (1, [("a", None)])
    assert asking.contenders[0].breaker.state == "closed"


@virtual_time
async def test_who_fails_again_and_again_is_left_alone_and_comes_back() -> None:
    down = [[ModelFailed("x")]] * FAILURES
    a, b = Scripted("a", [*down, [HALF, *_end("a")]]), answering("b")
    asking = Asking(a, b)
    await asking.chunks()
    await asking.chunks()
    assert len(a.asked_at) == FAILURES
    assert asking.metric("parley_llm_breaker_open", provider="a") == 1
    (switched, *_) = await asking.chunks()
    assert switched == Switched("a", "b", "a failed too often and is left alone for a moment")
    assert len(a.asked_at) == FAILURES
    await asyncio.sleep(5)
    assert asking.metric("parley_llm_breaker_open", provider="a") == 0.5
    assert await asking.chunks() == [HALF, a.finished]
    assert asking.metric("parley_llm_breaker_open", provider="a") == 0


@virtual_time
async def test_requests_that_are_refused_do_not_close_it_to_others() -> None:
    a = Scripted("a", [[ModelRefused("not so")]])
    asking = Asking(a)
    for _ in range(2 * FAILURES):
        await asking.until_fault()
    assert len(a.asked_at) == 2 * FAILURES


@virtual_time
async def test_where_all_fail_the_last_fault_is_told() -> None:
    asking = Asking(
        Scripted("a", [[ModelRefused("a: no")]]), Scripted("b", [[ModelRefused("b: no")]])
    )
    heard, fault = await asking.until_fault()
    assert heard == [Switched("a", "b", "a: no")]
    assert fault.message == "b: no"


def _end(name: str) -> list[Chunk]:
    return [Finished("end", SPENT, name, "m")]
