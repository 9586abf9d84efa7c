"""`parley bench windows`: Whisper in windows fitted to the utterance, beside its own 30 s.

Both hear the same clips in the same run, at temperature 0: the window alone makes the difference.
"""

import re
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np

from app.asr.engines.whisper.engine import WhisperRecognizer
from app.asr.engines.whisper.tokens import UNSPACED
from app.asr.recognition import SAMPLE_RATE, Recognition, RecognizerOptions, WhisperWindow
from app.bench import wordless
from app.bench.asr import (
    ACCENTED,
    LEARNERS,
    LIMITS,
    READ,
    Clip,
    manifest_of,
    read_clip,
    rows_of,
    telephone,
)
from app.bench.wer import word_errors, words_of
from app.core.audio.convert import Samples
from app.core.audio.decode import decode_audio

PARTS = ("english", "languages", "wordless")
WINDOWS: tuple[WhisperWindow, ...] = ("fitted", "full")
OTHERS = ("hi", "zh-CN", "es", "fr", "de", "ja")
AMBIENCE = "noise_ambience"
NOISES = (AMBIENCE, "../training/noise_esc10")
LEAST_SNR_DB, MOST_SNR_DB = 5, 15
LONGEST_NOISE_S = 300
RESAMPLINGS = 2000
SEED = 16
MOST_WORDS_PER_S = 4
MOST_LETTERS_PER_S = 8
"""Where words are written without spaces."""
_REPEATED = re.compile(r"(.{3,}?)\1{2,}")


@dataclass(frozen=True, slots=True)
class Condition:
    name: str
    language: str
    clips: Sequence[Clip]


@dataclass(frozen=True, slots=True)
class Errors:
    """By clip: of how many words (or letters, where there are no spaces), and in each window."""

    words: Sequence[int]
    by_window: Mapping[WhisperWindow, Sequence[int]]

    def rate(self, window: WhisperWindow) -> float:
        return 100 * sum(self.by_window[window]) / max(1, sum(self.words))

    def difference(self) -> tuple[float, float, float]:
        """Fitted less full in points, and where 95 % of the differences are that other clips of
        the kind could have shown."""
        words = np.array(self.words)
        more = np.array(self.by_window["fitted"]) - np.array(self.by_window["full"])
        chosen = np.random.default_rng(SEED).integers(0, words.size, (RESAMPLINGS, words.size))
        others = 100 * more[chosen].sum(axis=1) / words[chosen].sum(axis=1)
        low, high = np.percentile(others, (2.5, 97.5))
        return 100 * float(more.sum()) / float(words.sum()), float(low), float(high)


def run(
    recognizer: WhisperRecognizer, data: Path, parts: Sequence[str], clips: int, sounds: int
) -> Iterator[str]:
    """Lines for a reader; `clips` of a folder at most, and so many `sounds` without a word."""
    if "english" in parts:
        for condition in _english(data, clips):
            yield _compare(recognizer, condition)
    if "languages" in parts and len(recognizer.languages) > 1:
        for language in OTHERS:
            folder = data / f"commonvoice_rsample_{language}"
            if folder.is_dir():
                found = _clips(folder, clips, language)
                yield _compare(recognizer, Condition(language, language[:2], found))
    if "wordless" in parts:
        yield from _hear_nothing(recognizer, data, sounds)


def _english(data: Path, clips: int) -> Iterator[Condition]:
    read = [clip for name in READ for clip in _clips(data / name, clips)]
    yield Condition("clean", "en", read)
    for folder in (data / ACCENTED, data / LEARNERS):
        if folder.is_dir():
            yield Condition(f"accented, {folder.name}", "en", _clips(folder, clips))
    yield Condition("8 kHz", "en", [telephone(clip) for clip in read])
    noises = _sounds(data / AMBIENCE)
    if noises:
        chance = np.random.default_rng(SEED)
        noisy = [replace(clip, samples=_mix(clip.samples, noises, chance)) for clip in read]
        yield Condition(f"noise, {LEAST_SNR_DB} to {MOST_SNR_DB} dB", "en", noisy)


def _clips(folder: Path, most: int, language: str = "en") -> list[Clip]:
    """From the whole of the folder: neighbours often are of one speaker."""
    rows = rows_of(folder, language)
    return [read_clip(folder, row) for row in rows[:: max(1, ceil(len(rows) / most))]]


