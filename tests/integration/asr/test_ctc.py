"""The CTC engine with real weights: a head trained here on the states of Whisper's encoder."""

from collections.abc import Generator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.asr.engines.ctc.beams import SearchOptions
from app.asr.engines.ctc.engine import CtcRecognizer, GraphUnlikeCard, load_ctc
from app.asr.engines.ctc.whisper_states import WhisperStates
from app.asr.engines.whisper.engine import load_whisper
from app.asr.language_model import lm_form
from app.asr.lm_training import train
from app.asr.recognition import LanguageNotSpoken, RecognizerOptions
from app.core import settings
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime

ROOT = Path(__file__).parents[3]
HEAD = ROOT / "onnx_models" / "whisper-tiny.en-ctc"
JFK = (
    "and so my fellow americans ask not what your country can do for you ask what you can do for "
    "your country"
)
OPTIONS = RecognizerOptions(word_times=True)


@pytest.fixture(scope="module")
def encoder_path() -> Path:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    manifest = read_manifest(ROOT / "onnx_models" / "manifest.toml")
    return store.verified(manifest.get("whisper-tiny.en")) / "encoder.int8.onnx"


@pytest.fixture(scope="module")
def ctc(encoder_path: Path) -> Generator[CtcRecognizer]:
    runtime = OnnxRuntime("cpu", 1)
    recognizer = load_ctc(HEAD, runtime, lambda _: WhisperStates(runtime.open(encoder_path)))
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="module")
def fused(encoder_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[CtcRecognizer]:
    """With a language model that knows the speech."""
    folder = tmp_path_factory.mktemp("lm")
    text = folder / "text.txt"
    text.write_text(
        "my fellow citizens\nmy fellow americans\nask not what your country can do for you\n"
        "ask what you can do for your country\nand so my fellow americans\n"
        "what can you do for your country\n"
    )
    model = train(text, 2, folder / "model.arpa", print)
    runtime = OnnxRuntime("cpu", 1)
    recognizer = load_ctc(HEAD, runtime, lambda _: WhisperStates(runtime.open(encoder_path)), model)
    yield recognizer
    recognizer.close()


@pytest.fixture(scope="module")
def jfk() -> Samples:
    path = ROOT.parent / "shared" / "data" / "english_test_fixtures" / "jfk.flac"
    if not path.is_file():
        pytest.skip("../shared/data is absent")
    return decode_audio(path, sample_rate=16000, limits=DecodeLimits(60, 60))


def errors(said: str, heard: str) -> int:
    """Words to change, add or drop."""
    truth, guess = said.split(), heard.split()
    row = list(range(len(guess) + 1))
    for at, word in enumerate(truth, start=1):
        before, row[0] = row[0], at
        for place, other in enumerate(guess, start=1):
            cost = min(row[place] + 1, row[place - 1] + 1, before + (word != other))
            before, row[place] = row[place], cost
    return row[-1]


def test_silence_is_no_words(ctc: CtcRecognizer) -> None:
    (recognition,) = ctc.transcribe([np.zeros(32000, np.float32)], OPTIONS)
    assert recognition.best.text == ""
    assert recognition.no_speech_probability > 0.5


def test_nothing_and_next_to_nothing_are_heard(ctc: CtcRecognizer) -> None:
    assert ctc.transcribe([], OPTIONS) == []
    (recognition,) = ctc.transcribe([np.zeros(0, np.float32)], OPTIONS)
    assert recognition.best.text == ""


def test_a_language_that_it_does_not_know_is_refused(ctc: CtcRecognizer) -> None:
    with pytest.raises(LanguageNotSpoken, match="'hi'"):
        ctc.transcribe([np.zeros(1600, np.float32)], RecognizerOptions(language="hi"))


def test_a_card_that_names_what_the_graph_lacks_is_refused(
    encoder_path: Path, tmp_path: Path
) -> None:
    card = (HEAD / "card.toml").read_text().replace('scores = "scores"', 'scores = "logits"')
    (tmp_path / "card.toml").write_text(card)
    (tmp_path / "head.onnx").write_bytes((HEAD / "head.onnx").read_bytes())
    runtime = OnnxRuntime("cpu", 1)
    with pytest.raises(GraphUnlikeCard, match="logits"):
        load_ctc(tmp_path, runtime, lambda _: WhisperStates(runtime.open(encoder_path)))


@pytest.mark.shared
@pytest.mark.inventory("WH-054", "WH-080")
def test_most_words_of_a_speech_are_heard_in_their_places(ctc: CtcRecognizer, jfk: Samples) -> None:
    (recognition,) = ctc.transcribe([jfk], OPTIONS)
    assert errors(JFK, recognition.best.text) <= 11
    words = recognition.best.words
    assert " ".join(word.text for word in words) == recognition.best.text
    assert all(0 <= word.start_s < word.end_s <= jfk.size / 16000 for word in words)
    assert [word.start_s for word in words] == sorted(word.start_s for word in words)
    assert all(0 < word.probability <= 1 for word in words)
    # He pauses after "Americans", until the third second.
    (ask, *_) = [word for word in words if word.text == "ask"]
    assert 3.0 < ask.start_s < 3.8


@pytest.mark.shared
@pytest.mark.inventory("WH-048", "WH-071")
def test_a_language_model_mends_words(fused: CtcRecognizer, jfk: Samples) -> None:
    greedy, searched = (
        fused.transcribe([jfk], OPTIONS, search)[0]
        for search in (SearchOptions(mode="greedy"), SearchOptions(alpha=0.5, beta=1.0))
    )
    assert (greedy.decoder, searched.decoder) == ("greedy", "beam_search_kenlm")
    assert errors(JFK, searched.best.text) < errors(JFK, greedy.best.text)


@pytest.mark.shared
@pytest.mark.inventory("WH-050", "WH-051", "WH-052")
def test_each_setting_of_the_search_has_an_effect_of_its_own(
    fused: CtcRecognizer, jfk: Samples
) -> None:
    def heard(**changed: Any) -> str:
        return fused.transcribe([jfk], OPTIONS, SearchOptions(**changed))[0].best.text

    weighty = heard(alpha=0.5)
    assert errors(JFK, weighty) < errors(JFK, heard(alpha=0.0))
    assert errors(JFK, weighty) < errors(JFK, heard(alpha=0.5, beam_width=1))
    word_counts = [len(heard(beta=beta).split()) for beta in (-10.0, 0.5, 10.0)]
    assert word_counts[0] < word_counts[1] < word_counts[2]


@pytest.mark.shared
@pytest.mark.inventory("WH-063")
def test_alternatives_differ_and_the_best_is_first(ctc: CtcRecognizer, jfk: Samples) -> None:
    (recognition,) = ctc.transcribe([jfk], OPTIONS, SearchOptions(n_best=3))
    texts = [hypothesis.text for hypothesis in recognition.hypotheses]
    assert len(set(texts)) == 3
    assert recognition.decoder == "beam_search"


@pytest.mark.shared
@pytest.mark.inventory("WH-058", "WH-059")
def test_a_hotword_is_heard_where_it_is_said_and_only_with_weight(
    ctc: CtcRecognizer, jfk: Samples
) -> None:
    heard = [
        ctc.transcribe([jfk], OPTIONS, SearchOptions(hotwords=words, hotword_weight=weight))[0]
        for words, weight in ((("country", "zanzibar"), 10.0), (("country", "zanzibar"), 0.0))
    ]
    weighty, weightless = (each.best.text.split() for each in heard)
    assert weighty.count("country") == JFK.split().count("country")
    assert weightless.count("country") < weighty.count("country")
    assert "zanzibar" not in weighty


@pytest.mark.shared
@pytest.mark.inventory("WH-080")
def test_words_are_where_whisper_finds_them(
    ctc: CtcRecognizer, encoder_path: Path, jfk: Samples
) -> None:
    whisper = load_whisper(encoder_path.parent, OnnxRuntime("cpu", 1))
    heard, known = (
        engine.transcribe([jfk], RecognizerOptions(language="en", word_times=True))[0].best.words
        for engine in (ctc, whisper)
    )
    texts = [[lm_form(word.text) for word in words] for words in (heard, known)]
    matching = SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks()
    apart_s = [
        abs(heard[block.a + at].start_s - known[block.b + at].start_s)
        for block in matching
        for at in range(block.size)
    ]
    assert len(apart_s) >= 10
    assert np.median(apart_s) < 0.12
    whisper.close()


@pytest.mark.shared
def test_company_changes_nothing(ctc: CtcRecognizer, jfk: Samples) -> None:
    """Utterances heard together are heard as alone."""
    part = jfk[: 16000 * 4]
    together = ctc.transcribe([part, jfk], OPTIONS)
    alone = [*ctc.transcribe([part], OPTIONS), *ctc.transcribe([jfk], OPTIONS)]
    assert [one.best.text for one in together] == [one.best.text for one in alone]
