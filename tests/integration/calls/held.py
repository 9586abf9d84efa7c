"""Calls in a whole Parley, whose lines are scripted and whose agents speak at once."""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np

from app.asr.live import Encoding
from app.calls.agents.domain import Agent
from app.calls.sessions.admission import CallAdmission
from app.calls.sessions.calls import CallDesk, Calls
from app.calls.sessions.casting import Casting
from app.calls.sessions.conducting import Cast
from app.calls.sessions.summaries import Summaries
from app.core.aio import Channel, ChannelClosed, LoopLag, TaskScope
from app.core.audio.convert import Samples
from app.core.clock import utc_now
from app.core.jobs import Jobs
from app.core.metrics import Metrics
from app.core.scope import OrgScope
from app.core.tracing import Tracing
from app.llm.analysis.service import AnalysisService
from app.realtime.conversation import HeardWord, Spoken
from app.realtime.events import SessionEvent, StateChanged
from app.realtime.playout import Playout
from app.runtime import Runtime

RATE = 8000
FRAME = 160
FRAME_S = 0.02
WORD_S = 0.1
BUZZ: Samples = np.tile(np.repeat(np.array([1, -1], np.float32), 8), round(WORD_S * RATE) // 16)
"""Of one word."""
GREETING = "Good morning."
GRAPH: dict[str, Any] = {
    "name": "callback",
    "languages": ["en"],
    "start": "ask",
    "slots": {"phone": {"capture": {"kind": "phone", "least": 5, "most": 13}}},
    "states": {
        "ask": {
            "asks": "phone",
            "say": {"en": ["Which number may we call back?"]},
            "next": [{"to": "bye"}],
        },
        "bye": {"say": {"en": ["We call {phone} soon. Goodbye."]}, "ends": "callback"},
        "sorry": {"say": {"en": ["Please call again."]}, "ends": "no number"},
    },
    "unclear": {"to": "sorry"},
    "silent": {"to": "sorry"},
}


class ToneMouth:
    """A tenth of a second for each word, at once; each word has a loudness of its own."""

    def __init__(self) -> None:
        self.words: list[str] = []

    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        end = 0
        for place, word in enumerate(text.split()):
            end = text.index(word, end) + len(word)
            self.words.append(word)
            loudness = np.float32(0.1 + 0.001 * len(self.words))
            yield Spoken(loudness * BUZZ, (HeardWord(end, place * WORD_S, (place + 1) * WORD_S),))


class ScriptedLine:
    """A caller who types, as somebody presses keys, and listens to what is played."""

    encoding: Encoding = "mulaw"
    sample_rate = RATE

    def __init__(self, hears_s: float = math.inf) -> None:
        """`hears_s`: of the agent, before it is hung up on."""
        self._hears_s = hears_s
        self.playout = Playout(RATE)
        self.typed: Callable[[str], None] = lambda text: None
        self.events: list[SessionEvent] = []
        self.heard: list[Samples] = []
        self._open = Channel[bytes](1000)
        self._told = asyncio.Event()

    async def sounds(self) -> AsyncIterator[bytes]:
        async for data in self._open:
            yield data

    def tell(self, event: SessionEvent) -> None:
        self.events.append(event)
        self._told.set()

    async def close(self) -> None:
        self._open.close()

    async def play(self) -> None:
        """Silence of a caller and the sound of the agent, at the pace of a telephone."""
        due_s = asyncio.get_running_loop().time()
        while True:
            self.heard.append(self.playout.take(FRAME))
            if self.playout.played_s >= self._hears_s:
                await self.close()
                return
            with suppress(ChannelClosed):
                self._open.try_send(b"\xff" * FRAME)
            due_s += FRAME_S
            await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))

    async def until(self, state: str, times: int = 1) -> None:
        """So many times since the call began."""
        while [e.state for e in self.events if isinstance(e, StateChanged)].count(state) < times:
            self._told.clear()
            await self._told.wait()

    @property
    def whole(self) -> Samples:
        return np.concatenate(self.heard)


class QuickCasting(Casting):
    """Agents as they are, but that they say every word in a tenth of a second."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime.calling.agents, runtime.thinking, runtime.tools, utc_now)
        self.mouths: list[ToneMouth] = []

    @asynccontextmanager
    async def cast(self, scope: OrgScope, agent: Agent, sample_rate: int) -> AsyncGenerator[Cast]:
        self.mouths.append(ToneMouth())
        async with super().cast(scope, agent, sample_rate) as cast:
            yield replace(cast, mouth=self.mouths[-1])


@asynccontextmanager
async def more_jobs(app_url: str) -> AsyncGenerator[Jobs]:
    """Beside those of the runtime, whose workers do what is put there."""
    jobs = Jobs(app_url, Metrics("test"), Tracing("", "test"))
    await jobs.open()
    yield jobs
    await jobs.close()


def calls_of(runtime: Runtime, casting: Casting, jobs: Jobs) -> Calls:
    """The calls of a runtime, with agents that are cast in another way."""
    records, analysis = runtime.calling.calls.records, AnalysisService(runtime.thinking)
    lag = LoopLag(Metrics("test"))
    desk = CallDesk(
        database=runtime.database,
        records=records,
        recordings=runtime.calling.calls.recordings,
        summaries=Summaries(runtime.database, jobs, records, analysis),
        agents=runtime.calling.agents,
        customers=runtime.calling.customers,
        casting=casting,
        streams=runtime.streams,
        admission=CallAdmission(runtime.streams, runtime.speaking, lag),
        quotas=runtime.quotas,
        usage=runtime.usage,
        feed=runtime.feed,
    )
    return Calls(desk)


async def held_to_the_end(line: ScriptedLine, call: Awaitable[object], number: str) -> None:
    """A caller who is asked and keys in this."""
    async with TaskScope() as scope:
        playing = scope.spawn("play", line.play())
        holding = scope.spawn("hold", _waited_for(call))
        await line.until("listening", times=2)
        line.typed(number)
        await holding
        playing.cancel()


async def _waited_for(call: Awaitable[object]) -> None:
    await call


async def new_agent(runtime: Runtime, scope: OrgScope, **behavior: Any) -> UUID:
    fields = {"name": "Callback", "greeting": GREETING, "graph": GRAPH, "behavior": behavior}
    return (await runtime.calling.agents.create(scope, fields)).id
