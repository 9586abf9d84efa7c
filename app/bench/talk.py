"""`parley bench talk`: calls in real time, to a Parley in a process of its own and, where it can be
installed, to a Pipecat bot with the same weights; what is measured is what callers hear."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from app.bench import talk_crowd, talk_leaks, telephone
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
_OFFER = "/bot/api/offer"
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
    return Plan(chosen, 20, calls, talk_crowd.LEVELS, 20.0, keep)


async def run(
    manifest: Manifest, store: ModelStore, data: Path, chosen: Plan
) -> AsyncIterator[str]:
    """Lines for a reader."""
    spoken = clips(data)
    yield _load()
    if WAITS in chosen.parts:
        with ExitStack() as stack:
            bot, why = _pipecat(manifest, store, stack)
            if bot is None:
                yield f"nothing to compare with: {PEER} cannot be had here ({why})"
            for line in await _waits(stack.enter_context(parley()), bot, spoken, chosen):
                yield line
    if CROWD in chosen.parts:
        with parley() as server:
            agent_id = await server.agent(talk_crowd.agent())
            levels, level_s = chosen.levels, chosen.level_s
            async for line in talk_crowd.run(server, agent_id, spoken, levels, level_s):
                yield line
    if LEAKS in chosen.parts:
        with parley(keeps_phrases=True) as server:
            agent_id = await server.agent(talk_leaks.agent())
            async for line in talk_leaks.run(server, agent_id, spoken, chosen.calls):
                yield line
    yield _load()


async def _waits(
    server: Server, bot: Server | None, spoken: Sequence[Samples], chosen: Plan
) -> Sequence[str]:
    agent_id = await server.agent(AGENT)
    await server.rings_at(telephone.NUMBER, agent_id)
    record = record_of(server)
    ways = {
        _BROWSER: Way(in_browser(server, _OFFER, {"agent_id": agent_id}), record),
        _PHONE: Way(by_telephone(server), record),
    }
    if bot:
        ways[_PIPECAT] = Way(in_browser(bot, "/offer", {}))
    found = {each.name: each for each in await measured(ways, spoken, chosen.turns, chosen.keep)}
    ratio = [_ratio(found[_BROWSER], found[_PIPECAT])] if bot else []
    return [*ratio, *(line for each in found.values() for line in each.lines())]


def _ratio(ours: Waits, theirs: Waits) -> str:
    if not (ours.waited_ms and theirs.waited_ms):
        return "ratio            not known: nobody was answered"
    p50, p95 = (at(ours.waited_ms, part) / at(theirs.waited_ms, part) for part in (50, 95))
    return f"ratio            voice to voice, parley / pipecat: p50 {p50:.2f}, p95 {p95:.2f}"


def _pipecat(manifest: Manifest, store: ModelStore, stack: ExitStack) -> tuple[Server | None, str]:
    """Or why there is none."""
    kokoro = manifest.get("kokoro")
    with np.load(store.verified(kokoro) / VOICES) as stored:
        pack = stored["packs"][stored["names"].tolist().index(VOICE)]
    voices = Path(stack.enter_context(TemporaryDirectory())) / "voices.npz"
    np.savez(voices, af_heart=pack[:, None])
    whisper = store.folder(manifest.get("whisper-tiny.en"))
    weights = [str(whisper), str(store.folder(kokoro) / PUBLISHED), str(voices)]
    try:
        python = installed_pipecat(store.root.parent / "bench")
        return stack.enter_context(pipecat(python, [*weights, json.dumps(REPLIES)])), ""
    except (OSError, ValueError) as error:
        return None, str(error)


def _load() -> str:
    minute, five, _ = os.getloadavg()
    return f"load of the machine: {minute:.1f}, {five:.1f} for five minutes, {os.cpu_count()} cores"
