"""The sounds of Mandarin: pinyin of words, and the sounds of pinyin as misaki writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import rjieba  # pyright: ignore[reportMissingTypeStubs]
from pypinyin import Style, lazy_pinyin

from app.tts.text.sounds.alphabet import only_sounds
from app.tts.text.vocabulary import vocabulary
from app.tts.text.written.said import Said

_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
_INITIALS = {
    "zh": "\uab67", "ch": "\uab67ʰ", "sh": "ʂ", "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t",
    "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ",
    "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s",
}  # fmt: skip
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0",
    "en": "ə0n", "eng": "ə0ŋ", "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ",
    "iao": "jau0", "ie": "je0", "in": "i0n", "iu": "jou0", "ing": "i0ŋ", "iong": "jʊ0ŋ",
    "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "ui": "wei0", "ua": "wa0", "uai": "wai0", "uan": "wa0n",
    "un": "wə0n", "uang": "wa0ŋ", "ueng": "wə0ŋ", "uo": "wo0", "o": "wo0", "v": "y0", "ve": "ɥe0",
    "van": "ɥɛ0n", "vn": "y0n", "er": "ɚ0", "ê": "ɛ0",
}  # fmt: skip
_WITHOUT_INITIAL = {
    "yi": "i", "ya": "ia", "yan": "ian", "yang": "iang", "yao": "iao", "ye": "ie", "yin": "in",
    "you": "iu", "ying": "ing", "yong": "iong", "yo": "o", "wu": "u", "wei": "ui", "wa": "ua",
    "wai": "uai", "wan": "uan", "wen": "un", "wang": "uang", "weng": "ueng", "wo": "uo", "yu": "v",
    "yue": "ve", "yuan": "van", "yun": "vn",
}  # fmt: skip
_ALONE = {"o": "ɔ0", "m": "m0", "n": "n0", "ng": "ŋ0", "hm": "hm0", "hng": "hŋ0"}
_BUZZING = vocabulary("zh ch sh r z c s")
_ROUNDED_U = frozenset("jqx")


def chinese_sounds(words: Sequence[Said]) -> list[Said]:
    found: list[Said] = []
    for word in words:
        found += [word] if word.is_mark or word.sounds else _sounded(word)
    return found


def _sounded(word: Said) -> Iterator[Said]:
    """What has no reading is left out."""
    readings = lazy_pinyin(
        word.text,
        style=Style.TONE3,
        errors=lambda run: ["?"] * len(run),  # pyright: ignore[reportArgumentType]
        neutral_tone_with_five=True,
        tone_sandhi=True,
    )
    at = 0
    for text in rjieba.cut(word.text) if word.is_as_written else [word.text]:
        end = at + len(text)
        sounds = "".join(syllable_sounds(reading) for reading in readings[at:end])
        if sounds:
            yield replace(word.part(at, end), sounds=sounds)
        at = end


@lru_cache(maxsize=2000)
def syllable_sounds(pinyin: str) -> str:
    """Of one syllable with its tone behind it: zhong1. Nothing for what is none."""
    syllable, tone = (pinyin[:-1], pinyin[-1]) if pinyin[-1:].isdigit() else (pinyin, "5")
    syllable = syllable.replace("ü", "v")
    initial = next((known for known in _INITIALS if syllable.startswith(known)), "")
    final = syllable[len(initial) :]
    if syllable in _ALONE:
        sounds = _ALONE[syllable]
    elif initial in _BUZZING and final == "i":
        sounds = f"{_INITIALS[initial]}ɨ0"
    else:
        if initial and initial in _ROUNDED_U and final.startswith("u"):
            final = f"v{final[1:]}"
        final = final if initial else _WITHOUT_INITIAL.get(syllable, syllable)
        sounds = _INITIALS.get(initial, "") + _FINALS.get(final, "")
    return only_sounds(sounds.replace("0", _TONES.get(tone, ""))) if "0" in sounds else ""
