"""Smart Turn: the probability that who just fell silent has said all, from how it sounded."""

from pathlib import Path

import numpy as np

from app.asr.engines.whisper.features import SAMPLE_RATE, LogMel, Spectrogram
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxModel, OnnxRuntime

HEARD_S = 8
_HEARD_SAMPLES = HEARD_S * SAMPLE_RATE
_FRAMES = _HEARD_SAMPLES // 160
_MELS = 80
_LEAST_VARIANCE = 1e-7


class SmartTurn:
    def __init__(self, network: OnnxModel) -> None:
        self._network = network
        self._log_mel = LogMel(_MELS)

    @property
    def memory_bytes(self) -> int:
        return self._network.memory_bytes

    @property
    def device(self) -> str:
        return self._network.device

    def close(self) -> None:
        self._network.close()

    def is_over(self, sound: Samples) -> float:
        """How likely, at the end of `sound`: 16 kHz, of which the last 8 s count."""
        [found] = self._network.run({"input_features": self._features(sound)[None]})
        return float(found[0, 0])

    def _features(self, sound: Samples) -> Spectrogram:
        last = sound[-_HEARD_SAMPLES:]
        heard = np.pad(last, (_HEARD_SAMPLES - last.size, 0))
        even = (heard - heard.mean()) / np.sqrt(heard.var() + _LEAST_VARIANCE)
        return self._log_mel.spectrogram(even.astype(np.float32, copy=False), _FRAMES)


def load_smart_turn(folder: Path, runtime: OnnxRuntime) -> SmartTurn:
    """One thread and the CPU: it is asked between the steps of other streams."""
    return SmartTurn(runtime.open(folder / "smart-turn-v3.2-cpu.onnx", threads=1, device="cpu"))
