"""What a voice tells beside words, by our own heads on the real encoder."""

import json
from pathlib import Path

import click
import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from app.asr.engines.whisper.engine import WhisperRecognizer, load_whisper
from app.asr.engines.whisper.features import LogMel
from app.asr.engines.whisper.network import encode
from app.asr.engines.whisper.voice import load_voice
from app.asr.engines.whisper.window import make_window
from app.asr.recognition import RecognizerOptions, Tags
from app.cli.look import doctor
from app.cli.models import list_models
from app.core import settings
from app.core.audio.convert import Samples
from app.inference.executor import Lane
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.wiring import inference
from onnx_models.recipes.voice.features import Ear
from tests.integration.asr.whisper.conftest import ROOT, made, sound_of

ENCODERS = [
    (model, precision)
    for model in ("whisper-tiny.en", "whisper-base")
    for precision in ("int8", "float")
]
DENSE_FRAMES = 200
WEIGHTS = ROOT / "onnx_models"
SHARED = ROOT.parent / "shared" / "data"


@pytest.mark.parametrize(("model", "precision"), ENCODERS)
def test_what_is_pooled_is_the_mean_and_the_spread_of_sound(
    model: str, precision: str, short: Samples, long: Samples
) -> None:
    encoder = OnnxRuntime("cpu", 2).open(made(model) / f"encoder.{precision}.onnx")
    window = make_window(DENSE_FRAMES)
    sounds = (short[:32000], long[:60000])
    mels = np.stack([LogMel(80).spectrogram(each, window.mel_frames) for each in sounds])
    counts = [each.size // 320 for each in sounds]
    encoded = encode(encoder, mels, window, counts)
    for row, count in enumerate(counts):
        sound = encoded.states[row, :count]
        expected = np.stack((sound.mean(axis=0), sound.std(axis=0)))
        np.testing.assert_allclose(encoded.pooled[row, -1], expected, atol=1e-4)


@pytest.mark.parametrize(("model", "precision"), ENCODERS)
def test_the_words_are_heard_as_without_pooling(
    tmp_path: Path, model: str, precision: str, short: Samples
) -> None:
    """To the last bit."""
    runtime, graph = OnnxRuntime("cpu", 1), made(model) / f"encoder.{precision}.onnx"
    window = make_window(DENSE_FRAMES)
    feeds = {
        "mel": LogMel(80).spectrogram(short, window.mel_frames)[None],
        "frames": window.frames,
        "positions": window.positions,
        "log_weights": window.log_weights.reshape(1, -1, 1),
    }
    onnx.utils.extract_model(graph, tmp_path / graph.name, list(feeds), ["states"])
    (alone,) = runtime.open(tmp_path / graph.name).run(feeds)
    both = encode(runtime.open(graph), feeds["mel"], window, [short.size // 320])
    assert both.states.tobytes() == alone.tobytes()


@pytest.mark.parametrize(("model", "away"), [("whisper-tiny.en", 0.002), ("whisper-base", 0.08)])
def test_the_recipe_hears_as_the_product(model: str, away: float, short: Samples) -> None:
    """Base in another silence, which moves the odds a little."""
    voice = load_voice(WEIGHTS / model / "voice.onnx", OnnxRuntime("cpu", 1))
    recognizer = load_whisper(made(model), OnnxRuntime("cpu", 1), voice=voice)
    (found,) = recognizer.transcribe([short], RecognizerOptions(language="en"))
    pooled = Ear(made(model) / "encoder.int8.onnx").pooled(short)[None].astype(np.float32)
    (learned_of,) = voice.tags(pooled, [short.size / 16000])
    for category, tag in found.tags.items():
        assert tag.probabilities == pytest.approx(learned_of[category].probabilities, abs=away)
    recognizer.close()


async def told(short: Samples, **variables: str) -> Tags:
    """By the product, as these settings build it."""
    environment = settings.process_environment() | variables
    given = settings.load(environment)
    store = ModelStore(settings.model_store(given, environment))
    async with (
        inference(given, store) as senses,
        senses.models.lease("whisper-tiny.en", WhisperRecognizer, Lane.BATCH) as whisper,
    ):
        (found,) = whisper.transcribe([short], RecognizerOptions())
        return found.tags


async def test_a_voice_is_told_in_the_pass_that_hears_the_words(short: Samples) -> None:
    tags = await told(short)
    assert tags["gender"].label == "GENDER_FEMALE"
    assert set(tags) == {"emotion", "gender", "age"}
    assert {len(tag.probabilities) for tag in tags.values()} == {6, 2, 5}
    for tag in tags.values():
        assert sum(tag.probabilities.values()) == pytest.approx(1, abs=1e-5)


async def test_a_commercial_server_is_told_no_emotion(short: Samples) -> None:
    """There is no emotional speech with a licence for it."""
    tags = await told(short, PARLEY_COMMERCIAL="true")
    assert tags["gender"].label == "GENDER_FEMALE"
    assert set(tags) == {"gender", "age"}


@pytest.mark.parametrize(("commercial", "tells_emotion"), [("false", True), ("true", False)])
async def test_the_catalogue_says_what_the_licences_allow(
    commercial: str, tells_emotion: bool
) -> None:
    environment = settings.process_environment() | {"PARLEY_COMMERCIAL": commercial}
    given = settings.load(environment)
    async with inference(given, ModelStore(settings.model_store(given, environment))) as senses:
        model = senses.speech.catalogue.find("en-in-tech-misc")
    assert model is not None
    assert ("emotion" in model.categories) is tells_emotion
    assert ("emotion" in model.lacks) is not tells_emotion
    assert "gender" in model.categories


@pytest.mark.parametrize(
    ("commercial", "line"),
    [
        ("false", "whisper-base/voice.onnx: non-commercial, PARLEY_COMMERCIAL refuses it"),
        ("true", "whisper-base/voice.onnx: non-commercial, refused; voice.commercial.onnx is used"),
    ],
)
@pytest.mark.parametrize("command", [list_models, doctor])
def test_an_operator_sees_what_may_not_be_used(
    command: click.Command, commercial: str, line: str
) -> None:
    shown = CliRunner().invoke(command, env={"PARLEY_COMMERCIAL": commercial})
    assert shown.exit_code == 0, shown.output
    assert line.replace("/", " ") in " ".join(shown.stdout.replace("/", " ").split())


def test_an_utterance_is_told_the_same_in_company(short: Samples, long: Samples) -> None:
    runtime = OnnxRuntime("cpu", 2)
    voice = load_voice(WEIGHTS / "whisper-tiny.en" / "voice.onnx", runtime)
    recognizer = load_whisper(made("whisper-tiny.en"), runtime, voice=voice)
    sounds = [long[:30000], short, long[20000:55000]]
    together = recognizer.transcribe(sounds, RecognizerOptions())
    for sound, found in zip(sounds, together, strict=True):
        (alone,) = recognizer.transcribe([sound], RecognizerOptions())
        for category, tag in alone.tags.items():
            odds = [each[category].probabilities for each in (alone.tags, found.tags)]
            np.testing.assert_allclose(*(list(each.values()) for each in odds), atol=0.05)
            assert tag.probabilities.keys() == found.tags[category].probabilities.keys()
    recognizer.close()


@pytest.mark.parametrize("model", ["whisper-tiny.en", "whisper-base"])
def test_what_is_too_short_is_not_judged(model: str, short: Samples) -> None:
    voice = load_voice(WEIGHTS / model / "voice.onnx", OnnxRuntime("cpu", 1))
    recognizer = load_whisper(made(model), OnnxRuntime("cpu", 2), voice=voice)
    for sound in (short[8000:18000], short[:0]):
        (found,) = recognizer.transcribe([sound], RecognizerOptions(language="en"))
        assert {tag.label for tag in found.tags.values()} == {
            "EMOTION_UNCERTAIN",
            "GENDER_UNCERTAIN",
            "AGE_UNCERTAIN",
        }
    recognizer.close()


@pytest.mark.shared
def test_strangers_of_many_languages_have_their_gender() -> None:
    """Common Voice, of which nothing was learned."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is absent")
    voice = load_voice(WEIGHTS / "whisper-base" / "voice.onnx", OnnxRuntime("cpu", 1))
    recognizer = load_whisper(made("whisper-base"), OnnxRuntime("cpu", 2), voice=voice)
    rows = [
        (folder / row["file"], row["gender"])
        for folder in sorted(SHARED.glob("commonvoice_rsample_*"))
        for row in map(json.loads, (folder / "manifest.jsonl").read_text("utf-8").splitlines())
        if row.get("gender") in ("male", "female")
    ][::4]
    found = recognizer.transcribe(
        [sound_of(path) for path, _ in rows], RecognizerOptions(language="en", temperatures=(0.0,))
    )
    labels = [each.tags["gender"].label for each in found]
    pairs = [
        (label, f"GENDER_{gender.upper()}")
        for label, (_, gender) in zip(labels, rows, strict=True)
        if label != "GENDER_UNCERTAIN"
    ]
    assert len(pairs) > len(rows) / 2
    assert sum(label == gender for label, gender in pairs) >= 0.85 * len(pairs)
    recognizer.close()
