"""`parley bench stream`: how soon after the end of speech its text is there."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.asr.domain import SpanRules, find_spans
from app.asr.engines.silero import SAMPLE_RATE, SileroVad, load_silero
from app.asr.live import Said, StreamEvent, StreamOptions
from app.asr.streaming import StreamService
from app.asr.text.folding import key
from app.bench.asr import Clip, read_clips
from app.core.audio.convert import Samples, int16_from_float
from app.core.settings import Settings
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.wiring import inference

CHUNK_S = 0.02
CLIPS_OF_A_STREAM = 4
SILENCE_S = 1.2
SET = "english_test_fixtures"


@dataclass(slots=True)
class Latencies:
    """In ms from the end of speech: the text that becomes the final one first shown, and told to
    be final."""

    shown: list[float] = field(default_factory=list[float])
    final: list[float] = field(default_factory=list[float])


async def run(
    settings: Settings, store: ModelStore, data: Path, counts: Sequence[int]
) -> AsyncIterator[str]:
    """Lines for a reader, for each number of streams at once."""
    async with inference(settings, store) as running:
        model = running.manifest.get("silero-vad")
        vad = load_silero(store.verified(model), OnnxRuntime("cpu", 1))
        clips = [clip for clip in read_clips(data / SET) if 1.5 < clip.seconds < 10]
        ends_s = [_end_of_speech(clip.samples, vad) for clip in clips]
        await _one(running.streams, clips[:1], ends_s[:1], 0, Latencies())
        for count in counts:
            found = Latencies()
            async with asyncio.TaskGroup() as group:
                for number in range(count):
                    first = number * CLIPS_OF_A_STREAM % max(1, len(clips) - CLIPS_OF_A_STREAM)
                    mine = slice(first, first + CLIPS_OF_A_STREAM)
                    delay_s = number * 0.37
                    group.create_task(
                        _one(running.streams, clips[mine], ends_s[mine], delay_s, found)
                    )
            for line in _lines(count, found):
                yield line


async def _one(
    streams: StreamService,
    clips: Sequence[Clip],
    ends_s: Sequence[float],
    delay_s: float,
    found: Latencies,
) -> None:
    """A client that speaks clip after clip in real time."""
    await asyncio.sleep(delay_s)
    for clip, end_s in zip(clips, ends_s, strict=True):
        told: list[tuple[float, Said]] = []

        async def tell(event: StreamEvent, told: list[tuple[float, Said]] = told) -> None:
            if isinstance(event, Said):
                told.append((time.perf_counter(), event))

        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(streams.open(tell))
            await stream.configure(StreamOptions(model="en-tiny"))
            sound = np.concatenate(
                (clip.samples, np.zeros(round(SILENCE_S * SAMPLE_RATE), np.float32))
            )
            data = int16_from_float(sound).tobytes()
            size = round(CHUNK_S * SAMPLE_RATE) * 2
            started_s = time.perf_counter()
            for number, start in enumerate(range(0, len(data), size), start=1):
                wait_s = started_s + number * CHUNK_S - time.perf_counter()
                await asyncio.sleep(max(0.0, wait_s))
                await stream.hear(data[start : start + size])
            await stream.finalize()
        _note(told, started_s + end_s, found)


def _note(told: Sequence[tuple[float, Said]], spoken_s: float, found: Latencies) -> None:
    """Of the last sentence of a clip."""
    finals = [place for place, (_, said) in enumerate(told) if said.is_final and said.text]
    if not finals:
        return
    last = finals[-1]
    wanted = _keys(told[last][1])
    shown_s = told[last][0]
    for at_s, said in reversed(told[:last]):
        if said.is_final or _keys(said) != wanted:
            break
        shown_s = at_s
    found.final.append(1000 * (told[last][0] - spoken_s))
    found.shown.append(1000 * (shown_s - spoken_s))


def _keys(said: Said) -> list[str]:
    return [key(word.raw) for word in said.words]


def _end_of_speech(samples: Samples, vad: SileroVad) -> float:
    probabilities = [float(p) for run in vad.probabilities([samples]) for p in run]
    rules = SpanRules(pad_ms=0)
    spans = find_spans(probabilities, samples.size * 1000 // SAMPLE_RATE, rules)
    return spans[-1].end_s if spans else samples.size / SAMPLE_RATE


def _lines(count: int, found: Latencies) -> Iterator[str]:
    for name, values in (("text shown", found.shown), ("told to be final", found.final)):
        if values:
            p50, p95 = np.percentile(values, [50, 95])
            yield (
                f"{count} streams, {len(values)} sentences, {name} after the end of speech: "
                f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"
            )
