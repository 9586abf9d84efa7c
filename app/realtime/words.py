"""What short words mean for who has the floor, in one language. Pure, but for the file it reads."""

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.resources import files

_CLOSING = ".!?।؟。！？…"  # noqa: RUF001
_DANGLING = (",", ";", ":", "-", "–", "—", "...", "…")  # noqa: RUF001
_QUESTION = ("?", "？", "؟")  # noqa: RUF001
_UNSPACED = ("ja", "zh")
_LEAST_LETTERS = 3
_LIKE = 0.7


@dataclass(frozen=True, slots=True)
class Farewells:
    """`goodbyes` end a call, whoever says them; `wishes` only answer one."""

    goodbyes: Sequence[str] = ()
    wishes: Sequence[str] = ()
    has_spaces: bool = True


@dataclass(frozen=True, slots=True)
class SmallWords:
    """`listening`: they tell another to go on. `fillers`: they hold the floor and say nothing.
    `leading`: after them a phrase goes on. `cues`: what who listens may murmur."""

    listening: frozenset[str]
    fillers: frozenset[str]
    leading: frozenset[str]
    cues: Sequence[str] = ()
    farewells: Farewells = Farewells()

    def is_listening(self, text: str) -> bool:
        """Whether it is nothing but signs that somebody listens."""
        return all(word in self.listening or word in self.fillers for word in words_of(text))

    def is_unfinished(self, text: str) -> bool:
        """Whether the words ask for more: "I would like to", "my number is 555,"."""
        words = words_of(text)
        if not words:
            return False
        if text.rstrip().endswith(_DANGLING) or words[-1] in self.fillers:
            return True
        return words[-1] in self.leading and not text.rstrip().endswith(_QUESTION)

    def is_closed(self, text: str) -> bool:
        """Whether it ends as a sentence does."""
        bare = text.rstrip().rstrip("\"'»”’)]")  # noqa: RUF001
        return bare.endswith(tuple(_CLOSING)) and not self.is_unfinished(text)


def small_words(language: str) -> SmallWords:
    """Blocks. Of a language that nobody wrote down: none, so that silence alone decides."""
    written = tomllib.loads((files("app.realtime") / "words.toml").read_text("utf-8"))
    code = language.partition("-")[0].casefold()
    lists: Mapping[str, str] = written.get(code, {})
    goodbyes, wishes = _phrases(lists, "goodbyes"), _phrases(lists, "wishes")
    return SmallWords(
        *(frozenset(lists.get(name, "").split()) for name in ("listening", "fillers", "leading")),
        cues=_phrases(lists, "cues"),
        farewells=Farewells(goodbyes, wishes, has_spaces=code not in _UNSPACED),
    )


def words_of(text: str) -> list[str]:
    """Without the marks around them, small."""
    stripped = (_bare(part) for part in text.casefold().split())
    return [word for word in stripped if word]


def is_echo(heard: str, said: str, *, least_words: int = 2) -> bool:
    """Whether what is heard is what is being said: our own voice, come back through a loudspeaker.

    Most of its words stand in what was said, in that order, or sound like those that do: an echo
    is faint, and the last of its words is often half a word.
    """
    theirs, ours = words_of(heard), words_of(said)
    return len(theirs) >= least_words and _in_order(theirs, ours) >= 0.8 * len(theirs)


def _phrases(lists: Mapping[str, str], name: str) -> tuple[str, ...]:
    phrases = (" ".join(phrase.split()) for phrase in lists.get(name, "").split(","))
    return tuple(phrase for phrase in phrases if phrase)


def _bare(word: str) -> str:
    first, last = 0, len(word)
    while first < last and _is_mark(word[first]):
        first += 1
    while last > first and _is_mark(word[last - 1]):
        last -= 1
    return word[first:last]


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "PSC"


def _in_order(wanted: Sequence[str], among: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(among) + 1)
    for number, word in enumerate(wanted, 1):
        before, row = row, [0]
        for place, other in enumerate(among):
            is_half = number == len(wanted) and len(word) >= _LEAST_LETTERS
            is_same = _is_like(word, other) or (is_half and other.startswith(word))
            row.append(before[place] + 1 if is_same else max(before[place + 1], row[-1]))
    return row[-1]


def _is_like(word: str, other: str) -> bool:
    """Of short words none is like another."""
    if word == other or min(len(word), len(other)) < _LEAST_LETTERS:
        return word == other
    return SequenceMatcher(None, word, other, autojunk=False).ratio() >= _LIKE