def _compare(recognizer: WhisperRecognizer, condition: Condition) -> str:
    options = RecognizerOptions(language=condition.language, temperatures=(0.0,))
    references = [units_of(clip.text, condition.language) for clip in condition.clips]
    errors: dict[WhisperWindow, list[int]] = {}
    spent_s: dict[WhisperWindow, float] = {}
    for window in WINDOWS:
        started = time.perf_counter()
        heard = recognizer.transcribe(
            [clip.samples for clip in condition.clips], replace(options, window=window)
        )
        spent_s[window] = time.perf_counter() - started
        errors[window] = [
            word_errors(reference, units_of(each.best.text, condition.language))
            for reference, each in zip(references, heard, strict=True)
        ]
    found = Errors([len(each) for each in references], errors)
    unit = "letters" if condition.language in UNSPACED else "words"
    difference, low, high = found.difference()
    return (
        f"{condition.name} ({len(references)} clips, {sum(found.words)} {unit}): "
        f"fitted {found.rate('fitted'):.2f} %, full {found.rate('full'):.2f} %, "
        f"difference {difference:+.2f} ({low:+.2f} to {high:+.2f}), "
        f"full time / fitted {spent_s['full'] / spent_s['fitted']:.1f}"
    )


def _hear_nothing(recognizer: WhisperRecognizer, data: Path, count: int) -> Iterator[str]:
    english = len(recognizer.languages) == 1
    options = RecognizerOptions(language="en" if english else None, temperatures=(0.0,))
    for kind, sounds in _without_words(data, count).items():
        for window in WINDOWS:
            heard = recognizer.transcribe(sounds, replace(options, window=window))
            told = [
                (each, sound.size / SAMPLE_RATE) for each, sound in zip(heard, sounds, strict=True)
            ]
            runaways = [each.best.text for each, seconds in told if is_runaway(each, seconds)]
            wordy = sum(bool(units_of(each.best.text, each.language)) for each in heard)
            yield (
                f"{kind} ({len(sounds)} clips), {window}: {wordy} with words, "
                f"{len(runaways)} runaways"
            )
            yield from (f"    {text}" for text in runaways)


def is_runaway(heard: Recognition, seconds: float) -> bool:
    """More than anybody says in the time, or the same again and again."""
    text = heard.best.text.casefold()
    most = MOST_LETTERS_PER_S if heard.language in UNSPACED else MOST_WORDS_PER_S
    too_many = len(units_of(text, heard.language)) > most * max(1.0, seconds)
    return too_many or _REPEATED.search(text) is not None


def units_of(text: str, language: str) -> list[str]:
    """What errors are counted in: words, or letters where words are written without spaces."""
    if language == "en":
        return words_of(text)
    plain = "".join(
        each if unicodedata.category(each)[0] in "LMN" else " " for each in text.casefold()
    )
    return list(plain.replace(" ", "")) if language in UNSPACED else plain.split()


def _without_words(data: Path, count: int) -> dict[str, list[Samples]]:
    """As many of each kind, of the lengths that utterances have."""
    chance = np.random.default_rng(SEED)
    real = [sound for folder in NOISES for sound in _sounds(data / folder)]
    kinds = len(wordless.MADE) + bool(real)
    found = {
        kind: [make(chance, wordless.duration_s(chance)) for _ in range(count // kinds)]
        for kind, make in wordless.MADE.items()
    }
    if real:
        found["real noise"] = [
            _cut(real[int(chance.integers(len(real)))], wordless.duration_s(chance), chance)
            for _ in range(count // kinds)
        ]
    return found


def _sounds(folder: Path) -> list[Samples]:
    if not folder.is_dir():
        return []
    limits = replace(LIMITS, max_duration_s=LONGEST_NOISE_S)
    return [decode_audio(folder / row["file"], limits=limits) for row in manifest_of(folder)]


def _cut(sound: Samples, seconds: float, chance: np.random.Generator) -> Samples:
    size = min(sound.size, round(seconds * SAMPLE_RATE))
    first = chance.integers(sound.size - size + 1)
    return sound[first : first + size]


def _mix(speech: Samples, noises: Sequence[Samples], chance: np.random.Generator) -> Samples:
    """At a ratio between the two bounds; noise that is too short is repeated."""
    noise = noises[int(chance.integers(len(noises)))]
    noise = np.resize(_cut(noise, speech.size / SAMPLE_RATE, chance), speech.size)
    snr_db = chance.uniform(LEAST_SNR_DB, MOST_SNR_DB)
    power = float(np.mean(speech**2)) / max(1e-12, float(np.mean(noise**2)))
    mixed = speech + noise * np.sqrt(power / 10 ** (snr_db / 10))
    return (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)
