"""Speech as bytes: PCM, WAV, G.711, MP3, Opus, AAC, FLAC, piece by piece as it is made.

Blocks: belongs in a lane of the executor. One encoder is for one utterance.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import av
import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples, int16_from_float
from app.core.audio.g711 import encode_alaw, encode_mulaw
from app.core.audio.live_resample import LiveResampler
from app.core.audio.wav import wav_header
from app.tts.speech import SAMPLE_RATE

SoundFormat = Literal["wav", "mp3", "opus", "aac", "flac", "pcm", "mulaw", "alaw"]
SampleRate = Literal[8000, 16000, 24000, 48000]

_RAW: dict[str, Callable[[NDArray[np.int16]], bytes]] = {
    "pcm": lambda samples: samples.astype("<i2").tobytes(),
    "mulaw": encode_mulaw,
    "alaw": encode_alaw,
}
_PACKED: dict[str, tuple[str, str, dict[str, str]]] = {
    "mp3": ("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}),
    "opus": ("ogg", "libopus", {"page_duration": "100000"}),
    "aac": ("adts", "aac", {}),
    "flac": ("flac", "flac", {}),
}
"""Container, codec, and what makes the container send what it has."""
_BIT_RATES = {"mp3": 64_000, "opus": 32_000, "aac": 64_000}
_MEDIA_TYPES: dict[str, str] = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "pcm": "audio/pcm",
    "mulaw": "audio/basic",
    "alaw": "audio/x-alaw-basic",
}
TELEPHONE_HZ = 8000


@dataclass(frozen=True, slots=True)
class Sound:
    """What is to come out. PCM has 16 bits, little-endian."""

    format: SoundFormat
    sample_rate: int

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self.format]


def sound_of(name: SoundFormat, sample_rate: int | None) -> Sound:
    """Without a rate it is that of the telephone for G.711, and the voices' own for the rest."""
    usual = TELEPHONE_HZ if name in ("mulaw", "alaw") else SAMPLE_RATE
    return Sound(name, sample_rate or usual)


class SoundEncoder(Protocol):
    def push(self, samples: Samples) -> bytes:
        """What is ready of it; may be empty."""
        ...

    def finish(self) -> bytes:
        """The rest, once."""
        ...


def open_encoder(sound: Sound) -> SoundEncoder:
    """Of a stream: a WAV says that it lasts until it ends."""
    if sound.format == "wav":
        return _Raw(Sound("pcm", sound.sample_rate), wav_header(sound.sample_rate))
    if sound.format in _RAW:
        return _Raw(sound)
    return _Packed(sound)


def as_whole_file(sound: Sound, parts: list[bytes]) -> bytes:
    """What `open_encoder` gave in parts. A WAV then says how long it is."""
    whole = b"".join(parts)
    if sound.format != "wav":
        return whole
    data = memoryview(whole)[len(wav_header(sound.sample_rate)) :]
    return wav_header(sound.sample_rate, data_bytes=len(data)) + data


class _Raw:
    def __init__(self, sound: Sound, header: bytes = b"") -> None:
        self._pack = _RAW[sound.format]
        self._resampler = LiveResampler(SAMPLE_RATE, sound.sample_rate)
        self._header = header

    def push(self, samples: Samples) -> bytes:
        header, self._header = self._header, b""
        return header + self._pack(int16_from_float(self._resampler.push(samples)))

    def finish(self) -> bytes:
        return self.push(np.zeros(self._resampler.late_samples, np.float32))


class _Packed:
    """Of libav, into memory that is emptied after each piece."""

    def __init__(self, sound: Sound) -> None:
        name, codec, options = _PACKED[sound.format]
        self._out = _Sink()
        self._resampler = LiveResampler(SAMPLE_RATE, sound.sample_rate)
        container: Any = av.open(
            self._out, "w", format=name, options=options | {"flush_packets": "1"}
        )
        self._container = container
        self._stream = container.add_stream(codec, rate=sound.sample_rate, layout="mono")
        if sound.format in _BIT_RATES:
            self._stream.bit_rate = _BIT_RATES[sound.format]
        self._made = 0

    def push(self, samples: Samples) -> bytes:
        pcm = int16_from_float(self._resampler.push(samples))
        if pcm.size:
            frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = self._stream.rate
            frame.pts = self._made
            self._made += pcm.size
            self._container.mux(self._stream.encode(frame))
        return self._out.taken()

    def finish(self) -> bytes:
        last = self.push(np.zeros(self._resampler.late_samples, np.float32))
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return last + self._out.taken()


class _Sink(io.RawIOBase):
    """Cannot be sought in, as a connection cannot."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: bytes) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data
