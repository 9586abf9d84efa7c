"""The real judge of pauses: sentences that fall, and those that go on."""

from collections.abc import Generator

import numpy as np
import pytest

from app.asr.engines.smart_turn import HEARD_S, SmartTurn, load_smart_turn
from app.core import settings
from app.core.audio.convert import Samples
from app.core.audio.decode import decode_audio
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from tests.integration.asr.conftest import NO_LIMITS, ROOT

RATE = 16000
SPEECH = ROOT / "tests" / "fixtures" / "speech"


@pytest.fixture(scope="module")
def judge() -> Generator[SmartTurn]:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    model = read_manifest(ROOT / "onnx_models" / "manifest.toml").get("smart-turn")
    judge = load_smart_turn(store.verified(model), OnnxRuntime("cpu", 1))
    yield judge
    judge.close()


def spoken(name: str, share: float = 1.0) -> Samples:
    """As it is heard when the pause is noticed: 0.1 s after the last of it."""
    sound = decode_audio(SPEECH / name, sample_rate=RATE, limits=NO_LIMITS)
    end = int(np.flatnonzero(np.abs(sound) > 0.02)[-1])
    return np.concatenate((sound[: round(end * share)], np.zeros(RATE // 10, np.float32)))


@pytest.mark.parametrize(
    "name", ["LJ001-0002.ogg", "spk2_snt2.ogg", "common_voice_es_18395098.opus"]
)
def test_a_voice_that_falls_has_said_all(judge: SmartTurn, name: str) -> None:
    assert judge.is_over(spoken(name)) > 0.3


def test_a_voice_before_a_comma_goes_on(judge: SmartTurn) -> None:
    assert judge.is_over(spoken("LJ001-0004.ogg")) < 0.1


@pytest.mark.parametrize("share", [0.5, 0.65, 0.8])
def test_half_a_sentence_goes_on(judge: SmartTurn, share: float) -> None:
    assert judge.is_over(spoken("spk1_snt2.ogg", share)) < 0.1


def test_only_the_last_of_it_counts(judge: SmartTurn) -> None:
    long = np.concatenate((spoken("spk1_snt1.ogg"), *[spoken("LJ001-0004.ogg")] * 2))
    assert judge.is_over(long) == judge.is_over(long[-HEARD_S * RATE :])


@pytest.mark.parametrize("samples", [0, 1, RATE])
def test_silence_is_judged_without_harm(judge: SmartTurn, samples: int) -> None:
    assert 0 <= judge.is_over(np.zeros(samples, np.float32)) <= 1
