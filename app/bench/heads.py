"""`parley bench heads`: what it costs to tell of the voice in the pass that hears the words.

Beside the encoder alone, its pooling cut off, and beside a pass for the words and one a head.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx

from app.asr.engines.whisper.features import LogMel
from app.asr.engines.whisper.network import Encoded, encode
from app.asr.engines.whisper.voice import load_voice
from app.asr.engines.whisper.window import FRAMES_PER_S, Window, make_window, window_frames
from app.asr.recognition import SAMPLE_RATE
from app.bench.asr import READ, Clip, read_clips
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxModel, OnnxRuntime

TURNS = 3

_onnx: Any = onnx
Way = Callable[[], object]


def run(encoder: Path, weights: Path, data: Path, threads: int) -> Iterator[str]:
    """Lines for a reader. `encoder` and `weights` are the graphs of one model."""
    runtime = OnnxRuntime("cpu", threads)
    clips = [clip for name in READ for clip in read_clips(data / name)]
    heads = load_voice(weights, runtime)
    pooling = runtime.open(encoder)
    with TemporaryDirectory() as folder:
        alone = runtime.open(_without_pooling(encoder, Path(folder, encoder.name)))
    log_mel = LogMel(int(pooling.shapes["mel"][1]))
    spent_s = np.zeros(3)
    for clip in clips:
        window = make_window(window_frames(clip.seconds))
        mel = log_mel.spectrogram(clip.samples, window.mel_frames)[None]

        def tell(clip: Clip = clip, window: Window = window, mel: Samples = mel) -> None:
            heads.tags(_hear(pooling, clip, window, mel).pooled, [clip.seconds])

        def listen(window: Window = window, mel: Samples = mel) -> None:
            alone.run(_feeds(mel, window))

        def separately(tell: Way = tell, listen: Way = listen) -> None:
            for way in (listen, *[tell] * len(heads.categories)):
                way()

        spent_s += _fastest((listen, tell, separately))
    seconds = sum(clip.seconds for clip in clips)
    yield f"{encoder.name}, {threads} threads, {len(clips)} clips, {seconds:.0f} s of speech"
    yield f"the encoder alone: {seconds / spent_s[0]:.0f} x real time"
    yield f"one pass with {', '.join(heads.categories)} / the encoder alone: {_ratio(spent_s, 1)}"
    yield f"a pass for the words and one a head / the encoder alone: {_ratio(spent_s, 2)}"


def _hear(encoder: OnnxModel, clip: Clip, window: Window, mel: Samples) -> Encoded:
    return encode(encoder, mel, window, [round(clip.samples.size / SAMPLE_RATE * FRAMES_PER_S)])


def _feeds(mel: Samples, window: Window) -> dict[str, np.ndarray]:
    return {
        "mel": mel,
        "frames": window.frames,
        "positions": window.positions,
        "log_weights": window.log_weights.reshape(1, -1, 1),
    }


def _ratio(spent_s: np.ndarray, place: int) -> str:
    return f"{spent_s[place] / spent_s[0]:.2f}"


def _fastest(ways: tuple[Way, ...]) -> list[float]:
    """Of turns on the same clip: what else runs on the machine slows some."""
    best = [float("inf")] * len(ways)
    for _ in range(TURNS):
        for place, way in enumerate(ways):
            started = time.perf_counter()
            way()
            best[place] = min(best[place], time.perf_counter() - started)
    return best


def _without_pooling(encoder: Path, target: Path) -> Path:
    inputs = ["mel", "frames", "positions", "log_weights"]
    _onnx.utils.extract_model(encoder, target, inputs, ["states"])
    return target
