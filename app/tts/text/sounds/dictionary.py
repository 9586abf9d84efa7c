"""A dictionary of pronunciations, looked up in its file as it lies there: decoding its hundred
thousand entries would hold every other thread meanwhile."""

from functools import lru_cache
from pathlib import Path

import msgspec

Entry = str | dict[str, str | None]
_LINE = b'\n  "'
"""What an entry begins with; deeper lines are indented further."""


class Dictionary:
    """A JSON object of which each entry begins on a line of its own, two spaces in, sorted by key,
    with no escapes in the keys."""

    def __init__(self, path: Path) -> None:
        self._text = path.read_bytes()
        self._decoder = msgspec.json.Decoder(Entry)
        self.get = lru_cache(maxsize=20_000)(self._find)

    def __contains__(self, word: str) -> bool:
        return self.get(word) is not None

    def _find(self, word: str) -> Entry | None:
        wanted = word.encode()
        low, high = 0, len(self._text)
        while low < high:
            middle = (low + high) // 2
            line = self._text.rfind(_LINE, low, middle + len(_LINE))
            if line < 0:
                low = middle + 1
                continue
            begin = line + len(_LINE)
            end = self._text.index(b'"', begin)
            found = self._text[begin:end]
            if found == wanted:
                return self._entry(end)
            if found < wanted:
                low = middle + 1
            else:
                high = line
        return None

    def _entry(self, key_end: int) -> Entry:
        begin = self._text.index(b":", key_end) + 1
        end = self._text.find(_LINE, begin)
        if end < 0:
            end = self._text.rindex(b"}")
        return self._decoder.decode(self._text[begin:end].rstrip(b",\n "))
