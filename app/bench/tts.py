"""`parley bench tts`: how soon Kokoro is heard, and how fast it speaks, beside kokoro-onnx where it
is installed: the same weights, threads and phonemes, by turns in one run."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from app.core.audio.convert import Samples
from app.inference.executor import Executor, LaneSize
from app.inference.manifest import Manifest
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.registry import ModelRegistry
from app.tts.engines.kokoro.convert import PUBLISHED, VOICES
from app.tts.engines.kokoro.engine import MODEL, KokoroEngine
from app.tts.engines.kokoro.network import load_kokoro
from app.tts.speech import SAMPLE_RATE, Manner, Sentence
from app.tts.text.languages import LANGUAGES
from app.tts.text.reading import TextReader

PEER = "kokoro_onnx"
DICTIONARIES = "misaki-en"
VOICE = "af_heart"
AUDIBLE = 0.02
"""Of the loudest sample of the first chunk."""
MEMORY_BYTES = 2**31
WAITING = 256

SENTENCES = (
    "Please hold the line while I look up your account and check the last payment.",
    "The doctor can see you on Tuesday at half past three, if that suits you.",
    "Your order has left our warehouse this morning and should arrive by Friday noon.",
    "I am sorry to hear that, let me see what I can do for you right now.",
    "The quick brown fox jumps over the lazy dog and runs away into the dark forest.",
    "Would you like me to book the earlier flight, or do you prefer to travel in the evening?",
)
LONG = (
    "When the sun rose over the hills, the whole valley was covered in a thin white mist that "
    "slowly disappeared. The farmers were already in their fields, and the first carts rolled "
    "along the old road to the market. Nobody spoke much so early in the day; one nodded, and went "
    "on. By noon the square was full of people, animals and noise, and it was hard to believe how "
    "quiet the same place had been only a few hours before."
)

Chunks = AsyncGenerator[Samples, None]
Speak = Callable[[Sequence[Sentence]], Chunks]


@dataclass(frozen=True, slots=True)
class Turn:
    """Seconds: until the first audible sample would be heard, of the clock and of the processor in
    all, and of sound."""

    first_s: float
    wall_s: float
    cpu_s: float
    sound_s: float


async def run(
    manifest: Manifest, store: ModelStore, threads: int, rounds: int, streams: Sequence[int]
) -> AsyncIterator[str]:
    """Lines for a reader."""
    reader = TextReader(store.verified(manifest.get(DICTIONARIES)))
    english = LANGUAGES["en-us"]
    sentences = [tuple(reader.read(text, english)) for text in SENTENCES]
    long = tuple(reader.read(LONG, english))
    async with AsyncExitStack() as stack:
        speakers = {"parley": await _own(manifest, store, threads, stack)}
        if find_spec(PEER):
            speakers["kokoro-onnx"] = _peer(manifest, store, threads, stack)
        else:
            yield "kokoro-onnx is not installed: nothing to compare with"
        for speak in speakers.values():
            await _turn(speak, sentences[0])
        firsts: dict[str, list[Turn]] = {name: [] for name in speakers}
        wholes: dict[str, list[Turn]] = {name: [] for name in speakers}
        for _ in range(rounds):
            for text in sentences:
                for name, speak in speakers.items():
                    firsts[name].append(await _turn(speak, text))
            for name, speak in speakers.items():
                wholes[name].append(await _turn(speak, long))
        for line in _lines(firsts, wholes, threads):
            yield line
        for count in streams:
            yield await _at_once(speakers["parley"], sentences, count)


async def _own(manifest: Manifest, store: ModelStore, threads: int, stack: AsyncExitStack) -> Speak:
    runtime = OnnxRuntime("cpu", threads)
    loaders = {MODEL: partial(load_kokoro, runtime=runtime)}
    models = ModelRegistry(manifest, store, loaders, budget_bytes=MEMORY_BYTES)
    stack.push_async_callback(models.close)
    size = LaneSize(threads, WAITING)
    executor = Executor(realtime=size, batch=size, forbid_in_transaction=lambda: None)
    stack.push_async_callback(executor.close)
    engine = KokoroEngine(models, executor)

    async def speak(sentences: Sequence[Sentence]) -> Chunks:
        manner = Manner(voice=VOICE, language="en-us")
        async with aclosing(engine.speak(sentences, manner)) as chunks:
            async for chunk in chunks:
                yield chunk.samples

    return speak


def _peer(manifest: Manifest, store: ModelStore, threads: int, stack: AsyncExitStack) -> Speak:
    model = manifest.get(MODEL)
    with np.load(store.verified(model) / VOICES) as stored:
        pack = stored["packs"][stored["names"].tolist().index(VOICE)]
    voices = Path(stack.enter_context(TemporaryDirectory())) / "voices.npz"
    np.savez(voices, af_heart=pack[:, None])
    onnxruntime: Any = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    path = str(store.folder(model) / PUBLISHED)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    kokoro: Any = import_module(PEER).Kokoro.from_session(session, str(voices))

    async def speak(sentences: Sequence[Sentence]) -> Chunks:
        phonemes = " ".join(word.sounds for each in sentences for word in each.words)
        stream = kokoro.create_stream(phonemes, voice=VOICE, lang="en-us", is_phonemes=True)
        async with aclosing(stream) as chunks:
            async for samples, _ in chunks:
                yield samples

    return speak


async def _turn(speak: Speak, sentences: Sequence[Sentence]) -> Turn:
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    first_s = sound_s = 0.0
    async with aclosing(speak(sentences)) as chunks:
        async for samples in chunks:
            first_s = first_s or time.perf_counter() - begun_s + _silence_s(samples)
            sound_s += samples.size / SAMPLE_RATE
    wall_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - begun_cpu_s
    return Turn(first_s, wall_s, cpu_s, sound_s)


def _silence_s(samples: Samples) -> float:
    loudness = np.abs(samples)
    return int(np.argmax(loudness > AUDIBLE * loudness.max())) / SAMPLE_RATE


async def _at_once(speak: Speak, texts: Sequence[Sequence[Sentence]], count: int) -> str:
    """Gaps: how long listeners would have waited for sound that was not yet made."""
    gaps_s: list[float] = []
    firsts_s: list[float] = []

    async def listen(number: int) -> None:
        begun_s = time.perf_counter()
        heard_until_s = 0.0
        text = [each for turn in range(3) for each in texts[(number + turn) % len(texts)]]
        async with aclosing(speak(text)) as chunks:
            async for samples in chunks:
                now_s = time.perf_counter()
                if heard_until_s:
                    gaps_s.append(max(0.0, now_s - heard_until_s))
                else:
                    firsts_s.append(now_s - begun_s)
                heard_until_s = max(heard_until_s, now_s) + samples.size / SAMPLE_RATE

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(listen(number))
    return (
        f"{count} voices at once: first chunk {1000 * max(firsts_s):.0f} ms at the latest, gaps "
        f"{sum(gap > 0 for gap in gaps_s)} of {len(gaps_s)}, longest {1000 * max(gaps_s):.0f} ms"
    )


def _lines(firsts: dict[str, list[Turn]], wholes: dict[str, list[Turn]], threads: int) -> list[str]:
    lines = [f"threads {threads}, {len(SENTENCES)} sentences of 12 to 20 words, by turns"]
    for name, turns in firsts.items():
        first_ms = 1000 * median(turn.first_s for turn in turns)
        factor, cpu = (
            median(getattr(turn, field) / turn.sound_s for turn in wholes[name])
            for field in ("wall_s", "cpu_s")
        )
        lines.append(
            f"{name:12} first audible sample {first_ms:5.0f} ms, long text: real-time factor "
            f"{factor:.3f}, processor {cpu:.3f}"
        )
    if len(firsts) > 1:
        own, peer = firsts.values()
        own_whole, peer_whole = wholes.values()
        lines.append(
            f"ratio        first audible sample {_ratio(own, peer, 'first_s'):.2f}, real-time "
            f"factor {_ratio(own_whole, peer_whole, 'wall_s'):.2f}, processor "
            f"{_ratio(own_whole, peer_whole, 'cpu_s'):.2f}"
        )
    return lines


def _ratio(own: Sequence[Turn], peer: Sequence[Turn], field: str) -> float:
    """Of neighbours in time, by the second of sound for what is of the whole."""

    def value(turn: Turn) -> float:
        return getattr(turn, field) / (1 if field == "first_s" else turn.sound_s)

    return median(value(mine) / value(theirs) for mine, theirs in zip(own, peer, strict=True))
