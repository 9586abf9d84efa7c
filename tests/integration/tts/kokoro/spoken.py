"""Sentences in Kokoro's alphabet, and how alike two sounds are."""

import numpy as np

from app.core.audio.convert import Samples
from app.tts.engines.kokoro.spelling import Spelled, spell
from app.tts.speech import SAMPLE_RATE, Sentence, SpokenWord

VOICES = ("af_heart", "am_michael", "bf_emma", "hm_omega")
QUESTION = "hˌaʊ kæn aɪ hˈɛlp juː tədˈeɪ?"
PANGRAM = (
    "ðə kwˈɪk bɹˈaʊn fˈɑːks dʒˈʌmps ˌoʊvɚ ðə lˈeɪzi dˈɔɡ, ænd ðˈɛn ɪt ɹˈʌnz ɐwˈeɪ fɹʌm ðə hˈʌntɚ."
)

_HOP, _WINDOW, _BANDS = 300, 1024, 80


def sentence(sounds: str, pause_s: float = 0.0) -> Sentence:
    words = [SpokenWord(each, place, place + 1, each) for place, each in enumerate(sounds.split())]
    return Sentence(tuple(words), pause_s)


def spelled(sounds: str) -> Spelled:
    (piece,) = spell(sentence(sounds).words)
    return piece


def distance_db(sound: Samples, other: Samples) -> np.ndarray:
    """Between logarithmic mel spectra, of each half frame."""
    size = min(sound.size, other.size)
    difference = _log_mel(sound[:size]) - _log_mel(other[:size])
    return np.sqrt(np.square(difference).mean(axis=1))


def _log_mel(sound: Samples) -> np.ndarray:
    padded = np.pad(sound, _WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(windows * np.hanning(_WINDOW))) ** 2
    highest = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, _BANDS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)[None]
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise, fall = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    return 10 * np.log10(power @ np.maximum(0, np.minimum(rise, fall)).T + 1e-4)
