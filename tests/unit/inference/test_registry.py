"""One load however many ask, nothing unloaded while in use, nothing kept beyond the budget."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from hashlib import sha256
from pathlib import Path

import pytest

from app.core.errors import InternalError
from app.inference.executor import Lane
from app.inference.manifest import Manifest, Model, ModelFile, ModelUnknown, Source
from app.inference.model_store import ModelCorrupt, ModelStore
from app.inference.registry import (
    LoaderMissing,
    ModelMemoryFull,
    ModelNotLoaded,
    ModelRegistry,
    RegistryClosed,
)

SIZE = 100
IDS = ("a", "b", "c", "d")


class Weights:
    """A model in memory that knows whether it was unloaded."""

    device = "cpu"

    def __init__(self, memory_bytes: int = SIZE) -> None:
        self.memory_bytes = memory_bytes
        self.closed = threading.Event()

    def close(self) -> None:
        self.closed.set()


class Other(Weights):
    pass


class Factory:
    """A loader that can be held at a gate and made to fail."""

    def __init__(self) -> None:
        self.made: list[Weights] = []
        self.calls = 0
        self.memory_bytes = SIZE
        self.began = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self.failure: Exception | None = None

    def __call__(self, folder: Path) -> Weights:
        assert (folder / "w.bin").is_file()
        self.calls += 1
        self.began.set()
        self.go.wait()
        if self.failure:
            raise self.failure
        self.made.append(Weights(self.memory_bytes))
        return self.made[-1]


def model(model_id: str, kind: str = "k") -> Model:
    content = model_id.encode() * SIZE
    digest = sha256(content).hexdigest()
    return Model(
        model_id,
        model_id,
        "MIT",
        kind,
        (ModelFile("w.bin", len(content), digest, (Source(url="https://x/w"),)),),
    )


MANIFEST = Manifest((*(model(model_id) for model_id in IDS), model("x", kind="unknown")))


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    store = ModelStore(tmp_path)
    for each in MANIFEST.models:
        store.folder(each).mkdir(parents=True)
        (store.folder(each) / "w.bin").write_bytes(each.id.encode() * SIZE)
    return store


@pytest.fixture
def factory() -> Factory:
    return Factory()


@pytest.fixture
async def models(store: ModelStore, factory: Factory) -> AsyncGenerator[ModelRegistry]:
    """Room for two models."""
    registry = ModelRegistry(MANIFEST, store, {"k": factory}, budget_bytes=2 * SIZE)
    yield registry
    factory.go.set()
    await registry.close()


async def use(models: ModelRegistry, *ids: str, lane: Lane = Lane.BATCH) -> None:
    for model_id in ids:
        async with models.lease(model_id, Weights, lane):
            pass


def loaded(models: ModelRegistry) -> str:
    return "".join(state.id for state in models.snapshot().models if state.loaded)


def leases(models: ModelRegistry, model_id: str) -> int:
    return next(state.leases for state in models.snapshot().models if state.id == model_id)


async def wait_for(event: threading.Event) -> None:
    await asyncio.to_thread(event.wait)


async def test_fifty_who_ask_at_once_share_one_load(
    models: ModelRegistry, factory: Factory
) -> None:
    factory.go.clear()
    seen: list[Weights] = []
    everybody_has_it, counted = asyncio.Barrier(51), asyncio.Event()

    async def ask() -> None:
        async with models.lease("a", Weights, Lane.BATCH) as weights:
            seen.append(weights)
            await everybody_has_it.wait()
            await counted.wait()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(ask())
        await wait_for(factory.began)
        factory.go.set()
        await everybody_has_it.wait()
        assert leases(models, "a") == 50
        counted.set()
    assert factory.calls == 1
    assert set(seen) == {factory.made[0]}
    assert leases(models, "a") == 0


async def test_the_load_survives_its_first_asker(models: ModelRegistry, factory: Factory) -> None:
    factory.go.clear()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(use(models, "a"))
        await wait_for(factory.began)
        second = tasks.create_task(use(models, "a"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        assert leases(models, "a") == 1
        factory.go.set()
        await second
    assert (factory.calls, loaded(models)) == (1, "a")


async def test_a_load_that_everybody_left_is_kept_for_the_next(
    models: ModelRegistry, factory: Factory
) -> None:
    factory.go.clear()
    async with asyncio.TaskGroup() as tasks:
        only = tasks.create_task(use(models, "a"))
        await wait_for(factory.began)
        only.cancel()
    factory.go.set()
    await use(models, "a")
    assert factory.calls == 1


async def test_a_failed_load_reaches_everybody_and_is_tried_again(
    models: ModelRegistry, factory: Factory
) -> None:
    factory.failure = OSError("no such graph")
    factory.go.clear()
    asking = asyncio.gather(*(use(models, "a") for _ in range(3)), return_exceptions=True)
    await wait_for(factory.began)
    factory.go.set()
    errors = await asking
    assert [type(error) for error in errors] == [ModelNotLoaded] * 3
    assert "a could not be loaded: no such graph" in str(errors[0])
    assert models.snapshot().used_bytes == 0
    factory.failure = None
    await use(models, "a")
    assert (factory.calls, models.snapshot().failures, models.snapshot().loads) == (2, 1, 1)


async def test_the_least_recently_used_goes_first(models: ModelRegistry, factory: Factory) -> None:
    await use(models, "a", "b", "a", "c")
    assert loaded(models) == "ac"
    await wait_for(factory.made[1].closed)
    assert models.snapshot().evictions == 1


async def test_what_is_leased_is_never_unloaded(models: ModelRegistry, factory: Factory) -> None:
    async with models.lease("a", Weights, Lane.BATCH) as a:
        await use(models, "b", "c", "d", "b")
        assert not a.closed.is_set()
    assert loaded(models) == "ab"


async def test_what_is_pinned_is_never_unloaded(models: ModelRegistry) -> None:
    models.pin("a")
    models.pin("a")
    await use(models, "a", "b", "c")
    models.unpin("a")
    await use(models, "d")
    assert loaded(models) == "ad"
    models.unpin("a")
    await use(models, "b", "c")
    assert loaded(models) == "bc"
    with pytest.raises(InternalError, match="a is not pinned"):
        models.unpin("a")


async def test_batch_work_is_refused_when_everything_is_in_use(models: ModelRegistry) -> None:
    models.pin("a")
    async with models.lease("a", Weights, Lane.BATCH), models.lease("b", Weights, Lane.BATCH):
        with pytest.raises(ModelMemoryFull, match="c needs"):
            await use(models, "c")
        assert loaded(models) == "ab"
    await use(models, "c")
    assert loaded(models) == "ac"
    assert models.snapshot().refusals == 1


async def test_a_live_call_loads_over_the_budget_which_is_kept_again_afterwards(
    models: ModelRegistry,
) -> None:
    async with models.lease("a", Weights, Lane.BATCH), models.lease("b", Weights, Lane.BATCH):
        async with models.lease("c", Weights, Lane.REALTIME):
            assert models.snapshot().used_bytes == 3 * SIZE
        assert loaded(models) == "ab"


async def test_what_a_model_really_takes_counts_once_it_is_known(
    models: ModelRegistry, factory: Factory
) -> None:
    await use(models, "a")
    factory.memory_bytes = 2 * SIZE
    async with models.lease("b", Weights, Lane.BATCH):
        assert loaded(models) == "b"
        assert models.snapshot().used_bytes == 2 * SIZE


async def test_a_file_with_the_wrong_hash_never_reaches_the_loader(
    models: ModelRegistry, store: ModelStore, factory: Factory
) -> None:
    (store.folder(MANIFEST.get("a")) / "w.bin").write_bytes(b"z" * SIZE)
    with pytest.raises(ModelCorrupt):
        await use(models, "a")
    assert factory.calls == 0


async def test_asking_for_what_is_not_there(models: ModelRegistry) -> None:
    with pytest.raises(ModelUnknown):
        await use(models, "nothing")
    with pytest.raises(LoaderMissing, match="unknown"):
        await use(models, "x")
    with pytest.raises(LoaderMissing, match="no Other"):
        async with models.lease("a", Other, Lane.BATCH):
            pass
    assert leases(models, "a") == 0


async def test_close_waits_for_a_load_under_way_and_unloads_everything(
    models: ModelRegistry, factory: Factory
) -> None:
    await use(models, "a")
    factory.go.clear()
    factory.began.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(use(models, "b"))
        await wait_for(factory.began)
        closing = tasks.create_task(models.close())
        await asyncio.sleep(0)
        assert not closing.done()
        with pytest.raises(RegistryClosed):
            await use(models, "a")
        factory.go.set()
    assert [weights.closed.is_set() for weights in factory.made] == [True, True]
