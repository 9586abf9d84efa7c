"""Audio files through PyAV: which formats are let in, and their sound as float32 blocks.

libav is silent here (PyAV's default): its log could only repeat what the raised error says, and
its callback takes the interpreter lock from codec threads.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.format import AudioFormat
from av.audio.frame import AudioFrame, format_dtypes
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard
from numpy.typing import NDArray

from app.core.audio.convert import Samples, float_from_any
from app.core.audio.errors import AudioEmpty, AudioOutOfRange, AudioUnreadable, NoAudioTrack
from app.core.audio.guard import ByteSource, cap_allocations

log = logging.getLogger(__name__)

MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 4_000, 384_000
MAX_CHANNELS = 16

_CONTAINERS = "mp3,wav,flac,ogg,mov,matroska,aac"
_CODECS = (
    "mp3float,mp3,flac,vorbis,opus,libopus,aac,alac,ac3,eac3,amrnb,amrwb,gsm_ms,"
    "adpcm_ms,adpcm_ima_wav,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,"
    "pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
_OPTIONS = {
    "format_whitelist": _CONTAINERS,
    "codec_whitelist": _CODECS,  # pictures are never decoded, not even to probe them
    "protocol_whitelist": "none",
    "max_streams": "16",
    "max_size": "65536",  # WAV packets: a tenth of a second by default, and four times slower
}
_READ_BYTES = 64 * 1024
_BLOCK_SAMPLES = 32_768
_ENDS_EARLY_S = 0.5
_PLACEHOLDER_BYTES = 2**31 - 2**16


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file says of itself. Headers lie: nothing here is a bound on what follows."""

    container: str
    codec: str
    sample_rate: int
    channels: int
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Block:
    """Sound at the rate of the file, as (channels, n)."""

    samples: Samples
    sample_rate: int


@dataclass(slots=True)
class _Pending:
    """Frames of one kind, converted together: a call per MP3 frame costs more than its sound."""

    kind: tuple[int, int, str]
    planes: list[list[NDArray[Any]]]
    samples: int = field(default=0)

    def add(self, frame: AudioFrame) -> None:
        dtype = format_dtypes[frame.format.name]
        count = frame.samples * (1 if frame.format.is_planar else self.kind[1])
        for plane, parts in zip(frame.planes, self.planes, strict=True):
            parts.append(np.frombuffer(memoryview(plane), dtype, count))
        self.samples += frame.samples

    def block(self) -> Block:
        rate, channels, _ = self.kind
        if len(self.planes) < channels:  # one plane with the channels interleaved
            samples = np.concatenate(self.planes[0]).reshape(-1, channels).T
        else:
            samples = np.empty((channels, self.samples), self.planes[0][0].dtype)
            for parts, row in zip(self.planes, samples, strict=True):
                np.concatenate(parts, out=row)
        return Block(float_from_any(samples), rate)


