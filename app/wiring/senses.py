"""What runs models."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.asr.catalogue import GE2E, MODELS, Catalogue
from app.asr.engines.ctc.engine import CtcRecognizer, load_ctc
from app.asr.engines.ctc.whisper_states import WhisperStates
from app.asr.engines.dtln import load_dtln
from app.asr.engines.ge2e import load_ge2e
from app.asr.engines.ge2e_recipe import prepare_ge2e
from app.asr.engines.silero import load_silero
from app.asr.engines.smart_turn import load_smart_turn
from app.asr.engines.whisper.convert import convert as convert_whisper
from app.asr.language_models import LanguageModels
from app.asr.service import SpeechService
from app.asr.streaming import StreamService
from app.core.audio.decode import DecodeLimits
from app.core.db import forbid_in_transaction
from app.core.errors import Unavailable
from app.core.settings import Settings
from app.inference.executor import Executor, LaneSize
from app.inference.machine import usable_cores
from app.inference.manifest import Manifest, read_manifest
from app.inference.model_store import FileState, ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.registry import ModelRegistry
from app.inference.shipped import ShippedWeights
from app.inference.starting import Starting
from app.llm.llama.models import EmbeddedModel, embedded_model
from app.tts.engines.kokoro.convert import convert as convert_kokoro
from app.tts.engines.kokoro.network import load_kokoro
from app.wiring.heads import Heads
from app.wiring.own import own_loaders, own_models, whisper_encoder

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "onnx_models" / "manifest.toml"
RECIPES = {
    "whisper-onnx": convert_whisper,
    "kokoro": partial(convert_kokoro, ROOT / "onnx_models" / "kokoro"),
    "ge2e": partial(prepare_ge2e, ROOT / "onnx_models" / "ge2e"),
}
"""How files that the manifest calls derived are made."""
CTC_HEAD = ROOT / "onnx_models" / "whisper-tiny.en-ctc"
MIB = 1024 * 1024
WAITING_IN_LANE = 256
DECODE_DEADLINE_S = 3600


@dataclass(frozen=True, slots=True)
class Inference:
    manifest: Manifest
    store: ModelStore
    models: ModelRegistry
    executor: Executor
    speech: SpeechService
    streams: StreamService
    embedded: EmbeddedModel
    starting: Starting = field(default_factory=Starting)

    async def check_ready(self) -> None:
        """Whether all is there, and loaded where it is at the start."""
        self.starting.check()
        states = await asyncio.to_thread(self.store.contents, self.manifest)
        missing = {state.model.id for state in states if state.state is not FileState.PRESENT}
        if missing:
            names = ", ".join(sorted(missing))
            raise Unavailable(f"not installed: {names}; run ./parley models pull")


def _load_ctc_head(
    whisper: Path, onnx: OnnxRuntime, language_models: LanguageModels
) -> CtcRecognizer:
    """The head lies in the repository; the encoder is that of the Whisper model below it."""
    encoder = whisper_encoder(whisper, onnx)
    return load_ctc(
        CTC_HEAD, onnx, lambda _: WhisperStates(onnx.open(encoder)), language_models.find("en")
    )


@asynccontextmanager
async def inference(settings: Settings, store: ModelStore) -> AsyncGenerator[Inference]:
    """What runs models; needs no database."""
    async with AsyncExitStack() as stack:
        cores = usable_cores()
        language_models = LanguageModels(settings.storage.data_dir / "language_models")
        manifest = await asyncio.to_thread(read_manifest, MANIFEST)
        own = await asyncio.to_thread(own_models, store, manifest)
        embedded = await asyncio.to_thread(embedded_model, settings.llm.embedded_model)
        manifest = Manifest((*manifest.models, *own.entries, *embedded.entries))
        onnx = await asyncio.to_thread(OnnxRuntime, settings.models.device, cores)
        shipped = ShippedWeights(MANIFEST.parent, is_commercial=settings.models.commercial)
        heads = Heads(manifest, store, shipped)
        ours = await asyncio.to_thread(tuple, heads.permitted(MODELS))
        models = ModelRegistry(
            manifest,
            store,
            {
                "silero-vad": lambda folder: load_silero(folder, onnx),
                "whisper": lambda folder: heads.whisper(folder, onnx, language_models.find),
                "ge2e": lambda folder: load_ge2e(folder, onnx),
                "dtln": lambda folder: load_dtln(folder, onnx),
                "smart-turn": lambda folder: load_smart_turn(folder, onnx),
                "kokoro": lambda folder: load_kokoro(folder, onnx),
                "ctc-on-whisper": lambda folder: _load_ctc_head(folder, onnx, language_models),
                **own_loaders(store, manifest, onnx, language_models),
                **embedded.loaders,
            },
            budget_bytes=settings.models.memory_mb * MIB,
        )
        stack.push_async_callback(models.close)
        lane = LaneSize(threads=cores, waiting=WAITING_IN_LANE)
        executor = Executor(realtime=lane, batch=lane, forbid_in_transaction=forbid_in_transaction)
        stack.push_async_callback(executor.close)
        limits = DecodeLimits(settings.server.max_audio_s, deadline_s=DECODE_DEADLINE_S)
        catalogue = Catalogue(settings.models.variant, (*ours, *own.speech), own.voices or GE2E)
        speech = await stack.enter_async_context(
            SpeechService(models, executor, limits, catalogue, language_models)
        )
        streams = await stack.enter_async_context(
            StreamService(
                models,
                executor,
                speech,
                speech.catalogue,
                most_streams=settings.server.max_streams,
            )
        )
        yield Inference(manifest, store, models, executor, speech, streams, embedded)
