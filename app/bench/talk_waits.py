"""Voice to voice: from the caller's last sample to the first audible one of the answer, on tapes of
calls that take turns."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.bench import talk_caller, telephone
from app.bench.asr import read_clips
from app.bench.talk_servers import Server
from app.bench.tape import Exchange, audible, exchanges
from app.core.audio.convert import Samples
from app.core.audio.resample import resample
from app.core.audio.wav import wav_bytes

SET = "english_test_fixtures"
CLIP_RATE = 16_000
_PATIENCE_S = 30.0
_LOOK_S = 0.1
TURNS_OF_A_CALL = 10
AIM_MS = "aim 700 / 1000"
_LOUDEST = 0.5

REPLIES = (
    "Of course, I have written that down.",
    "Let me see what I can do for you.",
    "Thank you, that is all I need for now.",
    "I am sorry to hear that, let me check it right away.",
    "Yes, the doctor can see you on Tuesday at half past three.",
    "Your order should arrive by Friday noon.",
)
"""One sentence each: what follows the first is not waited for."""
GRAPH: Mapping[str, Any] = {
    "name": "bench",
    "languages": ["en"],
    "start": "ask",
    "slots": {"said": {"capture": {"kind": "text"}}},
    "states": {
        "ask": {
            "asks": "said",
            "asks_anew": True,
            "say": {"en": list(REPLIES)},
            "next": [{"to": "ask"}],
        },
        "sorry": {"say": {"en": ["Please call again."]}, "ends": "nothing said"},
    },
    "unclear": {"to": "sorry"},
    "silent": {"to": "sorry"},
}
AGENT: Mapping[str, Any] = {
    "name": "Bench",
    "voice": "af_heart",
    "graph": GRAPH,
    "behavior": {
        "silence": {"enabled": False},
        "backchannel": False,
        "closing_phrases": False,
    },
}
"""The manners that would add to what is heard, or end the call, are off."""


@dataclass(slots=True)
class Waits:
    """Of calls of one kind. `splits`: where the time went, where whoever answered tells."""

    name: str
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    splits: list[Mapping[str, float]] = field(default_factory=list[Mapping[str, float]])

    @property
    def waited_ms(self) -> list[float]:
        heard_out = [each for each in self.exchanges if not each.is_cut_in]
        return [1000 * each.waited_s for each in heard_out if each.waited_s is not None]

    def lines(self) -> list[str]:
        waited = self.waited_ms
        if not waited:
            return [f"{self.name}: nobody was answered in {len(self.exchanges)} turns"]
        cut_in = sum(each.is_cut_in for each in self.exchanges)
        unanswered = len(self.exchanges) - cut_in - len(waited)
        shares = f"p50 {at(waited, 50):.0f} ms, p95 {at(waited, 95):.0f} ms ({AIM_MS})"
        others = f"{cut_in} cut in, {unanswered} not answered"
        lines = [f"{self.name:16} voice to voice {shares}, {len(waited)} turns, {others}"]
        if self.splits:
            names = self.splits[0]
            each = (_share(name, [split[name] for split in self.splits]) for name in names)
            lines.append(f"{'':16} " + ", ".join(each))
        return lines


def at(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))


def _share(name: str, values_ms: Sequence[float]) -> str:
    return f"{name} {at(values_ms, 50):.0f}/{at(values_ms, 95):.0f}"


@dataclass(frozen=True, slots=True)
class Recording:
    """(2, n), as a `Tape` has it."""

    stereo: Samples
    rate: int


Call = Callable[[Sequence[Samples]], Awaitable[Recording]]
"""Says these clips at `CLIP_RATE`, each when the one before was answered."""

_MOMENTS = {"voice_ended_s", "final_text_s", "turn_over_s", "sound_made_s", "first_sound_s"}
Timings = Mapping[str, float]
Record = Callable[[], Awaitable[Sequence[Timings]]]
"""Of the last call: when what happened, for each answer to something said."""


@dataclass(frozen=True, slots=True)
class Way:
    """To call somebody."""

    call: Call
    record: Record | None = None


def clips(data: Path) -> list[Samples]:
    """Short ones that people read, loud, from their first audible sample to their last."""
    found = [each.samples for each in read_clips(data / SET) if 1.0 < each.seconds < 2.8]
    return [_trimmed(each * (_LOUDEST / np.abs(each).max())) for each in found]


def _trimmed(sound: Samples) -> Samples:
    places = audible(sound)
    return sound[places[0] : places[-1] + 1]


async def measured(
    ways: Mapping[str, Way], spoken: Sequence[Samples], turns: int, keep: Path | None
) -> Sequence[Waits]:
    """They take turns. What is said first in each call is not counted: models may be cold. Tapes
    are kept in `keep`."""
    waits = {name: Waits(name) for name in ways}
    for begin in range(0, turns, TURNS_OF_A_CALL):
        count = min(TURNS_OF_A_CALL, turns - begin)
        said = [spoken[(begin + number) % len(spoken)] for number in range(-1, count)]
        for name, way in ways.items():
            tape = await way.call(said)
            found = exchanges(tape.stereo, tape.rate)
            waits[name].exchanges += found[1:]
            if way.record:
                waits[name].splits += _splits(found, await way.record())
            if keep:
                path = keep / f"{name.replace(' ', '-')}-{begin}.wav"
                path.write_bytes(wav_bytes(tape.stereo, tape.rate))
    return list(waits.values())


def _splits(found: Sequence[Exchange], told: Sequence[Timings]) -> list[Mapping[str, float]]:
    """None where the record has not as many answers as the tape."""
    if len(found) != len(told):
        return []
    return [
        _split(1000 * each.waited_s, when)
        for each, when in list(zip(found, told, strict=True))[1:]
        if each.waited_s is not None and not each.is_cut_in
    ]


def _split(waited_ms: float, when: Timings) -> Mapping[str, float]:
    """`recognition` is within `begun`: an answer is begun before it is certain that the turn is
    over, and `held` until then. `transport` is what the record does not know: both ways, and how
    wrong it is about the end of the voice."""

    def between(begin: str, end: str) -> float:
        return 1000 * (when[end] - when[begin])

    return {
        "begun": between("voice_ended_s", "turn_over_s"),
        "(recognition)": between("voice_ended_s", "final_text_s"),
        "model": between("turn_over_s", "first_sentence_s"),
        "speech": between("first_sentence_s", "sound_made_s"),
        "held": between("sound_made_s", "first_sound_s"),
        "transport": waited_ms - between("voice_ended_s", "first_sound_s"),
    }


def in_browser(server: Server, path: str, body: Mapping[str, Any]) -> Call:
    async def call(said: Sequence[Samples]) -> Recording:
        async with server.client() as client, talk_caller.caller() as caller:
            await caller.call(client, path, body)
            await caller.answered()
            for sound in said:
                await caller.say(resample(sound, CLIP_RATE, talk_caller.RATE))
                await caller.answered()
            return Recording(caller.tape.stereo, talk_caller.RATE)

    return call


def by_telephone(server: Server) -> Call:
    async def call(said: Sequence[Samples]) -> Recording:
        async with telephone.ringing(server.url) as phone:
            await phone.answered()
            for sound in said:
                await phone.say(resample(sound, CLIP_RATE, telephone.RATE))
                await phone.answered()
            return Recording(phone.stereo, telephone.RATE)

    return call


def record_of(server: Server) -> Record:
    async def record() -> Sequence[Timings]:
        """Of the call that is over last, once that is on record."""
        async with server.client() as client, asyncio.timeout(_PATIENCE_S):
            while True:
                (call,) = (await client.get("/bot/api/calls?limit=1")).json()
                if call["ended_at"]:
                    break
                await asyncio.sleep(_LOOK_S)
        answers = [turn["timings"] for turn in call["transcript"] if turn["role"] == "agent"]
        return [when for when in answers if when.keys() >= _MOMENTS]

    return record
