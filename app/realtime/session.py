"""A conversation under way: listens for its whole length, answers with one task at a time.

To interrupt is to cancel that task, to empty the playout and to cut the history to what was heard.
To hang up is to leave the scope that holds everything.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from app.core.aio import Channel, TaskScope
from app.core.errors import AppError
from app.realtime.conversation import Act, Brain, EndCall, Line, Mouth
from app.realtime.events import (
    Ended,
    Heard,
    Said,
    Saying,
    SessionEvent,
    SoundMade,
    SpokeInWriting,
    StateChanged,
    Thought,
    Understanding,
    VoiceChanged,
    Withdrawn,
)
from app.realtime.playout import Playout
from app.realtime.sentences import cut, farewell, fill, text_of
from app.realtime.silence import SilenceRules, SilenceWatchdog
from app.realtime.strategies.adaptation import EmotionAdaptation
from app.realtime.strategies.backchannel import Backchannel
from app.realtime.strategies.closing import ClosingPhrase
from app.realtime.turn import Agent, Decision, GoOn, Hold, Interrupt, Reply, Turn, Withdraw
from app.realtime.utterance import Utterance

_SENTENCES_AHEAD = 3
_CUE_LEVEL = 0.6
_NEWS_S = 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is said without thinking; empty where nothing is to be said."""

    greeting: str = ""
    failure: str = "Sorry, I had a problem. Could you say that again?"
    silence: str = "Are you still there?"
    goodbye: str = ""
    filler: str = ""


@dataclass(frozen=True, slots=True)
class Habits:
    """What an agent does besides answering; None: it does not. `filler_s`: how long an answer may
    be thought over without a word."""

    closing: ClosingPhrase | None = None
    backchannel: Backchannel | None = None
    adaptation: EmotionAdaptation | None = None
    filler_s: float = 2.5


Tell = Callable[[SessionEvent], None]
Listening = Callable[["Session"], Awaitable[None]]
"""Tells the session of voices, words and keys for as long as the call lasts; its end is that of
the call."""

HUNG_UP = Ended("hung_up")


@dataclass(frozen=True, slots=True)
class Parts:
    brain: Brain
    mouth: Mouth
    playout: Playout
    turn: Turn


