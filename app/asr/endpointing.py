"""When somebody begins and ends to speak, and when it is time to look at what was said so far.

Pure: probabilities of speech come in, one for each 32 ms; no model, no clock.
"""

from dataclasses import dataclass
from enum import Enum

from app.asr.domain import FRAME_MS


class Signal(Enum):
    BEGAN = "began"
    """Somebody speaks, since `start_ms`."""
    INTERIM = "interim"
    """It is time to show what was said so far."""
    PAUSED = "paused"
    """Silence, which may be the end: what is recognized now may be the final text."""
    RESUMED = "resumed"
    """The silence was not the end."""
    ENDED = "ended"
    """The silence was the end, of the sentence and the utterance."""
    FULL = "full"
    """The sentence is too long and must be cut, though somebody goes on speaking."""


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """Speech begins at `threshold` and ends below `silence_threshold`."""

    threshold: float = 0.5
    silence_threshold: float = 0.35
    begin_ms: int = 96
    lead_ms: int = 256
    """Sound before the first frame of speech that belongs to it: soft consonants."""
    interim_ms: int = 250
    draft_ms: int = 96
    pause_ms: int = 400
    most_ms: int = 6000
    most_words: int = 50

    def __post_init__(self) -> None:
        if not 0 < self.silence_threshold <= self.threshold <= 1:
            raise ValueError("0 < silence_threshold <= threshold <= 1 must hold")
        if not 0 < self.draft_ms <= self.pause_ms:
            raise ValueError("0 < draft_ms <= pause_ms must hold")


class Endpointing:
    """One stream. At most one signal a frame; the weightier one where two are due."""

    def __init__(self, rules: EndpointRules) -> None:
        self.rules = rules
        self.now_ms = 0
        """The end of the last frame."""
        self.start_ms = 0
        self.speech_end_ms = 0
        self.is_speech = False
        self._run_ms = 0
        self._run_start_ms = 0
        self._earliest_ms = 0
        self._looked_ms = 0
        self._has_paused = False
        self._words = 0

    @property
    def silence_ms(self) -> int:
        return self.now_ms - self.speech_end_ms

    def push(self, probability: float) -> Signal | None:
        began_ms = self.now_ms
        self.now_ms += FRAME_MS
        if not self.is_speech:
            return self._before(probability, began_ms)
        if probability >= self.rules.threshold or (
            probability >= self.rules.silence_threshold and self.speech_end_ms == began_ms
        ):
            self.speech_end_ms = self.now_ms
            if self._has_paused:
                self._has_paused = False
                return Signal.RESUMED
        return self._during()

    def note_words(self, count: int) -> None:
        """How many words the sentence has so far."""
        self._words = count

    def cut(self, at_ms: int) -> None:
        """The sentence ended there, and the next one began."""
        self.start_ms = self._earliest_ms = at_ms
        self._words = 0
        self._looked_ms = self.now_ms

    def end(self) -> None:
        """The sentence is over, whatever comes."""
        self.is_speech = False
        self._earliest_ms = self.now_ms
        self._run_ms = 0

    def _before(self, probability: float, began_ms: int) -> Signal | None:
        if probability < self.rules.silence_threshold:
            self._run_ms = 0
        elif probability >= self.rules.threshold:
            if not self._run_ms:
                self._run_start_ms = began_ms
            self._run_ms += FRAME_MS
        if self._run_ms < self.rules.begin_ms:
            return None
        self.is_speech = True
        self.start_ms = max(self._earliest_ms, self._run_start_ms - self.rules.lead_ms)
        self.speech_end_ms = self._looked_ms = self.now_ms
        self._run_ms = self._words = 0
        self._has_paused = False
        return Signal.BEGAN

    def _during(self) -> Signal | None:
        rules = self.rules
        if self.silence_ms >= rules.pause_ms:
            self.end()
            return Signal.ENDED
        if self.now_ms - self.start_ms >= rules.most_ms or self._words >= rules.most_words:
            return Signal.FULL
        if self.silence_ms >= rules.draft_ms and not self._has_paused:
            self._has_paused = True
            self._looked_ms = self.now_ms
            return Signal.PAUSED
        if not self._has_paused and self.now_ms - self._looked_ms >= rules.interim_ms:
            # The next one is due on the grid, not a frame later each time.
            self._looked_ms = max(self._looked_ms + rules.interim_ms, self.now_ms - FRAME_MS)
            return Signal.INTERIM
        return None
