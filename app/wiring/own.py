"""Models that an operator installed, beside those of the manifest."""

import logging
from collections.abc import Mapping
from pathlib import Path

from app.asr.engines.ctc.card import Card, CardInvalid, read_card
from app.asr.engines.ctc.engine import CtcRecognizer, Front, OwnFeatures, load_ctc
from app.asr.engines.ctc.whisper_states import WhisperStates
from app.asr.engines.sherpa.loading import load_sherpa
from app.asr.language_models import LanguageModels
from app.asr.own_models import OWN_CTC, SHERPA, OwnModels, find_own_models
from app.inference.manifest import Manifest, ModelUnknown
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.registry import Loader

log = logging.getLogger(__name__)


def own_models(store: ModelStore, manifest: Manifest) -> OwnModels:
    """Those that cannot be used are left out, and the log says why. Blocks."""
    found = find_own_models(store.root, {model.id for model in manifest.models})
    for problem in found.problems:
        log.warning("%s", problem)
    return found


def own_loaders(
    store: ModelStore, manifest: Manifest, onnx: OnnxRuntime, language_models: LanguageModels
) -> Mapping[str, Loader]:
    def front(card: Card) -> Front:
        if card.features.kind != "whisper-states":
            return OwnFeatures(card)
        try:
            whisper = store.verified(manifest.get(card.features.model))
        except ModelUnknown as error:
            raise CardInvalid(f"{card.title}, field `features.model`: {error.message}") from error
        return WhisperStates(onnx.open(whisper_encoder(whisper, onnx)))

    def load_own_ctc(folder: Path) -> CtcRecognizer:
        language = read_card(folder).languages[0]
        return load_ctc(folder, onnx, front, language_models.find_for("ctc", language))

    return {OWN_CTC: load_own_ctc, SHERPA: load_sherpa}


def whisper_encoder(folder: Path, onnx: OnnxRuntime) -> Path:
    return folder / f"encoder.{'float' if onnx.has_cuda else 'int8'}.onnx"
