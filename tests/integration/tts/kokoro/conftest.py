"""Kokoro's real weights, from the store that `models pull` filled. Missing ones are an error."""

from collections.abc import AsyncGenerator, Generator
from functools import partial
from pathlib import Path

import pytest

from app.core import settings
from app.inference.executor import Executor, LaneSize
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.registry import ModelRegistry
from app.tts.engines.kokoro.convert import PUBLISHED
from app.tts.engines.kokoro.engine import MODEL, KokoroEngine
from app.tts.engines.kokoro.network import KokoroNetwork, load_kokoro

MANIFEST = read_manifest(Path(__file__).parents[4] / "onnx_models" / "manifest.toml")


@pytest.fixture(scope="session")
def store() -> ModelStore:
    environment = settings.process_environment()
    return ModelStore(settings.model_store(settings.load(environment), environment))


@pytest.fixture(scope="session")
def made(store: ModelStore) -> Path:
    """What the recipe made."""
    return store.verified(MANIFEST.get(MODEL))


@pytest.fixture(scope="session")
def published(store: ModelStore) -> Path:
    return store.folder(MANIFEST.get(MODEL)) / PUBLISHED


@pytest.fixture(scope="session")
def network(made: Path) -> Generator[KokoroNetwork]:
    network = load_kokoro(made, OnnxRuntime("cpu", 1))
    yield network
    network.close()


@pytest.fixture
async def executor() -> AsyncGenerator[Executor]:
    size = LaneSize(threads=1, waiting=64)
    executor = Executor(realtime=size, batch=size, forbid_in_transaction=lambda: None)
    yield executor
    await executor.close()


@pytest.fixture
async def models(store: ModelStore) -> AsyncGenerator[ModelRegistry]:
    loaders = {MODEL: partial(load_kokoro, runtime=OnnxRuntime("cpu", 1))}
    models = ModelRegistry(MANIFEST, store, loaders, budget_bytes=1 << 30)
    yield models
    await models.close()


@pytest.fixture
def engine(models: ModelRegistry, executor: Executor) -> KokoroEngine:
    return KokoroEngine(models, executor)
