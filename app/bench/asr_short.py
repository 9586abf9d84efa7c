"""`parley bench transcribe`: short clips asked of `/asr/transcribe`, beside faster-whisper.

The whole way here: a request to a server process, decoding, speech, words with their times, the
answer. The peer is called with the samples, in this process. Both take turns on every clip.
"""

import time
import wave
from collections.abc import AsyncIterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import httpx

from app.asr.recognition import SAMPLE_RATE
from app.bench import talk_servers
from app.bench.asr import LEARNERS, PEER, READ, SHORT_S, Clip, Tally, peer, read_clip, rows_of
from app.core.audio.convert import int16_from_float
from app.inference.machine import usable_cores
from app.inference.manifest import Manifest
from app.inference.model_store import ModelStore

MODEL, WEIGHTS = "en-tiny", "whisper-tiny.en"
CLIPS = 60


async def run(manifest: Manifest, store: ModelStore, data: Path) -> AsyncIterator[str]:
    """Lines for a reader."""
    clips = _short_clips(data)
    ours, theirs = Tally(), Tally()
    hear = peer(store.folder(manifest.get(WEIGHTS)), usable_cores()) if find_spec(PEER) else None
    with talk_servers.parley() as server:
        async with server.client() as client:
            await _transcribe(client, clips[0])
            if hear:
                hear(clips[0].samples)
            for clip in clips:
                started = time.perf_counter()
                text = await _transcribe(client, clip)
                ours.count(clip, text, time.perf_counter() - started)
                if hear:
                    theirs.hear(hear, clip)
    seconds = sum(clip.seconds for clip in clips)
    yield f"{len(clips)} clips under {SHORT_S:g} s, {seconds / len(clips):.1f} s on average"
    per_clip_ms = 1000 * ours.spent_s / len(clips)
    yield f"/asr/transcribe: WER {ours.wer:.1f} %, {per_clip_ms:.0f} ms a clip"
    if hear:
        per_clip_ms = 1000 * theirs.spent_s / len(clips)
        yield f"faster-whisper: WER {theirs.wer:.1f} %, {per_clip_ms:.0f} ms a clip"
        yield f"faster-whisper time / ours: {theirs.spent_s / ours.spent_s:.2f}"


def _short_clips(data: Path) -> list[Clip]:
    found: list[Clip] = []
    for folder in (data / name for name in (*READ, LEARNERS)):
        if folder.is_dir():
            rows = [row for row in rows_of(folder) if row["duration"] < SHORT_S]
            found += [read_clip(folder, row) for row in rows[: CLIPS - len(found)]]
    return found


async def _transcribe(client: httpx.AsyncClient, clip: Clip) -> str:
    file = BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        wav.writeframes(int16_from_float(clip.samples).tobytes())
    answer = await client.post(
        "/asr/transcribe",
        files={"file": ("clip.wav", file.getvalue())},
        data={"model": MODEL, "language": "en"},
    )
    answer.raise_for_status()
    return str(answer.json()["transcript"])
