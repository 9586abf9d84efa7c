"""Learns onnx_models/ge2e/whitening.npz: GE2E's 256 dimensions to 192 that tell speakers apart.

Linear discriminant analysis on windows of speech, shrunk towards a plain projection, learned on
three quarters of the speakers of two freely licensed sets; the equal error rates that it prints
are of the other quarter, and of sets that had no part in the learning.

    PYTHONPATH=. python onnx_models/recipes/ge2e_whitening.py TRAINING DATA GE2E SILERO

The arguments are folders. Minutes on one core. GE2E holds what the recipe made.
"""

import json
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from app.asr.domain import SpanRules, find_spans
from app.asr.engines.ge2e import (
    EMBEDDING_SIZE,
    ENCODED_SIZE,
    SAMPLE_RATE,
    WINDOW_SAMPLES,
    Ge2eEncoder,
    Whitening,
    normalized,
)
from app.asr.engines.silero import SileroVad, load_silero
from app.core.audio.decode import DecodeLimits, decode_audio
from app.inference.onnx import OnnxRuntime

TARGET = Path(__file__).parents[1] / "ge2e" / "whitening.npz"
LEARNED_ON = {"speechocean762": 8, "librispeech_train_clean_100_subset_notext": 1}
"""Clips of each speaker. Sets whose licence forbids commercial use only measure."""
MEASURED_ON = {"ravdess_speech": 12, "emodb": 12, "speech_accent_archive_subset": 1}
HELD_OUT = 4
SHRINKAGE = 0.6
WINDOWS_OF_A_CLIP = 10
PAIRS_FROM = 3000
NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)


@dataclass(frozen=True)
class Heard:
    """Windows of speech, and who speaks in which clip."""

    encoded: np.ndarray
    speakers: np.ndarray
    clips: np.ndarray


def main(training: Path, data: Path, ge2e: Path, silero: Path) -> None:
    runtime = OnnxRuntime("cpu", 1)
    network = runtime.open(ge2e / "encoder.onnx", threads=1)
    nothing = Whitening(np.zeros(ENCODED_SIZE, np.float32), np.eye(ENCODED_SIZE, dtype=np.float32))
    encoder, vad = Ge2eEncoder(network, nothing, 0), load_silero(silero, runtime)
    learned: list[Heard] = []
    held: dict[str, Heard] = {}
    for name, cap in LEARNED_ON.items():
        heard = hear(training / name, cap, encoder, vad)
        order = np.unique(heard.speakers)
        np.random.default_rng(0).shuffle(order)
        out = np.isin(heard.speakers, order[::HELD_OUT])
        learned.append(subset(heard, ~out))
        held[f"{name}, speakers not learned on"] = subset(heard, out)
    for name, cap in MEASURED_ON.items():
        held[name] = hear(training / name, cap, encoder, vad)
    for folder in sorted(data.glob("commonvoice_rsample_*")):
        held[folder.name] = hear(folder, 25, encoder, vad)
    whitening = learn(
        np.concatenate([heard.encoded for heard in learned]),
        np.concatenate([heard.speakers for heard in learned]),
    )
    np.savez(TARGET, mean=whitening.mean, matrix=whitening.matrix)
    for name, heard in held.items():
        click.echo(f"{name}, {len(np.unique(heard.speakers))} speakers")
        for what, part in (("1.6 s", heard), ("clip", of_clips(heard))):
            before, after = (equal_error_rate(part, f) for f in (normalized, whitening))
            click.echo(
                f"  {what}: {len(part.encoded)} rows, {before:.2f} % before, {after:.2f} % after"
            )


def hear(folder: Path, clips_of_a_speaker: int, encoder: Ge2eEncoder, vad: SileroVad) -> Heard:
    by_speaker: dict[str, list[str]] = defaultdict(list)
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        by_speaker[row["speaker"]].append(row["file"])
    encoded: list[np.ndarray] = []
    rows: list[tuple[str, str]] = []
    for speaker, files in sorted(by_speaker.items()):
        random.Random(0).shuffle(files)  # noqa: S311
        for file in files[:clips_of_a_speaker]:
            windows = list(speech_windows(folder / file, vad))
            if windows:
                encoded.append(encoder.embed_windows(windows))
                rows += [(speaker, file)] * len(windows)
    speakers, clips = np.array(rows).T
    return Heard(np.concatenate(encoded), speakers, clips)


