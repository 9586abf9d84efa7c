"""Recordings to transcripts, with the real weights and real speech."""

import asyncio
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.asr.domain import LanguageUnknown, ModelUnknown, Transcript, parse_request
from app.asr.marking import MARKS
from app.asr.recognition import SAMPLE_RATE
from app.asr.service import SpeechService
from app.core import settings
from app.core.audio.convert import Samples, int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.audio.errors import AudioEmpty, AudioTooLong
from app.core.audio.pcm import RawPcm
from app.inference.model_store import ModelStore
from app.wiring.senses import Inference, inference

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech"
SHORT, LONGER = SPEECH / "LJ001-0002.ogg", SPEECH / "LJ001-0004.ogg"
SHORT_WORDS = ["in", "being", "comparatively", "modern"]
LONGER_TEXT = (
    "produced the block books which were the immediate predecessors of the true printed book"
)
LONGER_WORDS = LONGER_TEXT.split()
RAW = RawPcm(SAMPLE_RATE)
NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)
ARPA = """\\data\\
ngram 1=5
ngram 2=1

\\1-grams:
-1.0\t<s>\t-0.3
-1.0\t</s>
-2.0\t<unk>
-0.5\tthe\t-0.3
-0.5\tbook\t-0.3

\\2-grams:
-0.2\tthe book

\\end\\
"""


@pytest.fixture
async def senses(tmp_path: Path) -> AsyncGenerator[Inference]:
    """As they are wired."""
    environment = settings.process_environment()
    given = settings.load(
        environment | {"PARLEY_DATA_DIR": str(tmp_path), "PARLEY_MAX_AUDIO_S": "300"}
    )
    store = ModelStore(settings.model_store(given, environment))
    async with inference(given, store) as senses:
        yield senses


@pytest.fixture
def speech(senses: Inference) -> SpeechService:
    return senses.speech


async def transcribed(speech: SpeechService, sound: "Path | Samples", **options: Any) -> Transcript:
    asked = parse_request({"model": "en-tiny"} | options)
    if isinstance(sound, Path):
        return await speech.transcribe(sound, asked)
    pcm = io.BytesIO(int16_from_float(sound).tobytes())
    return await speech.transcribe(pcm, asked, raw=RAW)


def words_of(text: str) -> list[str]:
    return [word.strip(".,?!").lower() for word in text.split()]


def sound_of(path: Path) -> Samples:
    return decode_audio(path, limits=NO_LIMITS)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


@pytest.mark.inventory("WH-067", "WH-068", "WH-070", "WH-071", "WH-077", "WH-080")
async def test_what_is_said_comes_with_its_words_and_times(speech: SpeechService) -> None:
    found = await transcribed(speech, LONGER)
    assert words_of(found.text) == LONGER_WORDS
    assert (found.model, found.weights, found.decoder) == ("en-tiny", "whisper-tiny.en", "greedy")
    assert found.duration_s == pytest.approx(5.14, abs=0.05)
    words = [word for segment in found.segments for word in segment.words]
    assert words_of(" ".join(word.text for word in words)) == LONGER_WORDS
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert 0 <= times[0] < 0.6
    assert times[-1] <= found.duration_s
    assert all(0 < word.confidence <= 1 for word in words)
    assert found.num_speakers is None
    assert found.segments[0].speaker is None


async def test_without_word_times_the_text_is_the_same(speech: SpeechService) -> None:
    asked = parse_request({"model": "en-tiny"})
    found = await speech.transcribe(LONGER, asked, with_words=False)
    assert words_of(found.text) == LONGER_WORDS
    assert found.segments[-1].end_s <= found.duration_s


