"""The recipe of the CTC head with real weights: what is kept to learn from, and who is judged."""

from pathlib import Path

import numpy as np
import pytest

from app.asr.engines.ctc.whisper_states import WhisperStates
from app.core import settings
from app.core.audio.wav import wav_bytes
from app.inference.manifest import read_manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from onnx_models.recipes.ctc.features import NOISES, States, hear
from onnx_models.recipes.ctc.interims import staying
from onnx_models.recipes.ctc.judge import conditions, listeners, table
from onnx_models.recipes.ctc.speech import SAMPLE_RATE, Clip, read_sound

ROOT = Path(__file__).parents[3]
HEAD = ROOT / "onnx_models" / "whisper-tiny.en-ctc"
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="module")
def whisper() -> Path:
    environment = settings.process_environment()
    store = ModelStore(settings.model_store(settings.load(environment), environment))
    manifest = read_manifest(ROOT / "onnx_models" / "manifest.toml")
    return store.verified(manifest.get("whisper-tiny.en"))


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """Two clips of a changing tone, and a noise. What a file is shows inside, not its name."""
    seconds = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    for name, hertz in (("a/one.opus", 200), ("a/two.opus", 300), (f"{NOISES}/hum.opus", 50)):
        sound = 0.3 * np.sin(2 * np.pi * hertz * seconds * (1 + seconds))
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(wav_bytes(sound.astype(np.float32), SAMPLE_RATE))
    return tmp_path


def alike(some: States, others: States) -> bool:
    """The encoder computes in int8: company changes a little."""
    return some.shape == others.shape and bool(np.median(np.abs(some - others)) < 0.05)


def test_states_are_kept_as_the_product_hears_them_and_later_rounds_are_changed(
    whisper: Path, training: Path
) -> None:
    front = WhisperStates(OnnxRuntime("cpu", 1).open(whisper / "encoder.int8.onnx"))
    clips = [Clip("a/one.opus", "one", 2.0, False), Clip("a/two.opus", "two", 2.0, True)]
    rounds = [
        {clip.file: (text, states) for clip, text, states in hear(training, clips, front, number)}
        for number in range(3)
    ]
    for clip in clips:
        plain = front([read_sound(training / clip.file)])[0].T
        text, states = rounds[0][clip.file]
        assert text == clip.text
        assert alike(states, plain)
    of_learned, of_aside = ([each[clip.file][1] for each in rounds] for clip in clips)
    assert not any(alike(of_learned[0], later) for later in of_learned[1:])
    assert all(alike(of_aside[0], later) for later in of_aside[1:])


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")
def test_the_head_is_judged_beside_whisper_in_each_condition(whisper: Path) -> None:
    every = conditions(SHARED, 2)
    heard = {name: every[name] for name in ("LJ Speech", "8 kHz", "cafe, 10 dB")}
    header, _, *rows = table(heard, listeners(whisper, [HEAD], None))
    rates = [
        [float(cell.strip().removesuffix(" %")) for cell in row.split("|")[2:-1]] for row in rows
    ]
    assert [len(each) for each in rates] == [len(heard)] * 3
    assert header.count("(2)") == len(heard)
    means = [sum(each) / len(each) for each in rates]
    assert means[0] < min(means[1:])
    assert max(means) < 100


def test_a_shown_word_stays_where_all_before_it_did() -> None:
    assert staying(["a", "b", "x", "d"], ["a", "b", "c", "d"]) == 2
    assert staying([], ["a"]) == 0