def speech_windows(path: Path, vad: SileroVad) -> Iterator[np.ndarray]:
    samples = decode_audio(path, sample_rate=SAMPLE_RATE, limits=NO_LIMITS)
    probabilities = np.concatenate(list(vad.probabilities([samples])))
    spans = find_spans(probabilities.tolist(), samples.size * 1000 // SAMPLE_RATE, SpanRules())
    ends = [(round(span.start_s * SAMPLE_RATE), round(span.end_s * SAMPLE_RATE)) for span in spans]
    speech = np.concatenate([samples[start:end] for start, end in ends] or [samples[:0]])
    starts = range(0, speech.size - WINDOW_SAMPLES + 1, WINDOW_SAMPLES // 2)
    for start in starts[:WINDOWS_OF_A_CLIP]:
        yield speech[start : start + WINDOW_SAMPLES]


def learn(encoded: np.ndarray, speakers: np.ndarray) -> Whitening:
    mean = encoded.mean(axis=0, dtype=np.float64)
    within = np.zeros((ENCODED_SIZE, ENCODED_SIZE))
    between = np.zeros((ENCODED_SIZE, ENCODED_SIZE))
    names = np.unique(speakers)
    for name in names:
        own = encoded[speakers == name].astype(np.float64)
        centre = own.mean(axis=0)
        within += (own - centre).T @ (own - centre)
        between += np.outer(centre - mean, centre - mean)
    within /= len(encoded) - len(names)
    between /= len(names)
    level = np.trace(within) / ENCODED_SIZE
    shrunk = (1 - SHRINKAGE) * within + SHRINKAGE * level * np.eye(ENCODED_SIZE)
    values, vectors = np.linalg.eigh(shrunk)
    whitener = vectors / np.sqrt(values)
    _, directions = np.linalg.eigh(whitener.T @ between @ whitener)
    matrix = whitener @ directions[:, ::-1][:, :EMBEDDING_SIZE] * np.sqrt(level)
    return Whitening(mean.astype(np.float32), matrix.astype(np.float32))


def subset(heard: Heard, rows: np.ndarray) -> Heard:
    return Heard(heard.encoded[rows], heard.speakers[rows], heard.clips[rows])


def of_clips(heard: Heard) -> Heard:
    """One row a clip: the mean of its windows."""
    _, first, inverse = np.unique(heard.clips, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), ENCODED_SIZE), np.float32)
    np.add.at(sums, inverse, heard.encoded)
    return Heard(normalized(sums), heard.speakers[first], heard.clips[first])


def equal_error_rate(heard: Heard, projected: Callable[[np.ndarray], np.ndarray]) -> float:
    """Per cent, over pairs of different clips, or of one clip where each speaker has but one."""
    rows = np.random.default_rng(0).permutation(len(heard.encoded))[:PAIRS_FROM]
    part = subset(heard, rows)
    vectors = projected(part.encoded)
    first, second = np.triu_indices(len(vectors), 1)
    likeness = (vectors @ vectors.T)[first, second]
    same = part.speakers[first] == part.speakers[second]
    apart = part.clips[first] != part.clips[second]
    if (same & apart).any():
        same, likeness = same[~same | apart], likeness[~same | apart]
    if not same.any():
        return float("nan")
    return 100 * crossing(np.sort(likeness[same]), np.sort(likeness[~same]))


def crossing(same: np.ndarray, different: np.ndarray) -> float:
    thresholds = np.linspace(-1, 1, 2001)
    refused = np.searchsorted(same, thresholds) / len(same)
    taken = 1 - np.searchsorted(different, thresholds) / len(different)
    nearest = int(np.argmin(np.abs(refused - taken)))
    return float(refused[nearest] + taken[nearest]) / 2


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
