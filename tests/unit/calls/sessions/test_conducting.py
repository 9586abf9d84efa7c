"""A call with ears that are told what to hear: events of recognition become a conversation."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from app.asr.live import (
    Encoding,
    Said,
    SpeechBegan,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    StreamEvent,
    StreamOptions,
    Tell,
)
from app.asr.recognition import Tag
from app.asr.streaming import StreamService
from app.calls.sessions.conducting import Cast, Held, conduct
from app.core.errors import Unavailable
from app.realtime.conversation import EndCall, Line
from app.realtime.events import SessionEvent, StateChanged, Understanding, VoiceChanged
from app.realtime.playout import Playout
from app.realtime.session import Phrases
from app.realtime.silence import SilenceRules
from tests.unit.realtime.simulated import ENGLISH, RATE, ScriptedBrain, ToneMouth
from tests.virtual_time import virtual_time

MIC = "microphone"
PIECE_S = 0.1


def sentence(text: str, *, is_final: bool = True, labels: Mapping[str, str] | None = None) -> Said:
    known = labels or {}
    return Said(
        channel=MIC,
        text=text,
        words=(),
        start_s=0.0,
        end_s=1.0,
        language="en",
        confidence=1.0,
        model="scripted",
        is_final=is_final,
        tags={category: Tag(label, {label: 1.0}) for category, label in known.items()},
    )


def utterance(at_s: float, until_s: float, said: Said | None) -> list[tuple[float, StreamEvent]]:
    """As recognition tells it: the pause is known after a while, and so is the text."""
    events: list[tuple[float, StreamEvent]] = [
        (at_s, SpeechBegan(MIC, at_s)),
        (until_s + 0.1, SpeechPaused(MIC, until_s)),
        (until_s + 0.2, SpeechEnded(MIC, until_s)),
    ]
    if said:
        events.insert(2, (until_s + 0.2, said))
    return events


class ScriptedStreams:
    """Tells each event when sound up to its time was heard. `over`: what each pause sounds like, as
    is known `judged_s` later; None cannot be judged."""

    def __init__(
        self,
        events: Sequence[tuple[float, StreamEvent]],
        over: Sequence[float | None] = (),
        judged_s: float = 0.08,
    ) -> None:
        self._events = list(events)
        self._over = list(over)
        self._judged_s = judged_s
        self.options = StreamOptions()
        self.heard_s = 0.0

    @asynccontextmanager
    async def open(self, tell: Tell, ears: object = None) -> AsyncGenerator["ScriptedStreams"]:
        self._tell = tell
        yield self

    async def configure(self, options: StreamOptions) -> None:
        self.options = options

    async def is_over(self) -> float:
        over = self._over.pop(0)
        await asyncio.sleep(self._judged_s)
        if over is None:
            raise Unavailable("no model")
        return over

    async def hear(self, data: bytes) -> None:
        self.heard_s += len(data) / 2 / RATE
        while self._events and self._events[0][0] <= self.heard_s + 1e-9:
            await self._tell(self._events.pop(0)[1])


class ShortLine:
    encoding: Encoding = "s16le"
    sample_rate = RATE

    def __init__(self, lasts_s: float, *, plays_at: int = RATE) -> None:
        self.playout = Playout(plays_at)
        self.typed: Callable[[str], None] = lambda text: None
        self.told: list[SessionEvent] = []
        self.played: list[np.ndarray[Any, np.dtype[np.float32]]] = []
        self.is_closed = False
        self._pieces = round(lasts_s / PIECE_S)

    async def sounds(self) -> AsyncIterator[bytes]:
        for _ in range(self._pieces):
            await asyncio.sleep(PIECE_S)
            self.played.append(self.playout.take(round(PIECE_S * self.playout.sample_rate)))
            yield bytes(round(2 * PIECE_S * RATE))

    def tell(self, event: SessionEvent) -> None:
        self.told.append(event)

    async def close(self) -> None:
        self.is_closed = True


class BrokenOffLine(ShortLine):
    """After a while nothing is heard of it, though nobody hangs up and all that is said is
    played."""

    async def sounds(self) -> AsyncIterator[bytes]:
        async for sound in super().sounds():
            yield sound
        while not self.is_closed:
            await asyncio.sleep(PIECE_S)
            self.playout.take(round(PIECE_S * self.playout.sample_rate))


def cast_of(*answers: str) -> Cast:
    return Cast(ScriptedBrain(answers), ToneMouth(), ENGLISH)


async def held(
    line: ShortLine,
    agent: Cast,
    events: Sequence[tuple[float, StreamEvent]],
    over: Sequence[float | None] = (),
    judged_s: float = 0.08,
) -> tuple[Held, ScriptedStreams]:
    streams = ScriptedStreams(events, over, judged_s)
    return await conduct(line, agent, cast("StreamService", streams), lambda _: None), streams


def written(lines: Sequence[Line]) -> list[str]:
    return [f"{line.role}: {line.text}" for line in lines]


@virtual_time
async def test_what_is_recognized_is_answered_and_the_line_is_closed() -> None:
    line = ShortLine(5)
    talk, streams = await held(
        line, cast_of("Until five."), utterance(0.5, 1.5, sentence("When do you close?"))
    )
    assert written(talk.lines) == ["user: When do you close?", "agent: Until five."]
    assert (talk.ended.reason, line.is_closed) == ("hung_up", True)
    assert (streams.options.sample_rate, streams.options.endpointing_ms) == (RATE, 208)


@virtual_time
async def test_silence_counts_from_when_it_began_and_not_from_when_it_was_noticed() -> None:
    line = ShortLine(5)
    await held(line, cast_of("Yes."), utterance(0.5, 1.5, sentence("Are you open?")))
    ends = [event.at_s for event in line.told if isinstance(event, VoiceChanged)]
    assert ends == pytest.approx([0.5, 1.5])


@virtual_time
async def test_a_cough_is_no_turn_and_does_not_hold_up_the_answer() -> None:
    line = ShortLine(6)
    events = [
        *utterance(0.5, 1.5, sentence("Are you open?")),
        (1.9, SpeechBegan(MIC, 1.9)),
        (2.0, SpeechPaused(MIC, 2.0)),
        (2.1, SpeechResumed(MIC, 2.1)),
        (2.3, SpeechPaused(MIC, 2.2)),
        (2.4, SpeechEnded(MIC, 2.2)),
    ]
    talk, _ = await held(line, cast_of("Yes."), events)
    assert written(talk.lines) == ["user: Are you open?", "agent: Yes."]


@virtual_time
@pytest.mark.inventory("WH-286")
async def test_labels_reach_the_brain_and_the_record() -> None:
    labels = {"emotion": "EMOTION_ANGRY"}
    said = utterance(0.5, 1.5, sentence("Where is it?", labels=labels))
    line = ShortLine(5)
    talk, _ = await held(line, cast_of("Here."), said)
    assert talk.lines[0].role == "developer"
    assert [event.labels for event in line.told if isinstance(event, Understanding)] == [labels]
    talk, _ = await held(ShortLine(5), replace(cast_of("Here."), adapts=False), said)
    assert written(talk.lines) == ["user: Where is it?", "agent: Here."]


@virtual_time
@pytest.mark.inventory("WH-278")
async def test_goodbyes_end_the_call_where_the_agent_has_that_habit() -> None:
    said = utterance(0.5, 1.5, sentence("Thanks, bye."))
    talk, _ = await held(ShortLine(9), cast_of("Goodbye."), said)
    assert talk.ended.reason == "said goodbye"
    talk, _ = await held(ShortLine(9), replace(cast_of("Goodbye."), closes=False), said)
    assert talk.ended.reason == "hung_up"


@virtual_time
@pytest.mark.inventory("WH-275")
async def test_who_speaks_for_long_hears_a_murmur_where_the_agent_has_that_habit() -> None:
    said = utterance(0.5, 6.5, sentence("I called because my"))

    async def murmured(agent: Cast) -> bool:
        line = ShortLine(7.5)
        await held(line, agent, said)
        return bool(np.concatenate(line.played).any())

    assert await murmured(cast_of())
    assert not await murmured(replace(cast_of(), murmurs=False))


@virtual_time
@pytest.mark.inventory("WH-281")
async def test_room_tone_lies_under_the_call_where_it_is_wanted() -> None:
    line = ShortLine(3, plays_at=8000)
    await held(line, replace(cast_of(), room_tone=True), [])
    assert all(piece.any() for piece in line.played[1:])
    line = ShortLine(3)
    await held(line, cast_of(), [])
    assert not any(piece.any() for piece in line.played)


@virtual_time
@pytest.mark.inventory("WH-273")
async def test_smart_endpointing_waits_for_the_rest_of_a_phrase() -> None:
    said = [
        *utterance(0.5, 1.5, sentence("I would like to")),
        *utterance(2.9, 3.9, sentence("cancel it.")),
    ]
    talk, _ = await held(ShortLine(8), cast_of("Done."), said)
    assert written(talk.lines) == ["user: I would like to cancel it.", "agent: Done."]
    talk, _ = await held(ShortLine(8), replace(cast_of("What?", "Done."), strategies=()), said)
    assert len(talk.lines) == 4


@virtual_time
@pytest.mark.inventory("WH-273")
@pytest.mark.parametrize(
    ("over", "judged_s", "answered_s"),
    [(0.9, 0.08, 1.85), (0.05, 0.08, 3.0), (0.05, 1.0, 1.85), (None, 0.08, 1.85)],
)
async def test_a_voice_that_did_not_fall_is_waited_for_if_that_is_known_in_time(
    over: float | None, judged_s: float, answered_s: float
) -> None:
    said = utterance(0.5, 1.5, sentence("My name is Ada."))
    agent = replace(cast_of("Hello."), judges_sound=True)
    talk, _ = await held(ShortLine(6), agent, said, [over], judged_s)
    assert talk.lines[0].at_s == pytest.approx(answered_s)


@virtual_time
async def test_an_answer_that_was_thought_ahead_is_heard_when_the_turn_is_over() -> None:
    said = utterance(0.5, 1.45, sentence("My name is Ada"))

    async def sounds_at_s(agent: Cast) -> float:
        line, began_s = ShortLine(6), asyncio.get_running_loop().time()
        await held(line, agent, said)
        states = (event for event in line.told if isinstance(event, StateChanged))
        return next(event.at_s for event in states if event.state == "speaking") - began_s

    assert await sounds_at_s(replace(cast_of("Hello."), thinks_ahead=True)) == pytest.approx(2.2)
    assert await sounds_at_s(cast_of("Hello.")) == pytest.approx(2.5)


@virtual_time
async def test_a_pause_is_not_judged_by_the_sound_before_an_earlier_one() -> None:
    said = [
        *utterance(0.5, 1.5, sentence("My name")),
        *utterance(1.9, 2.9, sentence("is Ada.")),
    ]
    agent = replace(cast_of("Hello."), judges_sound=True)
    talk, _ = await held(ShortLine(6), agent, said, [0.05, None])
    assert talk.lines[0].at_s == pytest.approx(3.25)


@virtual_time
@pytest.mark.inventory("WH-273")
async def test_who_was_asked_an_open_question_is_given_time_to_tell() -> None:
    said = utterance(2.0, 3.0, sentence("My phone broke"))

    async def waited_s(greeting: str) -> float:
        agent = replace(cast_of("I see."), phrases=Phrases(greeting=greeting))
        ended_s = asyncio.get_running_loop().time() + 3.0
        talk, _ = await held(ShortLine(6), agent, said)
        return talk.lines[1].at_s - ended_s

    assert await waited_s("What happened?") == pytest.approx(1.05)
    assert await waited_s("Which phone is it?") == pytest.approx(0.6)


@virtual_time
async def test_an_agent_yields_to_words_unless_it_is_to_be_heard_out() -> None:
    answers = "We are open from nine to five on all weekdays.", "Yes."
    said = [
        *utterance(0.5, 1.5, sentence("When do you open?")),
        *utterance(2.9, 3.6, sentence("And on Sunday?")),
    ]
    talk, _ = await held(ShortLine(9), cast_of(*answers), said)
    assert [line.is_cut for line in talk.lines] == [False, True, False, False]
    talk, _ = await held(ShortLine(9), replace(cast_of(*answers), yields=False), said)
    assert not any(line.is_cut for line in talk.lines)
    assert talk.lines[-1].text == "Yes."


@virtual_time
async def test_a_voice_that_breaks_off_is_answered_and_the_call_ends_in_silence() -> None:
    events = utterance(0.5, 1.3, sentence("a table please"))
    agent = replace(cast_of("For how many?"), silence=SilenceRules(quiet_s=8, strikes=0))
    async with asyncio.timeout(60):
        talk, _ = await held(BrokenOffLine(1.0), agent, events)
    assert written(talk.lines) == ["user: a table please", "agent: For how many?"]
    assert talk.ended.act == EndCall("silence")