@pytest.mark.inventory("WH-093", "WH-114")
async def test_a_long_recording_is_heard_to_its_end_in_order(speech: SpeechService) -> None:
    """Of 100 s, with pauses of all lengths."""
    parts: list[Samples] = []
    for turn in range(14):
        parts += [sound_of(LONGER), silence(0.3 + 0.2 * (turn % 3)), sound_of(SHORT), silence(1)]
    told: list[float] = []
    asked = parse_request({"model": "en-tiny"})
    pcm = io.BytesIO(int16_from_float(np.concatenate(parts)).tobytes())
    found = await speech.transcribe(pcm, asked, told.append, raw=RAW)
    heard = words_of(found.text)
    assert heard.count("predecessors") == 14
    assert heard.count("comparatively") == 14
    starts = [segment.start_s for segment in found.segments]
    assert starts == sorted(starts)
    assert len(found.segments) >= 4
    assert found.segments[-1].end_s == pytest.approx(found.duration_s, abs=3)
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize(
    "sound",
    [silence(3), silence(0.001), np.zeros(1, np.float32), silence(0.001) + 1],
    ids=["silence", "16 samples", "one sample", "16 loud samples"],
)
async def test_where_nobody_speaks_nothing_is_heard(speech: SpeechService, sound: Samples) -> None:
    options = {"diarize": True, "speaker_embedding": True, "speech_analysis": True, "n_best": 3}
    found = await transcribed(speech, sound, noise_reduce=True, gain_normalize=True, **options)
    assert (found.text, found.segments, found.num_speakers) == ("", (), 0)
    assert found.speaker_embedding is None


async def test_noise_is_no_speech(speech: SpeechService) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 4 * SAMPLE_RATE).astype(np.float32)
    assert (await transcribed(speech, noise)).text == ""


async def test_no_sound_and_too_much_of_it_are_refused(speech: SpeechService) -> None:
    with pytest.raises(AudioEmpty):
        await transcribed(speech, silence(0))
    with pytest.raises(AudioTooLong):
        await transcribed(speech, silence(301))


@pytest.mark.inventory("WH-063", "WH-085")
@pytest.mark.parametrize("model", ["en-tiny", "en-ctc"])
async def test_alternatives_differ_in_their_words(speech: SpeechService, model: str) -> None:
    found = await transcribed(speech, LONGER, model=model, n_best=3)
    texts = [tuple(words_of(each.text)) for each in found.alternatives]
    assert 2 <= len(texts) <= 3
    assert len(set(texts)) == len(texts)
    assert texts[0] == tuple(words_of(found.text))
    assert found.decoder.startswith("beam_search")


@pytest.mark.inventory("WH-058", "WH-059")
async def test_hotwords_are_written_as_they_were_given(speech: SpeechService) -> None:
    found = await transcribed(speech, LONGER, hotwords="BlockBooks, PrintedBook")
    assert "BlockBooks," in found.text
    assert "PrintedBook" in found.text


async def test_weights_for_marks_are_loaded_where_words_lack_marks_that_were_asked_for(
    senses: Inference,
) -> None:
    def has_marks() -> bool:
        return any(each.id == MARKS and each.loaded for each in senses.models.snapshot().models)

    whisper = await transcribed(senses.speech, LONGER, n_best=2)
    assert whisper.text.endswith(".")
    plain = await transcribed(senses.speech, LONGER, model="en-ctc", punctuation=False)
    assert plain.text == plain.text.lower()
    assert not has_marks()
    ctc = await transcribed(senses.speech, LONGER, model="en-ctc")
    assert ctc.text.endswith(".")
    assert has_marks()


@pytest.mark.inventory("WH-046", "WH-061", "WH-060")
async def test_sound_is_mended_and_text_is_plain_where_asked(speech: SpeechService) -> None:
    quiet = sound_of(LONGER) * np.float32(0.003)
    asked = {"gain_normalize": True, "noise_reduce": True, "punctuation": False}
    found = await transcribed(speech, quiet, **asked)
    assert found.text.split() == LONGER_WORDS


