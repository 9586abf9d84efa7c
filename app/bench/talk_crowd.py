"""How many calls are held at once without a gap, as their callers hear it, and what each takes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.bench import talk_caller
from app.bench.talk_caller import Caller, CallRefused, caller
from app.bench.talk_servers import Server
from app.bench.talk_waits import AGENT, CLIP_RATE, GRAPH
from app.bench.tape import exchanges
from app.core.aio import TaskScope
from app.core.audio.convert import Samples
from app.core.audio.resample import resample

LEVELS = (1, 2, 4, 6, 8, 12, 16)
GAP_S = 0.06
"""What a player that evens out the network does not hide."""
_APART_S = 0.8
_REPLY = (
    "I have looked it up for you, and there is a table for four at half past seven this evening, "
    "or a smaller one at the window an hour later."
)


def agent() -> Mapping[str, Any]:
    """Says the same for ever, so that an answer which is longer has a gap."""
    ask = {**GRAPH["states"]["ask"], "say": {"en": [_REPLY]}}
    return {**AGENT, "graph": {**GRAPH, "states": {**GRAPH["states"], "ask": ask}}}


@dataclass(slots=True)
class Level:
    """Of so many calls at once: how long answers were, and what the process held meanwhile."""

    calls: int
    spans_s: list[float] = field(default_factory=list[float])
    memory_kib: int = 0

    def line(self, whole_s: float) -> str:
        gaps_s = [span - whole_s for span in self.spans_s if span - whole_s > GAP_S]
        longest = f", longest {1000 * max(gaps_s):.0f} ms" if gaps_s else ""
        return (
            f"{self.calls} calls at once: gaps in {len(gaps_s)} of {len(self.spans_s)} answers"
            f"{longest}, {self.memory_kib // 1024} MiB"
        )


async def run(
    server: Server, agent_id: str, spoken: Sequence[Samples], levels: Sequence[int], level_s: float
) -> AsyncIterator[str]:
    """Lines for a reader."""
    said = [resample(sound, CLIP_RATE, talk_caller.RATE) for sound in spoken]
    refused = ""
    measured: list[Level] = []
    async with AsyncExitStack() as stack:
        callers: list[Caller] = []
        for count in levels:
            try:
                while len(callers) < count:
                    callers.append(await _connected(server, agent_id, stack, is_first=not callers))
            except CallRefused as error:
                refused = str(error)
            if measured and measured[-1].calls == len(callers):
                break
            level = await _level(callers, said, level_s)
            level.memory_kib = (await server.holding()).memory_kib
            measured.append(level)
            yield level.line(min(measured[0].spans_s))
            if refused:
                break
    yield f"one more call is refused: {refused}" if refused else "no call was refused"
    yield f"memory of each call: {_slope_mib(measured)}"


def _slope_mib(measured: Sequence[Level]) -> str:
    if len(measured) < 2:
        return "not known, for want of calls"
    counts, sizes = [each.calls for each in measured], [each.memory_kib for each in measured]
    return f"{np.polyfit(counts, sizes, 1)[0] / 1024:.1f} MiB"


async def _connected(
    server: Server, agent_id: str, stack: AsyncExitStack, *, is_first: bool
) -> Caller:
    somebody = await stack.enter_async_context(caller())
    async with server.client() as client:
        body = {"agent_id": agent_id}
        tries = talk_caller.TRIES if is_first else 1
        await somebody.call(client, talk_caller.OFFER, body, tries=tries)
    await somebody.answered()
    return somebody


async def _level(callers: Sequence[Caller], said: Sequence[Samples], level_s: float) -> Level:
    """All of them talk for so long, each for itself."""
    level = Level(len(callers))
    for each in callers:
        each.start_tape()
    until_s = asyncio.get_running_loop().time() + level_s
    async with TaskScope() as scope:
        for number, each in enumerate(callers):
            mine = [*said[number % len(said) :], *said[: number % len(said)]]
            scope.spawn("talks", _talk(each, mine, number * _APART_S, until_s))
    for each in callers:
        found = exchanges(each.tape.stereo, talk_caller.RATE)
        level.spans_s += [one.span_s for one in found if one.span_s is not None]
    return level


async def _talk(each: Caller, said: Sequence[Samples], after_s: float, until_s: float) -> None:
    await asyncio.sleep(after_s)
    for sound in said:
        if asyncio.get_running_loop().time() > until_s:
            return
        await each.say(sound)
        await each.answered()
