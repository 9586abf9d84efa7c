"""Which language model helps which recognizer."""

from pathlib import Path

import pytest

from app.asr.language_models import LanguageModels
from app.asr.lm_training import train
from app.wiring.senses import KEPT_LANGUAGE_MODELS, ROOT
from tests.unit.asr.test_language_model import TEXT


@pytest.fixture
def models(tmp_path: Path) -> LanguageModels:
    return LanguageModels(tmp_path, KEPT_LANGUAGE_MODELS)


def test_ours_helps_ctc_and_leaves_whisper_alone(models: LanguageModels) -> None:
    ours = models.find_for("ctc", "en")
    assert ours is not None
    assert ours.path == KEPT_LANGUAGE_MODELS["en"]
    assert models.find_for("whisper", "en") is None
    assert models.find_for("ctc", "hi") is None
    assert models.languages() == {"en"}


def test_an_operators_own_goes_before_ours(models: LanguageModels, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    train(text, 2, tmp_path / "en.arpa", lambda _: None)
    for engine in ("ctc", "whisper"):
        found = models.find_for(engine, "en")
        assert found is not None
        assert found.path == tmp_path / "en.arpa"


def test_those_that_come_with_us_know_their_fields() -> None:
    general, lending = (
        LanguageModels(ROOT, {"en": ROOT / "onnx_models" / f"lm-{field}" / "en.bin"}).find_for(
            "ctc", "en"
        )
        for field in ("general", "lending")
    )
    assert general is not None
    assert lending is not None
    talk, call = "what do you like to do for fun", "the emi will be ten thousand rupees a month"
    assert general.log_probability(talk) > general.log_probability("fun for do to like you do what")
    assert lending.log_probability(call) > general.log_probability(call)
    assert {"hello", "don't", "wouldn't"} <= set(general.words or ())
    assert {"emi", "byaj", "kist"} <= set(lending.words or ())
    assert "emi" not in (general.words or ())
