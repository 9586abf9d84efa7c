"""Where sentences end: in a whole text, or in one that is still being written."""

import re
from collections.abc import Iterator
from itertools import chain

from app.tts.text.vocabulary import vocabulary

MOST_CHARACTERS = 240
"""In one piece; a longer sentence is cut at a clause, or else between words."""
_FEWEST_CHARACTERS = 60
"""Before a cut at a clause."""

_LONGER_THAN_SHORT_FORMS = 5
"""Letters: a dot behind them ends a sentence even where the next begins with a small letter."""

_W = r"\w\u0900-\u0963"
_END = re.compile(
    r"(?P<mark>[.!?…]+[\"'”’)\]]*)(?:(?=\s)|$)"
    r"|(?P<tight>(?<=[\u0900-\u0963\u3041-\u30ff\u3400-\u9fff])[.!?]+[\"”)\]]*)"
    r"|(?P<line>[^\S\n]*\n\s*)"
)
_LAST_WORD = re.compile(rf"(?:^|[\s(\"'“])((?:[{_W}]+\.)*[{_W}]+)\.$")
_TITLES = vocabulary(
    "dr mr mrs ms prof st mt rev hon gen capt lt sgt col gov sen rep smt shri messrs mme mlle sra "
    "srta dra drs sig dott ing avv exmo dña डॉ श्री प्रो"
)
"""Never at the end of a sentence."""
_OFTEN_INSIDE = vocabulary(
    "rs रु नं सं e.g i.e vs viz no nos fig figs vol ch pp p art approx dept est ext tel ave blvd al "
    "jan feb mar apr jun jul aug sep sept oct nov dec nr núm nº pág págs av"
)
_INSIDE_BEFORE_SMALL = vocabulary("etc inc ltd co corp jr sr bros pvt a.m p.m u.s u.k")
_STARTERS = vocabulary(
    "the a an he she it we they you i this that these those in on at but and so if when what how "
    "his her my our their there here then however no yes"
)
_NUMBERED = re.compile(r"(?:^|\n)\s*(?:\d{1,3}|[A-Za-z])\.$")
_CLAUSE = re.compile(r"[,;:—–](?=\s|$)|[,;:—](?=[\u3041-\u30ff\u3400-\u9fff])|\s[-–—]+(?=\s)")
_OPENING = re.compile(r"[^\w']*([\w']*)")

Span = tuple[int, int]


def split(text: str) -> Iterator[Span]:
    """The sentences of `text`, each at most MOST_CHARACTERS long, in order."""
    begin = 0
    for end in chain(_ends(text), [len(text)]):
        yield from _pieces(text, begin, end)
        begin = end


class Splitter:
    """The sentences of a text that is still being written, each as soon as it is complete."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, part: str) -> list[str]:
        """A sentence is complete when the next has begun, for "3." may become "3.5"."""
        self._pending += part
        complete = 0
        found: list[str] = []
        for end in _ends(self._pending):
            if not self._pending[end:].strip():
                break
            found += self._cut(complete, end)
            complete = end
        self._pending = self._pending[complete:]
        while len(self._pending) > MOST_CHARACTERS:
            cut = _cut_place(self._pending, 0, len(self._pending))
            found += self._cut(0, cut)
            self._pending = self._pending[cut:]
        return found

    def finish(self) -> list[str]:
        """What is left; the next text may begin."""
        rest, self._pending = self._pending, ""
        return [rest[begin:end] for begin, end in split(rest)]

    def _cut(self, begin: int, end: int) -> list[str]:
        return [self._pending[first:last] for first, last in _pieces(self._pending, begin, end)]


def _ends(text: str) -> Iterator[int]:
    for match in _END.finditer(text):
        if match.lastgroup == "line":
            if _is_line_end(text, match):
                yield match.end()
        elif _is_end(text, match):
            yield match.end()


def _is_line_end(text: str, line: re.Match[str]) -> bool:
    """A line that was only broken to fit goes on with a small letter."""
    if "\n" in line[0].strip(" ")[1:] or text[max(0, line.start() - 1) : line.start()] in tuple(
        ".!?:…"
    ):
        return True
    following = text[line.end() : line.end() + 1]
    return not following.islower()


def _is_end(text: str, mark: re.Match[str]) -> bool:
    if mark["tight"]:
        return True
    following = text[mark.end() : mark.end() + 40].lstrip()
    if not following:
        return True
    first = following.lstrip("\"'“‘([")[:1]
    if mark[0] in {"...", "…"}:
        return not first.islower()
    if mark[0] != ".":
        return not (first.islower() and len(mark[0]) == 1 and mark[0] not in "!?")
    return _ends_with_dot(text[max(0, mark.start() - 30) : mark.end()], following, first)


def _ends_with_dot(before: str, following: str, first: str) -> bool:
    if _NUMBERED.search(before):
        return False
    last = _LAST_WORD.search(before)
    word = last[1] if last else ""
    folded = word.lower()
    if folded in _TITLES or (first.islower() and len(word) < _LONGER_THAN_SHORT_FORMS):
        return False
    if folded in _OFTEN_INSIDE:
        return folded in {"no", "mar"} and not first.isdigit()
    opening = _OPENING.match(following)
    is_opened = opening is not None and opening[1].lower() in _STARTERS
    if len(word) == 1 and word.isupper() and word != "I":
        return is_opened
    if "." in word or folded in _INSIDE_BEFORE_SMALL:
        return is_opened or folded in {"etc", "a.m", "p.m"}
    return True


def _pieces(text: str, begin: int, end: int) -> Iterator[Span]:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    while end - begin > MOST_CHARACTERS:
        cut = _cut_place(text, begin, end)
        yield begin, cut
        begin = cut
        while begin < end and text[begin].isspace():
            begin += 1
    if begin < end:
        yield begin, end


def _cut_place(text: str, begin: int, end: int) -> int:
    """The last clause mark that is not too early, else the last space, else just there."""
    limit = min(end, begin + MOST_CHARACTERS)
    clauses = [mark.end() for mark in _CLAUSE.finditer(text, begin + _FEWEST_CHARACTERS, limit)]
    if clauses:
        return clauses[-1]
    space = text.rfind(" ", begin + 1, limit)
    return space if space > begin else limit
