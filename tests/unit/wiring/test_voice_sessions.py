"""What the settings of the session family come to."""

import pytest

from app.asr.elsewhere import Server
from app.core import settings
from app.core.setting_fields import SettingInvalid
from app.wiring.voice_sessions import (
    address_of,
    asked_server,
    refuse_what_cannot_be_served,
    speech_rules,
)


def test_by_default_it_is_the_document_s_detector_and_our_own_recognizer() -> None:
    loaded = settings.load({})
    refuse_what_cannot_be_served(loaded)
    assert loaded.vad.backend == "energy"
    assert asked_server(loaded.asr) is None
    rules = speech_rules(loaded.vad)
    assert (rules.threshold, rules.begin_ms) == (0.5, 100)


def test_what_is_speech_is_what_the_settings_say() -> None:
    loaded = settings.load({"VAD_THRESHOLD": "0.7", "VAD_MIN_SPEECH_DURATION": "150"})
    rules = speech_rules(loaded.vad)
    assert (rules.threshold, rules.begin_ms) == (0.7, 150)
    assert 0.35 < rules.silence_threshold < 0.7


@pytest.mark.parametrize(
    ("environ", "server", "address"),
    [
        ({"ASR_BACKEND": "qwen"}, "qwen", "http://127.0.0.1:8000"),
        ({"ASR_BASE_URL": "http://10.0.0.5:81"}, "qwen", "http://10.0.0.5:81"),
        ({"ASR_BACKEND": "ollama-whisper"}, "ollama-whisper", "http://127.0.0.1:11434"),
        ({"ASR_BACKEND": "openai"}, "openai", "https://api.openai.com"),
        (
            {"ASR_BACKEND": "openai", "ASR_BASE_URL": "http://127.0.0.1:8000"},
            "openai",
            "http://127.0.0.1:8000",
        ),
    ],
)
def test_a_server_recognizes_once_one_is_named(
    environ: dict[str, str], server: Server, address: str
) -> None:
    loaded = settings.load(environ)
    refuse_what_cannot_be_served(loaded)
    assert asked_server(loaded.asr) == server
    assert address_of(loaded.asr, server) == address


@pytest.mark.parametrize(
    "environ",
    [
        {"VAD_THRESHOLD": "0"},
        {"ASR_BASE_URL": "ftp://10.0.0.5"},
        {"ASR_LANGUAGE": "klingon"},
    ],
)
def test_what_cannot_be_served_is_refused_at_the_start(environ: dict[str, str]) -> None:
    (name,) = environ
    with pytest.raises(SettingInvalid, match=f"^{name}"):
        refuse_what_cannot_be_served(settings.load(environ))
