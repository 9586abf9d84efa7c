"""The messages of a voice session over a WebSocket: JSON, with sound as base64 of 16-bit samples at
16 kHz. What happens in a session becomes messages, messages become commands. Pure.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, cast

import msgspec

from app.core.audio.convert import Samples, int16_from_float
from app.core.errors import InvalidInput
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

SAMPLE_RATE = 16_000
LONGEST_SOUND_S = 2
_SOUND_BYTES = LONGEST_SOUND_S * SAMPLE_RATE * 2
_TEXT_CHARACTERS = 2 * _SOUND_BYTES
UNHEARD = "..."
"""Somebody speaks, and what is said cannot be recognized."""
_STATES = {
    "listening": ("listening", "Waiting for speech"),
    "thinking": ("processing", "Thinking of an answer"),
    "speaking": ("responding", "The answer is heard"),
}

Message: TypeAlias = dict[str, Any]


class MessageInvalid(InvalidInput):
    """Says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Audio:
    sound: bytes


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    pass


Command: TypeAlias = Audio | StopSpeaking


def read_message(frame: str | bytes) -> Command:
    """Raises `MessageInvalid`."""
    if isinstance(frame, bytes):
        raise MessageInvalid("A binary frame came: messages are JSON, with sound as base64 in data")
    if len(frame) > _TEXT_CHARACTERS:
        raise MessageInvalid(f"A message has {_TEXT_CHARACTERS} characters at most")
    message = _json(frame)
    match message.get("type"):
        case "audio":
            return Audio(_sound(message.get("data")))
        case "interrupt":
            return StopSpeaking()
        case None:
            raise MessageInvalid("type: it is missing")
        case str(unknown):
            raise MessageInvalid(f"type: {unknown[:40]!r} is neither 'audio' nor 'interrupt'")
        case _:
            raise MessageInvalid("type: it is no string")


def _json(text: str) -> Message:
    try:
        message = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise MessageInvalid("The message is not JSON") from None
    if not isinstance(message, dict):
        raise MessageInvalid("The message is no JSON object")
    return cast("Message", message)


def _sound(data: object) -> bytes:
    if not isinstance(data, str):
        raise MessageInvalid("data: it must be a string, the base64 of the sound")
    try:
        sound = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise MessageInvalid("data: it is not base64") from None
    if len(sound) % 2:
        raise MessageInvalid("data: samples have 16 bits, and half a sample came")
    if len(sound) > _SOUND_BYTES:
        raise MessageInvalid(f"data: a frame has {LONGEST_SOUND_S} s of sound at most")
    return sound


class Teller:
    """Of one session: all its messages name it and the time."""

    def __init__(self, session_id: str, now: Callable[[], datetime]) -> None:
        self._session_id = session_id
        self._now = now
        self._confidences: list[float] = []
        """Of the finals of the turn under way."""
        self._hears = True
        self._speaks = True

    def connected(self) -> Message:
        return self._message("connected", message="Connected to Pipecat voice service")

    def audio_frame(self, probability: float, *, is_speech: bool) -> Message:
        confidence = round(probability, 3)
        return self._message("audio_frame", is_speech=is_speech, confidence=confidence)

    def audio_response(self, sound: Samples) -> Message:
        data = base64.b64encode(int16_from_float(sound).tobytes()).decode()
        duration_ms = round(1000 * sound.size / SAMPLE_RATE)
        return self._message("audio_response", data=data, duration_ms=duration_ms)

    def error(self, sentence: str) -> Message:
        return self._message("error", error=sentence)

    def event(self, event: SessionEvent) -> Iterator[Message]:
        """What is said is in the details of `responding`: who hears nothing can read it."""
        match event:
            case Understanding():
                yield self._understood(event)
            case VoiceChanged(is_voice=True) if not self._hears:
                yield self._message("partial_transcript", text=UNHEARD)
            case Said(line) if line.role == "user":
                yield self._turn_complete(line.text)
            case Saying():
                yield self._message("status", status="responding", details=event.text)
            case SoundMade():
                self._speaks = True
            case SpokeInWriting():
                if self._speaks:
                    yield self.error("TTS service unavailable")
                self._speaks = False
                yield self._message("text_response", text=event.text)
            case HearingChanged():
                self._hears = event.hears
                if not event.hears:
                    yield self.error("ASR service unavailable")
            case StateChanged():
                status, details = _STATES[event.state]
                yield self._message("status", status=status, details=details)
            case Ended():
                yield self._message("status", status="ended", details=event.reason)
            case _:
                pass

    def _understood(self, event: Understanding) -> Message:
        if not event.is_final:
            return self._message("partial_transcript", text=event.text)
        self._confidences.append(event.confidence)
        confidence = round(event.confidence, 3)
        return self._message("transcript", text=event.text, confidence=confidence)

    def _turn_complete(self, text: str) -> Message:
        known, self._confidences = self._confidences, []
        confidence = round(sum(known) / len(known), 3) if known else 1.0
        return self._message("turn_complete", transcript=text, confidence=confidence)

    def _message(self, kind: str, **fields: Any) -> Message:
        return {
            "type": kind,
            "session_id": self._session_id,
            **fields,
            "timestamp": stamp(self._now()),
        }


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
