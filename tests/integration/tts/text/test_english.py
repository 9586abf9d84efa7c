"""English with the real dictionaries."""

from pathlib import Path

import pytest

from app.core import settings
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.tts.text.languages import LANGUAGES
from app.tts.text.reading import TextReader

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def reader() -> TextReader:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    manifest = read_manifest(ROOT / "onnx_models" / "manifest.toml")
    return TextReader(store.verified(manifest.get("misaki-en")))


@pytest.mark.parametrize(
    ("language", "text", "sounds"),
    [
        ("en-us", "Hello world.", "həlˈO wˈɜɹld."),
        ("en-us", "the apple, the pear", "ði ˈæpᵊl, ðə pˈɛɹ"),
        ("en-us", "I have read it. I read books.", "ˌI hæv ɹˈɛd ɪt. ˌI ɹˈid bˈʊks."),
        ("en-us", "We live here. A live show.", "wˌi lˈɪv hˈɪɹ. ɐ lˈIv ʃˈO."),
        ("en-us", "Close the door. It is close to me.", "klˈOz ðə dˈɔɹ. ˌɪt ɪz klˈOs tə mˌi."),
        ("en-us", "He used to use the use.", "hˌi jˈust tə jˈuz ðə jˈus."),
        ("en-us", "NASA and IBM use ATMs", "nˈæsə ænd ˌIbˌiˈɛm jˈuz ˌAtˌiˈɛmz"),
        ("en-us", "It's a US company.", "ˌɪts ɐ jˌuˈɛs kˈʌmpᵊni."),
        ("en-us", "water city", "wˈɔTəɹ sˈɪTi"),
        ("en-us", "Aadhaar, lakh, crore", "ɑdhˈɑɹ, lˈɑk, kɹˈɔɹ"),
        ("en-gb", "The schedule at the garage", "ðə ʃˈɛdjuːl at ðə ɡˈaɹɑːʤ"),
        ("en-gb", "no water", "nˈQ wˈɔːtə"),
        ("en-in", "2 lakh", "tˈuː lˈak"),
    ],
)
def test_sounds(reader: TextReader, language: str, text: str, sounds: str) -> None:
    sentences = reader.read(text, LANGUAGES[language])
    said = " ".join(word.sounds for sentence in sentences for word in sentence.words)
    assert said == sounds
