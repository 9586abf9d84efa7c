"""What is asked of live recognition and what it tells. Pure: no model, no socket, no clock."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from app.asr.domain import Name, TranscriptionRequest, parse_request
from app.asr.recognition import Tag, Tags
from app.asr.text.words import Word
from app.core.audio.convert import Samples, float_from_int16
from app.core.audio.g711 import decode_alaw, decode_mulaw

Encoding = Literal["s16le", "f32le", "mulaw", "alaw"]
MICROPHONE = "microphone"
_SAMPLE_BYTES: dict[Encoding, int] = {"s16le": 2, "f32le": 4, "mulaw": 1, "alaw": 1}


class StreamOptions(TranscriptionRequest, frozen=True, kw_only=True):
    """What a stream may be asked, under the documented names. The rest is as for recordings."""

    sample_rate: Annotated[int, msgspec.Meta(ge=8000, le=48000)] = 16000
    encoding: Encoding = "s16le"
    interim_results: bool = True
    channel: Name = MICROPHONE
    endpointing_ms: Annotated[int, msgspec.Meta(ge=96, le=5000)] = 400
    """So much silence ends an utterance."""
    neuropsych_mode: bool = False
    """Pauses and pace with each final."""


def changed_options(options: StreamOptions, fields: Mapping[str, Any]) -> StreamOptions:
    """`fields` are what a client sent; those it did not name stay as they were."""
    named = {name: value for name, value in fields.items() if value is not None}
    return parse_request(msgspec.structs.asdict(options) | named, StreamOptions)


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    channel: str
    at_s: float


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """A silence, which may be the end."""

    channel: str
    at_s: float


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """It was not the end."""

    channel: str
    at_s: float


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """It was the end, and the final text was told, if there was any."""

    channel: str
    at_s: float


@dataclass(frozen=True, slots=True)
class SpeakerPart:
    speaker: int
    words: tuple[Word, ...]
    tags: Tags = field(default_factory=dict[str, Tag])


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence so far or, where it is final, as it stays. Times count from the first sound."""

    channel: str
    text: str
    words: tuple[Word, ...]
    start_s: float
    end_s: float
    language: str
    confidence: float
    model: str
    stable_text: str = ""
    """What of an interim text will stay, but for case and punctuation."""
    is_final: bool = False
    utterance_end: bool = False
    """False where a long sentence was cut and the speaker goes on."""
    parts: tuple[SpeakerPart, ...] = ()
    """By speaker, where that was asked for."""
    speaker_embedding: tuple[float, ...] | None = None
    tags: Tags = field(default_factory=dict[str, Tag])
    """Of a final: such as emotion and intent, where the model tells them."""
    process_ms: int = 0
    """Of a final: from the decision that it is over to the text."""


StreamEvent = SpeechBegan | SpeechPaused | SpeechResumed | SpeechEnded | Said
Tell = Callable[[StreamEvent], Awaitable[None]]


class SampleReader:
    """Bytes of a stream, however they are cut, to samples."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding: Encoding = encoding
        self._rest = b""

    def read(self, data: bytes) -> Samples:
        data = self._rest + data
        whole = len(data) - len(data) % _SAMPLE_BYTES[self._encoding]
        self._rest = data[whole:]
        return _samples(data[:whole], self._encoding)


def _samples(data: bytes, encoding: Encoding) -> Samples:
    match encoding:
        case "s16le":
            return float_from_int16(np.frombuffer(data, "<i2"))
        case "mulaw":
            return float_from_int16(decode_mulaw(data))
        case "alaw":
            return float_from_int16(decode_alaw(data))
        case "f32le":
            floats = np.frombuffer(data, "<f4").astype(np.float32)
            return np.clip(np.nan_to_num(floats, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)


class Tape:
    """The last of what was heard at 16 kHz, found by the time since the beginning."""

    PER_MS = 16

    def __init__(self) -> None:
        self._blocks: Samples = np.zeros(0, np.float32)
        self._first = 0

    @property
    def end_ms(self) -> int:
        return (self._first + self._blocks.size) // self.PER_MS

    def add(self, samples: Samples) -> None:
        self._blocks = np.concatenate((self._blocks, samples))

    def part(self, start_ms: int, end_ms: int) -> Samples:
        first = max(0, start_ms * self.PER_MS - self._first)
        return self._blocks[first : max(first, end_ms * self.PER_MS - self._first)].copy()

    def forget_before(self, ms: int) -> None:
        gone = ms * self.PER_MS - self._first
        if gone > 0:
            gone = min(gone, self._blocks.size)
            self._blocks = self._blocks[gone:].copy()
            self._first += gone
