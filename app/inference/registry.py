"""Who holds which model. Loads once however many ask, evicts what nobody uses, keeps a budget.

All book-keeping runs on the event loop with no await between a look-up and its count: the loop
is the lock under which both happen. Only loading and closing run in threads.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from app.core.errors import AppError, InternalError, Unavailable
from app.inference.executor import Lane
from app.inference.manifest import Manifest, Model
from app.inference.model_store import FileState, ModelStore

log = logging.getLogger(__name__)

LOAD_THREADS = 4


class Loaded(Protocol):
    """A model in memory."""

    @property
    def memory_bytes(self) -> int: ...

    @property
    def device(self) -> str: ...

    def close(self) -> None: ...


Loader = Callable[[Path], Loaded]
"""Makes a model of a folder whose files were verified. Runs in a thread."""

M = TypeVar("M", bound=Loaded)


class ModelNotLoaded(Unavailable):
    """Loading failed; the next one who asks tries again."""


class ModelMemoryFull(Unavailable):
    """Everything loaded is in use and the budget has no room for batch work's model."""


class RegistryClosed(Unavailable):
    """The process is stopping: no model is lent."""


class LoaderMissing(InternalError):
    """A defect: no loader is registered for the kind, or it makes another type than asked for."""


@dataclass(frozen=True, slots=True)
class ModelState:
    id: str
    loaded: bool
    memory_bytes: int
    leases: int
    pinned: bool
    device: str | None


@dataclass(frozen=True, slots=True)
class RegistrySnapshot:
    budget_bytes: int
    used_bytes: int
    loads: int
    failures: int
    evictions: int
    refusals: int
    models: tuple[ModelState, ...]


@dataclass(eq=False, slots=True)
class _Entry:
    id: str
    loading: asyncio.Future[Loaded]
    memory_bytes: int
    leases: int = 0
    loaded: Loaded | None = None


