"""Spectrograms and samples as graphs were trained to see them."""

import numpy as np
import pytest

from app.asr.engines.ctc.card import Features
from app.asr.engines.ctc.features import extractor

SECOND = np.arange(16000) / 16000


def tone(hertz: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * SECOND)).astype(np.float32)


def test_a_waveform_has_zero_mean_and_unit_variance() -> None:
    samples = extractor(Features(kind="waveform"))(tone(440) + np.float32(0.2))
    assert samples.shape == (16000,)
    assert samples.mean() == pytest.approx(0, abs=1e-4)
    assert samples.std() == pytest.approx(1, abs=1e-3)


def test_silence_is_no_division_by_zero() -> None:
    silence = np.zeros(16000, np.float32)
    for kind in ("waveform", "log-mel", "whisper-mel"):
        assert np.isfinite(extractor(Features(kind=kind))(silence)).all()


def test_a_log_mel_has_a_frame_every_hop_and_standardized_rows() -> None:
    random = np.random.default_rng(0).normal(size=16000).astype(np.float32)
    mel = extractor(Features(kind="log-mel"))(random)
    assert mel.shape == (80, 101)
    assert np.allclose(mel.mean(axis=1), 0, atol=1e-3)
    assert np.allclose(mel.std(axis=1, ddof=1), 1, atol=1e-2)


def test_a_higher_tone_lies_in_a_higher_row() -> None:
    mel = extractor(Features(kind="log-mel", per_feature=False))
    rows = [int(mel(tone(hertz)).mean(axis=1).argmax()) for hertz in (200, 500, 1000, 3000, 7000)]
    assert rows == sorted(set(rows))
    # Rows are 26.8 Hz-mels wide on Slaney's scale: 1 kHz lies at mel 15 of 45.2.
    assert rows[2] == pytest.approx(15 / 45.245 * 81 - 1, abs=1)


def test_the_shortest_sound_has_a_frame() -> None:
    for kind in ("log-mel", "whisper-mel"):
        assert extractor(Features(kind=kind))(np.ones(1600, np.float32)).shape[1] >= 10
