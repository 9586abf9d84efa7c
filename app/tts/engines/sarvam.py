"""Sarvam's Bulbul: eleven languages of India. Each answer comes whole."""

import wave
from collections.abc import AsyncGenerator
from io import BytesIO
from typing import Any

import msgspec

from app.core.audio.convert import Samples
from app.core.http import OutboundClient
from app.core.setting_fields import Secret
from app.tts.engines.remote import JSON, Passage, RemoteApi, as_samples
from app.tts.speech import SAMPLE_RATE, Manner, SpeechChunk

BASE_URL = "https://api.sarvam.ai"
MODEL = "bulbul:v3"
VOICE = "shubh"
LANGUAGES = {
    "bn": "Bengali", "en": "English", "gu": "Gujarati", "hi": "Hindi", "kn": "Kannada",
    "ml": "Malayalam", "mr": "Marathi", "or": "Odia", "pa": "Punjabi", "ta": "Tamil",
    "te": "Telugu",
}  # fmt: skip

_CODES = {"or": "od"}
"""What it calls them where that is another code."""
_SLOWEST, _FASTEST = 0.5, 2.0
_LEAST_TEMPERATURE = 0.01


class _Spoken(msgspec.Struct, frozen=True):
    """WAV files."""

    audios: list[bytes]


class SarvamSpeech:
    """Tells no times of words."""

    most_characters = 500
    """It takes more, but says nothing until all of it is spoken."""

    def __init__(self, base_url: str, key: Secret, *, model: str, client: OutboundClient) -> None:
        self._api = RemoteApi("Sarvam", base_url, {"api-subscription-key": key}, client)
        self._model = model
        self._has_temperature = not model.startswith("bulbul:v2")

    @property
    def ignores(self) -> frozenset[str]:
        ignored = {"top_k", "exaggeration", "instruct"}
        return frozenset(ignored if self._has_temperature else {*ignored, "temperature"})

    async def say(self, passage: Passage, manner: Manner) -> AsyncGenerator[SpeechChunk, None]:
        body: dict[str, Any] = {
            "text": passage.text,
            "target_language_code": _language(manner.language),
            "speaker": manner.voice,
            "model": self._model,
            "pace": min(max(manner.speed, _SLOWEST), _FASTEST),
            "speech_sample_rate": SAMPLE_RATE,
        }
        if self._has_temperature:
            body["temperature"] = max(manner.temperature, _LEAST_TEMPERATURE)
        async with self._api.post("/text-to-speech", body, media=JSON) as answer:
            whole = await answer.read()
        try:
            files = msgspec.json.decode(whole, type=_Spoken).audios
        except msgspec.MsgspecError:
            raise self._api.failed("sends an answer that cannot be read") from None
        if not files:
            raise self._api.failed("sent no sound")
        for file in files:
            yield SpeechChunk(self._samples(file))

    def _samples(self, file: bytes) -> Samples:
        try:
            with wave.open(BytesIO(file)) as sound:
                form = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate())
                data = sound.readframes(sound.getnframes())
        except (wave.Error, EOFError):
            raise self._api.failed("sends sound that cannot be read") from None
        if form != (1, 2, SAMPLE_RATE):
            raise self._api.failed(f"sends sound at {form[2]} Hz in {form[0]} channels")
        return as_samples(data[: len(data) & ~1])


def _language(code: str) -> str:
    """It must be told one: English where nobody said."""
    base = code.partition("-")[0] or "en"
    return f"{_CODES.get(base, base)}-IN"
