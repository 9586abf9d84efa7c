"""Who has the floor: what is heard and said, in order of time, becomes what to do next. Pure.

Nothing here waits: `due_s` says when to call `tick` if nothing else happens before. Times are
seconds of one clock. While a reply is thought over or spoken and a voice is heard, the reply is
held; the words then decide whether it goes on, is withdrawn before anybody heard it, or is
interrupted. A reply may be begun ahead of the end of the turn: it is held until then, and withdrawn
where the user goes on.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from app.realtime.words import SmallWords, is_echo, words_of


class Agent(Enum):
    QUIET = "quiet"
    THINKING = "thinking"
    """A reply is being made, and none of it was heard."""
    SPEAKING = "speaking"


@dataclass(frozen=True, slots=True)
class Reply:
    """The user has finished: answer this."""

    text: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The user goes on before anything of the reply was heard: it never was. `question`: what it
    was to answer, which comes again with what is being added; empty where nobody had asked."""

    question: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The user took the floor: be silent, and remember only what was heard."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Play nothing for now: somebody speaks."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """It was nothing: play on where it stopped."""


Decision: TypeAlias = Reply | Withdraw | Interrupt | Hold | GoOn


@dataclass(frozen=True, slots=True)
class TurnRules:
    """`voice_s`: a shorter noise does not hold a voice that speaks. `late_s`: how long a final text
    is waited for. `held_s`: a voice without words does not hold for longer. `early_s`: a short
    answer that begins so soon before the end of what was said answers it. `ahead_s`: so long before
    the end of the turn its answer may be begun. `yields`: words stop a voice that speaks; otherwise
    they are answered when it has ended."""

    voice_s: float = 0.2
    late_s: float = 1.0
    held_s: float = 2.0
    early_s: float = 1.0
    ahead_s: float = 0.0
    yields: bool = True


