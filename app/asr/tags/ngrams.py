"""What a text is cut into before it is classified: words, their pairs, runs of letters and of
sounds. Pure.

The weights in `onnx_models/word-tags` were trained on exactly this.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

from app.asr.tags.romanised import romanised

ROWS = 1 << 15
"""What a text is cut into is hashed to the numbers below this."""
MOST_WORDS = 96
"""What comes after is not looked at."""
LONGEST_WORD = 16
SHORTEST_RUN, LONGEST_RUN = 3, 5

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+")
_FOLDED = (("ee", "i"), ("oo", "u"), ("'", ""))
_SOUNDS = str.maketrans("bcdgjqvxz", "pktkskfks", "aeiouhwy'")
"""Consonants that recognizers take for each other are one, vowels and breath are none."""
_TWICE = re.compile(r"(.)\1+")
_BEGIN, _END = "^", "$"


def words_of(text: str) -> list[str]:
    """In small Latin letters, numbers as `0`. Scripts that it cannot spell stay."""
    plain = unicodedata.normalize("NFKC", romanised(text[: MOST_WORDS * 32])).lower()
    found = _WORD.findall(plain.replace("\u2019", "'"))[:MOST_WORDS]
    return ["0" if word.isdigit() else word[:LONGEST_WORD] for word in found]


def phrases_of(words: Sequence[str]) -> list[int]:
    """Numbers of the words and of the pairs of neighbours, the edges of the text being such."""
    bounded = [_BEGIN, *words, _END]
    pairs = [f"{one} {other}" for one, other in pairwise(bounded)]
    return [crc32(phrase.encode()) % ROWS for phrase in (*words, *pairs)]


@lru_cache(maxsize=1 << 14)
def runs_of(word: str) -> tuple[int, ...]:
    """Numbers of its runs of three to five letters. Spellings of one sound, as in `theek` and
    `thik`, have the same."""
    folded = word
    for written, sound in _FOLDED:
        folded = folded.replace(written, sound)
    bounded = "<" + _TWICE.sub(r"\1", folded) + ">"
    return tuple(crc32(run.encode()) % ROWS for run in _cut(bounded))


def sounds_of(words: Sequence[str]) -> list[int]:
    """Numbers of the runs of three to five consonants, wherever words end: what was misheard, as
    `kist` in `kissed` or `kisht` and `tell me` in `tall may`, often keeps them."""
    bounded = "<" + _TWICE.sub(r"\1", "".join(words).translate(_SOUNDS)) + ">"
    return [crc32(f"~{run}".encode()) % ROWS for run in _cut(bounded)]


def pieces_of(words: Sequence[str]) -> list[int]:
    """Numbers of the runs of all words, and of their sounds."""
    return [*(number for word in words for number in runs_of(word)), *sounds_of(words)]


def _cut(bounded: str) -> Iterator[str]:
    for size in range(SHORTEST_RUN, LONGEST_RUN + 1):
        for start in range(len(bounded) - size + 1):
            yield bounded[start : start + size]
