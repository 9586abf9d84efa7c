"""Text as it comes, without what cannot be said, and where each character of it stood.

Markup goes and its text stays; emoji, control characters and everything that shows no sound
become a space; letters written as symbols (full width, ligatures, mathematical bold) become
letters. `<` of "a < b" is no markup.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_ATTRIBUTE = r"""\s{1,20}[\w:-]{1,40}\s?=\s?(?:"[^"<>]{0,200}"|'[^'<>]{0,200}'|[^\s"'<>=]{1,80})"""
_MARKUP = re.compile(
    rf"(?P<tag></?[A-Za-z][A-Za-z0-9:-]{{0,30}}(?:{_ATTRIBUTE}){{0,8}}\s{{0,20}}/?>)"
    r"|(?P<comment><!--[^<>]{0,500}-->)"
    r"|(?P<link>\]\([^()\s]{1,500}\))"
    r"|(?P<entity>&(?:amp|lt|gt|quot|apos|nbsp|#39);)"
)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "#39": "'", "nbsp": " "}
_PLAIN = re.compile(r"[ -%'-;=?@A-Z^_a-z~|]*")
_KEPT_SYMBOLS = frozenset("°ºª©®™№¼½¾⅓⅔⅛²³µ€£¥₹$¢₩₽")
_SAME = {
    "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2032": "'", "\u2033": '"', "`": "",
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2212": "-", "\u2015": "—", "\u3000": " ",
    "\u2026": "…", "«": "“", "»": "”", "„": "“", "‹": "“", "›": "”", "「": "“", "」": "”",
    "『": "“", "』": "”", "《": "“", "》": "”", "、": ",", "。": ".", "｡": ".", "।": ".", "॥": ".",
    "・": " ", "〜": "—", "～": "—", "【": "(", "】": ")", "؟": "?", "،": ",", "؛": ";",
    "¿": "", "¡": "", "\u20a8": "Rs", "µ": "µ", "\u03bc": "µ", "\u2044": "/",
}  # fmt: skip
_COMBINING_KEPT = re.compile("[\u0900-\u0957\u0962\u0963]")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`text[i]` stands for the caller's characters from `begins[i]` to `ends[i]`."""

    text: str
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    def place(self, begin: int, end: int) -> tuple[int, int]:
        return self.begins[begin], self.ends[end - 1]


def clean(text: str, offset: int = 0) -> Cleaned:
    """`offset` is where `text` begins in the caller's text."""
    if _PLAIN.fullmatch(text):
        begins = tuple(range(offset, offset + len(text)))
        return Cleaned(text, begins, tuple(range(offset + 1, offset + len(text) + 1)))
    return _Cleaner(text, offset).run()


class _Cleaner:
    def __init__(self, text: str, offset: int) -> None:
        self._text = text
        self._offset = offset
        self._kept: list[str] = []
        self._begins: list[int] = []
        self._ends: list[int] = []

    def run(self) -> Cleaned:
        position = 0
        for match in _MARKUP.finditer(self._text):
            self._letters(position, match.start())
            entity = match["entity"]
            kept = _ENTITIES[entity[1:-1]] if entity else " " if match["tag"] else ""
            self._keep(kept, *match.span())
            position = match.end()
        self._letters(position, len(self._text))
        return Cleaned("".join(self._kept), tuple(self._begins), tuple(self._ends))

    def _letters(self, begin: int, end: int) -> None:
        for at in range(begin, end):
            letter = self._text[at]
            if unicodedata.category(letter)[0] == "M" and not _COMBINING_KEPT.match(letter):
                self._combine(letter, at)
            else:
                self._keep(_plain(letter), at, at + 1)

    def _keep(self, kept: str, begin: int, end: int) -> None:
        for letter in kept:
            self._kept.append(letter)
            self._begins.append(self._offset + begin)
            self._ends.append(self._offset + end)

    def _combine(self, mark: str, at: int) -> None:
        """An accent joins its letter where the two have a common form, and goes otherwise."""
        if not self._kept:
            return
        joined = unicodedata.normalize("NFC", self._kept[-1] + mark)
        if len(joined) == 1:
            self._kept[-1] = joined
        self._ends[-1] = self._offset + at + 1


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    if letter in _SAME:
        return _SAME[letter]
    if letter in _KEPT_SYMBOLS or " " <= letter <= "~":
        return letter
    category = unicodedata.category(letter)
    if category in {"Cf", "Sk", "Lm"} and letter not in "ー々":
        return ""
    if letter == "\n" or category in {"Zl", "Zp"}:
        return "\n"
    if category in {"Cc", "Cs", "Co", "Cn", "So", "Zs", "No", "Nl"}:
        compatible = unicodedata.normalize("NFKC", letter)
        return compatible if compatible.isascii() and compatible.isalnum() else " "
    if category == "Nd":
        return str(unicodedata.decimal(letter))
    return _compatible(letter, category)


def _compatible(letter: str, category: str) -> str:
    compatible = unicodedata.normalize("NFKC", letter)
    if compatible != letter and compatible.isalnum():
        return compatible
    return compatible if category[0] in "PS" and len(compatible) == 1 else letter
