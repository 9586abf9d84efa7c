"""The languages that can be read aloud, and which of them a piece of text is in."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Script(StrEnum):
    LATIN = "Latin"
    DEVANAGARI = "Devanagari"
    HAN = "Han"
    KANA = "Kana"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Language:
    """`quality` is for people: what they may expect, and where it ends."""

    code: str
    name: str
    script: Script
    quality: str
    espeak: str = ""

    @property
    def is_english(self) -> bool:
        return self.code.startswith("en")


_ENGLISH = "complete: a dictionary of 180,000 words, espeak-ng for the others"
_ROMANCE = "good: sounds by espeak-ng; numbers, money, times, dates and percentages are read"

LANGUAGES = {
    language.code: language
    for language in (
        Language("en-us", "English (United States)", Script.LATIN, _ENGLISH, "en-us"),
        Language("en-gb", "English (Britain)", Script.LATIN, _ENGLISH, "en"),
        Language("en-in", "English (India)", Script.LATIN, f"{_ENGLISH}; British sounds", "en"),
        Language("hi", "Hindi", Script.DEVANAGARI, "complete: sounds by espeak-ng", "hi"),
        Language("es", "Spanish", Script.LATIN, _ROMANCE, "es"),
        Language("fr", "French", Script.LATIN, _ROMANCE, "fr"),
        Language("it", "Italian", Script.LATIN, _ROMANCE, "it"),
        Language("pt-br", "Portuguese (Brazil)", Script.LATIN, _ROMANCE, "pt-br"),
        Language(
            "ja",
            "Japanese",
            Script.KANA,
            "limited: readings by IPADIC without pitch accent; rare names may be read wrongly",
        ),
        Language(
            "zh",
            "Chinese (Mandarin)",
            Script.HAN,
            "limited: pinyin by word with changes of tone; rare names may be read wrongly",
        ),
    )
}
_ALIASES = {
    "en": "en-us", "a": "en-us", "b": "en-gb", "hi-in": "hi", "h": "hi", "es-es": "es",
    "es-mx": "es", "es-us": "es", "e": "es", "fr-fr": "fr", "f": "fr", "it-it": "it", "i": "it",
    "pt": "pt-br", "p": "pt-br", "ja-jp": "ja", "j": "ja", "zh-cn": "zh", "cmn": "zh", "z": "zh",
}  # fmt: skip


def language_of(code: str) -> Language | None:
    """The language that `code` names: one of LANGUAGES, or a common other spelling of one."""
    folded = code.strip().lower().replace("_", "-")
    return LANGUAGES.get(_ALIASES.get(folded, folded))


_SCRIPTS = (
    (Script.LATIN, re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff]")),
    (Script.DEVANAGARI, re.compile("[\u0900-\u0963\u0970-\u097f]")),
    (Script.KANA, re.compile("[\u3041-\u309f\u30a1-\u30ff\u31f0-\u31ff]")),
    (Script.HAN, re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")),
)


def script_of(letter: str) -> Script:
    return next((script for script, letters in _SCRIPTS if letters.match(letter)), Script.OTHER)


_WORDS = {
    Script.LATIN: re.compile(r"[A-Za-z\u00c0-\u024f]{3,}"),
    Script.DEVANAGARI: re.compile("[\u0900-\u0963\u0970-\u097f]+"),
    Script.KANA: re.compile("[\u3041-\u30ff\u31f0-\u31ff]+"),
    Script.HAN: re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"),
}
"""Short words in Latin letters are units as often as words."""


def spoken_in(script: Script, asked: Language) -> Language | None:
    """The language that says words of this script where `asked` is what the caller chose."""
    if script is Script.LATIN:
        if asked.script is Script.LATIN:
            return asked
        return LANGUAGES["en-in" if asked.code == "hi" else "en-us"]
    if script is Script.DEVANAGARI:
        return LANGUAGES["hi"]
    if script is Script.KANA:
        return LANGUAGES["ja"]
    if script is Script.HAN:
        return LANGUAGES["ja" if asked.code == "ja" else "zh"]
    return None


def sentence_language(text: str, asked: Language) -> Language:
    """Whose words say the figures of this sentence: `asked`, unless two thirds are in another."""
    letters = {
        script: sum(len(word) for word in words.findall(text)) for script, words in _WORDS.items()
    }
    if asked.script is Script.KANA or (letters[Script.KANA] and asked.script is not Script.HAN):
        letters[Script.KANA] += letters.pop(Script.HAN)
    if 3 * letters[asked.script] >= sum(letters.values()):
        return asked
    return spoken_in(max(letters, key=lambda script: letters[script]), asked) or asked
