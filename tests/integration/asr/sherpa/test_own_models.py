"""Models that an operator laid into the store: found, described, used by name, and put to use by
the whole of hearing as it is wired."""

import re
import shutil
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from app.asr.catalogue import AUTO, DEFAULT
from app.asr.domain import ModelUnknown, parse_request
from app.asr.engines.ctc.engine import GraphUnlikeCard
from app.asr.engines.sherpa import loading
from app.asr.engines.sherpa.loading import ModelUnusable
from app.asr.engines.sherpa.transducer import TransducerRecognizer
from app.asr.live import Said, StreamEvent, StreamOptions
from app.asr.own_models import find_own_models
from app.asr.recognition import Recognition, Tag
from app.asr.service import SpeechService
from app.asr.streaming import StreamService
from app.asr.tags.intents import IntentUnknown
from app.cli.models import list_models
from app.core import settings
from app.core.audio.convert import int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from app.inference.model_store import ModelStore
from app.wiring.senses import Inference, inference
from tests.integration.asr.sherpa.conftest import HOTWORDS, STREAMING, VOICES, WHOLE, MakeModel

SPEECH = Path(__file__).parents[3] / "fixtures" / "speech" / "LJ001-0004.ogg"
WORD = re.compile(r"(good|mor|all|ning)(ning)*[.,?!]?", re.IGNORECASE)
CTC = """title = "Letters"
languages = ["sw"]
graph = "model.onnx"
[features]
kind = "waveform"
[inputs]
signal = "sound"
[outputs]
scores = "scores"
[times]
stride_ms = 20
[vocabulary]
tokens = ["_", "|", "a", "."]
blank = 0
space = "|"
[heads.emotion]
output = "power"
labels = ["EMOTION_SAD", "EMOTION_HAPPY"]
[heads.intent]
output = "power"
labels = ["cancel", "book"]
"""


def make_ctc(folder: Path, card: str = CTC) -> None:
    """Hears `a.` in the middle of every 80 ms, whatever is said. The power of sound that is
    standardized is 1, the power of silence 0."""
    folder.mkdir(parents=True)
    columns = np.eye(4, dtype=np.float32)[[0, 2, 3, 1]].reshape(1, 4, 4) * 9
    nodes = [
        helper.make_node("Shape", ["sound"], ["shape"]),
        helper.make_node("Gather", ["shape", "at"], ["samples"]),
        helper.make_node("Div", ["samples", "stride"], ["count"]),
        helper.make_node("Concat", ["one", "count", "one"], ["repeats"], axis=0),
        helper.make_node("Tile", ["columns", "repeats"], ["scores"]),
        helper.make_node("Mul", ["sound", "sound"], ["squares"]),
        helper.make_node("ReduceMean", ["squares"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["mean", "mean"], ["zero"]),
        helper.make_node("Concat", ["zero", "mean"], ["power"], axis=1),
        helper.make_node("Log", ["power"], ["decibels"]),
    ]
    arrays = {
        "at": np.array([1], np.int64),
        "stride": np.array([4 * 320], np.int64),
        "one": np.array([1], np.int64),
        "columns": columns,
    }
    graph = helper.make_graph(
        nodes,
        "letters",
        [helper.make_tensor_value_info("sound", TensorProto.FLOAT, ["N", "T"])],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", "U", 4]),
            helper.make_tensor_value_info("power", TensorProto.FLOAT, ["N", 2]),
            helper.make_tensor_value_info("decibels", TensorProto.FLOAT, ["N", 2]),
        ],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    opsets = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "model.onnx")
    (folder / "card.toml").write_text(card, "utf-8")


@pytest.fixture
async def senses(tmp_path: Path) -> AsyncGenerator[Inference]:
    """As it is wired, over the real weights and what a test made before."""
    environment = settings.process_environment()
    real = settings.model_store(settings.load(environment), environment)
    for folder in real.iterdir():
        if folder.is_dir() and folder.name != "own":
            (tmp_path / folder.name).symlink_to(folder)
    given = settings.load(environment | {"PARLEY_DATA_DIR": str(tmp_path / "data")})
    async with inference(given, ModelStore(tmp_path)) as senses:
        yield senses


@pytest.fixture
def installed(make_model: MakeModel, tmp_path: Path) -> None:
    make_model("bands", WHOLE)
    make_model("bands-live", STREAMING + HOTWORDS)
    make_model("places", VOICES)
    make_ctc(tmp_path / "own" / "letters")


@pytest.fixture
def speech(installed: None, senses: Inference) -> SpeechService:
    return senses.speech


@pytest.fixture
def streams(installed: None, senses: Inference) -> StreamService:
    return senses.streams


