"""No file is used before its hash was right, and none is hashed twice without need."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from app.inference import model_store
from app.inference.manifest import Manifest, Model, ModelFile, Source
from app.inference.model_store import FileState, ModelCorrupt, ModelMissing, ModelStore

GOOD, BAD = b"good weights", b"evil weights"
FILE = ModelFile("w.bin", len(GOOD), sha256(GOOD).hexdigest(), (Source(url="https://x/w"),))
MODEL = Model("m", "M", "MIT", "k", (FILE,))
MANIFEST = Manifest((MODEL,))


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    store = ModelStore(tmp_path)
    store.folder(MODEL).mkdir(parents=True)
    store.path(MODEL, FILE).write_bytes(GOOD)
    return store


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were hashed."""
    paths: list[Path] = []
    really = model_store.hash_of

    def noted(path: Path) -> str:
        paths.append(path)
        return really(path)

    monkeypatch.setattr(model_store, "hash_of", noted)
    return paths


def test_the_second_start_does_not_hash_again(store: ModelStore, hashed: list[Path]) -> None:
    assert store.verified(MODEL) == store.folder(MODEL)
    assert store.verified(MODEL) == store.folder(MODEL)
    assert len(hashed) == 1


def test_verify_always_hashes(store: ModelStore, hashed: list[Path]) -> None:
    store.verified(MODEL)
    for _ in range(2):
        assert [found.state for found in store.verify(MANIFEST)] == [FileState.PRESENT]
    assert len(hashed) == 3


def test_a_changed_file_is_refused_named_and_deleted(store: ModelStore) -> None:
    store.verified(MODEL)
    path = store.path(MODEL, FILE)
    before = path.stat()
    path.write_bytes(BAD)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ModelCorrupt, match=r"w\.bin of model m .* models pull m"):
        store.verified(MODEL)
    assert not path.exists()


def test_a_file_that_is_cut_short_is_refused(store: ModelStore) -> None:
    store.path(MODEL, FILE).write_bytes(GOOD[:-1])
    assert [found.state for found in store.contents(MANIFEST)] == [FileState.CORRUPT]
    with pytest.raises(ModelCorrupt):
        store.verified(MODEL)


def test_verify_deletes_what_is_wrong(store: ModelStore) -> None:
    store.path(MODEL, FILE).write_bytes(BAD)
    assert [found.state for found in store.verify(MANIFEST)] == [FileState.CORRUPT]
    assert [found.state for found in store.verify(MANIFEST)] == [FileState.MISSING]


def test_a_missing_file_is_answered_with_the_command_that_brings_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"`\./parley models pull m`"):
        ModelStore(tmp_path).verified(MODEL)


def test_clones_of_different_age_do_not_disturb_each_other(store: ModelStore) -> None:
    newer_file = ModelFile("w.bin", len(BAD), sha256(BAD).hexdigest(), FILE.sources)
    newer = Model("m", "M", "MIT", "k", (newer_file,))
    store.folder(newer).mkdir(parents=True)
    store.path(newer, newer_file).write_bytes(BAD)
    assert store.verified(newer) != store.verified(MODEL)
