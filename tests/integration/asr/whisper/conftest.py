"""Whisper's real weights and real speech."""

from collections.abc import Generator
from pathlib import Path

import pytest

from app.asr.engines.whisper.engine import WhisperRecognizer, load_whisper
from app.core import settings
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio
from app.inference.manifest import Model, read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime

ROOT = Path(__file__).parents[4]
SPEECH = ROOT / "tests" / "fixtures" / "speech"
NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)


def store_and_model(model_id: str) -> tuple[ModelStore, Model]:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    return store, read_manifest(ROOT / "onnx_models" / "manifest.toml").get(model_id)


def published(model_id: str) -> Path:
    """The files as their publisher made them."""
    store, model = store_and_model(model_id)
    return store.folder(model)


def made(model_id: str) -> Path:
    """The files that the recipe made of them."""
    store, model = store_and_model(model_id)
    return store.verified(model)


def sound_of(path: Path) -> Samples:
    return decode_audio(path, sample_rate=16000, limits=NO_LIMITS)


@pytest.fixture(scope="session")
def tiny() -> Generator[WhisperRecognizer]:
    recognizer = load_whisper(made("whisper-tiny.en"), OnnxRuntime("cpu", 2))
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="session")
def base() -> Generator[WhisperRecognizer]:
    recognizer = load_whisper(made("whisper-base"), OnnxRuntime("cpu", 2))
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="session")
def short() -> Samples:
    return sound_of(SPEECH / "LJ001-0002.ogg")


@pytest.fixture(scope="session")
def long() -> Samples:
    return sound_of(SPEECH / "LJ001-0004.ogg")