class ModelRegistry:
    """`loaders` are by the manifest's `kind`."""

    def __init__(
        self,
        manifest: Manifest,
        store: ModelStore,
        loaders: Mapping[str, Loader],
        *,
        budget_bytes: int,
    ) -> None:
        self._manifest = manifest
        self._store = store
        self._loaders = loaders
        self._budget_bytes = budget_bytes
        self._entries: dict[str, _Entry] = {}  # least recently used first
        self._pins: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._closed = False
        self._threads = ThreadPoolExecutor(LOAD_THREADS, thread_name_prefix="models")

    @asynccontextmanager
    async def lease(self, model_id: str, kind: type[M], lane: Lane) -> AsyncGenerator[M]:
        """The model, not unloaded until the block ends.

        Where the budget is full of models in use, BATCH work is refused and REALTIME work loads
        over the budget: a caller is never turned away for memory that a batch job holds.
        """
        if self._closed:
            raise RegistryClosed("the process is stopping")
        entry = self._entries.get(model_id) or self._start_loading(model_id, lane)
        entry.leases += 1
        try:
            loaded = entry.loaded
            if loaded is None:
                loaded = await asyncio.shield(entry.loading)
            if not isinstance(loaded, kind):
                raise LoaderMissing(f"{model_id} is no {kind.__name__}")
            yield loaded
        finally:
            entry.leases -= 1
            self._touch(entry)
            self._shrink()

    def pin(self, model_id: str) -> None:
        """Keep the model, once loaded, until as many `unpin`: a live call may use it."""
        self._pins[self._manifest.get(model_id).id] += 1

    def unpin(self, model_id: str) -> None:
        if not self._pins[model_id]:
            raise InternalError(f"{model_id} is not pinned")
        self._pins[model_id] -= 1
        self._shrink()

    def installed(self) -> frozenset[str]:
        """The ids of models that can be loaded, by the names and sizes of their files. Blocks."""
        missing = {
            stored.model.id
            for stored in self._store.contents(self._manifest)
            if stored.state is not FileState.PRESENT
        }
        return frozenset(
            model.id
            for model in self._manifest.models
            if missing.isdisjoint({model.id, model.on or model.id})
        )

    def snapshot(self) -> RegistrySnapshot:
        return RegistrySnapshot(
            budget_bytes=self._budget_bytes,
            used_bytes=self._used_bytes,
            loads=self._counts["loads"],
            failures=self._counts["failures"],
            evictions=self._counts["evictions"],
            refusals=self._counts["refusals"],
            models=tuple(self._state(model.id) for model in self._manifest.models),
        )

    async def close(self) -> None:
        """Wait for loads under way, then unload everything."""
        self._closed = True
        await asyncio.gather(
            *(entry.loading for entry in self._entries.values()), return_exceptions=True
        )
        loaded = [entry.loaded for entry in self._entries.values() if entry.loaded is not None]
        self._entries.clear()
        await asyncio.to_thread(_close_all, loaded)
        await asyncio.to_thread(self._threads.shutdown)

    @property
    def _used_bytes(self) -> int:
        return sum(entry.memory_bytes for entry in self._entries.values())

    def _state(self, model_id: str) -> ModelState:
        entry = self._entries.get(model_id)
        loaded = entry.loaded if entry else None
        return ModelState(
            id=model_id,
            loaded=loaded is not None,
            memory_bytes=entry.memory_bytes if entry else 0,
            leases=entry.leases if entry else 0,
            pinned=self._pins[model_id] > 0,
            device=loaded.device if loaded else None,
        )

    def _start_loading(self, model_id: str, lane: Lane) -> _Entry:
        model = self._manifest.get(model_id)
        loader = self._loaders.get(model.kind)
        if loader is None:
            raise LoaderMissing(f"no loader makes models of kind {model.kind}")
        evicted = self._make_room(model, lane)
        loading = asyncio.get_running_loop().run_in_executor(
            self._threads, self._open, model, loader, evicted
        )
        entry = _Entry(model.id, loading, model.bytes)
        self._entries[model.id] = entry
        # Before any waiter's own callback: whoever wakes finds the books in order.
        loading.add_done_callback(lambda _: self._settle(entry))
        return entry

    def _open(self, model: Model, loader: Loader, evicted: Sequence[Loaded]) -> Loaded:
        _close_all(evicted)
        try:
            (folder,) = map(self._store.verified, self._manifest.base(model) or (model,))
            return loader(folder)
        except AppError:
            raise
        except Exception as error:
            raise ModelNotLoaded(f"{model.id} could not be loaded: {error}") from error

    def _settle(self, entry: _Entry) -> None:
        if entry.loading.cancelled() or entry.loading.exception():
            del self._entries[entry.id]
            self._counts["failures"] += 1
            return
        entry.loaded = entry.loading.result()
        entry.memory_bytes = entry.loaded.memory_bytes
        self._counts["loads"] += 1
        self._shrink()

    def _make_room(self, model: Model, lane: Lane) -> list[Loaded]:
        excess = self._used_bytes + model.bytes - self._budget_bytes
        if excess > sum(entry.memory_bytes for entry in self._idle()):
            told = f"{model.id} needs {model.bytes >> 20} MiB; PARLEY_MODEL_MEMORY_MB is in use"
            if lane is Lane.BATCH:
                self._counts["refusals"] += 1
                raise ModelMemoryFull(told, model=model.id)
            log.warning("%s; a live call loads it all the same", told)
        return self._evict(excess)

    def _shrink(self) -> None:
        excess = self._used_bytes - self._budget_bytes
        if excess > 0 and (evicted := self._evict(excess)):
            self._threads.submit(_close_all, evicted)

    def _evict(self, excess: int) -> list[Loaded]:
        """Forget the least recently used idle models until `excess` bytes are free."""
        evicted: list[Loaded] = []
        for entry in self._idle():
            if excess <= 0:
                break
            assert entry.loaded is not None
            excess -= entry.memory_bytes
            del self._entries[entry.id]
            self._counts["evictions"] += 1
            evicted.append(entry.loaded)
        return evicted

    def _idle(self) -> list[_Entry]:
        return [
            entry
            for entry in self._entries.values()
            if entry.loaded is not None and not entry.leases and not self._pins[entry.id]
        ]

    def _touch(self, entry: _Entry) -> None:
        if self._entries.get(entry.id) is entry:
            self._entries[entry.id] = self._entries.pop(entry.id)


def _close_all(models: Sequence[Loaded]) -> None:
    for model in models:
        try:
            model.close()
        except Exception:
            log.exception("a model could not be closed")
