"""What our own heads tell of Kokoro's voices: women sound like women, men like men."""

from pathlib import Path

import pytest

from app.asr.engines.whisper.engine import load_whisper
from app.asr.engines.whisper.voice import load_voice
from app.asr.recognition import SAMPLE_RATE as HEARD_AT
from app.asr.recognition import RecognizerOptions
from app.core.audio.resample import resample
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.tts.engines.kokoro.delivery import Delivery
from app.tts.engines.kokoro.network import KokoroNetwork
from app.tts.engines.kokoro.spelling import spell
from app.tts.speech import SAMPLE_RATE
from app.tts.text.languages import LANGUAGES
from app.tts.text.reading import TextReader
from tests.integration.tts.kokoro.conftest import MANIFEST

WEIGHTS = Path(__file__).parents[4] / "onnx_models"
SENTENCE = "Please hold the line while I look up your account."
WOMEN, MEN = ("af_heart", "bf_emma"), ("am_michael", "bm_george")
VOICES = dict.fromkeys(WOMEN, "GENDER_FEMALE") | dict.fromkeys(MEN, "GENDER_MALE")


@pytest.mark.parametrize("variant", ["voice", "voice.commercial"])
@pytest.mark.parametrize("model", ["whisper-tiny.en", "whisper-base"])
def test_a_voice_has_its_gender(
    model: str, variant: str, network: KokoroNetwork, store: ModelStore
) -> None:
    runtime = OnnxRuntime("cpu", 2)
    voice = load_voice(WEIGHTS / model / f"{variant}.onnx", runtime)
    recognizer = load_whisper(store.verified(MANIFEST.get(model)), runtime, voice=voice)
    (sentence,) = TextReader(store.verified(MANIFEST.get("misaki-en"))).read(
        SENTENCE, LANGUAGES["en-us"]
    )
    (piece,) = spell(sentence.words)
    utterances = [network.read(piece.tokens, network.voices[name], Delivery()) for name in VOICES]
    sounds = [network.sound(each, 0, each.half_frames) for each in utterances]
    heard = recognizer.transcribe(
        [resample(sound, SAMPLE_RATE, HEARD_AT) for sound in sounds],
        RecognizerOptions(language="en"),
    )
    genders = [each.tags["gender"] for each in heard]
    likelier = [max(each.probabilities, key=each.probabilities.__getitem__) for each in genders]
    assert likelier == list(VOICES.values())
    assert {tag.label for tag in genders} <= {"GENDER_UNCERTAIN", *VOICES.values()}
    recognizer.close()
