"""The states of Whisper's encoder as features: a CTC head on them needs no ears of its own."""

from collections import defaultdict
from collections.abc import Sequence
from math import ceil

import numpy as np

from app.asr.engines.ctc.features import FeatureArray
from app.asr.engines.whisper.features import SAMPLE_RATE, LogMel
from app.asr.engines.whisper.network import encode
from app.asr.engines.whisper.window import FRAMES_PER_S, LONGEST_S, make_window, window_frames
from app.asr.recognition import UtteranceTooLong
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxModel


class WhisperStates:
    """Of the encoder that `whisper-onnx` makes; (width, frames), 50 frames a second."""

    def __init__(self, encoder: OnnxModel) -> None:
        self._encoder = encoder
        self._log_mel = LogMel(int(encoder.shapes["mel"][1]))

    @property
    def memory_bytes(self) -> int:
        return self._encoder.memory_bytes

    def close(self) -> None:
        self._encoder.close()

    def __call__(self, utterances: Sequence[Samples]) -> list[FeatureArray]:
        alike: defaultdict[int, list[int]] = defaultdict(list)
        for place, samples in enumerate(utterances):
            duration_s = samples.size / SAMPLE_RATE
            if duration_s > LONGEST_S:
                raise UtteranceTooLong(f"an utterance is {duration_s:.0f} s; {LONGEST_S:.0f} fit")
            alike[window_frames(duration_s)].append(place)
        states: dict[int, FeatureArray] = {}
        for frames, places in alike.items():
            encoded = self._encode([utterances[place] for place in places], frames)
            for place, each in zip(places, encoded, strict=True):
                own = _sound_frames(utterances[place])
                states[place] = np.ascontiguousarray(each[:own].T)
        return [states[place] for place in range(len(utterances))]

    def _encode(self, utterances: Sequence[Samples], frames: int) -> FeatureArray:
        window = make_window(frames)
        mels = [self._log_mel.spectrogram(samples, window.mel_frames) for samples in utterances]
        sound_frames = [_sound_frames(samples) for samples in utterances]
        return encode(self._encoder, np.stack(mels), window, sound_frames).states


def _sound_frames(samples: Samples) -> int:
    return ceil(samples.size / SAMPLE_RATE * FRAMES_PER_S)
