"""The dictionaries as they are looked up, against the same files decoded as a whole."""

import json
from pathlib import Path

import pytest

from app.core import settings
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.tts.text.sounds.dictionary import Dictionary

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def folder() -> Path:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    manifest = read_manifest(ROOT / "onnx_models" / "manifest.toml")
    return store.verified(manifest.get("misaki-en"))


@pytest.mark.parametrize("name", ["us_gold", "us_silver", "gb_gold", "gb_silver"])
def test_every_entry_is_found_as_it_was_written(folder: Path, name: str) -> None:
    path = folder / f"{name}.json"
    dictionary = Dictionary(path)
    decoded = json.loads(path.read_bytes())
    words = [*decoded]
    some = {*words[:50], *words[-50:], *words[::97]}
    some |= {word for word, entry in decoded.items() if isinstance(entry, dict)}
    assert len(some) > 500
    assert {word: dictionary.get(word) for word in some} == {word: decoded[word] for word in some}


@pytest.mark.parametrize("word", ["", "\x00", "DEFAULT", "zzzzzz", "appl", '"', "\U0001f600", "{"])
def test_what_is_no_entry_is_not_found(folder: Path, word: str) -> None:
    dictionary = Dictionary(folder / "us_gold.json")
    assert dictionary.get(word) is None
    assert word not in dictionary


@pytest.mark.parametrize(
    "entries", [{}, {"a": "A"}, {"a": "A", "b": {"DEFAULT": "B", "None": None}}]
)
def test_small_ones_are_read_to_their_ends(tmp_path: Path, entries: dict[str, object]) -> None:
    path = tmp_path / "small.json"
    path.write_text(json.dumps(entries, indent=2), "utf-8")
    dictionary = Dictionary(path)
    assert {word: dictionary.get(word) for word in ("a", "b") if word in dictionary} == entries
