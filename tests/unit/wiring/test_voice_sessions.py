"""Settings of the session family that would do nothing are refused, by their names."""

import pytest

from app.core import settings
from app.core.setting_fields import SettingInvalid
from app.wiring.voice_sessions import refuse_what_is_not_served


@pytest.mark.parametrize("environ", [{}, {"VAD_BACKEND": "silero", "VAD_THRESHOLD": "0.5"}])
def test_what_is_set_up_by_default_is_served(environ: dict[str, str]) -> None:
    """The document's default is energy, which is not served: silero hears better."""
    loaded = settings.load(environ)
    refuse_what_is_not_served(loaded.vad, loaded.asr)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VAD_BACKEND", "energy"),
        ("VAD_BACKEND", "webrtc"),
        ("VAD_THRESHOLD", "0.7"),
        ("VAD_MIN_SPEECH_DURATION", "150"),
        ("VAD_MIN_SILENCE_DURATION", "400"),
        ("ASR_BACKEND", "openai"),
        ("ASR_BASE_URL", "http://10.0.0.5:8000"),
        ("ASR_MODEL", "whisper-1"),
        ("ASR_LANGUAGE", "hi"),
    ],
)
def test_what_is_not_served_is_refused_at_the_start(name: str, value: str) -> None:
    loaded = settings.load({name: value})
    with pytest.raises(SettingInvalid, match=f"^{name}: "):
        refuse_what_is_not_served(loaded.vad, loaded.asr)
