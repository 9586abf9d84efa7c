"""SmolLM2's real weights, from the store that `models pull` filled. Missing ones are an error."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from app.core import settings
from app.inference.executor import Lane
from app.inference.manifest import Manifest, read_manifest
from app.inference.model_store import ModelStore
from app.inference.registry import ModelRegistry
from app.llm.llama.models import SHIPPED, SHIPPED_FILE, EmbeddedModel
from app.llm.llama.process import LlamaProcess
from app.llm.providers.embedded import Embedded

MANIFEST = read_manifest(Path(__file__).parents[3] / "onnx_models" / "manifest.toml")


def store() -> ModelStore:
    environment = settings.process_environment()
    return ModelStore(settings.model_store(settings.load(environment), environment))


def weights() -> Path:
    return store().verified(MANIFEST.get(SHIPPED)) / SHIPPED_FILE


@asynccontextmanager
async def registry(model: EmbeddedModel) -> AsyncGenerator[ModelRegistry]:
    manifest = Manifest((*MANIFEST.models, *model.entries))
    models = ModelRegistry(manifest, store(), model.loaders, budget_bytes=1 << 30)
    try:
        yield models
    finally:
        await models.close()


@asynccontextmanager
async def embedded(
    model: EmbeddedModel | None = None,
) -> AsyncGenerator[tuple[Embedded, LlamaProcess]]:
    """And the process that it asks."""
    model = model or EmbeddedModel()
    async with registry(model) as models:
        async with models.lease(model.id, LlamaProcess, Lane.REALTIME) as process:
            pass
        yield Embedded(models, model), process
