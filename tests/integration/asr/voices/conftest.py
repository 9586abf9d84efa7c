"""The real weights of the voice engines. Missing ones are an error."""

from collections.abc import Generator
from pathlib import Path

import pytest

from app.asr.engines.dtln import Dtln, load_dtln
from app.asr.engines.ge2e import Ge2eEncoder, load_ge2e
from app.core import settings
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime

ROOT = Path(__file__).parents[4]


def folder_of(model_id: str) -> Path:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    return store.verified(read_manifest(ROOT / "onnx_models" / "manifest.toml").get(model_id))


@pytest.fixture(scope="session")
def ge2e_folder() -> Path:
    return folder_of("ge2e")


@pytest.fixture(scope="session")
def ge2e(ge2e_folder: Path) -> Generator[Ge2eEncoder]:
    encoder = load_ge2e(ge2e_folder, OnnxRuntime("cpu", 1))
    yield encoder
    encoder.close()


@pytest.fixture(scope="session")
def dtln() -> Generator[Dtln]:
    denoiser = load_dtln(folder_of("dtln"), OnnxRuntime("cpu", 1))
    yield denoiser
    denoiser.close()
