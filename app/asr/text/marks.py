"""What a network is told of words without punctuation, and text from what it answers. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from app.asr.text.folding import bare, key
from app.asr.text.words import Word

LANGUAGES = ("en", "hi")
MARKS = ("", ",", ".", "?", "!")
"""The columns of the network's first answer."""
STOPS = slice(2, 5)
LOWER, CAPITAL, CAPITALS = range(3)
"""The columns of its second one."""
WORD_BUCKETS, AFFIX_BUCKETS = 32768, 8192
BUCKETS = 1 + WORD_BUCKETS + AFFIX_BUCKETS
FEATURES = 4
_DIGIT = re.compile(r"\d")
_DANDA, _DEVANAGARI = "।", ("\u0900", "\u097f")

Scores = NDArray[np.float32]
Features = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PauseOdds:
    """What silence after a word adds to the log-odds of marks there."""

    short_s: float = 0.35
    long_s: float = 0.7
    short: float = 1.0
    long: float = 2.5
    """Of a stop; a comma gets `short` of both."""


def features(words: Sequence[str]) -> Features:
    """(words, 4): the word, its beginning and two ends, each as a bucket. Case and marks do not
    count, nor which digits there are."""
    found = np.empty((len(words), FEATURES), np.int64)
    for row, word in enumerate(words):
        token = _DIGIT.sub("0", key(word))
        found[row] = (
            1 + _hash(token) % WORD_BUCKETS,
            _affix(f"{token[:3]}-"),
            _affix(f"-{token[-3:]}"),
            _affix(f"-{token[-2:]}"),
        )
    return found


def _hash(text: str) -> int:
    """The same in every process. Half of a pair of surrogates can be hashed too."""
    return crc32(text.encode("utf-8", "surrogatepass"))


def _affix(text: str) -> int:
    return 1 + WORD_BUCKETS + _hash(text) % AFFIX_BUCKETS


def written(words: Sequence[Word], marks: Scores, casing: Scores, odds: PauseOdds) -> list[Word]:
    """Log-probabilities of `MARKS` and of casing, a row a word. The last word ends a sentence."""
    told: list[Word] = []
    begins = True
    for at, word in enumerate(words):
        is_last = at == len(words) - 1
        pause_s = 0.0 if is_last else words[at + 1].start_s - word.end_s
        mark = _mark(marks[at], pause_s, odds, is_last=is_last)
        text = _cased(word.text, CAPITAL if begins else LOWER, int(casing[at].argmax()))
        text += _DANDA if mark == "." and _is_devanagari(word.raw) else mark
        told.append(word if text == word.text else replace(word, text=text, spoken=word.raw))
        begins = mark in MARKS[STOPS]
    return told


def _mark(scores: Scores, pause_s: float, odds: PauseOdds, *, is_last: bool) -> str:
    heard = scores.copy()
    if pause_s >= odds.short_s:
        heard[1:] += odds.short
    if pause_s >= odds.long_s:
        heard[STOPS] += odds.long - odds.short
    if is_last:
        heard[:2] = -np.inf
    return MARKS[int(heard.argmax())]


def _cased(text: str, at_least: int, scored: int) -> str:
    """What has capitals keeps them, and so does a rewritten address or number its letters."""
    lead, word, trail = bare(text)
    if word != word.lower() or not word.replace("'", "").replace("-", "").isalpha():
        return text
    casing = max(at_least, scored)
    if casing == CAPITALS:
        word = word.upper()
    elif casing == CAPITAL:
        word = word[:1].upper() + word[1:]
    return f"{lead}{word}{trail}"


def _is_devanagari(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return bool(letters) and _DEVANAGARI[0] <= letters[-1] <= _DEVANAGARI[1]
