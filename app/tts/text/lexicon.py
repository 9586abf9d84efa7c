"""How an organization has its own words pronounced. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.core.errors import Unprocessable
from app.tts.text.sounds.alphabet import SOUNDS, VOWELS, from_ipa

MOST_ENTRIES = 5000
LONGEST = 100
_WORD = re.compile(r"[^\W_]+(?:[\w\u0900-\u0963'&.+-]*[^\W_]|[\u0900-\u0963]*)")
_SPACE = re.compile(r"\s+")


class PronunciationInvalid(Unprocessable):
    """The message and `details["field"]` say what of which entry is wrong."""

    code = "pronunciation_invalid"


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """`respelling` is text that is read instead: "aah dhaar". `sounds` are IPA or Kokoro's own
    alphabet. Exactly one of them is given."""

    word: str
    respelling: str = ""
    sounds: str = ""
    matches_case: bool = False

    def __post_init__(self) -> None:
        _check_text("word", self.word)
        if bool(self.respelling.strip()) == bool(self.sounds.strip()):
            raise _invalid("respelling", "either `respelling` or `sounds` is needed, not both")
        if self.sounds:
            self._check_sounds()
        else:
            _check_text("respelling", self.respelling)

    @property
    def spoken(self) -> str:
        """`sounds` in Kokoro's alphabet."""
        return from_ipa(self.sounds)

    def _check_sounds(self) -> None:
        if len(self.sounds) > LONGEST:
            raise _invalid("sounds", f"it has more than {LONGEST} characters")
        strange = sorted(set(self.spoken) - SOUNDS - {" "})
        if strange:
            raise _invalid("sounds", f"{' '.join(strange)} is no sound that can be made")
        if VOWELS.isdisjoint(self.spoken):
            raise _invalid("sounds", "there is no vowel in it")


class Found(NamedTuple):
    begin: int
    end: int
    pronunciation: Pronunciation


class Lexicon:
    """Entries of several words are found before those of fewer, and exact ones before others."""

    def __init__(self, entries: Sequence[Pronunciation]) -> None:
        if len(entries) > MOST_ENTRIES:
            raise _invalid("entries", f"there are {len(entries)}; at most {MOST_ENTRIES}")
        self._by_first_word: dict[str, list[Pronunciation]] = {}
        for entry in sorted(entries, key=lambda entry: (-len(entry.word), not entry.matches_case)):
            first = _WORD.search(entry.word)
            assert first is not None
            self._by_first_word.setdefault(first[0].lower(), []).append(entry)

    def find(self, text: str) -> list[Found]:
        """In order, none within another."""
        found: list[Found] = []
        if not self._by_first_word:
            return found
        end = 0
        for word in _WORD.finditer(text):
            if word.start() < end:
                continue
            for entry in self._by_first_word.get(word[0].lower(), ()):
                stop = _match(entry, text, word.start())
                if stop:
                    found.append(Found(word.start(), stop, entry))
                    end = stop
                    break
        return found


EMPTY = Lexicon(())


def _match(entry: Pronunciation, text: str, begin: int) -> int:
    """Where the entry ends in the text; 0 if it does not stand there."""
    wanted = _SPACE.sub(" ", entry.word.strip())
    end = begin + len(wanted)
    there = text[begin:end]
    same = there == wanted if entry.matches_case else there.lower() == wanted.lower()
    follows = text[end : end + 1]
    return end if same and not (follows.isalnum() or "\u0900" <= follows <= "\u0963") else 0


def _check_text(field: str, text: str) -> None:
    if not _WORD.search(text):
        raise _invalid(field, "there is no word in it")
    if len(text) > LONGEST:
        raise _invalid(field, f"it has more than {LONGEST} characters")
    if not text.isprintable():
        raise _invalid(field, "it has characters that nobody sees")


def _invalid(field: str, fault: str) -> PronunciationInvalid:
    return PronunciationInvalid(f"{field}: {fault}", field=field)