class Session:
    def __init__(
        self,
        parts: Parts,
        tell: Tell,
        *,
        phrases: Phrases | None = None,
        silence: SilenceRules | None = None,
        habits: Habits | None = None,
        opens: bool = False,
    ) -> None:
        """`silence` none: nobody minds it. `opens`: the brain says something after the greeting,
        before anybody asks."""
        self._brain, self._mouth = parts.brain, parts.mouth
        self._playout, self._turn = parts.playout, parts.turn
        self._tell = tell
        self._phrases = phrases or Phrases()
        self._habits = habits or Habits()
        self._opens = opens
        self._silence = SilenceWatchdog(silence, self._now_s())
        self._scope = TaskScope()
        self._changed = asyncio.Event()
        self._turn_over = asyncio.Event()
        self._over: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._reply: asyncio.Task[None] | None = None
        self._utterance = Utterance()
        self._state = ""
        self.lines: list[Line] = []

    async def run(self, listening: Listening) -> Ended:
        """Until somebody hangs up. What fails in listening fails the call."""
        self._playout.started = self._sound_began
        self._playout.refused = self.interrupt
        async with self._scope as scope:
            self._look_again()
            scope.spawn("clock", self._keep_time())
            scope.spawn("listening", self._listen(listening))
            if self._phrases.greeting or self._opens:
                self._say_unasked(self._opening())
            ended = await self._over
            self._cut_reply()
            await scope.cancel()
        self._tell(ended)
        return ended

    def end(self, reason: str, act: Act | None = None) -> None:
        if not self._over.done():
            self._over.set_result(Ended(reason, act))

    def leave(self, reason: str) -> None:
        """Stops what is being said, says goodbye and hangs up, unless the user says more. Where
        somebody has hung up already there is nobody to say it to."""
        if self._over.done():
            return
        self.interrupt()
        self._say_unasked(farewell(self._phrases.goodbye, EndCall(reason)))

    def voice_began(self) -> None:
        self._silence.busy()
        if self._habits.backchannel:
            self._habits.backchannel.voice_began(self._now_s())
        self._tell(VoiceChanged(True, self._now_s()))
        self._do(self._turn.voice_began(self._now_s()))

    def voice_ended(self, *, ago_s: float = 0.0) -> None:
        """`ago_s`: it takes a moment of silence to know."""
        at_s = self._now_s() - ago_s
        if self._habits.backchannel:
            self._habits.backchannel.voice_ended(at_s)
        self._tell(VoiceChanged(False, at_s))
        self._do(self._turn.voice_ended(at_s))

    def heard(
        self,
        text: str,
        *,
        is_final: bool,
        labels: Mapping[str, str] | None = None,
        confidence: float = 1.0,
    ) -> None:
        labels = labels or {}
        if text:
            self._tell(Understanding(text, is_final, self._now_s(), labels, confidence))
        if self._habits.adaptation:
            self._habits.adaptation.note(labels)
        self._do(self._turn.heard(text, self._now_s(), is_final=is_final))

    def typed(self, text: str) -> None:
        self._do(self._turn.typed(text, self._now_s()))

    def interrupt(self) -> None:
        """By a button and not by words: nothing is to be answered."""
        self._do(self._turn.silenced())

    async def _listen(self, listening: Listening) -> None:
        await listening(self)
        self.end(HUNG_UP.reason)

    async def _keep_time(self) -> None:
        """Wakes the pure parts when something is due for them."""
        while True:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._due_s()):
                    await self._changed.wait()
            self._encourage()
            self._do(self._turn.tick(self._now_s()))
            self._break_silence(self._silence.tick(self._now_s()))
            if news := self._utterance.news(self._playout.played_s):
                self._tell(Heard(news))

    def _due_s(self) -> float | None:
        backchannel = self._habits.backchannel
        cue_s = backchannel.due_s if backchannel else None
        news_s = self._now_s() + _NEWS_S if self._turn.agent is Agent.SPEAKING else None
        due = (self._turn.due_s, self._silence.due_s, cue_s, news_s)
        return min((due_s for due_s in due if due_s is not None), default=None)

    def _encourage(self) -> None:
        if backchannel := self._habits.backchannel:
            cue = backchannel.tick(self._now_s(), self._turn.answer_due_s)
            if cue:
                self._scope.spawn("cue", self._murmur(cue, backchannel))

    async def _murmur(self, cue: str, backchannel: Backchannel) -> None:
        """Unless it took too long to make."""
        try:
            async with aclosing(self._mouth.speak(cue)) as pieces:
                sounds = [spoken.sound async for spoken in pieces]
        except AppError:
            log.info("a cue could not be spoken", exc_info=True)
            return
        goes_on = self._turn.agent is Agent.QUIET and self._turn.is_voice
        if goes_on or backchannel.has_room(self._now_s(), self._turn.answer_due_s):
            for sound in sounds:
                self._playout.murmur(sound * _CUE_LEVEL)

    def _break_silence(self, strike: str | None) -> None:
        if strike == "prompt" and self._phrases.silence:
            self._say_unasked(text_of(self._phrases.silence))
        elif strike == "hang_up":
            self._say_unasked(farewell(self._phrases.goodbye, EndCall("silence")))

    def _do(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Reply(text):
                    self._silence.answered()
                    self._note_manner()
                    self._add(Line("user", text, self._now_s()))
                    thoughts = self._noted(self._brain.reply(tuple(self.lines)))
                    self._answer_with(thoughts, filler=self._phrases.filler)
                case Withdraw(question):
                    self._stop_reply()
                    if question:
                        self._tell(Withdrawn(self.lines.pop()))
                    self._show("listening")
                case Interrupt():
                    self._cut_reply()
                case Hold():
                    self._playout.is_held = True
                case GoOn():
                    self._playout.is_held = False
        self._look_again()

    async def _noted(
        self, pieces: AsyncGenerator[str | Act, None]
    ) -> AsyncGenerator[str | Act, None]:
        """With the moment at which the first of them came."""
        async with aclosing(pieces):
            async for piece in pieces:
                self._tell(Thought(self._now_s()))
                yield piece
                break
            async for piece in pieces:
                yield piece

    def _note_manner(self) -> None:
        """For the brain alone: nobody said it."""
        if self._habits.adaptation and (news := self._habits.adaptation.news()):
            self.lines.append(Line("developer", news, self._now_s()))

    def _look_again(self) -> None:
        if self._turn.agent is not Agent.QUIET or self._turn.is_voice:
            self._silence.busy()
        elif self._silence.due_s is None:
            self._silence.quiet(self._now_s())
        self._show(_STATES[self._turn.agent])
        if self._turn.is_ahead:
            self._turn_over.clear()
        else:
            self._turn_over.set()
        self._changed.set()

    async def _opening(self) -> AsyncGenerator[str | Act, None]:
        if self._phrases.greeting:
            yield f"{self._phrases.greeting} "
        if self._opens:
            async with aclosing(self._brain.reply(())) as pieces:
                async for piece in pieces:
                    yield piece

    def _say_unasked(self, pieces: AsyncGenerator[str | Act, None]) -> None:
        self._turn.reply_began()
        self._answer_with(pieces)
        self._look_again()

    def _answer_with(self, pieces: AsyncGenerator[str | Act, None], filler: str = "") -> None:
        if self._habits.backchannel:
            self._habits.backchannel.floor_taken()
        self._utterance = Utterance()
        self._reply = self._scope.spawn("reply", self._answer(pieces, filler))

    async def _answer(self, pieces: AsyncGenerator[str | Act, None], filler: str) -> None:
        act: Act | None = None
        try:
            act = await self._say(pieces, filler)
        except AppError:
            log.warning("a reply failed", exc_info=True)
            act = await self._apologize()
        await self._turn_over.wait()
        self._add_heard()
        self._do(self._turn.reply_ended(self._now_s()))
        if act is None and self._has_closed():
            act = EndCall("said goodbye")
        if act:
            self.end(act.reason if isinstance(act, EndCall) else "transferred", act)

    def _has_closed(self) -> bool:
        """Not where somebody speaks up at the last moment."""
        closing = self._habits.closing
        return bool(closing and closing.is_over(self.lines)) and not self._turn.is_voice

    async def _apologize(self) -> Act | None:
        try:
            return await self._say(text_of(self._phrases.failure))
        except AppError:
            log.warning("not even an apology could be spoken", exc_info=True)
            return None

    async def _say(self, pieces: AsyncGenerator[str | Act, None], filler: str = "") -> Act | None:
        """Thinks ahead of what is spoken, and speaks ahead of what is heard. The act comes when all
        was heard. `filler`: said where the first sentence is long in coming."""
        sentences: Channel[str] = Channel(_SENTENCES_AHEAD)
        async with TaskScope() as scope:
            thinking = scope.spawn("thinking", cut(pieces, sentences))
            waiting = scope.spawn("filler", fill(filler, self._habits.filler_s, sentences))
            async for sentence in sentences:
                waiting.cancel()
                await self._speak(sentence)
            waiting.cancel()
        await self._playout.drained()
        outcome = thinking.result()
        if isinstance(outcome, AppError):
            raise outcome
        return outcome

    async def _speak(self, text: str) -> None:
        self._tell(Saying(text, self._now_s()))
        self._utterance.begin(text, self._playout.given_s)
        if self._turn.agent is Agent.SPEAKING:
            self._turn.says(f" {text}")
        is_first = True
        async with aclosing(self._mouth.speak(text)) as pieces:
            async for spoken in pieces:
                if is_first and spoken.sound.size:
                    self._tell(SoundMade(self._now_s()))
                    is_first = False
                length_s = spoken.sound.size / self._playout.sample_rate
                self._utterance.give(spoken.words, self._playout.given_s + length_s)
                await self._playout.play(spoken.sound)
                if spoken.is_written:
                    self._utterance.write()
                    self._tell(SpokeInWriting(text))
        self._utterance.end()

    def _sound_began(self) -> None:
        if self._turn.agent is Agent.THINKING:
            self._turn.sound_began(self._utterance.text)
            self._look_again()

    def _stop_reply(self) -> None:
        if self._reply:
            self._reply.cancel()
        self._reply = None
        self._playout.clear()

    def _cut_reply(self) -> None:
        """History keeps what was heard of it."""
        is_under_way = self._reply is not None and not self._reply.done()
        if is_under_way:
            self._add_heard()
        self._stop_reply()

    def _add_heard(self) -> None:
        said, self._utterance = self._utterance, Utterance()
        if heard := said.heard(self._playout.played_s):
            self._add(Line("agent", heard, self._now_s(), is_cut=heard != said.text))

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        self._tell(Said(line))

    def _show(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._tell(StateChanged(state, self._now_s()))

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


_STATES = {
    Agent.QUIET: "listening",
    Agent.THINKING: "thinking",
    Agent.SPEAKING: "speaking",
}
