"""From the tokens of a transducer, and the moments they were heard at, to words. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp

from app.asr.recognition import Word

TOKEN_S = 0.3
"""The longest that a token is taken to last: a transducer tells when one is heard and no more."""

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


@dataclass(frozen=True, slots=True)
class Heard:
    """A token that begins a word begins with a space; `<0xE4>` is a byte of a letter."""

    tokens: Sequence[str]
    times_s: Sequence[float]
    log_probabilities: Sequence[float]

    @property
    def text(self) -> str:
        return _spelled(map(_bytes, self.tokens))

    @property
    def log_probability(self) -> float:
        return _mean(self.log_probabilities)


def words_of(heard: Heard, duration_s: float, *, unspaced: bool) -> list[Word]:
    """`unspaced`: of a language that sets no spaces, where each sign is a word."""
    pieces = [_bytes(token) for token in heard.tokens]
    times_s = [min(time_s, duration_s) for time_s in heard.times_s]
    starts = list(_word_starts(pieces, unspaced=unspaced))
    words: list[Word] = []
    for start, end in pairwise([*starts, len(pieces)]):
        text = _spelled(pieces[start:end])
        next_s = times_s[end] if end < len(pieces) else duration_s
        end_s = min(next_s, times_s[end - 1] + TOKEN_S)
        sureness = exp(min(0.0, _mean(heard.log_probabilities[start:end])))
        if text:
            words.append(Word(text, times_s[start], end_s, sureness))
    return words


def _word_starts(pieces: Sequence[bytes], *, unspaced: bool) -> Iterator[int]:
    after_sign = False
    for place, piece in enumerate(pieces):
        is_sign = unspaced and piece[:1] >= b"\xc0"
        continues_sign = after_sign and b"\x80" <= piece[:1] < b"\xc0"
        is_after = after_sign and not continues_sign
        if not place or piece.startswith(b" ") or is_sign or is_after:
            yield place
        after_sign = is_sign or continues_sign


def _bytes(token: str) -> bytes:
    byte = _BYTE.fullmatch(token)
    return bytes.fromhex(byte[1]) if byte else token.replace("▁", " ").encode()


def _spelled(pieces: Iterator[bytes] | Sequence[bytes]) -> str:
    return b"".join(pieces).decode(errors="replace").strip()


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
