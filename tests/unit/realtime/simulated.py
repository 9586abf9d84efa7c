"""A conversation on a virtual clock: a brain that follows a script, a mouth whose every word is a
value of its own, and a caller who does what a scenario says and hears what is played."""

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from app.core.aio import TaskScope
from app.core.errors import UpstreamFailed
from app.realtime.conversation import Act, Brain, EndCall, HeardWord, Line, Spoken, TransferCall
from app.realtime.events import Ended, Said, SessionEvent
from app.realtime.playout import Playout
from app.realtime.session import Habits, Parts, Phrases, Session, Tell
from app.realtime.silence import SilenceRules
from app.realtime.strategies.adaptation import EmotionAdaptation
from app.realtime.strategies.backchannel import Backchannel
from app.realtime.strategies.closing import ClosingPhrase
from app.realtime.turn import Turn, TurnRules
from app.realtime.words import small_words

RATE = 1000
FRAME_S = 0.02
WORD_S = 0.25
ENGLISH = small_words("en")
_SPEECH = 10_000
"""What is murmured is softer than this."""


class ScriptedBrain:
    """Answers in order. A number in a text is a wait of so many seconds, "fail", "end" and
    "transfer" are what it does there."""

    def __init__(self, answers: Sequence[str], thinks_s: float = 0.3) -> None:
        self._answers = list(answers)
        self._thinks_s = thinks_s

    async def reply(self, lines: Sequence[Line]) -> AsyncGenerator[str | Act, None]:
        assert not lines or lines[-1].role == "user"
        answer = self._answers.pop(0) if self._answers else "Yes."
        words = answer.split()
        await asyncio.sleep(0 if words[0].isdigit() else self._thinks_s)
        for word in words:
            match word:
                case "fail":
                    raise UpstreamFailed("the model is gone")
                case "end":
                    yield EndCall("said goodbye")
                case "transfer":
                    yield TransferCall("sales")
                case _ if word.isdigit():
                    await asyncio.sleep(int(word))
                case _:
                    yield f"{word} "


class ToneMouth:
    """`fails_at`: the word before which it breaks off, once; all words where it is `*`."""

    def __init__(self, fails_at: str = "", takes_s: float = 0.1) -> None:
        self._fails_at = fails_at
        self._takes_s = takes_s
        self.words: list[str] = []

    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        await asyncio.sleep(self._takes_s)
        end = 0
        for place, word in enumerate(text.split()):
            if self._fails_at in ("*", word):
                self._fails_at = "*" if self._fails_at == "*" else ""
                raise UpstreamFailed("no voice")
            end = text.index(word, end) + len(word)
            self.words.append(word)
            start_s = place * WORD_S
            tone = np.full(round(WORD_S * RATE), _SPEECH + len(self.words), np.float32)
            yield Spoken(tone, (HeardWord(end, start_s, start_s + WORD_S),))
            await asyncio.sleep(WORD_S / 4)

    def played(self, samples: Sequence[int]) -> list[str]:
        """The words of which half was heard, without what was murmured."""
        runs = [(value, len(list(run))) for value, run in groupby(v for v in samples if v)]
        least = WORD_S * RATE / 2
        return [
            self.words[value - _SPEECH - 1]
            for value, length in runs
            if value > _SPEECH and length >= least
        ]


class Caller:
    """`stalls`: from when until when nothing is taken; `bursts`: what was missed is taken then."""

    def __init__(
        self,
        happens: Sequence[Mapping[str, Any]],
        playout: Playout,
        *,
        stalls: Sequence[Sequence[float]] = (),
        bursts: bool = False,
    ) -> None:
        self._happens = happens
        self._playout = playout
        self._stalls = stalls
        self._bursts = bursts
        self.heard: list[int] = []

    async def __call__(self, session: Session) -> None:
        async with TaskScope() as scope:
            scope.spawn("listens", self._listen())
            for act in self._happens:
                await _until(act["at"])
                if act.get("hangs_up"):
                    break
                if "types" in act:
                    session.typed(act["types"])
                elif act.get("refuses"):
                    self._playout.refused()
                else:
                    scope.spawn("speaks", self._speak(session, act))
            else:
                await asyncio.sleep(3600)
            await scope.cancel()

    async def _speak(self, session: Session, act: Mapping[str, Any]) -> None:
        """`shows`: what is recognized at first, where that is not what stays."""
        text = act.get("user", "")
        session.voice_began()
        words = act.get("shows", text).split()
        for count in range(1, len(words) + ("shows" in act)):
            await _until(act["at"] + (act["until"] - act["at"]) * count / (len(words) + 1))
            session.heard(" ".join(words[:count]), is_final=False)
        await _until(act["until"])
        session.voice_ended()
        await asyncio.sleep(act.get("final", 0.2))
        session.heard(text, is_final=True, labels=act.get("labels", {}))

    async def _listen(self) -> None:
        missed = 0
        while True:
            now_s = asyncio.get_running_loop().time()
            if any(begin_s <= now_s < end_s for begin_s, end_s in self._stalls):
                missed += self._bursts
            else:
                for _ in range(1 + missed):
                    frame = self._playout.take(round(FRAME_S * RATE))
                    self.heard += [round(value) for value in frame.tolist()]
                missed = 0
            await asyncio.sleep(FRAME_S)


