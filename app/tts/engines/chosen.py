"""Who speaks where the operator does not want Kokoro to."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.core.db import forbid_in_transaction
from app.core.http import OutboundClient
from app.core.setting_fields import SettingInvalid
from app.core.settings import Tts
from app.tts.engines import elevenlabs, sarvam
from app.tts.engines.elevenlabs import ElevenLabsSpeech
from app.tts.engines.openai import OpenAiSpeech
from app.tts.engines.remote import LIMITS, RemoteEngine, Vendor
from app.tts.engines.remote_voices import RemoteVoices
from app.tts.engines.sarvam import SarvamSpeech

_USUAL = Tts()


@dataclass(frozen=True, slots=True)
class _Offer:
    """A client, and what it is told where the settings leave it open."""

    speech: Callable[..., Vendor]
    base_url: str = _USUAL.base_url
    model: str = _USUAL.model
    voice: str = _USUAL.voice
    languages: Mapping[str, str] = field(default_factory=dict[str, str])
    wants_key: bool = True


_OFFERS = {
    "openai": _Offer(OpenAiSpeech, wants_key=False),
    "elevenlabs": _Offer(ElevenLabsSpeech, elevenlabs.BASE_URL, elevenlabs.MODEL, elevenlabs.VOICE),
    "sarvam": _Offer(SarvamSpeech, sarvam.BASE_URL, sarvam.MODEL, sarvam.VOICE, sarvam.LANGUAGES),
}


@asynccontextmanager
async def remote_engine(tts: Tts) -> AsyncGenerator[RemoteEngine]:
    """That of TTS_ENGINE. It reaches TTS_BASE_URL wherever that is: the operator set it."""
    offer = _OFFERS[tts.engine]
    if offer.wants_key and not tts.api_key:
        raise SettingInvalid(
            f"TTS_ENGINE is {tts.engine}, which asks for a TTS_API_KEY", setting="TTS_API_KEY"
        )
    base_url = _set(tts.base_url, _USUAL.base_url) or offer.base_url
    client = OutboundClient(
        forbid_in_transaction=forbid_in_transaction,
        limits=LIMITS,
        trusted_base_urls=frozenset({base_url}),
    )
    try:
        vendor = offer.speech(
            base_url,
            tts.api_key,
            model=_set(tts.model, _USUAL.model) or offer.model,
            client=client,
        )
        yield RemoteEngine(vendor, tts.speed)
    finally:
        await client.aclose()


def remote_voices(tts: Tts) -> RemoteVoices:
    """Those of TTS_VOICE, in the languages of TTS_ENGINE."""
    offer = _OFFERS[tts.engine]
    named = _set(tts.voice, _USUAL.voice) or offer.voice
    names = [name.strip() for name in named.split(",") if name.strip()]
    if not names:
        raise SettingInvalid("TTS_VOICE names no voice", setting="TTS_VOICE")
    return RemoteVoices(names, offer.languages)


def _set(value: str, usual: str) -> str:
    """Empty where it was left as it is."""
    return "" if value == usual else value
