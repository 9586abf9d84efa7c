"""When what happens before an answer is heard happened. Pure."""

from dataclasses import dataclass

from app.realtime.events import (
    Saying,
    SessionEvent,
    SoundMade,
    StateChanged,
    Thought,
    Understanding,
    VoiceChanged,
)


@dataclass(slots=True)
class Moments:
    """Of an answer, and of what it answers, in their order and on the clock of the session. What is
    begun ahead is held until the turn is over."""

    voice_ended_s: float | None = None
    final_text_s: float | None = None
    turn_over_s: float | None = None
    first_token_s: float | None = None
    first_sentence_s: float | None = None
    sound_made_s: float | None = None
    first_sound_s: float | None = None

    def begin_answer(self, at_s: float) -> None:
        self.turn_over_s = at_s
        self.first_token_s = self.first_sentence_s = self.sound_made_s = self.first_sound_s = None

    def shares(self) -> dict[str, float]:
        """Seconds of the wait for the answer, in their order: they overlap nowhere. What has no
        moment of its own is in the next that has."""
        reached_s = self.turn_over_s if self.voice_ended_s is None else self.voice_ended_s
        shares: dict[str, float] = {}
        if reached_s is None:
            return shares
        is_voice = self.voice_ended_s is not None
        for stage, at_s in (
            ("asr", self.final_text_s if is_voice else None),
            ("endpointing", self.turn_over_s if is_voice else None),
            ("llm", self.first_token_s),
            ("sentence", self.first_sentence_s),
            ("tts", self.sound_made_s),
            ("held", self.first_sound_s),
        ):
            if at_s is not None:
                shares[stage] = max(0.0, at_s - reached_s)
                reached_s = max(reached_s, at_s)
        return shares


class Answers:
    """Told of all that happens, in its order. `heard`: the moments of the answer that is being
    heard; what happens meanwhile belongs to the next."""

    def __init__(self) -> None:
        self.heard = Moments()
        self._next = Moments()

    def tell(self, event: SessionEvent) -> None:
        match event:
            case VoiceChanged(is_voice=False, at_s=at_s):
                self._next.voice_ended_s = at_s
            case Understanding(is_final=True, at_s=at_s):
                self._next.final_text_s = at_s
            case StateChanged("thinking", at_s):
                self._next.begin_answer(at_s)
            case Thought(at_s):
                self._next.first_token_s = self._next.first_token_s or at_s
            case Saying(_, at_s):
                self._next.first_sentence_s = self._next.first_sentence_s or at_s
            case SoundMade(at_s):
                self._next.sound_made_s = self._next.sound_made_s or at_s
            case StateChanged("speaking", at_s):
                self._next.first_sound_s = at_s
                self.heard, self._next = self._next, Moments()
            case _:
                pass