class Turn:
    """`silence_s`: how much silence says that this text is finished."""

    def __init__(
        self, words: SmallWords, silence_s: Callable[[str], float], rules: TurnRules | None = None
    ) -> None:
        self._words = words
        self._silence_s = silence_s
        self._rules = rules or TurnRules()
        self.agent = Agent.QUIET
        self.is_held = False
        self._finals: list[str] = []
        self._interim = ""
        self._answered = ""
        """What the reply under way answers."""
        self._settled: list[str] | None = None
        """What of it is final, where the rest may still become another text."""
        self._saying = ""
        self.is_voice = False
        self._voice_began_s = -math.inf
        self._silent_since_s = 0.0
        self._held_since_s = 0.0
        self.is_ahead = False
        """What is answered already may not have been all."""
        self._spoke_until_s = -math.inf
        self._is_final_due = False
        self._is_passed_over = False
        """The voice that is heard has held the agent for long enough."""

    @property
    def text(self) -> str:
        """What the user said in this turn so far."""
        return " ".join(part for part in (*self._finals, self._interim) if part)

    @property
    def due_s(self) -> float | None:
        """When silence, or the want of words, will have lasted long enough."""
        if self.is_voice:
            if self.is_held:
                return self._held_since_s + self._rules.held_s
            is_in_the_way = self.agent is Agent.SPEAKING and not self._is_passed_over
            if is_in_the_way and self._rules.yields:
                return self._voice_began_s + self._rules.voice_s
            return None
        if self._is_final_due:
            return self._silent_since_s + self._rules.late_s
        if (answer_due_s := self.answer_due_s) is not None:
            return answer_due_s - (0.0 if self._interim else self._rules.ahead_s)
        if not self.is_held:
            return None
        wait_s = self._silence_s(self._answered) if self.is_ahead else 0.0
        return self._silent_since_s + wait_s

    @property
    def answer_due_s(self) -> float | None:
        """When this turn will be answered if nobody says more; None where there is nothing to
        answer yet."""
        if self.is_voice or self.agent is not Agent.QUIET or not self.text:
            return None
        return self._silent_since_s + self._silence_s(self.text)

    def voice_began(self, at_s: float) -> list[Decision]:
        self.is_voice = self._is_final_due = True
        self._is_passed_over = False
        self._settled = None
        self._voice_began_s = at_s
        return self._hold(at_s) if self.is_held or self.agent is Agent.THINKING else []

    def voice_ended(self, at_s: float) -> list[Decision]:
        self.is_voice = False
        self._silent_since_s = at_s
        return []

    def heard(self, text: str, at_s: float, *, is_final: bool) -> list[Decision]:
        """`text` empty and final: it was no speech. One word of ours alone is an echo as long as
        more may follow."""
        if self._settled is not None:
            return self._settle(self._settled, text) if is_final else []
        least_words = 2 if is_final else 1
        if self._overlaps() and is_echo(text, self._saying, least_words=least_words):
            text = ""
        self._interim = "" if is_final else text
        if is_final:
            self._is_final_due = self.is_voice
            if text:
                self._finals.append(text)
        return [*self._take_floor(), *self.tick(at_s)]

    def typed(self, text: str, at_s: float) -> list[Decision]:
        """In writing or by keys: nothing is left to wait for."""
        taken = self._yield_floor()
        self._finals.append(text)
        self._interim = ""
        return [*taken, *self._reply()]

    def silenced(self) -> list[Decision]:
        """By a button: what was asked stays asked and is not answered."""
        if self.agent is Agent.QUIET:
            return []
        self.agent = Agent.QUIET
        self.is_held = self.is_ahead = False
        self._answered = ""
        return [Interrupt()]

    def reply_began(self) -> None:
        """Where nobody asked for it: a greeting, a word into the silence."""
        self.agent = Agent.THINKING

    def sound_began(self, saying: str) -> None:
        """The first of the reply is heard. `saying`: what is said, as far as it is known."""
        self.agent = Agent.SPEAKING
        self._saying = saying
        self._answered = ""

    def says(self, more: str) -> None:
        self._saying += more

    def reply_ended(self, at_s: float) -> list[Decision]:
        """All of it was heard, or it failed. Signs of listening are forgotten, but for one that
        came with the end: that is an answer."""
        self.agent = Agent.QUIET
        self.is_held = self.is_ahead = False
        self._answered = ""
        self._spoke_until_s = at_s
        is_answer = self.is_voice or self._voice_began_s >= at_s - self._rules.early_s
        if not is_answer and (self._rules.yields or self._words.is_listening(self.text)):
            self._finals, self._interim = [], ""
        return []

    def tick(self, at_s: float) -> list[Decision]:
        due_s = self.due_s
        if due_s is None or at_s < due_s:
            return []
        if self.is_voice:
            self._is_passed_over = self.is_held
            return self._go_on() or self._hold(at_s)
        self._is_final_due = False
        if self.agent is not Agent.QUIET:
            return self._go_on()
        answer_due_s = self.answer_due_s
        return [] if answer_due_s is None else self._answer(at_s, answer_due_s)

    def _answer(self, at_s: float, due_s: float) -> list[Decision]:
        if at_s >= due_s:
            return self._reply()
        if self._interim or at_s < due_s - self._rules.ahead_s:
            return []
        self.is_ahead = True
        return [*self._reply(), *self._hold(at_s)]

    def _overlaps(self) -> bool:
        """Whether the voice that is heard began before the agent was silent."""
        return self.agent is Agent.SPEAKING or self._voice_began_s < self._spoke_until_s

    def _take_floor(self) -> list[Decision]:
        """By words that are more than a sign of listening."""
        if self.agent is Agent.QUIET or not words_of(self.text):
            return []
        is_heard_out = self.agent is Agent.SPEAKING and not self._rules.yields
        is_listening = self._words.is_listening(self.text) and not self.is_ahead
        if is_heard_out or is_listening:
            return []
        return self._yield_floor()

    def _yield_floor(self) -> list[Decision]:
        was, self.agent = self.agent, Agent.QUIET
        self.is_held = self.is_ahead = False
        match was:
            case Agent.QUIET:
                return []
            case Agent.SPEAKING:
                return [Interrupt()]
            case Agent.THINKING:
                question, self._answered = self._answered, ""
                self._finals.insert(0, question)
                return [Withdraw(question)]

    def _settle(self, finals: list[str], text: str) -> list[Decision]:
        """The final text of what is answered already comes late. It counts as long as nothing of
        the answer was heard."""
        self._settled = None
        self._is_final_due = False
        whole = " ".join(part for part in (*finals, text) if part)
        if self.agent is not Agent.THINKING or words_of(whole) == words_of(self._answered):
            return []
        withdrawn = self._yield_floor()
        self._finals = [whole] if whole else []
        return [*withdrawn, *(self._reply() if whole else [])]

    def _reply(self) -> list[Decision]:
        self._settled = list(self._finals) if self._interim else None
        self._answered = self.text
        self._finals, self._interim = [], ""
        self.agent = Agent.THINKING
        return [Reply(self._answered)]

    def _hold(self, at_s: float) -> list[Decision]:
        was_held, self.is_held = self.is_held, True
        self._held_since_s = at_s
        return [] if was_held else [Hold()]

    def _go_on(self) -> list[Decision]:
        if not self.is_held:
            return []
        self.is_held = self.is_ahead = False
        return [GoOn()]
