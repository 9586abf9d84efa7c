"""Transducers and models of voices through sherpa-onnx itself, with graphs whose answers are
known: a band of the spectrum that is loud is a token."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.asr.clustering import SpeakerCount
from app.asr.diarization import DiarizationRules, SpeakerTurn
from app.asr.domain import SpeechSpan
from app.asr.engines.ctc.card import CardInvalid
from app.asr.engines.sherpa.loading import ModelUnusable, load_sherpa
from app.asr.engines.sherpa.transducer import TransducerRecognizer
from app.asr.engines.sherpa.voices import SherpaVoices
from app.asr.recognition import LanguageNotSpoken, RecognizerOptions
from app.asr.voices import found_voices
from app.core.audio.convert import Samples
from app.inference.onnx import ModelClosed
from tests.integration.asr.sherpa import graphs
from tests.integration.asr.sherpa.conftest import (
    HOTWORDS,
    SEGMENTED,
    STREAMING,
    VOICES,
    WHOLE,
    MakeModel,
)
from tests.integration.asr.sherpa.graphs import band_noise, hush

OPTIONS = RecognizerOptions(word_times=True)
CARDS = pytest.mark.parametrize("card", [WHOLE, STREAMING], ids=["whole", "streaming"])
FRAME_S = 0.04
GOOD, MOR, NING, ALL = range(4)


@pytest.fixture
def greeting() -> Samples:
    """Words at 0.5, 1.2 and 2.0 s, the second of two tokens."""
    morning = np.concatenate((band_noise(MOR, 0.2), band_noise(NING, 0.3)))
    words = (band_noise(GOOD, 0.4), hush(0.3), morning, hush(0.3), band_noise(ALL, 0.3))
    return np.concatenate((hush(0.5), *words, hush(0.2)))


def transducer(folder: Path) -> TransducerRecognizer:
    model = load_sherpa(folder)
    assert isinstance(model, TransducerRecognizer)
    return model


def voices(folder: Path) -> SherpaVoices:
    model = load_sherpa(folder)
    assert isinstance(model, SherpaVoices)
    return model


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


@CARDS
def test_words_have_their_times_and_probabilities(
    make_model: MakeModel, greeting: Samples, card: str
) -> None:
    (heard,) = transducer(make_model("bands", card)).transcribe([greeting], OPTIONS)
    assert heard.best.text == "good morning all"
    assert [word.text for word in heard.best.words] == ["good", "morning", "all"]
    starts_s = [word.start_s for word in heard.best.words]
    assert starts_s == pytest.approx([0.5, 1.2, 2.0], abs=2 * FRAME_S)
    ends_s = [word.end_s for word in heard.best.words]
    assert ends_s == pytest.approx([0.8, 1.7, 2.3], abs=2 * FRAME_S)
    assert all(0.5 < word.probability <= 1 for word in heard.best.words)
    assert -0.5 < heard.best.log_probability < 0
    assert (heard.language, heard.no_speech_probability) == ("en", 0.0)


@CARDS
def test_many_utterances_are_heard_as_each_would_be_alone(
    make_model: MakeModel, greeting: Samples, card: str
) -> None:
    model = transducer(make_model("bands", card))
    sounds = [band_noise(ALL, 0.4), greeting, hush(0.3), np.zeros(0, np.float32)]
    together = model.transcribe(sounds, OPTIONS)
    assert [each.best.text for each in together] == ["all", "good morning all", "", ""]
    alone = [model.transcribe([sound], OPTIONS)[0] for sound in sounds]
    assert [each.best.words for each in together] == [each.best.words for each in alone]
    assert together[2].no_speech_probability == 1.0
    assert model.transcribe([], OPTIONS) == []


@CARDS
def test_a_word_at_the_very_end_is_heard(make_model: MakeModel, card: str) -> None:
    sound = np.concatenate((hush(0.5), band_noise(ALL, 0.1)))
    (heard,) = transducer(make_model("bands", card)).transcribe([sound], OPTIONS)
    assert heard.best.text == "all"
    assert heard.best.words[0].end_s <= sound.size / 16000


@pytest.mark.inventory("WH-058", "WH-059")
@CARDS
def test_a_hotword_is_heard_where_it_is_hardly_said(make_model: MakeModel, card: str) -> None:
    model = transducer(make_model("bands", card + HOTWORDS))
    both = band_noise(GOOD, 0.3, loudness=0.004) + band_noise(ALL, 0.3)
    (plain,) = model.transcribe([both], OPTIONS)
    assert plain.best.text == "all"
    wanted = RecognizerOptions(hotwords=("never/heard:of@it", "good"), hotword_weight=9)
    (hot,) = model.transcribe([both], wanted)
    assert "good" in hot.best.text


def test_a_language_that_it_does_not_know_is_refused(make_model: MakeModel) -> None:
    model = transducer(make_model("bands", WHOLE))
    with pytest.raises(LanguageNotSpoken, match="'de'"):
        model.transcribe([hush(1)], RecognizerOptions(language="de"))
    (heard,) = model.transcribe([hush(1)], RecognizerOptions(language="hi"))
    assert heard.language == "hi"


def test_a_voice_is_a_vector_of_length_one_that_tells_voices_apart(make_model: MakeModel) -> None:
    model = voices(make_model("places", VOICES))
    low, high = model.embed(band_noise(GOOD, 2)), model.embed(band_noise(ALL, 2))
    assert low.shape == (192,)
    assert np.linalg.norm(low) == pytest.approx(1, abs=1e-5)
    assert low @ high < 0.7
    assert low @ model.embed(band_noise(GOOD, 1, loudness=0.05)) > 0.95


def test_windows_are_embedded_as_they_would_be_alone(make_model: MakeModel) -> None:
    model = voices(make_model("places", VOICES))
    windows = [band_noise(GOOD, 1.6), band_noise(ALL, 0.4), np.zeros(0, np.float32)]
    vectors = model.embed_windows(iter(windows))
    assert vectors.shape == (3, 192)
    assert np.allclose(vectors[1], model.embed(windows[1]))
    assert model.embed_windows([]).shape == (0, 192)


def test_segmentation_finds_who_speaks_when(make_model: MakeModel) -> None:
    model = voices(make_model("places", VOICES + SEGMENTED))
    talk = (band_noise(GOOD, 3), hush(0.5), band_noise(ALL, 2), band_noise(GOOD, 2))
    blocks = [hush(1), *talk, hush(1)]
    spans = [SpeechSpan(0.9, 4.0), SpeechSpan(4.5, 8.6)]
    found = found_voices(model.find_voices(blocks, spans, SpeakerCount(), DiarizationRules()))
    assert [turn.speaker for turn in found.turns] == [0, 1, 0]
    starts_s = [turn.start_s for turn in found.turns]
    assert starts_s == pytest.approx([0.9, 4.5, 6.5], abs=0.1)
    assert [found.turns[0].end_s, found.turns[-1].end_s] == [4.0, 8.6]
    assert found.voices.shape == (2, 192)
    assert found.voices[0] @ model.embed(talk[0]) > 0.95


@pytest.mark.parametrize("times", [1, 2], ids=["one window", "more windows"])
def test_segmentation_keeps_to_the_number_of_speakers(make_model: MakeModel, times: int) -> None:
    model = voices(make_model("places", VOICES + SEGMENTED))
    blocks = [hush(0.5), band_noise(GOOD, 4), band_noise(ALL, 3)] * times
    span = SpeechSpan(0.5, 7.5 * times)
    rules = DiarizationRules()
    alone = found_voices(model.find_voices(blocks, [span], SpeakerCount(1, 1), rules))
    assert {turn.speaker for turn in alone.turns} == {0}
    both = found_voices(model.find_voices(blocks, [span], SpeakerCount(1, 4), rules))
    assert {turn.speaker for turn in both.turns} == {0, 1}


def test_silence_has_one_voice(make_model: MakeModel) -> None:
    model = voices(make_model("places", VOICES + SEGMENTED))
    found = found_voices(
        model.find_voices([hush(2)], [SpeechSpan(0, 2)], SpeakerCount(), DiarizationRules())
    )
    assert found.turns == [SpeakerTurn(0, 2, 0)]


def test_an_unloaded_model_says_so(make_model: MakeModel) -> None:
    folder = make_model("bands", WHOLE)
    model = transducer(folder)
    assert model.memory_bytes == sum(path.stat().st_size for path in folder.glob("*.onnx"))
    assert model.device == "cpu"
    model.close()
    with pytest.raises(ModelClosed, match="Bands"):
        model.transcribe([hush(1)], OPTIONS)
    encoder = voices(make_model("places", VOICES))
    encoder.close()
    with pytest.raises(ModelClosed, match="Places of voices"):
        encoder.embed(hush(1))


def test_memory_is_given_back(make_model: MakeModel) -> None:
    """In a process of its own: what others gave back to the heap would hide it."""
    light, heavy = make_model("light", WHOLE), make_model("heavy", WHOLE)
    graphs.make_whole_transducer(heavy, ballast=200_000)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as alone:
        alone.submit(_resident_with_and_after, light).result()
        loaded, closed = alone.submit(_resident_with_and_after, heavy).result()
    assert loaded > 60e6
    assert closed < 30e6


def _resident_with_and_after(folder: Path) -> tuple[int, int]:
    before = resident_bytes()
    model = transducer(folder)
    model.transcribe([hush(0.3)], OPTIONS)
    loaded = resident_bytes()
    model.close()
    return loaded - before, resident_bytes() - before


@pytest.mark.parametrize(
    ("card", "graph", "name"),
    [
        (WHOLE, "decoder.onnx", "vocab_size"),
        (STREAMING, "encoder.onnx", "decode_chunk_len"),
        (VOICES, "model.onnx", "output_dim"),
        (VOICES + SEGMENTED, "segmentation.onnx", "window_size"),
    ],
)
def test_a_graph_that_would_end_the_process_is_refused_in_words(
    make_model: MakeModel, card: str, graph: str, name: str
) -> None:
    folder = make_model("bands", card)
    graphs.forget_metadata(folder / graph, name)
    with pytest.raises(ModelUnusable, match=f"bands cannot be used: .*{name}"):
        load_sherpa(folder)


@CARDS
def test_a_file_that_is_no_graph_is_refused(make_model: MakeModel, card: str) -> None:
    folder = make_model("bands", card)
    (folder / "joiner.onnx").write_bytes(b"<html>not found</html>")
    with pytest.raises(ModelUnusable, match=r"bands cannot be used: .*joiner\.onnx"):
        load_sherpa(folder)


def test_graphs_for_streams_are_refused_where_the_card_says_whole(make_model: MakeModel) -> None:
    folder = make_model("bands", STREAMING)
    (folder / "card.toml").write_text(WHOLE, "utf-8")
    with pytest.raises(ModelUnusable, match="bands cannot be used"):
        load_sherpa(folder)


def test_tokens_that_do_not_fit_the_graph_are_refused(make_model: MakeModel) -> None:
    folder = make_model("bands", WHOLE)
    (folder / "tokens.txt").write_text("no numbers here\n", "utf-8")
    with pytest.raises(ModelUnusable, match="bands cannot be used"):
        load_sherpa(folder)


def test_vectors_of_another_size_are_refused(make_model: MakeModel) -> None:
    folder = make_model("places", VOICES)
    graphs.make_voice_encoder(folder, 512)
    with pytest.raises(ModelUnusable, match="vectors of 512; 192 are needed"):
        load_sherpa(folder)


def test_a_file_that_is_not_there_is_named(make_model: MakeModel) -> None:
    folder = make_model("bands", WHOLE)
    (folder / "joiner.onnx").unlink()
    with pytest.raises(CardInvalid, match=r"joiner\.onnx is not there"):
        load_sherpa(folder)


@pytest.mark.parametrize(
    "imports", ["import onnxruntime, sherpa_onnx", "import sherpa_onnx, onnxruntime"]
)
def test_both_libraries_run_in_one_process(make_model: MakeModel, imports: str) -> None:
    """Each brings an onnxruntime of its own, of another version."""
    folder = make_model("places", VOICES)
    program = f"""{imports}
import numpy as np
own = onnxruntime.InferenceSession({str(folder / "model.onnx")!r})
config = sherpa_onnx.SpeakerEmbeddingExtractorConfig(model={str(folder / "model.onnx")!r})
theirs = sherpa_onnx.SpeakerEmbeddingExtractor(config)
stream = theirs.create_stream()
stream.accept_waveform(16000, np.ones(16000, np.float32))
stream.input_finished()
first = theirs.compute(stream)
second = own.run(None, {{"x": np.ones((1, 9, 80), np.float32)}})[0]
print(len(first), second.shape)
"""
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (finished.returncode, finished.stdout) == (0, "192 (1, 192)\n"), finished.stderr
