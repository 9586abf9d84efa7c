"""From sound to who speaks when, with any encoder of voices. Memory stays flat over hours."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Sequence
from itertools import islice
from typing import Protocol

import numpy as np

from app.asr.clustering import SpeakerCount, Vectors
from app.asr.diarization import (
    Diarization,
    DiarizationRules,
    diarize,
    plan_windows,
    window_samples,
)
from app.asr.domain import SpeechSpan
from app.core.audio.convert import Samples

SAMPLE_RATE = 16000
WINDOWS_A_STEP = 64


class VoiceEncoder(Protocol):
    """What an engine for speaker embeddings offers: vectors of length one, from 16 kHz mono."""

    def embed(self, samples: Samples) -> Vectors:
        """One vector, of some speech of one speaker."""
        ...

    def embed_windows(self, windows: Iterable[Samples]) -> Vectors:
        """A row for each window of 1.6 s or less. The windows are read one after another."""
        ...


class VoiceModel(ABC):
    """A VoiceEncoder as the registry lends it, whichever engine it is of."""

    memory_bytes: int

    @property
    @abstractmethod
    def device(self) -> str: ...

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def embed(self, samples: Samples) -> Vectors: ...

    @abstractmethod
    def embed_windows(self, windows: Iterable[Samples]) -> Vectors: ...

    def find_voices(
        self,
        blocks: Iterable[Samples],
        spans: Sequence[SpeechSpan],
        count: SpeakerCount,
        rules: DiarizationRules,
    ) -> Generator[None, None, Diarization]:
        return find_voices(blocks, spans, self, count, rules)


def find_voices(
    blocks: Iterable[Samples],
    spans: Sequence[SpeechSpan],
    encoder: VoiceEncoder,
    count: SpeakerCount,
    rules: DiarizationRules,
) -> Generator[None, None, Diarization]:
    """Of a recording that passes once, in steps. Blocks: belongs in a lane of the executor."""
    windows = plan_windows(spans, rules)
    sounds = window_samples(blocks, windows, SAMPLE_RATE)
    vectors: list[Vectors] = []
    while some := list(islice(sounds, WINDOWS_A_STEP)):
        vectors.append(encoder.embed_windows(some))
        yield
    whole = np.concatenate(vectors) if vectors else encoder.embed_windows(())
    return diarize(spans, windows, whole, count, rules)


def found_voices(steps: Generator[None, None, Diarization]) -> Diarization:
    """All of the steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
