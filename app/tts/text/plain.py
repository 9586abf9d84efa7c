"""Text for those who read for themselves: its sentences and words as they are written, in any
language. Breaks become pauses, and respellings of the lexicon are read."""

import re
from collections.abc import Iterator

from app.tts.speech import Sentence, SpokenWord
from app.tts.text.breaks import longer, stretches
from app.tts.text.lexicon import EMPTY, Lexicon
from app.tts.text.splitting import split

_WORD = re.compile(r"\S+")
_STOPS = str.maketrans({"।": ".", "॥": ".", "。": ".", "！": "!", "？": "?", "؟": "?", "۔": "."})
"""One letter for one: places stay."""


def read_plainly(text: str, lexicon: Lexicon = EMPTY) -> Iterator[Sentence]:
    """Nothing where the text has neither a letter nor a digit."""
    last: Sentence | None = None
    for begin, end, pause_s in stretches(text):
        part = text[begin:end]
        for first, stop in split(part.translate(_STOPS)):
            words = tuple(_words(part[first:stop], begin + first, lexicon))
            if any(letter.isalnum() for word in words for letter in word.text):
                if last:
                    yield last
                last = Sentence(words)
        if last and pause_s:
            last = longer(last, pause_s)
    if last:
        yield last


def _words(text: str, offset: int, lexicon: Lexicon) -> Iterator[SpokenWord]:
    begin = 0
    for first, end, entry in lexicon.find(text):
        if not entry.respelling:
            continue
        yield from _written(text, begin, first, offset)
        behind = _WORD.match(text, end)
        stop = behind.end() if behind else end
        said = (entry.respelling + text[end:stop]).split()
        for word in said:
            yield SpokenWord(word, offset + first, offset + stop)
        begin = stop
    yield from _written(text, begin, len(text), offset)


def _written(text: str, begin: int, end: int, offset: int) -> Iterator[SpokenWord]:
    for word in _WORD.finditer(text, begin, end):
        yield SpokenWord(word[0], offset + word.start(), offset + word.end())
