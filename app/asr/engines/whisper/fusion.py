"""A language model of words has its say while Whisper searches: whenever a word is complete."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.asr.engines.whisper.tokens import Tokens
from app.asr.language_model import LanguageModel, lm_form
from app.asr.recognition import Fusion
from app.core.audio.convert import Samples


class WordFusion:
    """Of one language. What completes a word, the next or the end, is as likely as that word."""

    def __init__(self, tokens: Tokens, language_model: LanguageModel, weights: Fusion) -> None:
        self._tokens = tokens
        self._begins_word = tokens.begins_word
        # Whether the sentence ends as well is for Whisper to hear: it is cut at pauses.
        self._completes_word = tokens.begins_word.astype(np.float32)
        self._completes_word[tokens.end] = 1
        self._language_model = language_model
        self._weights = weights
        self._states: dict[tuple[int, ...], Any] = {(): language_model.begin()}

    def add_to(self, scores: Samples, said: Sequence[Sequence[int]]) -> None:
        bonuses = np.array([[self._last_word(so_far)[0]] for so_far in said], np.float32)
        scores += bonuses * self._completes_word

    def _last_word(self, said: Sequence[int]) -> tuple[float, Any]:
        """What it adds, and where it leads."""
        start = len(said) - 1
        while start > 0 and not self._begins_word[said[start]]:
            start -= 1
        start = max(start, 0)
        bonus, state = 0.0, self._state(tuple(said[:start]))
        for word in lm_form(self._tokens.decode(said[start:])).split():
            log_probability, state = self._language_model.follow(state, word)
            bonus += self._weights.alpha * log_probability + self._weights.beta
        return bonus, state

    def _state(self, words: tuple[int, ...]) -> Any:
        """After whole words."""
        if words not in self._states:
            self._states[words] = self._last_word(words)[1]
        return self._states[words]
