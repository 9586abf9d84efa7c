"""Where weights lie on this machine, and whether they are what the manifest says. Fetches nothing.

A file is hashed before its first use; a stamp of its inode, size and times beside it spares the
second start that work. Folders carry the version, so clones of different age share one store.
Files that a recipe made have a folder in that of their model; their hashes were taken when they
were made and lie beside them.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

import msgspec

from app.core.errors import Unavailable
from app.inference.manifest import Derived, FileContent, Manifest, Model, ModelFile, OwnModel

READ_BYTES = 1 << 20
RECORD = "made.json"
OWN_MODELS = "own"
"""The folder of models that an operator installed, each in a folder of its name."""

_FULL = {ENOSPC, EDQUOT}
_NOT_WRITABLE = {EROFS, EACCES, EPERM}


class ModelMissing(Unavailable):
    """A file of the model is not in the store; `models pull` brings it."""


class ModelCorrupt(Unavailable):
    """A file in the store was not what the manifest says; it is named and deleted."""


class StoreUnusable(Unavailable):
    """The store cannot be used: full, read-only, or not ours."""


class FileState(StrEnum):
    PRESENT = "present"
    MISSING = "missing"
    CORRUPT = "corrupt"


@dataclass(frozen=True, slots=True)
class StoredFile:
    model: Model
    file: FileContent
    path: Path
    state: FileState


class ModelStore:
    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, model: Model) -> Path:
        if isinstance(model, OwnModel):
            return self.root / OWN_MODELS / model.id
        return self.root / model.id / model.version

    def owner(self, folder: Path) -> str:
        """The id of the model of the manifest that is loaded of `folder`."""
        return folder.relative_to(self.root).parts[0]

    def path(self, model: Model, file: ModelFile) -> Path:
        return self.folder(model) / file.name

    def made_folder(self, model: Model, derived: Derived) -> Path:
        return self.folder(model) / derived.folder

    def verified(self, model: Model) -> Path:
        """The folder that the model is loaded of, every file in it checked; raises where one is
        not right."""
        folder, files = self.folder(model), model.files
        if model.derived:
            folder = self.made_folder(model, model.derived)
            files = _read_record(folder)
            if not files:
                raise ModelMissing(
                    f"Model {model.id} is not prepared here; run `./parley models pull {model.id}`",
                    model=model.id,
                )
        for file in files:
            self._require(model, folder / file.name, file)
        return folder

    def holds(self, model: Model, file: ModelFile) -> bool:
        """Whether the right file is there. Hashes it unless its stamp says that this was done."""
        return self._holds(self.path(model, file), file)

    def holds_made(self, model: Model, derived: Derived) -> bool:
        """The same for all files that the recipe makes."""
        folder = self.made_folder(model, derived)
        files = _read_record(folder)
        return bool(files) and all(self._holds(folder / file.name, file) for file in files)

    def verify(self, manifest: Manifest) -> list[StoredFile]:
        """Hash every file again, whatever its stamp says. Wrong ones are deleted."""
        found: list[StoredFile] = []
        for model, path, file in self._all(manifest):
            state = FileState.MISSING
            if path.is_file():
                state = FileState.PRESENT if self._check(path, file) else FileState.CORRUPT
            if state is FileState.CORRUPT:
                with store_errors(self.root):
                    path.unlink(missing_ok=True)
            found.append(StoredFile(model, file, path, state))
        return found

    def contents(self, manifest: Manifest) -> list[StoredFile]:
        """What is there, by name and size alone."""
        return [
            StoredFile(model, file, path, _state_by_size(path, file))
            for model, path, file in self._all(manifest)
        ]

    def adopt(self, finished: Path, model: Model, file: ModelFile) -> None:
        """Give a file whose hash was just checked its final name, in one step."""
        path = self.path(model, file)
        finished.replace(path)
        _write_stamp(path, file)

    def adopt_made(self, finished: Path, model: Model, derived: Derived) -> None:
        """Take the hashes of what the recipe made and give its folder its final name."""
        files = [_content_of(finished / name) for name in derived.files]
        (finished / RECORD).write_bytes(msgspec.json.encode(files))
        folder = self.made_folder(model, derived)
        if folder.exists():
            rmtree(folder)
        finished.replace(folder)
        for file in files:
            _write_stamp(folder / file.name, file)

    def _all(self, manifest: Manifest) -> Iterator[tuple[Model, Path, FileContent]]:
        for model in manifest.models:
            for file in model.files:
                yield model, self.path(model, file), file
            if model.derived:
                folder = self.made_folder(model, model.derived)
                made = _read_record(folder) or [
                    FileContent(name, 0, "") for name in model.derived.files
                ]
                for file in made:
                    yield model, folder / file.name, file

    def _require(self, model: Model, path: Path, file: FileContent) -> None:
        if not path.is_file():
            raise ModelMissing(
                f"{file.name} of model {model.id} is not here; "
                f"run `./parley models pull {model.id}`",
                model=model.id,
            )
        if not self._holds(path, file):
            with suppress(OSError):
                path.unlink()
            raise ModelCorrupt(
                f"{file.name} of model {model.id} did not have the SHA-256 of the manifest "
                f"and was refused; run `./parley models pull {model.id}`",
                model=model.id,
            )

    def _holds(self, path: Path, file: FileContent) -> bool:
        if not path.is_file():
            return False
        if _read_stamp(path) == _stamp_of(path, file):
            return True
        return self._check(path, file)

    def _check(self, path: Path, file: FileContent) -> bool:
        before = _stamp_of(path, file)
        if path.stat().st_size != file.bytes or hash_of(path) != file.sha256:
            return False
        if before == _stamp_of(path, file):
            _write_stamp(path, file)
        return True


def hash_of(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as stream:
        while block := stream.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def store_errors(root: Path) -> Generator[None]:
    """Turn what the disk says into a sentence about the store."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreUnusable(f"The model store {root} has no space left") from error
        if error.errno in _NOT_WRITABLE:
            raise StoreUnusable(
                f"The model store {root} cannot be used ({error.strerror}); "
                "PARLEY_MODELS names another place"
            ) from error
        raise StoreUnusable(f"The model store {root} failed: {error}") from error


def _content_of(path: Path) -> FileContent:
    return FileContent(path.name, path.stat().st_size, hash_of(path))


def _read_record(folder: Path) -> Sequence[FileContent]:
    """What the recipe made here; nothing where it did not, or where that cannot be read."""
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=list[FileContent])
    except (OSError, msgspec.MsgspecError):
        return ()


def _state_by_size(path: Path, file: FileContent) -> FileState:
    if not path.is_file():
        return FileState.MISSING
    return FileState.PRESENT if path.stat().st_size == file.bytes else FileState.CORRUPT


def _stamp_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.verified")


def _stamp_of(path: Path, file: FileContent) -> str:
    seen = path.stat()
    return f"{file.sha256} {seen.st_size} {seen.st_ino} {seen.st_mtime_ns} {seen.st_ctime_ns}"


def _read_stamp(path: Path) -> str | None:
    try:
        return _stamp_path(path).read_text("ascii")
    except (OSError, ValueError):
        return None


def _write_stamp(path: Path, file: FileContent) -> None:
    """A store that cannot be written is hashed at every start instead."""
    with suppress(OSError):
        _stamp_path(path).write_text(_stamp_of(path, file), "ascii")
