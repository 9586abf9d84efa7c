"""Whether calls leave something behind: many in a row, and what the process holds after them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np

from app.bench import talk_caller
from app.bench.holding import Holding
from app.bench.talk_caller import Caller, caller
from app.bench.talk_servers import Server
from app.bench.talk_waits import AGENT, CLIP_RATE, GRAPH
from app.core.aio import TaskScope
from app.core.audio.convert import Samples
from app.core.audio.resample import resample

CALLS_OF_A_BATCH = 20
AT_ONCE = 3
SPOKEN_EVERY = 10
WARM_UP_BATCHES = 2
TRIES = 10
_LOOKS, _LOOK_S = 10, 0.3


def agent() -> Mapping[str, Any]:
    """Asks once, thanks and hangs up."""
    states = {
        **GRAPH["states"],
        "ask": {"asks": "said", "say": {"en": ["Yes?"]}, "next": [{"to": "thanks"}]},
        "thanks": {"say": {"en": ["Thank you."]}, "ends": "thanked"},
    }
    return {**AGENT, "graph": {**GRAPH, "states": states}}


async def run(
    server: Server, agent_id: str, spoken: Sequence[Samples], calls: int
) -> AsyncIterator[str]:
    """Lines for a reader."""
    sound = resample(spoken[0], CLIP_RATE, talk_caller.RATE)
    held, failed = [await _settled(server)], 0
    for begin in range(0, calls, CALLS_OF_A_BATCH):
        gate = asyncio.Semaphore(AT_ONCE)
        async with TaskScope() as scope:
            made = [
                scope.spawn("calls", _call(server, agent_id, number, sound, gate))
                for number in range(begin, min(begin + CALLS_OF_A_BATCH, calls))
            ]
        failed += sum(not each.result() for each in made)
        held.append(await _settled(server))
    for line in lines(held, calls):
        yield line
    if failed:
        yield f"{failed} of them failed: nobody said what was waited for"


def lines(held: Sequence[Holding], calls: int) -> list[str]:
    """`held`: before, and after each batch."""
    begin, end = held[0], held[-1]
    names = [each for each in msgspec.structs.fields(Holding) if each.name != "memory_kib"]
    counts = (
        f"{each.name} {getattr(begin, each.name)} -> {getattr(end, each.name)}" for each in names
    )
    sizes = [each.memory_kib for each in held[WARM_UP_BATCHES:]] or [end.memory_kib]
    whole = f"memory {held[0].memory_kib // 1024} -> {end.memory_kib // 1024} MiB"
    if len(sizes) > 1:
        slope = np.polyfit(np.arange(len(sizes)) * CALLS_OF_A_BATCH, sizes, 1)[0]
        whole += f", {slope:.1f} KiB a call after the first {WARM_UP_BATCHES * CALLS_OF_A_BATCH}"
    return [f"{calls} calls in a row: {whole}", "left of them: " + ", ".join(counts)]


async def _call(
    server: Server, agent_id: str, number: int, sound: Samples, gate: asyncio.Semaphore
) -> bool:
    """Says something, now and then aloud, and is thanked."""
    said = None if number % SPOKEN_EVERY else sound
    address = f"127.0.{number // 250 + 1}.{number % 250 + 1}"  # an address may call so often
    async with gate, server.client(address) as client:
        for _ in range(TRIES):
            async with caller() as somebody:
                await somebody.call(client, talk_caller.OFFER, {"agent_id": agent_id})
                with suppress(TimeoutError):
                    if await _talked(somebody, said):
                        return True
    return False


async def _talked(somebody: Caller, said: Samples | None) -> bool:
    """False where there was room for the offer, and then none for the call."""
    if await somebody.told("bot-started-speaking", "error") == "error":
        return False
    if said is None:
        somebody.send("send-text", {"content": "That is all."})
    else:
        await somebody.answered()
        await somebody.say(said)
    await somebody.told("signalling")  # that it has hung up
    return True


async def _settled(server: Server) -> Holding:
    """When the last call is over, or does not end."""
    held = await server.holding()
    for _ in range(_LOOKS):
        if not held.calls:
            break
        await asyncio.sleep(_LOOK_S)
        held = await server.holding()
    return held
