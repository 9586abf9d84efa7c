"""A conversation as a list of what happens when, and what is decided then."""

from collections.abc import Iterable

from app.realtime.turn import Decision, Turn
from app.realtime.words import small_words

WAIT_S = 0.6


class Talk:
    """Steps through a conversation on a clock of its own; decisions are kept with their times."""

    def __init__(self, language: str = "en") -> None:
        self.turn = Turn(small_words(language), lambda text: 1.5 if text.endswith("to") else WAIT_S)
        self.now_s = 0.0
        self.decided: list[tuple[float, Decision]] = []

    def at(self, at_s: float) -> "Talk":
        """Whatever is due before comes first."""
        while (due_s := self.turn.due_s) is not None and due_s <= at_s:
            self.now_s = max(self.now_s, due_s)
            before = self.turn.due_s, len(self.decided)
            self._note(self.turn.tick(self.now_s))
            if (self.turn.due_s, len(self.decided)) == before:
                raise AssertionError(f"tick at {self.now_s} does nothing and stays due")
        self.now_s = at_s
        return self

    def voice(self, *, until_s: float | None = None) -> None:
        if until_s is None:
            self._note(self.turn.voice_began(self.now_s))
        else:
            self.at(until_s)
            self._note(self.turn.voice_ended(self.now_s))

    def heard(self, text: str, *, is_final: bool = True) -> None:
        self._note(self.turn.heard(text, self.now_s, is_final=is_final))

    def says(self, from_s: float, text: str, *, until_s: float, final_s: float = 0.2) -> None:
        """The user speaks and the words come when the voice has ended."""
        self.at(from_s).voice()
        self.voice(until_s=until_s)
        self.at(until_s + final_s).heard(text)

    def typed(self, text: str) -> None:
        self._note(self.turn.typed(text, self.now_s))

    def silenced(self) -> None:
        self._note(self.turn.silenced())

    def agent_sounds(self, saying: str) -> None:
        self.turn.sound_began(saying)

    def agent_ends(self) -> None:
        self._note(self.turn.reply_ended(self.now_s))

    def _note(self, decisions: Iterable[Decision]) -> None:
        self.decided += [(round(self.now_s, 3), decision) for decision in decisions]

    @property
    def decisions(self) -> list[Decision]:
        return [decision for _, decision in self.decided]


def made_to_speak(talk: Talk) -> Talk:
    """The agent speaks since 2.0; nothing but this was decided yet."""
    talk.says(0, "What are your hours?", until_s=1.0)
    talk.at(2.0).agent_sounds("We are open from nine to five on weekdays.")
    talk.decided.clear()
    return talk
