"""The graphs we make against CTranslate2, which runs the published file itself."""

import ctranslate2
import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from app.asr.engines.whisper.alignment import token_begins
from app.asr.engines.whisper.features import LogMel
from app.asr.engines.whisper.network import WhisperNetwork
from app.asr.engines.whisper.window import FULL_FRAMES, make_window, window_frames
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxRuntime
from tests.integration.asr.whisper.conftest import made, published

START, NO_TIMESTAMPS, END = 50257, 50362, 50256


@pytest.fixture(scope="module")
def reference() -> ctranslate2.models.Whisper:
    folder = str(published("whisper-tiny.en"))
    return ctranslate2.models.Whisper(folder, device="cpu", compute_type="float32", intra_threads=2)


def network(precision: str) -> WhisperNetwork:
    runtime, folder = OnnxRuntime("cpu", 2), made("whisper-tiny.en")
    graphs = [
        runtime.open(folder / f"{name}.{precision}.onnx")
        for name in ("encoder", "cross", "decoder")
    ]
    return WhisperNetwork(*graphs, bytes_per_stored=1)


def in_full(sound: Samples) -> Samples:
    return LogMel(80).spectrogram(sound, 2 * FULL_FRAMES)[None]


def as_stored(array: Samples) -> ctranslate2.StorageView:
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array))


def cosine(one: Samples, other: Samples) -> float:
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


@pytest.mark.parametrize("frames", [400, 2900, 3000])
def test_the_spectrogram_is_that_of_the_reference(long: Samples, frames: int) -> None:
    seconds = frames // 100
    sound = np.resize(long, (seconds - 1) * 16000 + 7919)
    window = np.pad(sound, (0, frames * 160 - sound.size))
    expected = FeatureExtractor()(window, padding=0)[:, :frames]
    np.testing.assert_allclose(LogMel(80).spectrogram(sound, frames), expected, atol=2e-4)


def test_sound_that_fills_the_window_has_the_same_spectrogram(long: Samples) -> None:
    expected = FeatureExtractor()(long[:64000], padding=0)[:, :400]
    np.testing.assert_allclose(LogMel(80).spectrogram(long[:64000], 400), expected, atol=2e-4)


def test_the_float_encoder_gives_the_same_states(
    reference: ctranslate2.models.Whisper, long: Samples
) -> None:
    mel = in_full(long)
    expected = np.array(reference.encode(as_stored(mel)))
    states = network("float").encode(mel, make_window(FULL_FRAMES), [FULL_FRAMES]).states
    np.testing.assert_allclose(states, expected, atol=2e-4)


def test_the_int8_encoder_stays_close(reference: ctranslate2.models.Whisper, long: Samples) -> None:
    mel = in_full(long)
    expected = np.array(reference.encode(as_stored(mel)))
    states = network("int8").encode(mel, make_window(FULL_FRAMES), [FULL_FRAMES]).states
    assert cosine(states, expected) > 0.99


def test_the_sparse_window_hears_what_30_seconds_hear(long: Samples) -> None:
    window = make_window(window_frames(long.size / 16000))
    graphs = network("float")
    heard = long.size // 320
    whole = graphs.encode(in_full(long), make_window(FULL_FRAMES), [heard]).states
    part = graphs.encode(
        LogMel(80).spectrogram(long, window.mel_frames)[None], window, [heard]
    ).states
    cut = make_window(heard + 30)
    dense = slice(0, heard + 30)
    poor = graphs.encode(
        LogMel(80).spectrogram(long, cut.mel_frames)[None],
        type(cut)(cut.mel_frames, cut.frames[dense], cut.positions[dense], cut.log_weights[dense]),
        [heard],
    ).states
    assert cosine(part[:, :heard], whole[:, :heard]) > 0.99
    assert cosine(part[:, :heard], whole[:, :heard]) > cosine(poor[:, :heard], whole[:, :heard])


def test_the_float_decoder_says_the_same(
    reference: ctranslate2.models.Whisper, long: Samples
) -> None:
    mel, window, graphs = in_full(long), make_window(FULL_FRAMES), network("float")
    prompt = [START, NO_TIMESTAMPS]
    (expected,) = reference.generate(
        as_stored(mel), [prompt], beam_size=1, suppress_blank=False, suppress_tokens=[]
    )
    heard = graphs.hear(graphs.encode(mel, window, [FULL_FRAMES]).states, window)
    step = graphs.step(heard, None, np.array([prompt]))
    said: list[int] = []
    while (token := int(step.logits[0].argmax())) != END:
        said.append(token)
        step = graphs.step(heard, step.memory, np.array([[token]]))
    assert said == [token for token in expected.sequences_ids[0] if token < END]


def test_words_are_where_the_reference_puts_them(
    reference: ctranslate2.models.Whisper, long: Samples
) -> None:
    mel, window, graphs = in_full(long), make_window(FULL_FRAMES), network("float")
    heard = graphs.hear(graphs.encode(mel, window, [FULL_FRAMES]).states, window)
    (answer,) = reference.generate(as_stored(mel), [[START, NO_TIMESTAMPS]], beam_size=1)
    said = [token for token in answer.sequences_ids[0] if token < END]
    frames = long.size // 320
    (expected,) = reference.align(as_stored(mel), [START], [said], 2 * frames)
    begins = {}
    for token, frame in expected.alignments:
        begins.setdefault(token, frame)
    looks = graphs.step(heard, None, np.array([[START, NO_TIMESTAMPS, *said]])).attention
    found = token_begins(looks[0, :, 1:, :frames])
    np.testing.assert_allclose(found, [begins[at] for at in range(len(said) + 1)], atol=2)
