"""Whole conversations, read from `scenarios.yaml`. What the agent's history holds is compared with
the very samples that were played: each word of it has a value of its own."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from app.core.aio import TaskScope
from app.core.errors import UpstreamFailed
from app.realtime.conversation import Act, EndCall, HeardWord, Line, Spoken
from app.realtime.playout import Playout
from app.realtime.session import Parts, Phrases, Said, Session, SessionEvent, StateChanged
from app.realtime.silence import SilenceRules
from app.realtime.turn import Turn
from app.realtime.words import small_words
from tests.virtual_time import run_virtual

RATE = 1000
FRAME_S = 0.02
WORD_S = 0.25
SCENARIOS = yaml.safe_load((Path(__file__).parent / "scenarios.yaml").read_text("utf-8"))


class ScriptedBrain:
    """Its answers are scripted: "fail" and "end" in a text are what it does there."""

    def __init__(self, answers: Sequence[str]) -> None:
        self._answers = list(answers)

    async def reply(self, lines: Sequence[Line]) -> AsyncGenerator[str | Act, None]:
        assert lines[-1].role == "user"
        words = self._answers.pop(0).split()
        think_s = float(words.pop(0)) if words[0].isdigit() else 0.3
        await asyncio.sleep(think_s)
        for word in words:
            if word == "fail":
                raise UpstreamFailed("the model is gone")
            yield EndCall("said goodbye") if word == "end" else f"{word} "


class ToneMouth:
    """Every word is heard as a value of its own."""

    def __init__(self, *, fails: bool) -> None:
        self._fails = fails
        self.words: list[str] = []

    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        if self._fails:
            raise UpstreamFailed("no voice")
        await asyncio.sleep(0.1)
        end = 0
        for place, word in enumerate(text.split()):
            end = text.index(word, end) + len(word)
            self.words.append(word)
            start_s = place * WORD_S
            tone = np.full(round(WORD_S * RATE), len(self.words), np.float32)
            yield Spoken(tone, (HeardWord(end, start_s, start_s + WORD_S),))
            await asyncio.sleep(WORD_S / 4)


class Caller:
    """Does what the scenario says and hears what is played."""

    def __init__(self, scenario: dict[str, Any], playout: Playout) -> None:
        self._happens = scenario["happens"]
        self._playout = playout
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
                else:
                    scope.spawn("speaks", self._speak(session, act))
            else:
                await asyncio.sleep(3600)
            await scope.cancel()

    async def _speak(self, session: Session, act: dict[str, Any]) -> None:
        text = act.get("user", "")
        session.voice_began()
        words = text.split()
        for count in range(1, len(words)):
            await _until(act["at"] + (act["until"] - act["at"]) * count / len(words))
            session.heard(" ".join(words[:count]), is_final=False)
        await _until(act["until"])
        session.voice_ended()
        await asyncio.sleep(act.get("final", 0.2))
        session.heard(text, is_final=True)

    async def _listen(self) -> None:
        while True:
            frame = self._playout.take(round(FRAME_S * RATE))
            self.heard += [int(value) for value in frame]
            await asyncio.sleep(FRAME_S)


async def converse(scenario: dict[str, Any]) -> None:
    playout = Playout(RATE)
    mouth = ToneMouth(fails=scenario.get("mouth_fails", False))
    caller = Caller(scenario, playout)
    told: list[SessionEvent] = []
    words = small_words("en")
    turn = Turn(words, lambda text: 1.5 if words.is_unfinished(text) else 0.6)
    session = Session(
        Parts(ScriptedBrain(scenario["agent"]), mouth, playout, turn),
        told.append,
        phrases=Phrases(greeting=scenario.get("greeting", ""), goodbye=scenario.get("goodbye", "")),
        silence=SilenceRules(quiet_s=scenario.get("silence_s", 60)),
    )
    ended = await session.run(caller)
    assert [_written(line) for line in session.lines] == scenario["history"]
    assert ended.reason == scenario.get("ends", "hung_up")
    if "states" in scenario:
        states = [
            f"{event.at_s:.1f} {event.state}" for event in told if isinstance(event, StateChanged)
        ]
        assert [state.replace(".0 ", " ") for state in states] == scenario["states"]
    assert _agent_words(session.lines) == _words_played(caller.heard, mouth.words)
    final = [event.line for event in told if isinstance(event, Said)]
    assert final[-1:] == session.lines[-1:]


def _agent_words(lines: Sequence[Line]) -> list[str]:
    return [word for line in lines if line.role == "agent" for word in line.text.split()]


def _words_played(samples: Sequence[int], words: Sequence[str]) -> list[str]:
    """Those of which half was heard."""
    runs = [(value, len(list(run))) for value, run in groupby(v for v in samples if v)]
    return [words[value - 1] for value, length in runs if length >= WORD_S * RATE / 2]


def _written(line: Line) -> str:
    return f"{'~' if line.is_cut else ''}{line.role}: {line.text}"


async def _until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - asyncio.get_running_loop().time()))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_a_conversation_goes(scenario: dict[str, Any]) -> None:
    run_virtual(converse(scenario))
