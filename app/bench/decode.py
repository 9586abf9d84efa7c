"""How fast a ten-minute MP3 becomes samples: our decoder, and the ffmpeg command line beside it."""

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from app.core.audio.decode import DecodeLimits, decode_audio

_MINUTES = 10
_RATE = 44_100
_REPEATS = 5
_LIMITS = DecodeLimits(max_duration_s=3600, deadline_s=600)


def decode_speed() -> list[str]:
    """Lines for a reader. Both decode the same file in the same run, taking turns."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "ten-minutes.mp3"
        _write_mp3(recording)
        decoders: dict[str, Callable[[], object]] = {
            "parley": lambda: decode_audio(recording, limits=_LIMITS)
        }
        if ffmpeg := shutil.which("ffmpeg"):
            decoders["ffmpeg"] = lambda: _ffmpeg(ffmpeg, recording)
        medians = _medians(decoders)
    lines = [
        f"decode {_MINUTES} min MP3, {name}: {taken_s:.2f} s, {_MINUTES * 60 / taken_s:.0f} x real"
        for name, taken_s in medians.items()
    ]
    if "ffmpeg" in medians:
        lines.append(
            f"decode ratio, ffmpeg time / ours: {medians['ffmpeg'] / medians['parley']:.2f}"
        )
    else:
        lines.append("decode ratio: no ffmpeg command here to compare with")
    return lines


def _medians(decoders: dict[str, Callable[[], object]]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in decoders}
    for _ in range(_REPEATS):
        for name, decode in decoders.items():
            started = time.perf_counter()
            decode()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _ffmpeg(ffmpeg: str, recording: Path) -> bytes:
    command = [ffmpeg, "-v", "error", "-nostdin", "-i", str(recording)]
    output = ["-ac", "1", "-ar", "16000", "-f", "f32le", "-"]
    run = subprocess.run([*command, *output], stdout=subprocess.PIPE, check=True)  # noqa: S603
    return run.stdout


def _write_mp3(path: Path) -> None:
    """Stereo at 128 kbit/s: a gliding tone and noise, a minute of it at a time."""
    noise = np.random.default_rng(0)
    t = np.arange(60 * _RATE) / _RATE
    with av.open(str(path), "w") as container:
        stream = container.add_stream(  # pyright: ignore[reportUnknownMemberType]
            "libmp3lame", rate=_RATE, layout="stereo"
        )
        stream.bit_rate = 128_000
        for minute in range(_MINUTES):
            tone = 0.3 * np.sin(2 * np.pi * (200 + 20 * minute + 5 * np.sin(t)) * t)
            mono = tone + 0.02 * noise.standard_normal(len(t))
            frame = av.AudioFrame.from_ndarray(
                np.stack([mono, mono]).astype(np.float32), "fltp", "stereo"
            )
            frame.rate, frame.pts = _RATE, minute * len(t)
            container.mux(stream.encode(frame))  # pyright: ignore[reportUnknownMemberType]
        container.mux(stream.encode(None))  # pyright: ignore[reportUnknownMemberType]
