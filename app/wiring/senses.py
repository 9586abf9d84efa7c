"""What runs models."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.asr.engines.silero import load_silero
from app.asr.service import SpeechService
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

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "onnx_models" / "manifest.toml"
MIB = 1024 * 1024
WAITING_IN_LANE = 256
DECODE_DEADLINE_S = 3600


@dataclass(frozen=True, slots=True)
class Inference:
    manifest: Manifest
    store: ModelStore
    models: ModelRegistry
    speech: SpeechService

    async def check_present(self) -> None:
        states = await asyncio.to_thread(self.store.contents, self.manifest)
        missing = {state.model.id for state in states if state.state is not FileState.PRESENT}
        if missing:
            names = ", ".join(sorted(missing))
            raise Unavailable(f"not installed: {names}; run ./parley models pull")


@asynccontextmanager
async def inference(settings: Settings, store: ModelStore) -> AsyncGenerator[Inference]:
    """What runs models; needs no database."""
    async with AsyncExitStack() as stack:
        cores = usable_cores()
        manifest = await asyncio.to_thread(read_manifest, MANIFEST)
        onnx = await asyncio.to_thread(OnnxRuntime, settings.models.device, cores)
        models = ModelRegistry(
            manifest,
            store,
            {"silero-vad": lambda folder: load_silero(folder, onnx)},
            budget_bytes=settings.models.memory_mb * MIB,
        )
        stack.push_async_callback(models.close)
        lane = LaneSize(threads=cores, waiting=WAITING_IN_LANE)
        executor = Executor(realtime=lane, batch=lane, forbid_in_transaction=forbid_in_transaction)
        stack.push_async_callback(executor.close)
        limits = DecodeLimits(settings.server.max_audio_s, deadline_s=DECODE_DEADLINE_S)
        speech = await stack.enter_async_context(SpeechService(models, executor, limits))
        yield Inference(manifest, store, models, speech)
