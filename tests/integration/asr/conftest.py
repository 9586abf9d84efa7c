"""The real weights, from the store that `models pull` filled. Missing ones are an error."""

from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

import pytest

from app.asr.catalogue import Catalogue
from app.asr.engines.silero import SileroVad, load_silero
from app.asr.language_models import LanguageModels
from app.asr.service import SpeechService
from app.core import settings
from app.core.audio.decode import DecodeLimits
from app.inference.executor import Executor, Lane, LaneSize
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.registry import ModelRegistry

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
BUDGET_BYTES = 1 << 30
NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)


@pytest.fixture
async def models() -> AsyncGenerator[ModelRegistry]:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    loaders = {"silero-vad": partial(load_silero, runtime=OnnxRuntime("auto", 1))}
    manifest = read_manifest(ROOT / "onnx_models" / "manifest.toml")
    models = ModelRegistry(manifest, store, loaders, budget_bytes=BUDGET_BYTES)
    yield models
    await models.close()


@pytest.fixture
async def vad(models: ModelRegistry) -> AsyncGenerator[SileroVad]:
    async with models.lease("silero-vad", SileroVad, Lane.BATCH) as vad:
        yield vad


@pytest.fixture
async def executor() -> AsyncGenerator[Executor]:
    size = LaneSize(threads=1, waiting=64)
    executor = Executor(realtime=size, batch=size, forbid_in_transaction=lambda: None)
    yield executor
    await executor.close()


@pytest.fixture
async def speech(
    models: ModelRegistry, executor: Executor, tmp_path: Path
) -> AsyncGenerator[SpeechService]:
    """With nothing but the detector of speech."""
    names, language_models = Catalogue("en-full"), LanguageModels(tmp_path)
    async with SpeechService(models, executor, NO_LIMITS, names, language_models) as speech:
        yield speech


@pytest.fixture
def shared_data() -> Path:
    if not DATA.is_dir():
        pytest.skip("../shared/data is absent")
    return DATA
