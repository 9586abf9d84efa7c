"""Sound as it comes: silence cut off, a telephone's band, noise. Pure."""

import numpy as np
from numpy.typing import NDArray

from app.core.audio.g711 import decode_mulaw, encode_mulaw

Sound = NDArray[np.float32]
RATE = 16000
PIECE_S = 5.0
SHORTEST_S = 0.5
FRAME = 320
SILENCE_DB = 35.0
"""Below the loudest frame."""
MARGIN_FRAMES = 5
LOW_HZ, HIGH_HZ = 300.0, 3400.0
FULL_SCALE = 32767


def without_silence(sound: Sound) -> Sound:
    """Cut off at both ends, but for a tenth of a second."""
    frames = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    energy = (frames**2).mean(axis=1)
    loud = np.flatnonzero(energy > energy.max() * 10 ** (-SILENCE_DB / 10))
    first, last = loud[0] - MARGIN_FRAMES, loud[-1] + 1 + MARGIN_FRAMES
    return sound[max(0, first) * FRAME : last * FRAME]


def pieces(sound: Sound, most: int) -> list[Sound]:
    """Of 5 s, or what there is."""
    size = round(PIECE_S * RATE)
    if sound.size < 2 * size:
        return [sound[:size]]
    return [sound[at : at + size] for at in range(0, sound.size - size + 1, size)][:most]


def telephone(sound: Sound, peak: float) -> Sound:
    """300 to 3400 Hz, 8000 samples a second in eight mu-law bits each, at 16 kHz again."""
    even = sound[: sound.size // 2 * 2]
    spectrum = np.fft.rfft(even)
    hertz = np.fft.rfftfreq(even.size, 1 / RATE)
    spectrum[(hertz < LOW_HZ) | (hertz > HIGH_HZ)] = 0
    narrow = np.fft.irfft(spectrum)[::2]
    narrow = narrow * (peak / max(float(np.abs(narrow).max()), 1e-6))
    heard = decode_mulaw(encode_mulaw(np.rint(narrow * FULL_SCALE).astype(np.int16))) / FULL_SCALE
    wide = np.zeros(even.size // 2 + 1, np.complex128)
    half = np.fft.rfft(heard)
    wide[: half.size] = 2 * half
    return np.fft.irfft(wide, even.size).astype(np.float32)


def noisy(sound: Sound, noise: Sound, snr_db: float) -> Sound:
    repeated = np.resize(noise, sound.size)
    power = float((repeated**2).mean())
    if power == 0:
        return sound
    scale = np.sqrt(float((sound**2).mean()) / power / 10 ** (snr_db / 10))
    return (sound + scale * repeated).astype(np.float32)