def test_each_is_described_by_its_card_and_its_tokens(installed: None, tmp_path: Path) -> None:
    found = find_own_models(tmp_path, set())
    assert found.problems == ()
    assert found.voices == "places"
    assert [(each.id, each.kind) for each in found.entries] == [
        ("bands", "sherpa"),
        ("bands-live", "sherpa"),
        ("letters", "own-ctc"),
        ("places", "sherpa"),
    ]
    bands, live, letters = found.speech
    assert (bands.title, bands.engine, bands.languages) == ("Bands", "transducer", ("en", "hi"))
    assert bands.lacks[-3:] == ("punctuation", "casing", "hotwords")
    assert live.lacks[-2:] == ("punctuation", "casing")
    assert (letters.engine, letters.languages) == ("ctc", ("sw",))
    assert "punctuation" not in letters.lacks
    assert letters.lacks[-1] == "casing"


@pytest.mark.parametrize(
    ("name", "card", "sentence"),
    [
        ("Upper", WHOLE, "small letters"),
        (DEFAULT, WHOLE, "taken"),
        ("whisper-1", WHOLE, "taken"),
        ("ge2e", WHOLE, "taken"),
        ("bands", "engine = [", "card.toml: "),
        ("bands", WHOLE.replace("transducer", "conducer"), "'conducer'"),
        ("bands", WHOLE + "beams = 3\n", "beams"),
        ("bands", WHOLE + 'unit = "bpe"\n', "bpe"),
        ("bands", WHOLE + 'tokens = "../tokens.txt"\n', "tokens"),
        ("bands", WHOLE + 'joiner = "other.onnx"\n', "other.onnx is not there"),
        ("bands", "x = " + "[" * 20_000, "it is nested too deeply"),
        ("bands", CTC, "model.onnx is not there"),
        ("places2", VOICES, "places tells voices apart already"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_a_sentence(
    make_model: MakeModel, tmp_path: Path, name: str, card: str, sentence: str
) -> None:
    make_model("places", VOICES)
    make_model(name, card)
    found = find_own_models(tmp_path, {"ge2e"})
    (problem,) = found.problems
    assert f"model {name} is left out: " in problem
    assert sentence in problem
    assert [entry.id for entry in found.entries] == ["places"]


def test_a_store_without_any_has_none(tmp_path: Path) -> None:
    assert find_own_models(tmp_path, set()).entries == ()


async def test_a_recording_is_heard_by_the_model_that_was_named(speech: SpeechService) -> None:
    for name, decoder in (("bands", "greedy"), ("bands-live", "beam_search")):
        told = await speech.transcribe(SPEECH, parse_request({"model": name}))
        assert (told.model, told.weights, told.decoder) == (name, name, decoder)
        words = [word.text for segment in told.segments for word in segment.words]
        assert words
        assert all(map(WORD.fullmatch, words))
    told = await speech.transcribe(SPEECH, parse_request({"model": "letters"}))
    assert (told.model, told.language) == ("letters", "sw")
    assert set(told.raw.split()) == {"a."}


async def test_the_heads_of_a_card_tell_tags(speech: SpeechService) -> None:
    letters = speech.catalogue.choose("letters", AUTO).model
    assert (letters.categories, letters.intents) == (("emotion", "intent"), ("cancel", "book"))
    assert not {"emotion", "intent"} & set(letters.lacks)
    asked = {"model": "letters", "metadata_prob": "true", "structured_intents": "true"}
    told = await speech.transcribe(SPEECH, parse_request(asked))
    for segment in told.segments:
        emotion, intent = segment.tags["emotion"], segment.tags["intent"]
        assert (emotion.label, intent.label) == ("EMOTION_HAPPY", "book")
        likely = np.e / (1 + np.e)
        assert emotion.probabilities["EMOTION_HAPPY"] == pytest.approx(likely, abs=0.001)
    assert told.segments
    assert [each.option for each in told.not_applied] == ["structured_intents"]
    told = await speech.transcribe(SPEECH, parse_request(asked | {"intent_labels": "cancel"}))
    assert told.segments[0].tags["intent"] == Tag("cancel", {"cancel": 1.0})
    with pytest.raises(IntentUnknown, match="known are cancel, book"):
        await speech.transcribe(SPEECH, parse_request(asked | {"intent_labels": "INTENT_THANKS"}))


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        (CTC.replace('"cancel", "book"', '"cancel", "book", "ask"'), "each of 3 labels"),
        (CTC.replace('output = "power"', 'output = "scores"'), "scores is not a finite score"),
        (CTC.replace('output = "power"', 'output = "decibels"'), "decibels is not a finite score"),
    ],
)
async def test_heads_that_the_graph_has_not_are_a_sentence(
    speech: SpeechService, tmp_path: Path, card: str, sentence: str
) -> None:
    (tmp_path / "own" / "letters" / "card.toml").write_text(card, "utf-8")
    with pytest.raises(GraphUnlikeCard, match=sentence):
        await speech.transcribe(SPEECH, parse_request({"model": "letters"}))


async def test_options_that_change_nothing_are_said(speech: SpeechService) -> None:
    asked = {"model": "bands", "hotwords": "good", "n_best": "3", "prompt": "x", "use_lm": "false"}
    told = await speech.transcribe(SPEECH, parse_request(asked))
    assert {each.option for each in told.not_applied} == {"hotwords", "n_best", "prompt", "use_lm"}
    told = await speech.transcribe(SPEECH, parse_request(asked | {"model": "bands-live"}))
    assert "hotwords" not in {each.option for each in told.not_applied}


async def test_the_model_of_voices_stands_in_for_ours(
    speech: SpeechService, senses: Inference
) -> None:
    asked = {"model": "bands", "diarize": "true", "speaker_embedding": "true"}
    told = await speech.transcribe(SPEECH, parse_request(asked))
    assert told.num_speakers == 1
    assert told.speaker_embedding is not None
    assert len(told.speaker_embedding) == 192
    loaded = {model.id for model in senses.models.snapshot().models if model.loaded}
    assert "places" in loaded
    assert "ge2e" not in loaded


async def test_a_stream_tells_what_the_heads_of_a_card_tell(streams: StreamService) -> None:
    options = StreamOptions(model="letters", diarize=True, intent_labels="cancel")
    finals = await heard_live(streams, options)
    assert finals
    for said in finals:
        assert (said.tags["emotion"].label, said.tags["intent"].label) == (
            *("EMOTION_HAPPY", "cancel"),
        )
        assert [part.tags["emotion"].label for part in said.parts] == ["EMOTION_HAPPY"]


async def test_a_stream_is_heard_by_the_model_that_was_named(streams: StreamService) -> None:
    options = StreamOptions(model="bands-live", speaker_embedding=True)
    finals = await heard_live(streams, options)
    assert finals
    assert {each.model for each in finals} == {"bands-live"}
    words = [word.text for each in finals for word in each.words]
    assert words
    assert all(map(WORD.fullmatch, words))
    assert all(each.speaker_embedding and len(each.speaker_embedding) == 192 for each in finals)


async def heard_live(streams: StreamService, options: StreamOptions) -> list[Said]:
    told: list[StreamEvent] = []

    async def tell(event: StreamEvent) -> None:
        told.append(event)

    sound = decode_audio(SPEECH, sample_rate=16000, limits=DecodeLimits(60, 60))
    data = int16_from_float(sound).tobytes()
    async with streams.open(tell) as stream:
        await stream.configure(options)
        for start in range(0, len(data), 6400):
            await stream.hear(data[start : start + 6400])
        await stream.finalize()
    return [each for each in told if isinstance(each, Said) and each.is_final]


async def test_a_model_that_breaks_is_a_sentence_for_those_who_name_it_alone(
    speech: SpeechService, tmp_path: Path
) -> None:
    (tmp_path / "own" / "bands" / "encoder.onnx").write_bytes(b"half a download")
    with pytest.raises(ModelUnusable, match="bands cannot be used: "):
        await speech.transcribe(SPEECH, parse_request({"model": "bands"}))
    told = await speech.transcribe(SPEECH, parse_request({"model": "letters"}))
    assert told.segments
    with pytest.raises(ModelUnknown, match="bands-live"):
        speech.catalogue.choose("nobody", AUTO)


async def test_trial_and_hearing_leave_the_loop_alone(
    speech: SpeechService, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    tried, heard = loading.prove, TransducerRecognizer.transcribe

    def noted_trial(folder: Path) -> None:
        threads.append(threading.current_thread().name)
        tried(folder)

    def noted_hearing(*given: Any) -> list[Recognition]:
        threads.append(threading.current_thread().name)
        return heard(*given)

    monkeypatch.setattr(loading, "prove", noted_trial)
    monkeypatch.setattr(TransducerRecognizer, "transcribe", noted_hearing)
    await speech.transcribe(SPEECH, parse_request({"model": "bands"}))
    assert [name.partition("_")[0] for name in threads] == ["models", "batch"]


async def test_the_registry_counts_what_a_model_takes(
    speech: SpeechService, senses: Inference
) -> None:
    await speech.transcribe(SPEECH, parse_request({"model": "bands"}))
    (state,) = (each for each in senses.models.snapshot().models if each.id == "bands")
    size = sum(path.stat().st_size for path in (senses.store.root / "own/bands").glob("*.onnx"))
    assert (state.memory_bytes, state.device) == (size, "cpu")


def test_the_command_lists_them_and_what_is_wrong(
    installed: None, make_model: MakeModel, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "own" / "letters")
    make_model("bad", WHOLE + "beams = 3\n")
    finished = CliRunner().invoke(list_models, env={"PARLEY_MODELS": str(tmp_path)})
    assert finished.exit_code == 0, finished.output
    assert "bands-live  (Bands)" in finished.stdout
    assert "places  (Places of voices)" in finished.stdout
    assert "model bad is left out: " in finished.stderr
