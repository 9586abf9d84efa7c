"""`parley bench hours`: a recording of hours, and how much memory hearing it takes."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from app.asr.domain import TranscriptionRequest
from app.bench.asr import READ, read_clips
from app.core.audio.convert import int16_from_float
from app.core.audio.pcm import RawPcm
from app.core.settings import Settings
from app.inference.model_store import ModelStore
from app.wiring import inference

SAMPLE_RATE = 16000
MIB = 1024 * 1024
STATUS = Path("/proc/self/status")


async def run(
    settings: Settings, store: ModelStore, data: Path, hours: float
) -> AsyncIterator[str]:
    """Lines for a reader: the memory of the process whenever another tenth was heard."""
    resident_mib: list[float] = []
    with TemporaryDirectory() as folder:
        recording = Path(folder) / "hours.s16le"
        seconds = _write(recording, data, hours)
        async with inference(settings, store) as running:
            started_s = time.perf_counter()

            def progress(part: float) -> None:
                if part * 10 >= len(resident_mib) + 1:
                    resident_mib.append(_resident_mib())

            heard = await running.speech.transcribe(
                recording,
                TranscriptionRequest(model="en-tiny", language="en", diarize=True),
                progress,
                raw=RawPcm(SAMPLE_RATE),
            )
    spent_s = time.perf_counter() - started_s
    words = len(heard.text.split())
    yield f"{seconds / 3600:.2f} h heard in {spent_s:.0f} s, {seconds / spent_s:.1f} x real"
    yield f"{words} words in {len(heard.segments)} segments, {heard.num_speakers} speakers"
    yield "MiB resident at each tenth: " + " ".join(f"{each:.0f}" for each in resident_mib)
    yield f"MiB resident at the most: {_resident_mib('VmHWM'):.0f}"


def _write(file: Path, data: Path, hours: float) -> float:
    """The clips over and over. Never all in memory, which is what is measured."""
    left = round(hours * 3600 * SAMPLE_RATE)
    count = left
    with file.open("wb") as out:
        for samples in _clips(data):
            out.write(int16_from_float(samples[:left]).tobytes())
            left -= samples.size
            if left <= 0:
                break
    return count / SAMPLE_RATE


def _clips(data: Path) -> Iterator[np.ndarray[tuple[int], np.dtype[np.float32]]]:
    clips = [clip for name in READ for clip in read_clips(data / name)]
    pause = np.zeros(SAMPLE_RATE // 2, np.float32)
    while True:
        for clip in clips:
            yield clip.samples
            yield pause


def _resident_mib(field: str = "VmRSS") -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024 / MIB
