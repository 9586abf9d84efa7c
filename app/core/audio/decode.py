"""Any accepted audio to float32 in [-1, 1] at one sample rate, as a stream or as one array.

Blocking: run it in a thread or a lane. Memory stays flat however long the file is, but for the one
array that `decode_audio` returns. Accepted: MP3, WAV, FLAC, Ogg, MP4/M4A/MOV, WebM/Matroska, ADTS
and, where the caller says so, raw PCM. A file that is cut off or damaged in the middle yields what
can be decoded, and its stream then says `incomplete`; only a file without any sound is an error.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Self

import numpy as np

from app.core.audio.container import AudioInfo, Block, ContainerReader
from app.core.audio.convert import Samples
from app.core.audio.errors import AudioEmpty, AudioTooLong, AudioUnreadable
from app.core.audio.guard import ByteSource, TimeBudget
from app.core.audio.pcm import PcmReader, RawPcm
from app.core.audio.resample import Resampler

Channels = Literal["mix", "split"]

_EXPECTED_S = 60.0


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """`max_duration_s` bounds what is heard, `deadline_s` the seconds spent inside the decoder."""

    max_duration_s: float
    deadline_s: float

    def check_duration(self, seconds: float) -> None:
        if seconds > self.max_duration_s:
            raise AudioTooLong(
                f"The audio is longer than {self.max_duration_s:g} s.",
                max_duration_s=self.max_duration_s,
            )


class AudioStream:
    """Blocks of sound, some 0.1 to 4 s long, for one consumer. Made by `stream_audio`; close it.

    `incomplete` is final once the stream is exhausted: some of the sound was cut off or damaged.
    """

    def __init__(
        self,
        reader: ContainerReader | PcmReader,
        blocks: Iterator[Samples],
        budget: TimeBudget,
        opened: ExitStack,
    ) -> None:
        self.info: AudioInfo = reader.info
        self._reader = reader
        self._blocks = blocks
        self._budget = budget
        self._opened = opened

    @property
    def incomplete(self) -> bool:
        return self._reader.incomplete

    def close(self) -> None:
        self._blocks = iter(())
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Samples]:
        return self

    def __next__(self) -> Samples:
        with self._budget.spending():
            return next(self._blocks)


def stream_audio(
    source: Path | BinaryIO,
    *,
    sample_rate: int = 16_000,
    channels: Channels = "mix",
    limits: DecodeLimits,
    raw: RawPcm | None = None,
) -> AudioStream:
    """Open `source` and refuse at once what its header already gives away.

    "mix" is the mean of all channels, in blocks of (n,); "split" keeps every channel, in blocks of
    (channels, n). A stream handed in stays its owner's to close; a seekable one is read from its
    beginning. One that cannot seek may hold anything but an MP4 with its index at the end.
    """
    budget = TimeBudget(limits.deadline_s)
    with ExitStack() as opened, budget.spending():
        stream = opened.enter_context(source.open("rb")) if isinstance(source, Path) else source
        guarded = ByteSource(stream, budget)
        reader = PcmReader(guarded, raw) if raw else ContainerReader(guarded)
        opened.callback(reader.close)
        limits.check_duration(reader.info.duration_s or 0)
        blocks = _within(reader.blocks(), limits)
        if channels == "mix":
            blocks = (Block(block.samples.mean(axis=0), block.sample_rate) for block in blocks)
        return AudioStream(reader, _resampled(blocks, sample_rate), budget, opened.pop_all())


def decode_audio(
    source: Path | BinaryIO,
    *,
    sample_rate: int = 16_000,
    channels: Channels = "mix",
    limits: DecodeLimits,
    raw: RawPcm | None = None,
) -> Samples:
    """The whole of `source`, allocated once where the file says how long it is.

    Use `stream_audio` to learn whether it was complete.
    """
    with stream_audio(
        source, sample_rate=sample_rate, channels=channels, limits=limits, raw=raw
    ) as audio:
        expected_s = audio.info.duration_s or min(_EXPECTED_S, limits.max_duration_s)
        return _joined(audio, capacity=int((expected_s + 1) * sample_rate))


def _within(blocks: Iterator[Block], limits: DecodeLimits) -> Iterator[Block]:
    """Headers lie: the limit holds for what is really heard as well."""
    heard_s = 0.0
    for block in blocks:
        heard_s += block.samples.shape[-1] / block.sample_rate
        limits.check_duration(heard_s)
        yield block


def _resampled(blocks: Iterator[Block], to_rate: int) -> Iterator[Samples]:
    """At one rate, even where a chained file changes its own midway."""
    resampler: Resampler | None = None
    nothing: Samples = np.empty(0, np.float32)
    for block in blocks:
        if resampler and block.samples[..., :0].shape != nothing.shape:
            raise AudioUnreadable("The number of channels changes within the file.")
        nothing = block.samples[..., :0]
        if resampler is None or resampler.from_rate != block.sample_rate:
            if resampler:
                yield from _clipped(resampler.push(nothing, last=True))
            channels = 1 if nothing.ndim == 1 else nothing.shape[0]
            resampler = Resampler(block.sample_rate, to_rate, channels=channels)
        yield from _clipped(resampler.push(block.samples))
    if resampler:
        yield from _clipped(resampler.push(nothing, last=True))


def _clipped(block: Samples) -> Iterator[Samples]:
    """A filter overshoots full scale, and has nothing to say before it is filled."""
    if block.size:
        yield np.clip(block, -1, 1, out=block)


def _joined(blocks: Iterator[Samples], *, capacity: int) -> Samples:
    whole: Samples | None = None
    filled = 0
    for block in blocks:
        end = filled + block.shape[-1]
        if whole is None:
            whole = np.empty((*block.shape[:-1], max(capacity, end)), np.float32)
        elif end > whole.shape[-1]:
            grown = np.empty((*block.shape[:-1], 2 * end), np.float32)
            grown[..., :filled] = whole[..., :filled]
            whole = grown
        whole[..., filled:end] = block
        filled = end
    if whole is None:
        raise AudioEmpty("The file holds no sound.")
    return whole[..., :filled]
