"""Which words of a growing sentence will stay: those on which two looks at it agree. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from app.asr.text.folding import key
from app.asr.text.words import Word

MARGIN_S = 0.6
"""Words this near to the end of the sound may yet become others."""

LOST_COST = 1.0
"""Of a word that one look has and the other has not."""
CAME_COST = 0.6
"""Of one that came between others."""
OTHER_WORD_COST = 0.9
ELSEWHERE_COST = 0.4
"""Of two words that share no time, in part of those that share some. Times are not exact: the same
word elsewhere is more likely than one that was lost and another that came."""


class Agreement:
    """One sentence. Case and punctuation of a stable word may change until the end, it may not.

    `told`: words of the sentence before it, which the looks at this one begin with.
    """

    def __init__(self, told: Sequence[Word] = ()) -> None:
        self._told = list(told)
        self._last: list[Word] = []
        self.stable: list[Word] = []

    def add(self, words: Sequence[Word], heard_s: float) -> list[Word]:
        """The words of one more hypothesis, of the sound until `heard_s`, such that the stable
        ones are kept; those on which the one before agrees are stable from now on."""
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
        end = count_known([*self._told, *self.stable], words)
        again = list(words[max(0, end - len(self.stable)) : end])
        if _keys(again) != _keys(self.stable):
            again = self.stable
        return [*again, *words[end:]]


def count_known(known: Sequence[Word], words: Sequence[Word]) -> int:
    """How many of the first `words` are the `known` ones, heard once more and perhaps otherwise:
    as many as the cheapest alignment of both, by text and by time, pairs or passes over."""
    until_s = known[-1].end_s if known else 0.0
    heard = list(zip(_keys(words), words, strict=True))
    costs = [LOST_COST * count for count in range(len(words) + 1)]
    for text, word in zip(_keys(known), known, strict=True):
        before, costs = costs, [costs[0] + LOST_COST]
        for at, (other_text, other) in enumerate(heard):
            paired = before[at] + ELSEWHERE_COST * _apart(word, other)
            if text != other_text:
                paired += OTHER_WORD_COST * _unlike(text, other_text)
            came = CAME_COST if other.end_s <= until_s else LOST_COST
            costs.append(min(paired, before[at + 1] + LOST_COST, costs[at] + came))
    return min(range(len(costs)), key=costs.__getitem__)


def _unlike(one: str, other: str) -> float:
    return 1 - SequenceMatcher(None, one, other, autojunk=False).ratio()


def _apart(one: Word, other: Word) -> float:
    """0 where two words have the same time, 1 where they share none."""
    shared_s = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
    both_s = max(one.end_s, other.end_s) - min(one.start_s, other.start_s)
    return 1 - max(0.0, shared_s / both_s) if both_s > 0 else 0.0


def _keys(words: Sequence[Word]) -> list[str]:
    return [key(word.text) for word in words]
