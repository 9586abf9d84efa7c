"""Silero VAD: the probability of speech of each 32 ms. Decides nothing about spans or turns.

Two graphs of one network: one takes a frame of each of many live streams, the other a run of
frames of one recording. Their answers are the same to the last bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.audio.chunk import Rechunker
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxModel, OnnxRuntime

SAMPLE_RATE = 16000
FRAME_SAMPLES = 512
CONTEXT_SAMPLES = 64
BLOCK_FRAMES = 256
"""Frames of a recording given to the network at once: 8 seconds, some 15 ms of work."""

_RATE = np.array(SAMPLE_RATE, np.int64)


@dataclass(frozen=True, slots=True)
class VadState:
    """What the network remembers of one stream between two frames."""

    memory: Samples
    context: Samples

    @classmethod
    def fresh(cls) -> "VadState":
        return cls(np.zeros((2, 128), np.float32), np.zeros(CONTEXT_SAMPLES, np.float32))


@dataclass(frozen=True, slots=True)
class VadFrame:
    samples: Samples
    state: VadState


class SileroVad:
    def __init__(self, live: OnnxModel, recorded: OnnxModel) -> None:
        self._live = live
        self._recorded = recorded

    @property
    def memory_bytes(self) -> int:
        return self._live.memory_bytes + self._recorded.memory_bytes

    @property
    def device(self) -> str:
        return self._live.device

    def close(self) -> None:
        self._live.close()
        self._recorded.close()

    def step(self, frames: Sequence[VadFrame]) -> list[tuple[float, VadState]]:
        """One frame of each of several streams, with what to remember for the next one."""
        inputs = np.stack(
            [np.concatenate((frame.state.context, frame.samples)) for frame in frames]
        )
        memory = np.stack([frame.state.memory for frame in frames], axis=1)
        outputs, memory = self._live.run({"input": inputs, "state": memory, "sr": _RATE})
        return [
            (
                float(outputs[row, 0]),
                VadState(memory[:, row].copy(), inputs[row, -CONTEXT_SAMPLES:].copy()),
            )
            for row in range(len(frames))
        ]

    def probabilities(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Of a whole recording, in runs of frames; the last frame is filled up with silence."""
        hidden = np.zeros((1, 1, 128), np.float32)
        cell = np.zeros((1, 1, 128), np.float32)
        context = np.zeros(CONTEXT_SAMPLES, np.float32)
        for frames in _runs_of_frames(blocks):
            contexts = np.vstack((context[None], frames[:-1, -CONTEXT_SAMPLES:]))
            context = frames[-1, -CONTEXT_SAMPLES:]
            feeds = {"input": np.hstack((contexts, frames)), "h": hidden, "c": cell}
            found, hidden, cell = self._recorded.run(feeds)
            yield found


def load_silero(folder: Path, runtime: OnnxRuntime) -> SileroVad:
    """One thread and the CPU: the network is so small that more of either makes it slower."""
    return SileroVad(
        live=runtime.open(folder / "silero_vad.onnx", threads=1, device="cpu"),
        recorded=runtime.open(folder / "silero_vad_16k_sequence.onnx", threads=1, device="cpu"),
    )


def _runs_of_frames(blocks: Iterable[Samples]) -> Iterator[Samples]:
    chunker = Rechunker(BLOCK_FRAMES * FRAME_SAMPLES)
    for block in blocks:
        for run in chunker.push(block):
            yield run.reshape(-1, FRAME_SAMPLES)
    rest = chunker.flush()
    if rest is not None:
        frame_count = -(-rest.size // FRAME_SAMPLES)
        frames = np.zeros((frame_count, FRAME_SAMPLES), np.float32)
        frames.reshape(-1)[: rest.size] = rest
        yield frames
