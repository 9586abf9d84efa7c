"""`python -m app.asr.engines.sherpa.trial FOLDER`: ends with 0 where the model can be used."""

import sys
from pathlib import Path

import numpy as np

from app.asr.clustering import SpeakerCount
from app.asr.diarization import DiarizationRules
from app.asr.domain import SpeechSpan
from app.asr.engines.sherpa.loading import open_model
from app.asr.engines.sherpa.voices import SherpaVoices
from app.asr.recognition import SAMPLE_RATE, RecognizerOptions
from app.asr.voices import found_voices
from app.core.errors import AppError


def main(folder: Path) -> int:
    try:
        _use(folder)
    except AppError as error:
        sys.stderr.write(error.message)
        return 1
    except Exception as error:  # noqa: BLE001 - whatever the library raises is the answer
        sys.stderr.write(str(error))
        return 1
    return 0


def _use(folder: Path) -> None:
    """A second of faint noise goes through the model."""
    noise = np.random.default_rng(0).normal(0, 1e-3, SAMPLE_RATE).astype(np.float32)
    model = open_model(folder)
    if isinstance(model, SherpaVoices):
        model.embed(noise)
        spans = [SpeechSpan(0, 1)]
        found_voices(model.find_voices([noise], spans, SpeakerCount(), DiarizationRules()))
    else:
        model.transcribe([noise, noise[: SAMPLE_RATE // 2]], RecognizerOptions())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
