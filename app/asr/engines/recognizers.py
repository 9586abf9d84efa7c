"""Which class of recognizer stands behind each engine of the catalogue."""

from collections.abc import Mapping

from app.asr.catalogue import Engine
from app.asr.engines.ctc.engine import CtcRecognizer
from app.asr.engines.sherpa.transducer import TransducerRecognizer
from app.asr.engines.whisper.engine import WhisperRecognizer

AnyRecognizer = WhisperRecognizer | CtcRecognizer | TransducerRecognizer

RECOGNIZERS: Mapping[
    Engine, type[WhisperRecognizer] | type[CtcRecognizer] | type[TransducerRecognizer]
] = {"whisper": WhisperRecognizer, "ctc": CtcRecognizer, "transducer": TransducerRecognizer}
