"""The window an utterance is heard in, as the setting says, and room for what is said in Hindi."""

import dataclasses
import json
from pathlib import Path

import pytest

from app.asr.engines.whisper.engine import WhisperRecognizer
from app.asr.engines.whisper.rules import token_budget
from app.asr.engines.whisper.tokens import REPLACEMENT, read_tokens
from app.asr.recognition import RecognizerOptions
from app.core import settings
from app.core.audio.convert import Samples
from app.inference.executor import Lane
from app.inference.model_store import ModelStore
from app.wiring.senses import inference
from tests.integration.asr.whisper.conftest import ROOT, made, sound_of

HINDI = ROOT.parent / "shared" / "data" / "commonvoice_rsample_hi"
GREEDY = RecognizerOptions(language="en", temperatures=(0.0,))


async def test_the_setting_makes_the_whole_window_the_usual_one(
    tiny: WhisperRecognizer, long: Samples, tmp_path: Path
) -> None:
    environment = settings.process_environment()
    given = settings.load(
        environment | {"PARLEY_DATA_DIR": str(tmp_path), "PARLEY_WHISPER_WINDOW": "full"}
    )
    store = ModelStore(settings.model_store(given, environment))
    async with (
        inference(given, store) as senses,
        senses.models.lease("whisper-tiny.en", WhisperRecognizer, Lane.BATCH) as recognizer,
    ):
        (found,) = recognizer.transcribe([long], GREEDY)
    (full,) = tiny.transcribe([long], dataclasses.replace(GREEDY, window="full"))
    (fitted,) = tiny.transcribe([long], GREEDY)
    difference = abs(fitted.best.log_probability - full.best.log_probability)
    assert abs(found.best.log_probability - full.best.log_probability) < difference / 100


@pytest.mark.parametrize(
    ("sentence", "seconds"),
    [
        ("अभी पोलैंड में क्या हो रहा है?", 4.2),
        ("महाराष्ट्र पब्लिक सर्विस कमीशन में वैकेंसी", 4.9),
        ("तुम्हें जैसे ही यह पत्र मिले मुझे लिखकर जवाब देना।", 4.2),
    ],
)
def test_a_sentence_in_hindi_is_within_what_may_be_said_in_its_time(
    sentence: str, seconds: float
) -> None:
    tokens = read_tokens(made("whisper-base") / "vocabulary.txt").encode(f" {sentence}")
    assert len(tokens) < token_budget(seconds, "hi") <= 3 * len(tokens)


@pytest.mark.shared
def test_hindi_is_not_cut_off(base: WhisperRecognizer) -> None:
    if not HINDI.is_dir():
        pytest.skip("../shared/data is absent")
    rows = [json.loads(row) for row in (HINDI / "manifest.jsonl").read_text("utf-8").splitlines()]
    (row,) = [row for row in rows if "पब्लिक सर्विस" in row["text"]]
    options = RecognizerOptions(language="hi", temperatures=(0.0,))
    (found,) = base.transcribe([sound_of(HINDI / row["file"])], options)
    assert REPLACEMENT not in found.best.text
    assert len(found.best.text) > 0.8 * len(row["text"])
