"""What holds voice sessions, and what they are heard and answered with."""

from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from app.asr.catalogue import WHISPER_LANGUAGES
from app.asr.ears import Ears
from app.asr.elsewhere import LIMITS, RemoteRecognizer, Server
from app.asr.endpointing import EndpointRules
from app.calls.sessions.backends import Backends, SessionVoices
from app.calls.sessions.calls import Calls
from app.calls.sessions.voice_sessions import VoiceSessions
from app.core.clock import utc_now
from app.core.db import forbid_in_transaction
from app.core.http import OutboundBlocked, OutboundClient
from app.core.http.urls import read_url
from app.core.setting_fields import SettingInvalid
from app.core.settings import Asr, Settings, Tts, Vad
from app.tts.domain import VoiceUnknown
from app.wiring.base import Foundation
from app.wiring.calling import Calling
from app.wiring.senses import Inference
from app.wiring.speaking import speaking_elsewhere

_USUAL: dict[Server, tuple[str, str]] = {
    "qwen": ("http://127.0.0.1:8000", "qwen-audio"),
    "ollama-whisper": ("http://127.0.0.1:11434", "whisper"),
    "openai": ("https://api.openai.com", "whisper-1"),
}
"""Address and model."""
_QUIETER = 0.7
"""Speech goes on above so much of the threshold."""
_PAUSE_MS = 160
"""Before another server is asked what was said: not in each gap between words."""


async def opened_voice_sessions(
    base: Foundation,
    senses: Inference,
    calling: Calling,
    calls: Calls,
    settings: Settings,
    stack: AsyncExitStack,
) -> VoiceSessions:
    elsewhere = await speaking_elsewhere(base, senses, settings, stack)
    tts, recognizer = settings.tts, remote_recognizer(settings.asr, stack)
    rules = speech_rules(settings.vad)
    if recognizer:
        rules = replace(rules, draft_ms=_PAUSE_MS)
    backends = Backends(
        ears=Ears(settings.vad.backend, rules),
        voices=SessionVoices(
            calling.agents.voices,
            elsewhere,
            voice=await _own_voice(tts, calling),
            speed=tts.speed if tts.engine == Tts().engine else 1.0,
        ),
        silence_s=settings.vad.min_silence_ms / 1000,
        recognizer=recognizer,
        language=settings.asr.language,
    )
    prepare = partial(calls.prepare, adapt=backends.adapt)
    return VoiceSessions(base.database, calling.agents, prepare, utc_now)


async def _own_voice(tts: Tts, calling: Calling) -> str:
    """Empty where it is left open. Raises SettingInvalid."""
    if tts.engine != Tts().engine or tts.backend or tts.voice == Tts().voice:
        return ""
    catalogue = await calling.agents.voices.speaking.catalogue_of(None)
    try:
        catalogue.choose(tts.voice, "")
    except VoiceUnknown as error:
        raise SettingInvalid(f"TTS_VOICE: {error.message}", setting="TTS_VOICE") from None
    return tts.voice


def speech_rules(vad: Vad) -> EndpointRules:
    """Raises SettingInvalid."""
    if not vad.threshold:
        raise SettingInvalid(
            "VAD_THRESHOLD is 0: everything would be speech", setting="VAD_THRESHOLD"
        )
    return EndpointRules(
        threshold=vad.threshold,
        silence_threshold=_QUIETER * vad.threshold,
        begin_ms=vad.min_speech_ms,
    )


def refuse_what_cannot_be_served(settings: Settings) -> None:
    """Raises SettingInvalid: nobody should learn of it from a call that fails."""
    asr = settings.asr
    speech_rules(settings.vad)
    server = asked_server(asr)
    if server:
        try:
            read_url(address_of(asr, server))
        except OutboundBlocked as error:
            raise SettingInvalid(f"ASR_BASE_URL: {error.message}", setting="ASR_BASE_URL") from None
    elif asr.language and asr.language not in WHISPER_LANGUAGES:
        raise SettingInvalid(
            f"ASR_LANGUAGE: {asr.language!r} is none that is recognized here",
            setting="ASR_LANGUAGE",
        )


def asked_server(asr: Asr) -> Server | None:
    return asr.backend or ("qwen" if asr.base_url else None)


def address_of(asr: Asr, server: Server) -> str:
    return asr.base_url or _USUAL[server][0]


def remote_recognizer(asr: Asr, stack: AsyncExitStack) -> RemoteRecognizer | None:
    """It reaches ASR_BASE_URL wherever that is: the operator set it."""
    server = asked_server(asr)
    if server is None:
        return None
    url = address_of(asr, server)
    client = OutboundClient(
        forbid_in_transaction=forbid_in_transaction,
        limits=LIMITS,
        trusted_base_urls=frozenset({url}),
    )
    stack.push_async_callback(client.aclose)
    model = asr.model or _USUAL[server][1]
    return RemoteRecognizer(server, url, asr.api_key, model=model, client=client)
