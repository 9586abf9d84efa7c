"""What Whisper may say next: guards against endless repetition, and a pull towards hotwords."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.asr.engines.whisper.tokens import Tokens
from app.core.audio.convert import Samples

REPEATED_TOKENS = 4
"""No run of so many tokens may come twice in an utterance."""
BUDGET_TOKENS = 8
TOKENS_PER_S = {"en": 5} | {
    language: rate
    for rate, languages in (
        (16, "am ba el fa hi hy kk mn mr ne ps sa sd ta tg th tt ur yi yo"),
        (32, "as bn bo gu ka km kn lo ml my pa si te"),
    )
    for language in languages.split()
}
"""More in scripts of which Whisper's vocabulary has few letters, or their bytes alone."""
OTHER_TOKENS_PER_S = 10
LONGEST_ANSWER = 224
NEVER = np.float32(-np.inf)
FIRST_TOKEN_SHARE = 0.5
"""Hotwords are pulled in less before their first token is there: most words are others."""


def token_budget(duration_s: float, language: str) -> int:
    """Nobody speaks faster in it: an answer that is longer is made up."""
    rate = TOKENS_PER_S.get(language, OTHER_TOKENS_PER_S)
    return min(LONGEST_ANSWER, round(BUDGET_TOKENS + rate * duration_s))


class TokenRules:
    def __init__(self, tokens: Tokens, never: Sequence[int], never_first: Sequence[int]) -> None:
        self._mask = np.zeros(tokens.count, np.float32)
        self._mask[list(never)] = NEVER
        self._mask[tokens.end + 1 :] = NEVER
        self._first_mask = self._mask.copy()
        self._first_mask[list(never_first)] = NEVER

    def log_probabilities(self, logits: Samples, said: Sequence[Sequence[int]]) -> Samples:
        """(rows, vocabulary) of what may follow; `said` is what each row holds so far."""
        masks = [self._mask if row else self._first_mask for row in said]
        allowed = logits + (masks[0] if len(masks) == 1 else np.stack(masks))
        for row, so_far in enumerate(said):
            allowed[row, list(_repetitions(so_far))] = NEVER
        return log_softmax(allowed)


class Hotwords:
    """A prefix tree of their tokens. A row that follows one of its paths is helped along."""

    def __init__(self, words: Sequence[Sequence[int]], weight: float) -> None:
        self._weight = weight
        self._following: dict[tuple[int, ...], set[int]] = {(): set()}
        for word in words:
            for at, token in enumerate(word):
                self._following.setdefault(tuple(word[:at]), set()).add(token)
        self._longest = max(map(len, self._following))

    def add_to(self, scores: Samples, said: Sequence[Sequence[int]]) -> None:
        for row, so_far in enumerate(said):
            bonus = self._bonus(so_far)
            scores[row, list(bonus)] += np.array(list(bonus.values()), np.float32)

    def _bonus(self, so_far: Sequence[int]) -> dict[int, float]:
        bonus = dict.fromkeys(self._following[()], self._weight * FIRST_TOKEN_SHARE)
        for length in range(1, min(self._longest, len(so_far)) + 1):
            following = self._following.get(tuple(so_far[-length:]), ())
            bonus |= dict.fromkeys(following, self._weight)
        return bonus


def log_softmax(scores: Samples) -> Samples:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.exp(log_softmax(scores))


def _repetitions(said: Sequence[int]) -> Iterator[int]:
    """Tokens that would complete a run which is there already."""
    before = REPEATED_TOKENS - 1
    if len(said) < before:
        return
    tail = list(said[-before:])
    for at in range(len(said) - before):
        if list(said[at : at + before]) == tail:
            yield said[at + before]
