"""What a text is cut into before it is classified: words, and the pieces of each word. Pure; the
weights in `onnx_models/word-tags` were trained on exactly this."""

import re
import unicodedata
from functools import lru_cache
from zlib import crc32

from app.asr.tags.romanised import romanised

ROWS = 1 << 16
"""Pieces are hashed to the numbers 1 to this; 0 is none."""
MOST_WORDS = 96
"""What comes after is not looked at."""
LONGEST_WORD = 16
SHORTEST_PIECE, LONGEST_PIECE = 3, 5

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+")
_FOLDED = (("ee", "i"), ("oo", "u"), ("'", ""))
_RUN = re.compile(r"(.)\1+")


def words_of(text: str) -> list[str]:
    """In small Latin letters, numbers as `0`. Scripts that it cannot spell stay."""
    plain = unicodedata.normalize("NFKC", romanised(text[: MOST_WORDS * 32])).lower()
    found = _WORD.findall(plain.replace("\u2019", "'"))[:MOST_WORDS]
    return ["0" if word.isdigit() else word[:LONGEST_WORD] for word in found]


@lru_cache(maxsize=1 << 14)
def pieces_of(word: str) -> tuple[int, ...]:
    """Numbers of the word itself and of its runs of three to five letters. Spellings of one sound,
    as in `theek` and `thik`, share their runs."""
    folded = word
    for written, sound in _FOLDED:
        folded = folded.replace(written, sound)
    bounded = "<" + _RUN.sub(r"\1", folded) + ">"
    runs = {
        bounded[start : start + size]
        for size in range(SHORTEST_PIECE, LONGEST_PIECE + 1)
        for start in range(len(bounded) - size + 1)
    }
    return tuple(1 + crc32(piece.encode()) % ROWS for piece in (f"={word}", *sorted(runs)))
