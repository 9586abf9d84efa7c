"""The sounds of English words: misaki's dictionaries, its rules for endings and weak forms, and
espeak-ng for what they do not know.

Kokoro learned English from these very sounds. Where misaki asks a tagger for the part of speech,
the words around decide here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from app.tts.text.sounds import stress
from app.tts.text.sounds.alphabet import PAUSES, VOWELS, only_sounds
from app.tts.text.sounds.dictionary import Dictionary
from app.tts.text.sounds.espeak import espeak_sounds
from app.tts.text.sounds.homographs import Part, part_of_speech
from app.tts.text.vocabulary import vocabulary
from app.tts.text.written.said import Said

_CONSONANTS = frozenset("bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθ")
_FLAP_AFTER = frozenset("AIOWYiuæɑəɛɪɹʊʌ")
_SPELLED = vocabulary("US IT UN ID AM PM AD AC DC IP IQ ER GI BA MA PA LA ED EM HR OR IS")
"""In capitals, and words or short forms of others as well."""
_LONGEST_INITIALISM = 4
_SHOUTED_SHARE = 0.6
_INITIALS = re.compile(r"([A-Z]{2,5})'?s")
_DOUBLED = re.compile(r"([bcdgklmnprstvxz])\1ing$|cking$")
_ESPEAK = {
    "ʔˌn\u0329": "ʔn", "ʔn\u0329": "ʔn", "a^ɪ": "I", "a^ʊ": "W", "d^ʒ": "ʤ", "e^ɪ": "A",
    "t^ʃ": "ʧ", "ɔ^ɪ": "Y", "ə^l": "ᵊl", "ʲo": "jo", "ʲə": "jə", "e": "A", "ʲ": "", "ɚ": "əɹ",
    "r": "ɹ", "x": "k", "ç": "k", "ɐ": "ə", "ɬ": "l", "\u0303": "",
}  # fmt: skip
_ESPEAK_BRITISH = {"e^ə": "ɛː", "iə": "ɪə", "ə^ʊ": "Q"}
_ESPEAK_AMERICAN = {"o^ʊ": "O", "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ː": ""}


@dataclass(frozen=True, slots=True)
class _Following:
    """What is heard behind a word. `vowel`: None before a pause."""

    vowel: bool | None = None
    word: str = ""


class EnglishSounds:
    """Of the United States, or of Britain. `folder` has misaki's dictionaries."""

    def __init__(self, folder: Path, *, is_british: bool) -> None:
        self._is_british = is_british
        self._espeak = "en" if is_british else "en-us"
        name = "gb" if is_british else "us"
        self._gold = Dictionary(folder / f"{name}_gold.json")
        self._silver = Dictionary(folder / f"{name}_silver.json")
        self._plain_word = lru_cache(maxsize=20_000)(self._unknown)

    def __call__(self, words: Sequence[Said]) -> list[Said]:
        """From the last to the first: a word is weak or strong by what follows."""
        is_shouted = _is_shouted(words)
        texts = [word.text.lower() if is_shouted else word.text for word in words]
        following = _Following()
        found: list[Said] = []
        for at in range(len(words) - 1, -1, -1):
            word = words[at]
            if word.is_mark:
                following = _Following() if word.text in PAUSES else following
                found.append(word)
                continue
            sounds = word.sounds or (
                self._spell(word.text)
                if word.is_spelled
                else self._say(texts[at], part_of_speech(texts, at), following)
            )
            following = _Following(_begins_with_vowel(sounds, following.vowel), word.text)
            found.append(replace(word, sounds=sounds.replace("ɾ", "T").replace("ʔ", "t")))
        return found[::-1]

    def _say(self, word: str, part: Sequence[Part], following: _Following) -> str:
        weak = self._weak(word, part, following)
        if weak is not None:
            return weak
        if word.isupper() and len(word) > 1 and self._is_initialism(word):
            return self._spell(word)
        initials = _INITIALS.fullmatch(word)
        if initials and self._is_initialism(initials[1]):
            return self._plural(self._spell(initials[1]))
        strength = None if word == word.lower() else 2.0 if word.isupper() else 0.5
        spelling = word if word in self._gold or word in self._silver else word.lower()
        for known in (spelling, spelling.capitalize()):
            sounds = self._known(known, part, strength, following)
            if sounds:
                return sounds
        return self._spell(word.upper()) if len(word) == 1 else self._plain_word(word)

    def _known(
        self, word: str, part: Sequence[Part], strength: float | None, following: _Following
    ) -> str | None:
        for stem, end in self._stems(word):
            sounds = self._entry(stem, part, following)
            if sounds:
                return end(stress.apply(sounds, strength))
        return None

    def _stems(self, word: str) -> list[tuple[str, Callable[[str], str]]]:
        """The word, then what it may be a form of and the sound of that ending."""
        stems: list[tuple[str, Callable[[str], str]]] = [(word, str)]
        if word.endswith("s'"):
            stems.append((word[:-1], str))
            word = f"{word[:-2]}'s"
        if word.endswith("'s"):
            stems.append((word[:-2], self._plural))
        elif word.endswith("s") and not word.endswith("ss") and len(word) > 2:
            stems.append((word[:-1], self._plural))
            if word.endswith("ies") and len(word) > 4:
                stems.append((f"{word[:-3]}y", self._plural))
            elif word.endswith("es") and len(word) > 4:
                stems.append((word[:-2], self._plural))
        elif word.endswith("ed") and len(word) > 3:
            stems += [(word[:-1], self._past), (word[:-2], self._past)]
        elif word.endswith("ing") and len(word) > 4:
            stems += [(word[:-3], self._going), (f"{word[:-3]}e", self._going)]
            if _DOUBLED.search(word):
                stems.append((word[:-4], self._going))
        return stems

    def _entry(self, word: str, part: Sequence[Part], following: _Following) -> str | None:
        entry = self._gold.get(word) or self._silver.get(word)
        if isinstance(entry, dict):
            if following.vowel is None and "None" in entry:
                return entry["None"]
            return next((found for name in part if (found := entry.get(name))), entry["DEFAULT"])
        return entry

    def _weak(self, word: str, part: Sequence[Part], following: _Following) -> str | None:
        """Words that stand without stress, by what follows them."""
        lower = word.lower()
        if lower in {"a", "an"} and word != "AN":
            return {"a": "ɐ", "an": "ɐn"}[lower] if word != "A" or Part.FIRST in part else None
        if lower == "the":
            return "ði" if following.vowel else "ðə"
        if lower == "to":
            return {None: None, False: "tə", True: "tʊ"}[following.vowel]
        if word == "I":
            return "ˌI"
        if lower == "in":
            return "ˈɪn" if following.vowel is None else "ɪn"
        if word == "am" and following.vowel is not None:
            return "ɐm"
        if lower == "used" and following.word.lower() == "to" and Part.BE not in part:
            return "jˈuːst" if self._is_british else "jˈust"
        return None

    def _is_initialism(self, word: str) -> bool:
        if word in _SPELLED:
            return True
        if word in self._gold:
            return False
        lower = word.lower()
        is_word = lower in self._gold or lower.capitalize() in self._gold
        return not is_word and (len(word) <= _LONGEST_INITIALISM or not re.search("[AEIOUY]", word))

    def _spell(self, letters: str) -> str:
        names = [self._letter(letter) for letter in letters]
        if not all(names):
            return self._plain_word(letters)
        return stress.on_last("".join(names))

    def _letter(self, letter: str) -> str:
        entry = self._gold.get(letter.upper())
        return entry if isinstance(entry, str) else ""

    def _unknown(self, word: str) -> str:
        sounds = espeak_sounds(word, self._espeak).replace(" ", "")
        if self._is_british:
            sounds = _replaced(sounds, _ESPEAK_BRITISH)
        sounds = re.sub(r"(\S)\u0329", r"ᵊ\1", _replaced(sounds, _ESPEAK))
        if not self._is_british:
            sounds = _replaced(sounds, _ESPEAK_AMERICAN)
        return only_sounds(sounds.replace("o", "ɔ").replace("^", ""))

    def _plural(self, stem: str) -> str:
        if stem[-1] in "ptkfθ":
            return f"{stem}s"
        return f"{stem}{self._weak_i}z" if stem[-1] in "szʃʒʧʤ" else f"{stem}z"

    def _past(self, stem: str) -> str:
        if stem[-1] in "pkfθʃsʧ":
            return f"{stem}t"
        if stem[-1] == "d":
            return f"{stem}{self._weak_i}d"
        if stem[-1] != "t":
            return f"{stem}d"
        return f"{self._flapped(stem)}{self._weak_i}d"

    def _going(self, stem: str) -> str:
        return f"{self._flapped(stem)}ɪŋ"

    def _flapped(self, stem: str) -> str:
        is_flap = not self._is_british and len(stem) > 1 and stem[-1] == "t"
        return f"{stem[:-1]}ɾ" if is_flap and stem[-2] in _FLAP_AFTER else stem

    @property
    def _weak_i(self) -> str:
        return "ɪ" if self._is_british else "ᵻ"


def _replaced(sounds: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        sounds = sounds.replace(old, new)
    return sounds


def _is_shouted(words: Sequence[Said]) -> bool:
    """A sentence in capitals is no row of abbreviations."""
    long = [word.text for word in words if len(word.text) > 1 and not word.is_spelled]
    shouted = sum(text.isupper() for text in long)
    return shouted > 2 and shouted >= _SHOUTED_SHARE * len(long)


def _begins_with_vowel(sounds: str, otherwise: bool | None) -> bool | None:
    for sound in sounds:
        if sound in VOWELS:
            return True
        if sound in _CONSONANTS:
            return False
    return otherwise
