"""What is heard of Kokoro: our own recognizer listens to speech in windows and to the whole."""

from collections.abc import Generator

import numpy as np
import pytest

from app.asr.engines.whisper.engine import WhisperRecognizer, load_whisper
from app.asr.recognition import SAMPLE_RATE as HEARD_AT
from app.asr.recognition import RecognizerOptions
from app.bench.wer import word_errors, words_of
from app.core.audio.convert import Samples
from app.core.audio.resample import resample
from app.inference.model_store import ModelStore
from app.inference.onnx import OnnxRuntime
from app.tts.engines.kokoro.delivery import Delivery
from app.tts.engines.kokoro.network import KokoroNetwork
from app.tts.engines.kokoro.rendering import Rendering
from app.tts.engines.kokoro.spelling import spell
from app.tts.speech import SAMPLE_RATE
from app.tts.text.languages import LANGUAGES
from app.tts.text.reading import TextReader
from tests.integration.tts.kokoro.conftest import MANIFEST

VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")
SENTENCES = (
    "Please hold the line while I look up your account.",
    "The doctor can see you on Tuesday afternoon.",
    "Your order left our warehouse this morning.",
    "I am sorry to hear that, let me see what I can do.",
    "Would you like to book the earlier flight?",
    "The payment was received and your card is active again.",
    "Could you spell your last name for me, please?",
    "We open at nine and close at six every day.",
    "There is a small fee for changing the date.",
    "Thank you for waiting, I have good news for you.",
    "The engineer will call you before he arrives.",
    "My colleague in the next office knows more about it.",
    "You can return it within thirty days of the purchase.",
    "The farmers were already working in their fields.",
    "Nobody spoke much so early in the morning.",
    "The old bridge across the river was closed for repairs.",
    "She put the letter on the table and left the room.",
    "A cold wind came down from the mountains at night.",
    "He had never seen so many people in one place.",
    "The children were playing in front of the house.",
    "It was hard to believe how quiet the village had been.",
    "They walked along the beach until the sun went down.",
    "The train to the north leaves from platform seven.",
    "Do you remember where we parked the car?",
    "Most of the books on this shelf are about history.",
    "The soup needs a little more salt and pepper.",
    "We have to decide before the end of the month.",
    "The meeting was moved to the large room upstairs.",
    "I would rather have a cup of tea than coffee.",
    "The museum is free on the first Sunday of the month.",
    "His brother works for a bank in the city.",
    "The answer was written on the back of the page.",
    "Heavy rain is expected in the south tomorrow.",
    "She learned to swim when she was five years old.",
    "The garden behind the church is full of roses.",
    "Please remember to lock the door when you leave.",
    "The price includes breakfast and a ride to the airport.",
    "All of the windows in the house were open.",
    "Our neighbors have a black dog and two white cats.",
    "The captain told everyone to stay calm.",
)


@pytest.fixture(scope="module")
def reader(store: ModelStore) -> TextReader:
    return TextReader(store.verified(MANIFEST.get("misaki-en")))


@pytest.fixture(scope="module")
def recognizer(store: ModelStore) -> Generator[WhisperRecognizer]:
    recognizer = load_whisper(store.verified(MANIFEST.get("whisper-base")), OnnxRuntime("cpu", 2))
    yield recognizer
    recognizer.close()


def spoken(
    network: KokoroNetwork, reader: TextReader, text: str, voice: str
) -> tuple[Samples, Samples]:
    """In one go, and in windows."""
    (sentence,) = reader.read(text, LANGUAGES["en-us"])
    (piece,) = spell(sentence.words)
    utterance = network.read(piece.tokens, network.voices[voice], Delivery())
    whole = network.sound(utterance, 0, utterance.half_frames)
    rendering = Rendering(network, utterance, trimmed=True)
    windows = np.concatenate([rendering.next() for _ in iter(lambda: rendering.done, True)])
    return whole, windows


@pytest.mark.timeout(600)
@pytest.mark.parametrize("voice", VOICES)
def test_windows_lose_no_word(
    voice: str, network: KokoroNetwork, reader: TextReader, recognizer: WhisperRecognizer
) -> None:
    texts = SENTENCES[VOICES.index(voice) :: len(VOICES)]
    pairs = [spoken(network, reader, text, voice) for text in texts]
    sounds = [resample(sound, SAMPLE_RATE, HEARD_AT) for pair in pairs for sound in pair]
    answers = recognizer.transcribe(sounds, RecognizerOptions(language="en"))
    heard = [words_of(answer.best.text) for answer in answers]
    wanted = list(map(words_of, texts))
    whole, windows = (sum(map(word_errors, wanted, heard[at::2])) for at in (0, 1))
    assert windows <= whole
    assert whole <= 2
