"""A reader whose English dictionary is small: espeak-ng says the words that it lacks."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.tts.speech import Sentence
from app.tts.text.languages import LANGUAGES
from app.tts.text.lexicon import EMPTY, Lexicon
from app.tts.text.reading import TextReader

GOLD = {
    "a": "A", "the": "ði", "to": "tu", "and": "ænd", "apple": "ˈæpᵊl", "in": "ɪn", "I": "ˈI",
    "cat": "kˈæt", "read": {"DEFAULT": "ɹˈid", "VBN": "ɹˈɛd"}, "walk": "wˈɔk", "hello": "həlˈO",
    "record": {"DEFAULT": "ɹˈɛkəɹd", "VERB": "ɹəkˈɔɹd"}, "NASA": "nˈæsə", "stop": "stˈɑp",
    "watch": "wˈɑʧ", "wait": "wˈAt", "us": "ˌʌs", "U": "jˈu", "S": "ˈɛs", "B": "bˈi", "M": "ˈɛm",
    "can": {"DEFAULT": "kæn", "None": "kˈæn"}, "go": "ɡˈO", "world": "wˈɜɹld",
}  # fmt: skip

Read = Callable[..., list[Sentence]]


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> TextReader:
    folder = tmp_path_factory.mktemp("dictionaries")
    for accent in ("us", "gb"):
        _write(folder / f"{accent}_gold.json", GOLD)
        _write(folder / f"{accent}_silver.json", {})
    return TextReader(folder)


@pytest.fixture
def read(reader: TextReader) -> Read:
    def read(text: str, language: str = "en-us", lexicon: Lexicon = EMPTY) -> list[Sentence]:
        return list(reader.read(text, LANGUAGES[language], lexicon))

    return read


def sounds_of(sentences: list[Sentence]) -> list[str]:
    return [word.sounds for sentence in sentences for word in sentence.words]


def _write(path: Path, entries: object) -> None:
    written = json.dumps(entries, ensure_ascii=False, indent=2, sort_keys=True)
    path.write_text(written, "utf-8")
