"""Runs Whisper's three graphs. Knows arrays; tokens and words are for others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.asr.engines.whisper.graph import HEAD_SIZE
from app.asr.engines.whisper.window import Window
from app.core.audio.convert import Samples
from app.inference.onnx import Array, OnnxModel

Rows = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Heard:
    """Utterances as the decoder attends to them."""

    keys_values: list[Array]
    log_weights: Samples

    @property
    def count(self) -> int:
        return len(self.keys_values[0])

    def select(self, rows: Rows) -> "Heard":
        return Heard([part[rows] for part in self.keys_values], self.log_weights)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the decoder remembers of the tokens so far, a row for each hypothesis."""

    keys_values: list[Array]

    def select(self, rows: Rows) -> "Memory":
        return Memory([part[rows] for part in self.keys_values])


@dataclass(frozen=True, slots=True)
class Step:
    logits: Samples
    """(rows, vocabulary), after the last token."""
    attention: Samples
    """(utterances, heads, rows of an utterance times tokens, frames), not yet made odds"""
    memory: Memory


@dataclass(frozen=True, slots=True)
class Encoded:
    states: Samples
    """(utterances, frames, width)"""
    pooled: Samples
    """(utterances, layers, 2, width): mean and standard deviation over the frames of sound, as the
    norm before each layer gives them and that after the last"""


def encode(
    encoder: OnnxModel, mels: Samples, window: Window, sound_frames: Sequence[int]
) -> Encoded:
    """One pass. `sound_frames` says how many of each utterance's frames are no silence behind."""
    states, pooled = encoder.run(
        {
            "mel": mels,
            "frames": window.frames,
            "positions": window.positions,
            "log_weights": window.log_weights.reshape(1, -1, 1),
            "sound_frames": np.array(sound_frames, np.int64),
        }
    )
    return Encoded(states, pooled)


class WhisperNetwork:
    """`bytes_per_stored` is what a byte of the files takes in memory."""

    def __init__(
        self, encoder: OnnxModel, cross: OnnxModel, decoder: OnnxModel, bytes_per_stored: int
    ) -> None:
        self._models = (encoder, cross, decoder)
        self._bytes_per_stored = bytes_per_stored
        self._encoder, self._cross, self._decoder = self._models
        self._past = [name for name in decoder.inputs if name.startswith("past_")]
        self._heads = int(decoder.shapes["past_keys_0"][1])
        self.mels = int(encoder.shapes["mel"][1])

    @property
    def memory_bytes(self) -> int:
        return self._bytes_per_stored * sum(model.memory_bytes for model in self._models)

    @property
    def device(self) -> str:
        return self._decoder.device

    def close(self) -> None:
        for model in self._models:
            model.close()

    def encode(self, mels: Samples, window: Window, sound_frames: Sequence[int]) -> Encoded:
        return encode(self._encoder, mels, window, sound_frames)

    def hear(self, states: Samples, window: Window) -> Heard:
        return Heard(self._cross.run({"states": states}), window.log_weights)

    def step(self, heard: Heard, memory: Memory | None, tokens: NDArray[np.int64]) -> Step:
        """Without `memory`, from the beginning. Rows of one utterance follow each other."""
        rows, length = tokens.shape
        queries = rows // heard.count * length
        bias = np.broadcast_to(heard.log_weights, (1, 1, queries, heard.log_weights.size))
        past = memory.keys_values if memory else self._nothing(rows)
        *present, logits, attention = self._decoder.run(
            {
                "tokens": tokens,
                "bias": np.ascontiguousarray(bias),
                **dict(zip(self._past, past, strict=True)),
                **dict(zip(self._cross.outputs, heard.keys_values, strict=True)),
            }
        )
        return Step(logits, attention, Memory(present))

    def _nothing(self, rows: int) -> list[Array]:
        empty = np.zeros((rows, self._heads, 0, HEAD_SIZE), np.float32)
        return [empty] * len(self._past)
