"""The answers of `/tts`: voices, and what is said when."""

from collections.abc import Sequence
from typing import Any

import msgspec

from app.api.gateway.asr_answers import NotAppliedAnswer
from app.tts.catalogue import Catalogue, Gender, Voice
from app.tts.speech import TimedWord


class VoiceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`grade`: what the authors of the voice say of it, from A to F. What is not known is
    null. `aliases` are other names that it answers to. `own`: only your organization has it."""

    name: str
    language: str | None
    language_name: str | None
    accent: str | None
    gender: Gender | None
    grade: str | None
    aliases: list[str]
    sample: str
    own: bool


class SpokenLanguage(msgspec.Struct, frozen=True):
    """`quality` says what may be expected, and where it ends."""

    code: str
    name: str
    quality: str


class VoicesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    voices: dict[str, VoiceAnswer]
    languages: list[SpokenLanguage]
    default: str


class PhonemeAnswer(msgspec.Struct, frozen=True):
    phoneme: str
    start: float
    end: float


class WordAnswer(msgspec.Struct, frozen=True):
    """Seconds since the beginning of the utterance. `char_start` and `char_end` are the place in
    the text that it says: several words have one place where "4500" was written."""

    word: str
    start: float
    end: float
    char_start: int
    char_end: int
    phonemes: list[PhonemeAnswer]


class TimedSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """`audio` is the whole file in base64."""

    audio: str
    format: str
    sample_rate: int
    duration_s: float
    words: list[WordAnswer]
    not_applied: list[NotAppliedAnswer]


def voices_answer(catalogue: Catalogue, prefix: str) -> VoicesAnswer:
    """`prefix` stands before the paths of samples."""
    return VoicesAnswer(
        voices={voice.id: _voice_answer(voice, prefix) for voice in catalogue.voices},
        languages=[
            SpokenLanguage(language.code, language.name, language.quality)
            for language in catalogue.languages
        ],
        default=catalogue.default,
    )


def _voice_answer(voice: Voice, prefix: str) -> VoiceAnswer:
    home = voice.home
    return VoiceAnswer(
        name=voice.name,
        language=home.language.code or None,
        language_name=home.language.name or None,
        accent=home.accent or None,
        gender=voice.gender,
        grade=voice.grade or None,
        aliases=list(voice.aliases),
        sample=f"{prefix}/voices/{voice.id}/sample",
        own=voice.is_own,
    )


def word_answer(word: TimedWord) -> WordAnswer:
    return WordAnswer(
        word.text,
        round(word.start_s, 3),
        round(word.end_s, 3),
        word.begin,
        word.end,
        [
            PhonemeAnswer(sound.sound, round(sound.start_s, 3), round(sound.end_s, 3))
            for sound in word.sounds
        ],
    )


def words_message(words: Sequence[TimedWord]) -> dict[str, Any]:
    return {"type": "words", "words": [word_answer(word) for word in words]}
