"""The hum under the voice. No model."""

import numpy as np

from app.tts.engines.kokoro.source import HALF_FRAME, HARMONICS, RATE, STEPS, Hum
from app.tts.engines.kokoro.voice import BANDS, STEP, WINDOW

MIX = np.array([*[0.4] * HARMONICS, -0.03], np.float32)


def voiced(frames: int) -> np.ndarray:
    return (180 + 40 * np.sin(np.arange(frames) / 9)).astype(np.float32)


def test_any_part_is_what_it_is_in_the_whole() -> None:
    hum = Hum(voiced(50), MIX)
    whole = hum.spectra(0, 50)
    assert whole.shape == (1, 50 * STEPS + 1, 2 * BANDS)
    part = hum.spectra(17, 31)
    assert np.array_equal(part, whole[:, 17 * STEPS : 31 * STEPS + 1])


def test_the_tone_has_the_pitch() -> None:
    pitch = np.full(80, 240, np.float32)
    mix = np.zeros(HARMONICS + 1, np.float32)
    mix[0] = 1
    tone = Hum(pitch, mix)._samples(0, 80 * HALF_FRAME)  # pyright: ignore[reportPrivateUsage]
    spectrum = np.abs(np.fft.rfft(tone))
    assert np.argmax(spectrum) * RATE / tone.size == 240
    assert 0.09 < tone.max() < 0.1


def test_without_pitch_it_is_still() -> None:
    magnitudes = Hum(np.zeros(10, np.float32), MIX).spectra(0, 10)[0, :, :BANDS]
    level = np.tanh(MIX[HARMONICS]) * np.hanning(WINDOW + 1)[:-1].sum()
    assert np.allclose(magnitudes[:, 0], abs(level), atol=1e-6)
    assert np.allclose(magnitudes[:, 3:], 0, atol=1e-6)


def test_steps_fill_half_frames() -> None:
    assert STEPS * STEP == HALF_FRAME
