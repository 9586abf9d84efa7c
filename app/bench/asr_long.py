"""`parley bench long`: one long recording, from file to text, beside faster-whisper."""

import time
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from app.asr.domain import TranscriptionRequest
from app.bench.asr import PEER, READ, Clip, peer, read_clips
from app.bench.wer import word_errors, words_of
from app.core.audio.convert import int16_from_float
from app.core.settings import Settings
from app.inference.machine import usable_cores
from app.inference.model_store import ModelStore
from app.wiring import inference

MODEL, WEIGHTS = "en-tiny", "whisper-tiny.en"
ROUNDS = 2
PAUSE_S = 0.3
SAMPLE_RATE = 16000


@dataclass(frozen=True, slots=True)
class Turn:
    """One hearing: how long it took by the clock and of the processors, and what was heard."""

    wall_s: float
    cpu_s: float
    text: str


async def run(settings: Settings, store: ModelStore, data: Path) -> AsyncIterator[str]:
    """Lines for a reader. Both take turns, and each shows the best of its own."""
    clips = [clip for name in READ for clip in read_clips(data / name)]
    reference = [word for clip in clips for word in words_of(clip.text)]
    with TemporaryDirectory() as folder:
        recording = Path(folder) / "long.wav"
        sound = _write(recording, clips)
        async with inference(settings, store) as running:
            request = TranscriptionRequest(model=MODEL, language="en")

            async def ours() -> str:
                heard = await running.speech.transcribe(recording, request, with_words=False)
                return heard.text

            async def theirs() -> str:
                return hear(sound)

            engines = {"parley": ours}
            if find_spec(PEER):
                weights = store.folder(running.manifest.get(WEIGHTS))
                hear = peer(weights, usable_cores(), without_timestamps=False)
                engines["faster-whisper"] = theirs
            turns: dict[str, list[Turn]] = {name: [] for name in engines}
            for _ in range(ROUNDS):
                for name, transcribe in engines.items():
                    wall_s, cpu_s = time.perf_counter(), time.process_time()
                    text = await transcribe()
                    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
                    turns[name].append(Turn(wall_s, cpu_s, text))
    best = {name: min(each, key=lambda turn: turn.wall_s) for name, each in turns.items()}
    seconds = sound.size / SAMPLE_RATE
    for name, turn in best.items():
        wer = 100 * word_errors(reference, words_of(turn.text)) / len(reference)
        speed = seconds / turn.wall_s
        cost = f"{speed:.1f} x real, {turn.cpu_s:.1f} s CPU"
        yield f"{seconds:.0f} s, {name}: WER {wer:.1f} %, {cost}"
    if len(best) == 2:
        mine, other = best["parley"], best["faster-whisper"]
        yield f"faster-whisper time / ours: {other.wall_s / mine.wall_s:.2f}"
        yield f"faster-whisper CPU time / ours: {other.cpu_s / mine.cpu_s:.2f}"


def _write(file: Path, clips: list[Clip]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE), np.float32)
    sound = np.concatenate([part for clip in clips for part in (clip.samples, pause)])
    with wave.open(str(file), "wb") as wav:
        wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        wav.writeframes(int16_from_float(sound).tobytes())
    return sound
