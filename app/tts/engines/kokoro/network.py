"""Kokoro's graphs in memory: from tokens to what an utterance will be, from that to sound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples
from app.inference.onnx import OnnxModel, OnnxRuntime
from app.tts.engines.kokoro.convert import GRAPHS, HUM, VOICES
from app.tts.engines.kokoro.delivery import Delivery
from app.tts.engines.kokoro.norms import STYLE
from app.tts.engines.kokoro.source import Hum
from app.tts.engines.kokoro.vocabulary import PAD

Floats = NDArray[np.float32]
Pack = NDArray[np.float32]
"""A voice, (510, 256): a row for each count of tokens; how it sounds, then how it speaks."""


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
        self._text, self._melody, self._body, self._voice = self._graphs = tuple(graphs)
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
        """Of half frames from `first` to before `last`."""
        (sound,) = self._voice.run(
            {
                "features": utterance.features[:, first:last],
                "hum": utterance.hum.spectra(first, last),
                "affine": utterance.affine,
            }
        )
        return sound.reshape(-1)


def load_kokoro(folder: Path, runtime: OnnxRuntime) -> KokoroNetwork:
    """Of a folder that the recipe `kokoro` made."""
    kind = "float" if runtime.has_cuda else "int8"
    graphs = [runtime.open(folder / f"{name}.{kind}.onnx") for name in GRAPHS]
    with np.load(folder / VOICES) as stored:
        voices = dict(zip(stored["names"].tolist(), stored["packs"], strict=True))
    return KokoroNetwork(graphs, np.load(folder / HUM), voices)
