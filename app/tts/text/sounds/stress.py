"""Stress marks of a word made stronger or weaker, as misaki does."""

import re

from app.tts.text.sounds.alphabet import VOWELS

_FIRST_VOWEL = re.compile(f"[{''.join(sorted(VOWELS))}]")
_PRIMARY, _SECONDARY = "ˈ", "ˌ"


def apply(sounds: str, strength: float | None) -> str:
    """0.5: some stress where there is none; 2: the strongest."""
    if strength is None or _PRIMARY in sounds:
        return sounds
    if _SECONDARY in sounds:
        return sounds.replace(_SECONDARY, _PRIMARY) if strength >= 1 else sounds
    mark = _PRIMARY if strength > 1 else _SECONDARY
    return _FIRST_VOWEL.sub(lambda vowel: mark + vowel[0], sounds, count=1)


def on_last(sounds: str) -> str:
    """Of the names of letters in a row the last one is the strongest."""
    level = sounds.replace(_SECONDARY, "").replace(_PRIMARY, _SECONDARY)
    head, mark, last = level.rpartition(_SECONDARY)
    return f"{head}{_PRIMARY}{last}" if mark else apply(last, 2)
