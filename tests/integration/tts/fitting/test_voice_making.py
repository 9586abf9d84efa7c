"""A voice made with the real models: Kokoro speaks, GE2E listens. Of three stock voices, since to
hear all of them takes minutes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from app.asr.engines.ge2e import Ge2eEncoder, load_ge2e
from app.core import settings
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.audio.resample import resample
from app.inference.executor import Executor, Lane, LaneSize
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.registry import ModelRegistry
from app.tts.engines.kokoro.delivery import Delivery
from app.tts.engines.kokoro.engine import MODEL, say
from app.tts.engines.kokoro.network import KokoroNetwork, load_kokoro
from app.tts.fitted_voices import Consent, ConsentMissing
from app.tts.reference import ReferenceUnfit
from app.tts.text.languages import LANGUAGES
from app.tts.text.reading import TextReader
from app.tts.voice_making import VoiceMaker
from app.tts.voice_vectors import Embed, Pack

ROOT = Path(__file__).parents[4]
FIXTURES = ROOT / "tests" / "fixtures" / "speech"
STOCK = ("af_sarah", "bf_emma", "hm_omega")
CONSENT = Consent(True, "Ada Lovelace", "I agree.")
TEXT = (
    "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. "
    "It is easy to tell the depth of a well. These days a chicken leg is a rare dish. "
    "Rice is often served in round bowls."
)


class Workshop:
    """The models, opened as a process opens them."""

    def __init__(self, store: ModelStore) -> None:
        self._manifest = read_manifest(ROOT / "onnx_models" / "manifest.toml")
        self._onnx = OnnxRuntime("cpu", 1)
        self.reader = TextReader(store.verified(self._manifest.get("misaki-en")))
        size = LaneSize(1, 64)
        self.executor = Executor(realtime=size, batch=size, forbid_in_transaction=lambda: None)
        self.models = ModelRegistry(
            self._manifest,
            store,
            {MODEL: self._kokoro, "ge2e": lambda folder: load_ge2e(folder, self._onnx)},
            budget_bytes=2**31,
        )
        self.maker = VoiceMaker(
            self.models,
            self.executor,
            lambda text, language, lexicon: self.reader.read(text, LANGUAGES[language], lexicon),
            self.encoder,
        )

    def _kokoro(self, folder: Path) -> KokoroNetwork:
        network = load_kokoro(folder, self._onnx)
        network.voices = {name: network.voices[name] for name in STOCK}
        return network

    @asynccontextmanager
    async def encoder(self) -> AsyncGenerator[Embed]:
        async with self.models.lease("ge2e", Ge2eEncoder, Lane.BATCH) as encoder:
            yield encoder.embed

    async def spoken(self, mixed: Callable[[KokoroNetwork], Pack]) -> Samples:
        """16 kHz, with a short silence between the sentences, as a person leaves."""
        pause = np.zeros(8000, np.float32)
        async with self.models.lease(MODEL, KokoroNetwork, Lane.BATCH) as network:
            pack = mixed(network)
            parts: list[Samples] = []
            for sentence in self.reader.read(TEXT, LANGUAGES["en-us"]):
                parts += [say(network, sentence, pack, Delivery()), pause]
        return resample(np.concatenate(parts), 24000, 16000)


@pytest.fixture
async def workshop() -> AsyncGenerator[Workshop]:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    workshop = Workshop(store)
    yield workshop
    await workshop.models.close()
    await workshop.executor.close()


@pytest.mark.timeout(600)
async def test_a_voice_between_two_is_found_nearer_than_either(workshop: Workshop) -> None:
    recording = await workshop.spoken(
        lambda network: 0.5 * network.voices["af_sarah"] + 0.5 * network.voices["hm_omega"]
    )
    told: list[float] = []
    fitted = await workshop.maker.make(recording, CONSENT, evaluations=16, progress=told.append)
    assert fitted.nearest_stock in ("af_sarah", "hm_omega")
    assert fitted.likeness.similarity > fitted.stock_likeness.similarity + 0.05
    assert 0.8 <= fitted.speed <= 1.25
    assert np.isfinite(fitted.pack).all()
    assert told == [0.5, 1.0]


async def test_nobody_s_voice_is_made_without_consent(workshop: Workshop) -> None:
    with pytest.raises(ConsentMissing):
        await workshop.maker.make(np.zeros(160_000, np.float32), Consent(False, "A", "B"))


async def test_two_people_are_not_taken_for_one(workshop: Workshop) -> None:
    names = ["spk1_snt1", "spk1_snt2", *(["spk2_snt1", "spk2_snt2"] * 2)]
    both = np.concatenate([speech(f"{name}.ogg") for name in names])
    with pytest.raises(ReferenceUnfit, match="more than one person"):
        await workshop.maker.make(both, CONSENT)


def speech(name: str) -> Samples:
    limits = DecodeLimits(max_duration_s=60, deadline_s=60)
    return decode_audio(FIXTURES / name, sample_rate=16000, limits=limits)