@pytest.mark.inventory(
    "WH-042", "WH-043", "WH-044", "WH-056", "WH-072", "WH-074", "WH-115", "WH-116"
)
async def test_speakers_are_told_apart_as_many_as_asked(speech: SpeechService) -> None:
    low = sound_of(SHORT)
    high = np.interp(np.arange(0, low.size, 1.5), np.arange(low.size), low).astype(np.float32)
    sound = np.concatenate([sound_of(LONGER), silence(1), high, high])
    asked = {"diarize": True, "speaker_embedding": True}
    two = await transcribed(speech, sound, num_speakers=2, **asked)
    assert two.segments[0].speaker == "SPEAKER_00"
    assert two.segments[-1].speaker == "SPEAKER_01"
    assert two.num_speakers == 2
    assert set(two.speaker_embeddings) == {"SPEAKER_00", "SPEAKER_01"}
    one = await transcribed(speech, sound, max_speakers=1, **asked)
    assert {segment.speaker for segment in one.segments} == {"SPEAKER_00"}
    three = await transcribed(speech, sound, min_speakers=3, **asked)
    assert len({segment.speaker for segment in three.segments}) == 3
    for vector in (*two.speaker_embeddings.values(), one.speaker_embedding):
        assert vector is not None
        assert len(vector) == 192
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


async def test_one_voice_has_one_embedding(speech: SpeechService) -> None:
    voices = [
        (await transcribed(speech, clip, speaker_embedding=True)).speaker_embedding
        for clip in (SHORT, LONGER)
    ]
    assert np.dot(*voices) > 0.5  # type: ignore[arg-type]


@pytest.mark.inventory("WH-055", "WH-082")
async def test_speech_is_analysed(speech: SpeechService) -> None:
    found = (await transcribed(speech, LONGER, speech_analysis=True)).analysis
    assert found is not None
    assert found.word_count == len(LONGER_WORDS)
    assert found.pace_wpm == pytest.approx(170, abs=30)
    assert found.lexical_fluency == 1


@pytest.mark.inventory("WH-048", "WH-049", "WH-051", "WH-052")
@pytest.mark.parametrize("model", ["en-tiny", "en-ctc"])
async def test_a_language_model_that_is_installed_is_used(
    speech: SpeechService, tmp_path: Path, model: str
) -> None:
    (tmp_path / "language_models").mkdir()
    (tmp_path / "language_models" / "en.arpa").write_text(ARPA)
    found = await transcribed(speech, LONGER, model=model, lm_mode="strict")
    assert found.decoder == "beam_search_kenlm"
    assert found.not_applied == ()
    greedy = await transcribed(speech, LONGER, model=model, lm_mode="greedy")
    assert greedy.decoder == "greedy"
    assert (await transcribed(speech, LONGER, model=model, use_lm=False)).decoder != found.decoder


async def test_what_changes_nothing_is_said(speech: SpeechService) -> None:
    asked = {"metadata_prob": True, "lm_mode": "strict", "n_best": 1}
    found = await transcribed(speech, SHORT, **asked)
    assert {each.option for each in found.not_applied} == {"metadata_prob", "lm_mode"}
    assert (await transcribed(speech, SHORT)).not_applied == ()


async def test_names_that_nobody_has_are_refused(speech: SpeechService) -> None:
    with pytest.raises(ModelUnknown, match="model"):
        await transcribed(speech, SHORT, model="en-huge")
    with pytest.raises(LanguageUnknown, match="language"):
        await transcribed(speech, SHORT, language="hi")


async def test_who_leaves_ends_the_work_and_others_are_served(speech: SpeechService) -> None:
    sound = np.concatenate([sound_of(LONGER)] * 50)
    reached = asyncio.Event()

    async def ask() -> Transcript:
        pcm = io.BytesIO(int16_from_float(sound).tobytes())
        asked = parse_request({"model": "en-tiny"})
        return await speech.transcribe(pcm, asked, lambda _: reached.set(), raw=RAW)

    async with asyncio.TaskGroup() as group:
        work = group.create_task(ask())
        await reached.wait()
        other = group.create_task(transcribed(speech, SHORT))
        work.cancel()
    assert work.cancelled()
    assert words_of(other.result().text) == SHORT_WORDS
