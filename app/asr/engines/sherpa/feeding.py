"""Sound for a stream of sherpa-onnx."""

from typing import Any

from app.asr.recognition import SAMPLE_RATE
from app.core.audio.convert import Samples

PIECE_SAMPLES = SAMPLE_RATE // 2


def feed(stream: Any, samples: Samples) -> None:
    """In pieces: the library copies each number by number while it keeps Python's lock."""
    for start in range(0, samples.size, PIECE_SAMPLES):
        stream.accept_waveform(SAMPLE_RATE, samples[start : start + PIECE_SAMPLES])
    stream.input_finished()