@dataclass(slots=True)
class Conversation:
    """What came of it."""

    ended: Ended
    lines: Sequence[Line]
    told: Sequence[tuple[float, SessionEvent]]
    played: Sequence[str]
    murmured_s: Sequence[float]
    """When something was murmured."""
    tasks_left: int
    stale: list[int] = field(default_factory=list[int])
    """Samples of a reply that were heard after it was cut."""

    @property
    def agent_words(self) -> list[str]:
        return [word for line in self.lines if line.role == "agent" for word in line.text.split()]


async def converse(scenario: Mapping[str, Any], brain: Brain | None = None) -> Conversation:
    """`brain`: in the place of what the scenario says that the agent answers."""
    playout = Playout(RATE)
    mouth = ToneMouth(scenario.get("mouth_fails_at", ""), scenario.get("mouth_takes_s", 0.1))
    happens = sorted(scenario["happens"], key=lambda act: act["at"])
    caller = Caller(
        happens,
        playout,
        stalls=scenario.get("stalls", ()),
        bursts=scenario.get("bursts", False),
    )
    told: list[tuple[float, SessionEvent]] = []
    cuts: list[tuple[int, int]] = []

    def tell(event: SessionEvent) -> None:
        told.append((asyncio.get_running_loop().time(), event))
        if isinstance(event, Said) and event.line.is_cut:
            cuts.append((len(caller.heard), len(mouth.words)))

    brain = brain or ScriptedBrain(scenario["agent"], scenario.get("thinks_s", 0.3))
    session = _session(scenario, Parts(brain, mouth, playout, _turn(scenario)), tell)
    ended = await session.run(caller)
    return Conversation(
        ended=ended,
        lines=session.lines,
        told=told,
        played=mouth.played(caller.heard),
        murmured_s=_begins_s(caller.heard),
        tasks_left=len(asyncio.all_tasks()) - 1,
        stale=[
            value
            for heard, spoken in cuts
            for value in caller.heard[heard:]
            if 0 < value - _SPEECH <= spoken
        ],
    )


def _turn(scenario: Mapping[str, Any]) -> Turn:
    rules = TurnRules(yields=scenario.get("yields", True), ahead_s=scenario.get("ahead_s", 0.0))
    return Turn(ENGLISH, lambda text: 1.5 if ENGLISH.is_unfinished(text) else 0.6, rules)


def _session(scenario: Mapping[str, Any], parts: Parts, tell: Tell) -> Session:
    return Session(
        parts,
        tell,
        phrases=Phrases(
            greeting=scenario.get("greeting", ""),
            goodbye=scenario.get("goodbye", ""),
            filler=scenario.get("filler", ""),
        ),
        silence=SilenceRules(scenario.get("silence_s", 60), scenario.get("strikes", 1)),
        habits=Habits(
            closing=ClosingPhrase(ENGLISH.farewells) if scenario.get("closes") else None,
            backchannel=Backchannel(ENGLISH.cues) if scenario.get("murmurs") else None,
            adaptation=EmotionAdaptation() if scenario.get("adapts") else None,
            filler_s=scenario.get("filler_s", math.inf),
        ),
        opens=scenario.get("opens", False),
    )


def _begins_s(samples: Sequence[int]) -> list[float]:
    """Where what is softer than speech begins."""
    soft = [0 < value < _SPEECH for value in samples]
    return [
        round(place / RATE, 2)
        for place, is_soft in enumerate(soft)
        if is_soft and not (place and soft[place - 1])
    ]


async def _until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - asyncio.get_running_loop().time()))
