"""Files that a recipe makes of fetched ones: made once, checked like the others."""

import io
from pathlib import Path

import msgspec
import pytest

from app.inference.fetch import Recipe, RecipeFailed, RecipeMissing, pull
from app.inference.manifest import Derived, Manifest, Model, Source
from app.inference.model_store import FileState, ModelCorrupt, ModelMissing, ModelStore
from app.inference.progress import PlainReporter
from tests.integration.inference.conftest import CONTENT, Publisher, model_of


@pytest.fixture
def model(publisher: Publisher) -> Model:
    derived = Derived("halves", 1, ("first.bin", "second.bin"))
    return msgspec.structs.replace(model_of(Source(url=publisher.url)), derived=derived)


class Halves:
    """A recipe that counts how often it was followed."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, pulled: Path, made: Path) -> None:
        self.times += 1
        content = (pulled / "w.bin").read_bytes()
        (made / "first.bin").write_bytes(content[: len(content) // 2])
        (made / "second.bin").write_bytes(content[len(content) // 2 :])


def run(model: Model, store: ModelStore, recipe: Recipe) -> str:
    out = io.StringIO()
    pull([model], store, PlainReporter(out), recipes={"halves": recipe})
    return out.getvalue()


def test_files_are_made_once(model: Model, store: ModelStore) -> None:
    halves = Halves()
    assert "preparing m" in run(model, store, halves)
    folder = store.verified(model)
    assert (folder / "first.bin").read_bytes() + (folder / "second.bin").read_bytes() == CONTENT
    assert run(model, store, halves) == ""
    assert halves.times == 1


def test_a_new_version_of_the_recipe_makes_them_again(model: Model, store: ModelStore) -> None:
    halves = Halves()
    run(model, store, halves)
    newer = msgspec.structs.replace(
        model, derived=Derived("halves", 2, ("first.bin", "second.bin"))
    )
    said = run(newer, store, halves)
    assert "fetching" not in said
    assert halves.times == 2
    assert store.verified(newer) != store.verified(model)


def test_damage_is_noticed_and_mended(model: Model, store: ModelStore) -> None:
    halves = Halves()
    run(model, store, halves)
    damaged = store.verified(model) / "second.bin"
    damaged.write_bytes(bytes(len(CONTENT) // 2))
    states = {each.path.name: each.state for each in store.verify(Manifest((model,)))}
    assert states == {
        "w.bin": FileState.PRESENT,
        "first.bin": FileState.PRESENT,
        "second.bin": FileState.CORRUPT,
    }
    with pytest.raises(ModelMissing, match="models pull m"):
        store.verified(model)
    run(model, store, halves)
    assert damaged.read_bytes() == CONTENT[len(CONTENT) // 2 :]


def test_a_damaged_file_is_never_loaded(model: Model, store: ModelStore) -> None:
    run(model, store, Halves())
    (store.verified(model) / "first.bin").write_bytes(b"short")
    with pytest.raises(ModelCorrupt, match=r"first\.bin of model m"):
        store.verified(model)


def test_what_is_not_made_is_missing(model: Model, store: ModelStore) -> None:
    assert {each.state for each in store.contents(Manifest((model,)))} == {FileState.MISSING}
    with pytest.raises(ModelMissing, match="models pull m"):
        store.verified(model)


def test_a_recipe_that_fails_leaves_nothing(model: Model, store: ModelStore) -> None:
    def spoiled(_: Path, made: Path) -> None:
        (made / "first.bin").write_bytes(b"half")
        raise ValueError("no salt")

    with pytest.raises(RecipeFailed, match="m could not be prepared: no salt"):
        run(model, store, spoiled)
    with pytest.raises(ModelMissing):
        store.verified(model)
    run(model, store, Halves())
    assert store.verified(model)


def test_a_recipe_nobody_registered_is_a_defect(model: Model, store: ModelStore) -> None:
    with pytest.raises(RecipeMissing, match="halves"):
        pull([model], store, PlainReporter(io.StringIO()))
