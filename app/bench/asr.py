"""`parley bench asr`: Whisper here and in faster-whisper, the same weights, threads and clips."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app.asr.engines.whisper.engine import load_whisper
from app.asr.recognition import SAMPLE_RATE, RecognizerOptions
from app.bench.wer import word_errors, words_of
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.audio.resample import resample
from app.inference.manifest import Manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime

READ = ("english_test_fixtures", "ljspeech_part1")
ACCENTED = "../training/speech_accent_archive_subset"
LEARNERS = "../training/speechocean762"
"""Sentences of speakers of Mandarin, children among them."""
MISLABELLED = ("speechbrain_spk2_snt5", "mfa_se10x", "mfa_13697")
"""Beginnings of the names of clips that are not in English, or say something else."""
SHORT_S = 4.0
TELEPHONE_RATE = 8000
CLIPS_OF_A_SET = 40
PEER = "faster_whisper"
LIMITS = DecodeLimits(max_duration_s=30, deadline_s=60)

Transcribe = Callable[[Samples], str]


@dataclass(frozen=True, slots=True)
class Clip:
    samples: Samples
    text: str

    @property
    def seconds(self) -> float:
        return self.samples.size / SAMPLE_RATE


@dataclass(slots=True)
class Tally:
    """Over clips: how long it took and how many words were wrong."""

    spent_s: float = 0.0
    errors: int = 0
    words: int = 0

    def hear(self, transcribe: Transcribe, clip: Clip) -> None:
        started = time.perf_counter()
        text = transcribe(clip.samples)
        self.count(clip, text, time.perf_counter() - started)

    def count(self, clip: Clip, text: str, spent_s: float) -> None:
        self.spent_s += spent_s
        reference = words_of(clip.text)
        self.errors += word_errors(reference, words_of(text))
        self.words += len(reference)

    @property
    def wer(self) -> float:
        return 100 * self.errors / max(1, self.words)


def run(
    manifest: Manifest, store: ModelStore, model_id: str, data: Path, threads: int
) -> Iterator[str]:
    """Lines for a reader. Both take turns on every clip."""
    model = manifest.get(model_id)
    ours = load_whisper(store.verified(model), OnnxRuntime("cpu", threads))
    options = RecognizerOptions(language="en")
    engines: dict[str, Transcribe] = {
        "parley": lambda samples: ours.transcribe([samples], options)[0].best.text
    }
    if find_spec(PEER):
        engines["faster-whisper"] = peer(store.folder(model), threads)
    else:
        yield f"{model_id}: no faster-whisper here to compare with"
    yield f"{model_id}, int8, greedy, {threads} threads, real speech of {data}"
    folders = [data / name for name in (*READ, ACCENTED) if (data / name).is_dir()]
    clips = {folder.name: read_clips(folder) for folder in folders}
    clips["8 kHz"] = [telephone(clip) for each in clips.values() for clip in each]
    every = [clip for each in clips.values() for clip in each]
    if not every:
        return
    for transcribe in engines.values():
        transcribe(every[0].samples)
    for name, chosen in clips.items():
        yield from _compare(name, chosen, engines)
    short = [clip for clip in every if clip.seconds < SHORT_S]
    yield from _compare(f"clips under {SHORT_S:g} s", short, engines)


def _compare(name: str, clips: Sequence[Clip], engines: dict[str, Transcribe]) -> Iterator[str]:
    tallies = {engine: Tally() for engine in engines}
    for clip in clips:
        for engine, transcribe in engines.items():
            tallies[engine].hear(transcribe, clip)
    seconds = sum(clip.seconds for clip in clips)
    for engine, tally in tallies.items():
        speed = seconds / tally.spent_s
        yield f"{name} ({len(clips)} clips), {engine}: WER {tally.wer:.1f} %, {speed:.1f} x real"
    yield from _ratio(name, {engine: tally.spent_s for engine, tally in tallies.items()})


def _ratio(name: str, spent_s: dict[str, float]) -> Iterator[str]:
    if "faster-whisper" in spent_s:
        ratio = spent_s["faster-whisper"] / spent_s["parley"]
        yield f"{name}, faster-whisper time / ours: {ratio:.2f}"


def peer(folder: Path, threads: int, *, without_timestamps: bool = True) -> Transcribe:
    """With timestamps it keeps its place in recordings of over 30 s; without, it loses words."""
    logging.getLogger(PEER).setLevel(logging.WARNING)
    model = import_module(PEER).WhisperModel(
        str(folder), device="cpu", compute_type="int8", cpu_threads=threads
    )
    choices: dict[str, Any] = {
        "language": "en",
        "beam_size": 1,
        "without_timestamps": without_timestamps,
        "condition_on_previous_text": False,
    }

    def transcribe(samples: Samples) -> str:
        segments, _ = model.transcribe(samples, **choices)
        return " ".join(segment.text for segment in segments)

    return transcribe


def read_clips(folder: Path) -> list[Clip]:
    return [read_clip(folder, row) for row in rows_of(folder)[:CLIPS_OF_A_SET]]


def manifest_of(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def rows_of(folder: Path, language: str = "en") -> list[dict[str, Any]]:
    """Of its manifest: utterances in the language whose text is known."""
    return [
        row
        for row in manifest_of(folder)
        if row.get("text") and row["language"] == language
        if not row["id"].startswith(MISLABELLED) and row["duration"] < LIMITS.max_duration_s - 1
    ]


def read_clip(folder: Path, row: dict[str, Any]) -> Clip:
    return Clip(decode_audio(folder / row["file"], limits=LIMITS), row["text"])


def telephone(clip: Clip) -> Clip:
    narrow = resample(clip.samples, SAMPLE_RATE, TELEPHONE_RATE)
    return Clip(resample(narrow, TELEPHONE_RATE, SAMPLE_RATE), clip.text)
