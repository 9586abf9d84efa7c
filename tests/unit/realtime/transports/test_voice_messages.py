"""What a voice session says and takes over its WebSocket."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from app.realtime.conversation import Line
from app.realtime.events import (
    Ended,
    HearingChanged,
    Said,
    Saying,
    SessionEvent,
    SoundMade,
    SpokeInWriting,
    StateChanged,
    Understanding,
    VoiceChanged,
)
from app.realtime.transports.voice_messages import (
    Audio,
    MessageInvalid,
    StopSpeaking,
    Teller,
    read_message,
)

SOUND = b"\x01\x02" * 512


def audio(data: Any) -> str:
    return json.dumps({"type": "audio", "data": data, "timestamp": "2026-02-08T14:30:00Z"})


def teller() -> Teller:
    return Teller("s-1", lambda: datetime(2026, 2, 8, 14, 30, tzinfo=UTC))


def said(told: Teller, events: Sequence[SessionEvent]) -> list[dict[str, Any]]:
    """But for what is in every message."""
    return [
        {name: each for name, each in message.items() if name not in ("session_id", "timestamp")}
        for event in events
        for message in told.event(event)
    ]


def test_sound_and_an_interruption_are_read() -> None:
    assert read_message(audio(base64.b64encode(SOUND).decode())) == Audio(SOUND)
    assert read_message('{"type": "interrupt"}') == StopSpeaking()


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        (b"\x00\x01", "binary"),
        ("hello", "JSON"),
        ("[]", "object"),
        ("[" * 10_000, "JSON"),
        ('{"data": ""}', "type"),
        ('{"type": 5}', "type"),
        ('{"type": "dance"}', "'dance'"),
        ('{"type": "audio"}', "data"),
        (audio(7), "data"),
        (audio("not base64!"), "data: it is not base64"),
        (audio("ä"), "data: it is not base64"),
        (audio(base64.b64encode(b"odd").decode()), "half a sample"),
        (audio(base64.b64encode(bytes(64_002)).decode()), "2 s"),
        (audio("A" * 200_000), "characters"),
    ],
)
def test_what_is_no_message_is_named(frame: str | bytes, named: str) -> None:
    with pytest.raises(MessageInvalid, match=named):
        read_message(frame)


@pytest.mark.inventory("SO-018")
def test_every_message_names_the_session_and_the_time() -> None:
    told = teller()
    messages = [
        told.connected(),
        told.audio_frame(0.91777, is_speech=True),
        told.audio_response(np.zeros(1600, np.float32)),
        told.error("no"),
        *told.event(StateChanged("thinking", 0.0)),
    ]
    assert len(messages) == 5
    for message in messages:
        assert message["session_id"] == "s-1"
        assert message["timestamp"] == "2026-02-08T14:30:00.000Z"
    assert messages[1]["confidence"] == 0.918
    response = messages[2]
    assert response["duration_ms"] == 100
    assert base64.b64decode(response["data"]) == bytes(3200)


def test_what_happens_is_told_in_the_words_of_the_document() -> None:
    told = teller()
    events = [
        Understanding("What is", False, 0.0),
        Understanding("What is it?", True, 0.0, {}, 0.8),
        Understanding("Tell me.", True, 0.0, {}, 0.6),
        Said(Line("user", "What is it? Tell me.", 0.0)),
        StateChanged("thinking", 0.0),
        Saying("A house.", 0.0),
        StateChanged("speaking", 0.0),
        Said(Line("agent", "A house.", 0.0)),
        VoiceChanged(True, 0.0),
        StateChanged("listening", 0.0),
        Ended("hung_up"),
    ]
    plain = said(told, events)
    assert plain[:4] == [
        {"type": "partial_transcript", "text": "What is"},
        {"type": "transcript", "text": "What is it?", "confidence": 0.8},
        {"type": "transcript", "text": "Tell me.", "confidence": 0.6},
        {"type": "turn_complete", "transcript": "What is it? Tell me.", "confidence": 0.7},
    ]
    assert [message["status"] for message in plain[4:]] == [
        "processing",
        "responding",
        "responding",
        "listening",
        "ended",
    ]
    assert plain[5]["details"] == "A house."


def test_whoever_cannot_be_recognized_is_told_once_and_is_seen_to_speak() -> None:
    told = said(
        teller(),
        [
            VoiceChanged(True, 0.0),
            HearingChanged(False),
            VoiceChanged(True, 1.0),
            VoiceChanged(False, 2.0),
            HearingChanged(True),
            VoiceChanged(True, 3.0),
        ],
    )
    assert told == [
        {"type": "error", "error": "ASR service unavailable"},
        {"type": "partial_transcript", "text": "..."},
    ]


def test_what_cannot_be_spoken_is_written_and_the_reason_is_told_once() -> None:
    told = teller()
    first = said(told, [SpokeInWriting("One."), SpokeInWriting("Two.")])
    assert first == [
        {"type": "error", "error": "TTS service unavailable"},
        {"type": "text_response", "text": "One."},
        {"type": "text_response", "text": "Two."},
    ]
    told.audio_response(np.zeros(1600, np.float32))  # was made before
    assert said(told, [SpokeInWriting("Three.")])[0]["type"] == "text_response"
    assert said(told, [SoundMade(1.0), SpokeInWriting("Four.")])[0]["type"] == "error"
