"""What the agent is saying, and how much of it was heard. Pure."""

from dataclasses import dataclass, field

from app.realtime.conversation import HeardWord

_LETTERS_A_SECOND = 15
"""At most, of a text whose sound is not all there yet."""


@dataclass(slots=True)
class _Part:
    text: str
    began_s: float
    is_whole: bool = False
    is_written: bool = False
    words: list[HeardWord] = field(default_factory=list[HeardWord])
    given_s: float = 0.0


class Utterance:
    """Texts one after the other, at places of the playout."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._known = ""

    @property
    def text(self) -> str:
        return " ".join(part.text.strip() for part in self._parts)

    def begin(self, text: str, at_s: float) -> None:
        """`at_s`: how much the playout has been given before."""
        self._parts.append(_Part(text, at_s, given_s=at_s))

    def give(self, words: tuple[HeardWord, ...], given_s: float) -> None:
        """`given_s`: how much the playout has been given with the sound of these words."""
        part = self._parts[-1]
        part.words += words
        part.given_s = given_s

    def write(self) -> None:
        """The text that began last was shown."""
        self._parts[-1].is_written = True

    def end(self) -> None:
        """The text that began last has all its sound. One that broke off never has."""
        self._parts[-1].is_whole = True

    def heard(self, played_s: float) -> str:
        """As far as it was played: a word counts when half of it was. Without times of words, a
        text counts in proportion to its sound."""
        heard = (_heard_of(part, played_s).strip() for part in self._parts)
        return " ".join(text for text in heard if text)

    def news(self, played_s: float) -> str:
        """As `heard`; nothing where it is no more than when this was last asked."""
        before, self._known = self._known, self.heard(played_s)
        return self._known if self._known != before else ""


def _heard_of(part: _Part, played_s: float) -> str:
    if part.is_written:
        return part.text
    since_s = min(played_s, part.given_s) - part.began_s
    if since_s <= 0:
        return ""
    if part.words:
        ends = [word.end for word in part.words if (word.start_s + word.end_s) / 2 <= since_s]
        is_all = len(ends) == len(part.words) and played_s >= part.given_s
        return part.text if is_all and part.is_whole else part.text[: max(ends, default=0)]
    share = since_s / max(part.given_s - part.began_s, 1e-9)
    if part.is_whole and share >= 1:
        return part.text
    letters = min(share, 1.0) * len(part.text)
    most = letters if part.is_whole else min(letters, since_s * _LETTERS_A_SECOND)
    return part.text[: round(most)].rpartition(" ")[0]
