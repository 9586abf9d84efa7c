"""`parley bench talk`: calls in real time, to a Parley in a process of its own and, where it can be
installed, to a Pipecat bot with the same weights; what is measured is what callers hear."""

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from app.bench import talk_caller, talk_crowd, talk_leaks, telephone
from app.bench.talk_caller import CallRefused
from app.bench.talk_servers import PEER, Server, installed_pipecat, parley, pipecat
from app.bench.talk_waits import (
    AGENT,
    REPLIES,
    Waits,
    Way,
    at,
    by_telephone,
    clips,
    in_browser,
    measured,
    record_of,
)
from app.core.audio.convert import Samples
from app.inference.manifest import Manifest
from app.inference.model_store import ModelStore
from app.tts.engines.kokoro.convert import PUBLISHED, VOICES

WAITS, CROWD, LEAKS = PARTS = ("waits", "crowd", "leaks")
VOICE = "af_heart"
_BROWSER, _PHONE, _PIPECAT = "parley, WebRTC", "parley, Twilio", "pipecat, WebRTC"


@dataclass(frozen=True, slots=True)
class Plan:
    parts: Sequence[str]
    turns: int
    calls: int
    levels: Sequence[int]
    level_s: float
    keep: Path | None = None


def plan(parts: Sequence[str], calls: int, keep: Path | None, *, is_quick: bool) -> Plan:
    chosen = parts or PARTS
    if is_quick:
        return Plan(chosen, 5, min(calls, 20), talk_crowd.LEVELS[:2], 10.0, keep)
    return Plan(chosen, 20, calls, talk_crowd.LEVELS, 15.0, keep)


@dataclass(frozen=True, slots=True)
class _Bench:
    manifest: Manifest
    store: ModelStore
    spoken: Sequence[Samples]
    plan: Plan


async def run(
    manifest: Manifest, store: ModelStore, data: Path, chosen: Plan
) -> AsyncIterator[str]:
    """Lines for a reader."""
    bench = _Bench(manifest, store, clips(data), chosen)
    measures = {WAITS: _waits, CROWD: _crowd, LEAKS: _leaks}
    for part in chosen.parts:
        yield _load()
        try:
            async for line in measures[part](bench):
                yield line
        except CallRefused as error:
            yield f"{part}: not measured; the machine takes no calls: {error}"
    yield _load()


async def _waits(bench: _Bench) -> AsyncIterator[str]:
    with ExitStack() as stack:
        bot, why = _pipecat(bench, stack)
        if bot is None:
            yield f"nothing to compare with: {PEER} cannot be had here ({why})"
        server = stack.enter_context(parley())
        ways = await _ways(server, bot)
        plan = bench.plan
        found = {
            each.name: each for each in await measured(ways, bench.spoken, plan.turns, plan.keep)
        }
    if bot:
        yield _ratio(found[_BROWSER], found[_PIPECAT])
    for each in found.values():
        for line in each.lines():
            yield line


async def _ways(server: Server, bot: Server | None) -> Mapping[str, Way]:
    agent_id = await server.agent(AGENT)
    await server.rings_at(telephone.NUMBER, agent_id)
    record = record_of(server)
    ways = {
        _BROWSER: Way(in_browser(server, talk_caller.OFFER, {"agent_id": agent_id}), record),
        _PHONE: Way(by_telephone(server), record),
    }
    return {**ways, _PIPECAT: Way(in_browser(bot, "/offer", {}))} if bot else ways


async def _crowd(bench: _Bench) -> AsyncIterator[str]:
    with parley() as server:
        agent_id = await server.agent(talk_crowd.agent())
        plan = bench.plan
        async for line in talk_crowd.run(server, agent_id, bench.spoken, plan.levels, plan.level_s):
            yield line


async def _leaks(bench: _Bench) -> AsyncIterator[str]:
    with parley(keeps_phrases=True) as server:
        agent_id = await server.agent(talk_leaks.agent())
        async for line in talk_leaks.run(server, agent_id, bench.spoken, bench.plan.calls):
            yield line


def _ratio(ours: Waits, theirs: Waits) -> str:
    if not (ours.waited_ms and theirs.waited_ms):
        return "ratio            not known: nobody was answered"
    p50, p95 = (at(ours.waited_ms, part) / at(theirs.waited_ms, part) for part in (50, 95))
    return f"ratio            voice to voice, parley / pipecat: p50 {p50:.2f}, p95 {p95:.2f}"


def _pipecat(bench: _Bench, stack: ExitStack) -> tuple[Server | None, str]:
    """Or why there is none."""
    store, kokoro = bench.store, bench.manifest.get("kokoro")
    with np.load(store.verified(kokoro) / VOICES) as stored:
        pack = stored["packs"][stored["names"].tolist().index(VOICE)]
    voices = Path(stack.enter_context(TemporaryDirectory())) / "voices.npz"
    np.savez(voices, af_heart=pack[:, None])
    whisper = store.folder(bench.manifest.get("whisper-tiny.en"))
    weights = [str(whisper), str(store.folder(kokoro) / PUBLISHED), str(voices)]
    try:
        python = installed_pipecat(store.root.parent / "bench")
        return stack.enter_context(pipecat(python, [*weights, json.dumps(REPLIES)])), ""
    except (OSError, ValueError) as error:
        return None, str(error)


def _load() -> str:
    minute, five, _ = os.getloadavg()
    return f"load of the machine: {minute:.1f}, {five:.1f} for five minutes, {os.cpu_count()} cores"
