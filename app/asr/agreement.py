"""Which words of a growing sentence will stay: those on which two looks at it agree. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from app.asr.text.folding import key
from app.asr.text.words import Word

MARGIN_S = 0.6
"""Words this near to the end of the sound may yet become others."""


class Agreement:
    """One sentence. Case and punctuation of a stable word may change until the end, it may not."""

    def __init__(self) -> None:
        self._last: list[Word] = []
        self.stable: list[Word] = []

    def add(self, words: Sequence[Word], heard_s: float) -> list[Word]:
        """The words of one more hypothesis, of the first `heard_s` of the sentence, such that the
        stable ones are kept; those on which the one before agrees are stable from now on."""
        kept = self.keep(words)
        agreed = len(self.stable)
        for new, old in zip(kept[agreed:], self._last[agreed:], strict=False):
            if key(new.text) != key(old.text) or new.end_s > heard_s - MARGIN_S:
                break
            agreed += 1
        self.stable = kept[:agreed]
        self._last = kept
        return kept

    def keep(self, words: Sequence[Word]) -> list[Word]:
        """The stable words, then what follows them in `words`."""
        stable = [key(word.text) for word in self.stable]
        heard = [key(word.text) for word in words]
        if heard[: len(stable)] == stable:
            return list(words)
        blocks = SequenceMatcher(None, stable, heard, autojunk=False).get_matching_blocks()[:-1]
        if not blocks:
            end_s = self.stable[-1].end_s
            return [*self.stable, *(word for word in words if word.start_s >= end_s)]
        last = blocks[-1]
        after = last.b + len(stable) - last.a
        return [*self.stable, *words[after:]]
