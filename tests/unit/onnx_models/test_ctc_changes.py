"""What is done to speech before a head learns from it."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.asr.engines.whisper.engine import WhisperRecognizer
from app.core.audio.convert import Samples
from onnx_models.recipes.ctc.changes import Chances, at_speed, by_telephone, changed, cut, in_noise
from onnx_models.recipes.ctc.speech import SAMPLE_RATE, SETS, read_set, spelled

SECOND = np.arange(SAMPLE_RATE) / SAMPLE_RATE
WORDS = [(float(at), at + 0.8, f"word{at}") for at in range(8)]


def tone(hertz: float) -> Samples:
    return (0.3 * np.sin(2 * np.pi * hertz * SECOND)).astype(np.float32)


def loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))


@pytest.mark.parametrize(("hertz", "kept"), [(100, 0.0), (1000, 1.0), (3000, 1.0), (3800, 0.0)])
def test_a_telephone_carries_the_middle_of_the_band(hertz: float, kept: float) -> None:
    heard = by_telephone(tone(hertz))
    assert heard.size == SAMPLE_RATE
    assert loudness(heard) / loudness(tone(hertz)) == pytest.approx(kept, abs=0.05)


def test_noise_is_as_far_below_the_speech_as_asked() -> None:
    speech, noise = tone(500), tone(2000)[:4000]
    added = in_noise(speech, noise, 20.0) - speech
    assert 20 * np.log10(loudness(speech) / loudness(added)) == pytest.approx(20, abs=0.1)
    assert np.abs(in_noise(speech, noise, -20.0)).max() <= 1


@pytest.mark.parametrize("speed", [0.9, 1.1])
def test_speech_at_another_speed_is_of_another_length_and_pitch(speed: float) -> None:
    heard = at_speed(tone(1000), speed)
    assert heard.size == pytest.approx(SAMPLE_RATE / speed, rel=0.01)
    spectrum = np.abs(np.fft.rfft(heard))
    loudest_hz = spectrum.argmax() * SAMPLE_RATE / heard.size
    assert loudest_hz == pytest.approx(1000 * speed, rel=0.01)


def test_a_cut_keeps_the_words_whose_sound_it_keeps() -> None:
    samples = np.repeat(np.arange(8, dtype=np.float32), SAMPLE_RATE)
    for seed in range(20):
        found = cut(samples, WORDS, np.random.default_rng(seed))
        assert found is not None
        sound, text = found
        at = sound[np.linspace(SAMPLE_RATE // 2, sound.size - SAMPLE_RATE // 2, 50).astype(int)]
        seconds = sorted(set(at.astype(int).tolist()))
        assert text.split() == [f"word{second}" for second in seconds]
        assert 3 <= len(seconds) <= 5


def test_few_words_are_not_cut() -> None:
    assert cut(np.zeros(SAMPLE_RATE, np.float32), WORDS[:5], np.random.default_rng(0)) is None


def test_the_same_chance_gives_the_same_change() -> None:
    def heard(seed: int) -> bytes:
        random = np.random.default_rng(seed)
        return changed(tone(700), [tone(50)], Chances(), random).tobytes()

    assert heard(1) == heard(1)
    assert len({heard(seed) for seed in range(10)}) > 3


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("WE CALL IT BEAR", "we call it bear"),
        ("Mr. O\N{RIGHT SINGLE QUOTATION MARK}Neill's 42 cats", "mister o'neill's forty two cats"),
        ("well-fed — and asleep.", "well fed and asleep"),
        ("Chapter 35:", "chapter thirty five"),
        ("...", ""),
    ],
)
def test_text_is_spelled_as_it_is_said(written: str, said: str) -> None:
    assert spelled(written) == said


def test_a_set_aside_speaker_is_set_aside_in_every_clip(tmp_path: Path) -> None:
    (name,) = [each for each in SETS if each.name == "speechocean762"]
    rows = [
        {"id": f"{speaker}-{at}", "speaker": f"s{speaker}", "text": "HELLO", "duration": 1.0}
        | {"file": f"{speaker}-{at}.opus"}
        for speaker in range(100)
        for at in range(3)
    ]
    folder = tmp_path / name.name
    folder.mkdir()
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    clips = list(read_set(tmp_path, name, _deaf()))
    assert len(clips) == 300
    aside = {clip.file.split("/")[1].split("-")[0] for clip in clips if clip.is_set_aside}
    learned = {clip.file.split("/")[1].split("-")[0] for clip in clips if not clip.is_set_aside}
    assert aside
    assert not aside & learned


def _deaf() -> WhisperRecognizer:
    """Never asked, for all clips have texts."""
    return object.__new__(WhisperRecognizer)
