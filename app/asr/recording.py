"""A recording in a nameless file of 16 kHz mono, decoded once and read as often as needed.

Blocking: belongs in a lane of the executor. Memory stays flat over hours.
"""

import os
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO

import numpy as np

from app.asr.engines.dtln import KEPT_FOR_RECOGNITION, Dtln
from app.asr.recognition import SAMPLE_RATE
from app.asr.signal import GainRules, LevelMeter, amplify, gain_db
from app.core.audio.convert import Samples, float_from_int16, int16_from_float
from app.core.audio.decode import DecodeLimits, stream_audio
from app.core.audio.errors import AudioEmpty
from app.core.audio.pcm import RawPcm

BLOCK_SAMPLES = 4 * SAMPLE_RATE
_SAMPLE_BYTES = 2


class Abandoned(Exception):
    """Whoever asked has left; the work ends."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is done to the sound before anything hears it. `raw`: the bytes have no header."""

    raw: RawPcm | None = None
    gain: GainRules | None = None
    denoiser: Dtln | None = None


class Recording:
    """Close it: the file is gone then."""

    def __init__(self, file: IO[bytes], sample_count: int, *, incomplete: bool) -> None:
        self._file = file
        self._sample_count = sample_count
        self.incomplete = incomplete

    @property
    def duration_s(self) -> float:
        return self._sample_count / SAMPLE_RATE

    def samples(self, start_s: float, end_s: float) -> Samples:
        first = max(0, round(start_s * SAMPLE_RATE))
        return self._read(first, min(self._sample_count, round(end_s * SAMPLE_RATE)) - first)

    def blocks(self, stop: threading.Event) -> Iterator[Samples]:
        for first in range(0, self._sample_count, BLOCK_SAMPLES):
            if stop.is_set():
                raise Abandoned
            yield self._read(first, min(BLOCK_SAMPLES, self._sample_count - first))

    def close(self) -> None:
        self._file.close()

    def _read(self, first: int, count: int) -> Samples:
        data = os.pread(self._file.fileno(), max(0, count) * _SAMPLE_BYTES, first * _SAMPLE_BYTES)
        return float_from_int16(np.frombuffer(data, np.int16))


def record(
    source: Path | BinaryIO,
    preparation: Preparation,
    limits: DecodeLimits,
    stop: threading.Event,
) -> Generator[None, None, Recording]:
    """Decodes `source`, takes noise out and evens the level, where that is asked for: in steps of
    some seconds of sound."""
    meter = LevelMeter(SAMPLE_RATE)
    with stream_audio(
        source, sample_rate=SAMPLE_RATE, limits=limits, raw=preparation.raw
    ) as stream:
        blocks: Iterable[Samples] = _until(stop, stream)
        if preparation.denoiser:
            blocks = preparation.denoiser.denoise(blocks, KEPT_FOR_RECOGNITION)
        if preparation.gain:
            blocks = _metered(blocks, meter)
        recording = yield from _written(blocks)
        recording.incomplete = stream.incomplete
    if not preparation.gain:
        return recording
    try:
        wanted_db = gain_db(meter.level_db(preparation.gain), preparation.gain)
        louder = amplify(recording.blocks(stop), wanted_db, SAMPLE_RATE, preparation.gain)
        levelled = yield from _written(louder)
        levelled.incomplete = recording.incomplete
        return levelled
    finally:
        recording.close()


def _until(stop: threading.Event, blocks: Iterable[Samples]) -> Iterator[Samples]:
    for block in blocks:
        if stop.is_set():
            raise Abandoned
        yield block


def _metered(blocks: Iterable[Samples], meter: LevelMeter) -> Iterator[Samples]:
    for block in blocks:
        meter.push(block)
        yield block


def _written(blocks: Iterable[Samples]) -> Generator[None, None, Recording]:
    file = TemporaryFile()  # noqa: SIM115 - the recording closes it
    count = 0
    try:
        for block in blocks:
            file.write(int16_from_float(block).tobytes())
            count += block.size
            yield
        file.flush()
        if not count:
            raise AudioEmpty("The file holds no sound.", field="file")
    except BaseException:
        file.close()
        raise
    return Recording(file, count, incomplete=False)
