"""Kokoro's graphs in memory: from tokens to what an utterance will be, from that to sound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples
from app.inference.onnx import OnnxModel, OnnxRuntime
from app.tts.engines.kokoro.convert import GRAPHS, HUM, VOICES
from app.tts.engines.kokoro.delivery import Delivery
from app.tts.engines.kokoro.norms import STYLE, VOICE_CHANNELS
from app.tts.engines.kokoro.source import HALF_FRAME, STEPS, Hum
from app.tts.engines.kokoro.vocabulary import PAD
from app.tts.engines.kokoro.voice import SLOW_STEPS

Floats = NDArray[np.float32]
Pack = NDArray[np.float32]
"""A voice, (510, 256): a row for each count of tokens; how it sounds, then how it speaks."""

CONTEXT, DETAIL_CONTEXT = 7, 2
"""Half frames that a sample depends on, before and behind its own, in the graphs `voice` and
`detail`."""

MOST_DETAIL = 32
"""Half frames that `detail` is run on: more would not stay in the cache."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """`lengths`: frames of each token, the pads among them. A frame is two half frames."""

    lengths: NDArray[np.int64]
    features: Floats
    affine: Floats
    hum: Hum

    @property
    def half_frames(self) -> int:
        return self.features.shape[1]


class KokoroNetwork:
    def __init__(
        self, graphs: Sequence[OnnxModel], hum: Floats, voices: Mapping[str, Pack]
    ) -> None:
        self._graphs = tuple(graphs)
        self._text, self._melody, self._body, self._voice, self._detail = self._graphs
        self._hum = hum
        self.voices = voices
        self.memory_bytes = sum(graph.memory_bytes for graph in graphs) + sum(
            pack.nbytes for pack in voices.values()
        )
        self.device = self._voice.device

    def close(self) -> None:
        for graph in self._graphs:
            graph.close()

    def read(self, tokens: Sequence[int], pack: Pack, delivery: Delivery) -> Utterance:
        style = pack[min(len(tokens), len(pack) - 1)][None]
        timbre, manner = style[:, :STYLE], style[:, STYLE:]
        padded = np.array([[PAD, *tokens, PAD]], np.int64)
        spans, phonemes, sounds = self._text.run({"tokens": padded, "manner": manner})
        lengths = delivery.lengths(spans)
        frames = np.repeat(np.arange(len(lengths)), lengths)
        pitch, energy = self._melody.run({"phonemes": phonemes, "frames": frames, "manner": manner})
        pitch = delivery.pitch(pitch)
        features, affine = self._body.run(
            {
                "sounds": sounds, "frames": frames, "timbre": timbre,
                "pitch": pitch, "energy": energy,
            }
        )  # fmt: skip
        return Utterance(lengths, features, affine, Hum(pitch.reshape(-1), self._hum))

    def sound(self, utterance: Utterance, first: int, last: int) -> Samples:
        """Of half frames from `first` to before `last`, as if there were none beyond `CONTEXT` of
        them before and behind."""
        begin, end = max(0, first - CONTEXT), min(utterance.half_frames, last + CONTEXT)
        hum = utterance.hum.spectra(begin, end)
        (steps,) = self._voice.run(
            {
                "features": utterance.features[:, begin:end],
                "hum": hum,
                "affine": utterance.affine[:, :VOICE_CHANNELS],
            }
        )
        count = -(-(last - first) // MOST_DETAIL)
        bounds = [first + (last - first) * part // count for part in range(count + 1)]
        parts: list[Samples] = []
        for start, stop in pairwise(bounds):
            left, right = max(begin, start - DETAIL_CONTEXT), min(end, stop + DETAIL_CONTEXT)
            (sound,) = self._detail.run(
                {
                    "steps": steps[:, (left - begin) * SLOW_STEPS : (right - begin) * SLOW_STEPS],
                    "hum": hum[:, (left - begin) * STEPS : (right - begin) * STEPS + 1],
                    "affine": utterance.affine[:, VOICE_CHANNELS:],
                }
            )
            parts.append(sound[0, (start - left) * HALF_FRAME : (stop - left) * HALF_FRAME])
        return np.concatenate(parts)


def load_kokoro(folder: Path, runtime: OnnxRuntime) -> KokoroNetwork:
    """Of a folder that the recipe `kokoro` made."""
    kind = "float" if runtime.has_cuda else "int8"
    graphs = [runtime.open(folder / f"{name}.{kind}.onnx") for name in GRAPHS]
    with np.load(folder / VOICES) as stored:
        voices = dict(zip(stored["names"].tolist(), stored["packs"], strict=True))
    return KokoroNetwork(graphs, np.load(folder / HUM), voices)
