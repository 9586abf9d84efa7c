"""A language model of words changes what Whisper says where the sound leaves a choice."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from app.asr.engines.whisper.engine import WhisperRecognizer, load_whisper
from app.asr.language_model import LanguageModel
from app.asr.lm_training import train
from app.asr.recognition import Fusion, RecognizerOptions
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxRuntime
from tests.integration.asr.whisper.conftest import made
from tests.integration.asr.whisper.test_whisper import LONG, SHORT, plain

CORPUS = """\
the black books were the immediate predecessors of the printed book
produced the black books which were printed
the true printed book
the black books which were produced
"""
BEAMS = RecognizerOptions(language="en", beam_width=5, n_best=5, temperatures=(0.0,))
FUSED = replace(BEAMS, fusion=Fusion())
STRICT = replace(BEAMS, fusion=Fusion(alpha=0.5, beta=1.5))


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "corpus.txt").write_text(CORPUS)
    return train(folder / "corpus.txt", 2, folder / "en.arpa", print)


@pytest.fixture(scope="module")
def fused(language_model: LanguageModel) -> Generator[WhisperRecognizer]:
    recognizer = load_whisper(
        made("whisper-tiny.en"), OnnxRuntime("cpu", 2), {"en": language_model}.get
    )
    yield recognizer
    recognizer.close()


@pytest.mark.inventory("WH-048", "WH-051")
def test_the_models_words_win_where_the_sound_leaves_a_choice(
    fused: WhisperRecognizer, tiny: WhisperRecognizer, long: Samples
) -> None:
    without = fused.transcribe([long], BEAMS)[0].best.text
    assert plain(without) == LONG
    found = fused.transcribe([long], STRICT)[0].best.text
    assert plain(found) == LONG.replace("block", "black")
    assert tiny.transcribe([long], STRICT)[0].best.text == without, "it has no language model"


def test_what_was_said_clearly_stays(fused: WhisperRecognizer, short: Samples) -> None:
    """No word of it is in the corpus."""
    assert plain(fused.transcribe([short], FUSED)[0].best.text) == SHORT


def test_the_likelihood_is_that_of_the_sound(fused: WhisperRecognizer, long: Samples) -> None:
    likeliest = fused.transcribe([long], BEAMS)[0].best
    found = fused.transcribe([long], STRICT)[0].best
    assert -0.5 < found.log_probability < likeliest.log_probability
