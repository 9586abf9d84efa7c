"""What a voice is like, by a model that an operator installed."""

from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sherpa_onnx  # pyright: ignore[reportMissingTypeStubs]

from app.asr.clustering import SpeakerCount, Vectors
from app.asr.diarization import Diarization, DiarizationRules, SpeakerTurn
from app.asr.domain import SpeechSpan
from app.asr.engines.ge2e import EMBEDDING_SIZE, normalized
from app.asr.engines.sherpa.cards import VoicesCard, memory_bytes
from app.asr.engines.sherpa.feeding import feed
from app.asr.engines.sherpa.turns import cover, hear_turns
from app.asr.recognition import SAMPLE_RATE
from app.asr.voices import VoiceModel
from app.core.audio.convert import Samples
from app.core.errors import Unavailable
from app.inference.onnx import ModelClosed

SHORTEST_SAMPLES = SAMPLE_RATE // 4
LONGEST_SEGMENTED_S = 3600
"""The library wants a recording whole; of a longer one, windows are grouped as with our model."""
VOICE_S = 60.0
"""Of each speaker, for the vector."""

_sherpa: Any = sherpa_onnx


class VectorsUnlikeOurs(Unavailable):
    """The model gives vectors of another size than those that were promised to callers."""


class SherpaVoices(VoiceModel):
    def __init__(self, folder: Path, card: VoicesCard) -> None:
        self.memory_bytes = memory_bytes(folder, card)
        self._folder = folder
        self._card = card
        config = _sherpa.SpeakerEmbeddingExtractorConfig(
            model=str(folder / card.graph), num_threads=1
        )
        self._extractor: Any = _sherpa.SpeakerEmbeddingExtractor(config)
        if self._extractor.dim != EMBEDDING_SIZE:
            raise VectorsUnlikeOurs(
                f"{card.title} gives vectors of {self._extractor.dim}; {EMBEDDING_SIZE} are needed"
            )

    @property
    def device(self) -> str:
        return "cpu"

    def close(self) -> None:
        self._extractor = None

    def embed(self, samples: Samples) -> Vectors:
        return normalized(self._vector(samples))

    def embed_windows(self, windows: Iterable[Samples]) -> Vectors:
        vectors = [self._vector(window) for window in windows]
        return normalized(np.stack(vectors)) if vectors else np.zeros((0, EMBEDDING_SIZE), "f4")

    def find_voices(
        self,
        blocks: Iterable[Samples],
        spans: Sequence[SpeechSpan],
        count: SpeakerCount,
        rules: DiarizationRules,
    ) -> Generator[None, None, Diarization]:
        segmentation = self._card.segmentation
        if not segmentation or not spans or spans[-1].end_s > LONGEST_SEGMENTED_S:
            return (yield from super().find_voices(blocks, spans, count, rules))
        samples = np.concatenate(list(blocks))
        heard = hear_turns(
            self._folder / segmentation, self._folder / self._card.graph, samples, count
        )
        if not count.least <= len({turn.speaker for turn in heard}) <= count.most:
            return (yield from super().find_voices([samples], spans, count, rules))
        turns = cover(spans, heard)
        speakers = range(1 + max(turn.speaker for turn in turns))
        sounds = (_sound_of(speaker, turns, samples) for speaker in speakers)
        return Diarization(turns, self.embed_windows(sounds))

    def _vector(self, samples: Samples) -> Vectors:
        extractor = self._extractor
        if extractor is None:
            raise ModelClosed(f"{self._card.title} is unloaded")
        stream = extractor.create_stream()
        padded = np.pad(samples, (0, max(0, SHORTEST_SAMPLES - samples.size)))
        feed(stream, padded)
        return np.array(extractor.compute(stream), np.float32)


def _sound_of(speaker: int, turns: Sequence[SpeakerTurn], samples: Samples) -> Samples:
    parts = [
        samples[round(turn.start_s * SAMPLE_RATE) : round(turn.end_s * SAMPLE_RATE)]
        for turn in turns
        if turn.speaker == speaker
    ]
    return np.concatenate(parts)[: round(VOICE_S * SAMPLE_RATE)]
