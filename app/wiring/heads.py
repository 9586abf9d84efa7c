"""Heads on the voice that lie beside a Whisper model's card, as far as their licence allows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.asr.catalogue import SpeechModel
from app.asr.engines.whisper.voice import VoiceHeads, load_voice, read_heads
from app.inference.manifest import Manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.shipped import ShippedWeights

VOICE = "voice.onnx"


@dataclass(frozen=True, slots=True)
class Heads:
    manifest: Manifest
    store: ModelStore
    shipped: ShippedWeights

    def load(self, folder: Path, onnx: OnnxRuntime) -> VoiceHeads | None:
        """Those that were trained on the Whisper model of the folder."""
        weights = self._find(self.store.owner(folder))
        return load_voice(weights, onnx) if weights else None

    def permitted(self, models: Sequence[SpeechModel]) -> Iterator[SpeechModel]:
        """With the categories of the voice that can be told under the licences. Blocks."""
        for model in models:
            weights = self._find(model.weights) if model.voice else None
            told = read_heads(weights) if weights else ()
            yield replace(model, voice=tuple(each for each in model.voice if each in told))

    def _find(self, weights: str) -> Path | None:
        return self.shipped.permitted(self.manifest.get(weights), VOICE)
