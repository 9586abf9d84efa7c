"""What holds voice sessions, and what of their settings cannot be had here."""

from app.calls.sessions.calls import Calls
from app.calls.sessions.voice_sessions import VoiceSessions
from app.core.clock import utc_now
from app.core.setting_fields import SettingInvalid
from app.core.settings import Asr, Vad
from app.wiring.base import Foundation
from app.wiring.calling import Calling


def opened_voice_sessions(base: Foundation, calling: Calling, calls: Calls) -> VoiceSessions:
    return VoiceSessions(base.database, calling.agents, calls.prepare, utc_now)


def refuse_what_is_not_served(vad: Vad, asr: Asr) -> None:
    """Raises SettingInvalid: nobody should take a setting for one that does something."""
    served = Vad()
    if vad.backend != served.backend:
        raise SettingInvalid(
            f"VAD_BACKEND: {vad.backend} is not served; {served.backend} is", setting="VAD_BACKEND"
        )
    for name, given, is_fixed in (
        ("VAD_THRESHOLD", vad.threshold, served.threshold),
        ("VAD_MIN_SPEECH_DURATION", vad.min_speech_ms, served.min_speech_ms),
        ("VAD_MIN_SILENCE_DURATION", vad.min_silence_ms, served.min_silence_ms),
    ):
        if given != is_fixed:
            raise SettingInvalid(
                f"{name}: it is {is_fixed:g} and cannot be set yet; how long silence is waited for "
                "is a setting of each agent",
                setting=name,
            )
    for name, given, default in (
        ("ASR_BACKEND", asr.backend, Asr().backend),
        ("ASR_BASE_URL", asr.base_url, Asr().base_url),
        ("ASR_MODEL", asr.model, Asr().model),
        ("ASR_LANGUAGE", asr.language, Asr().language),
    ):
        if given != default:
            raise SettingInvalid(
                f"{name}: remote recognizers are not served; speech is recognized here, in the "
                "language of each agent",
                setting=name,
            )