class ContainerReader:
    """One file. `incomplete` is final once `blocks` is exhausted."""

    def __init__(self, source: ByteSource) -> None:
        cap_allocations()
        self._source = source
        self.incomplete = False
        self._decoded_s = 0.0
        self._container = self._open()
        try:
            self._track = self._audio_track()
            self.info = self._described()
        except BaseException:
            self._container.close()
            raise

    def close(self) -> None:
        self._container.close()

    def blocks(self) -> Iterator[Block]:
        pending: _Pending | None = None
        for frame in self._frames():
            kind = _checked_kind(frame)
            if pending and (pending.kind != kind or pending.samples >= _BLOCK_SAMPLES):
                yield pending.block()
                pending = None
            if pending is None:
                pending = _Pending(kind, [[] for _ in frame.planes])
            pending.add(frame)
            self._decoded_s += frame.samples / frame.sample_rate
        if pending:
            yield pending.block()
        declared_s = self.info.duration_s
        if declared_s is not None and self._decoded_s < declared_s - _ENDS_EARLY_S:
            self.incomplete = True
        if self._decoded_s == 0:
            if self.incomplete:
                raise AudioUnreadable("No sound could be decoded from the file.")
            raise AudioEmpty("The file holds no sound.")

    def _open(self) -> InputContainer:
        try:
            container = av.open(
                self._source,
                "r",
                container_options=_OPTIONS,
                metadata_errors="replace",
                buffer_size=_READ_BYTES,
                io_open=self._source.refuse_reference,
            )
        except (FFmpegError, ValueError) as error:
            self._source.check()
            log.info("audio refused", extra={"libav": str(error)})
            raise AudioUnreadable("The file is not audio in an accepted format.") from error
        try:
            self._source.check()
        except BaseException:
            container.close()
            raise
        return container

    def _audio_track(self) -> AudioStream:
        tracks = self._container.streams.audio
        if not tracks:
            raise NoAudioTrack("The file has no audio track.")
        best = self._container.streams.best("audio")  # None where every track is absurd
        track = best if isinstance(best, AudioStream) else tracks[0]
        # PyAV's stubs do not know: None where libav has no decoder.
        codec = cast("AudioCodecContext | None", track.codec_context)
        if codec is None or codec.name not in _CODECS.split(","):
            raise AudioUnreadable("The audio in the file is coded in a way that is not accepted.")
        for other in self._container.streams:
            if other.index != track.index:
                other.discard = Discard.all
        return track

    def _described(self) -> AudioInfo:
        codec = self._track.codec_context
        _check_range(codec.sample_rate, codec.channels)
        return AudioInfo(
            container=self._container.format.name.partition(",")[0],
            codec=codec.name,
            sample_rate=codec.sample_rate,
            channels=codec.channels,
            duration_s=self._declared_s(),
        )

    def _declared_s(self) -> float | None:
        """What the header says, never what libav guesses from a bit rate."""
        guessed = self._container.format.name == "mp3" and not self._track.start_time
        if guessed or self._container.format.name == "aac":
            return None
        if self._track.duration is not None and self._track.time_base is not None:
            seconds = float(self._track.duration * self._track.time_base)
        elif self._container.duration is not None and len(self._container.streams) == 1:
            seconds = self._container.duration / av.time_base
        else:
            return None
        if self._container.format.name == "wav":
            return self._declared_wav_s(seconds)
        return seconds if seconds > 0 else None

    def _declared_wav_s(self, seconds: float) -> float | None:
        """libav cuts the claim of a WAV down to the size of the file. This is the claim itself."""
        codec = self._track.codec_context
        sample = cast("AudioFormat | None", codec.format)
        if seconds <= 0 or sample is None:
            return None
        size_bytes = self._source.size_bytes
        if size_bytes is None:
            claimed_bytes = seconds * codec.sample_rate * codec.channels * sample.bytes
        else:
            claimed_bytes = 8 + int.from_bytes(self._source.start[4:8], "little")
            seconds *= max(1.0, claimed_bytes / size_bytes)
        # Whoever writes to a pipe cannot know the length and claims 2 or 4 GiB.
        is_placeholder = claimed_bytes >= _PLACEHOLDER_BYTES > (size_bytes or 0)
        return None if is_placeholder else seconds

    def _frames(self) -> Iterator[AudioFrame]:
        packets = self._container.demux(self._track)
        while True:
            try:
                packet = next(packets, None)
            except (FFmpegError, ValueError):
                packet, self.incomplete = None, True
            self._source.check()
            if packet is None:
                return
            try:
                frames = packet.decode()
            except (FFmpegError, ValueError):
                self.incomplete = True
                continue
            for frame in frames:
                if frame.samples:
                    yield frame


def _checked_kind(frame: AudioFrame) -> tuple[int, int, str]:
    channels = frame.layout.nb_channels
    _check_range(frame.sample_rate, channels)
    if frame.format.name not in format_dtypes:
        raise AudioUnreadable("The audio in the file has samples of a kind that is not accepted.")
    return frame.sample_rate, channels, frame.format.name


def _check_range(sample_rate: int, channels: int) -> None:
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise AudioOutOfRange(
            f"A sample rate of {sample_rate} Hz is outside"
            f" {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz.",
            sample_rate=sample_rate,
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioOutOfRange(
            f"{channels} channels are outside 1 to {MAX_CHANNELS}.", channels=channels
        )
