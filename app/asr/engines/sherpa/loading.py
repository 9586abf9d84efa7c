"""Loads what an operator installed, once another process has shown that this is safe.

sherpa-onnx ends its process where a graph is not what it expects. So each model is first loaded
and used in a process of its own, whose end costs nobody a call.
"""

import re
import subprocess
import sys
from pathlib import Path

from app.asr.engines.sherpa.cards import TransducerCard, VoicesCard, read_sherpa_card
from app.asr.engines.sherpa.transducer import TransducerRecognizer
from app.asr.engines.sherpa.voices import SherpaVoices
from app.core.errors import Unavailable

ROOT = Path(__file__).parents[4]
TRIAL_S = 300
_SOURCE_PLACE = re.compile(r"^\S+:\w+:\d+ ")
"""Of the library's C++ file, before what it has to say."""


class ModelUnusable(Unavailable):
    """sherpa-onnx cannot use the model; the message has its words."""


def load_sherpa(folder: Path) -> TransducerRecognizer | SherpaVoices:
    prove(folder)
    return open_model(folder)


def prove(folder: Path) -> None:
    """Raises where the model cannot be loaded and used."""
    read_sherpa_card(folder)
    command = [sys.executable, "-m", "app.asr.engines.sherpa.trial", str(folder)]
    try:
        finished = subprocess.run(  # noqa: S603
            command, cwd=ROOT, capture_output=True, timeout=TRIAL_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ModelUnusable(f"{folder.name} could not be tried within {TRIAL_S} s") from None
    if finished.returncode:
        said = finished.stderr.decode(errors="replace")
        raise ModelUnusable(f"{folder.name} cannot be used: {_reason(said, finished.returncode)}")


def open_model(folder: Path) -> TransducerRecognizer | SherpaVoices:
    """Without the trial: may end this process."""
    card = read_sherpa_card(folder)
    match card:
        case TransducerCard():
            return TransducerRecognizer(folder, card)
        case VoicesCard():
            return SherpaVoices(folder, card)


def _reason(said: str, code: int) -> str:
    lines = [_SOURCE_PLACE.sub("", line).strip() for line in said.splitlines()]
    told = [line for line in lines if line]
    return told[-1] if told else f"its trial ended with {code}"
