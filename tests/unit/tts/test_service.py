"""Speaking, with an engine that makes tones."""

import asyncio
import io
import tracemalloc
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np
import pytest

from app.core.audio.decode import DecodeLimits, decode_audio
from app.inference.executor import Executor
from app.tts.domain import SpeakersBusy, TextEmpty, TextTooLong, VoiceSettings
from app.tts.encoding import as_whole_file, sound_of
from app.tts.service import SpeakingService
from app.tts.speech import Manner, SpeechChunk
from app.tts.text.lexicon import EMPTY, Lexicon, Pronunciation
from tests.unit.tts.doubles import WORD_S, WORD_SAMPLES, ToneEngine, service_of, small_executor

LONG = "One two three. " * 40
MANNER = Manner(voice="af_heart", language="en-us")


@pytest.fixture
async def executor() -> AsyncGenerator[Executor]:
    executor = small_executor()
    yield executor
    await executor.close()


@pytest.fixture
def engine() -> ToneEngine:
    return ToneEngine()


@pytest.fixture
def speaking(engine: ToneEngine, executor: Executor) -> SpeakingService:
    return service_of(engine, executor)


async def said(chunks: AsyncGenerator[SpeechChunk, None]) -> list[SpeechChunk]:
    async with aclosing(chunks):
        return [chunk async for chunk in chunks]


def counted(speaking: SpeakingService) -> dict[str, float]:
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for metric in speaking.metrics.collect()
        for sample in metric.samples
    }


async def test_words_keep_their_times_and_places_over_the_whole_text(
    speaking: SpeakingService,
) -> None:
    chunks = await said(speaking.speak(LONG, MANNER))
    words = [word for chunk in chunks for word in chunk.words]
    assert np.allclose([word.start_s for word in words], np.arange(120) * WORD_S)
    assert np.allclose([word.sounds[0].end_s for word in words], np.arange(1, 121) * WORD_S)
    assert [LONG[word.begin : word.end] for word in words] == ["One", "two", "three"] * 40
    assert sum(chunk.samples.size for chunk in chunks) == 120 * WORD_SAMPLES


async def test_who_says_hundreds_is_not_given_what_was_said_without(
    speaking: SpeakingService, engine: ToneEngine
) -> None:
    await said(speaking.speak("4500", MANNER))
    await said(speaking.speak("4500", replace(MANNER, hundreds=True)))
    assert engine.sounds == [["a"], ["hundred"]]


async def test_the_first_sentence_is_not_kept_waiting_for_the_others(
    speaking: SpeakingService, engine: ToneEngine
) -> None:
    await said(speaking.speak(LONG, MANNER))
    assert engine.begun[0][0] == "One two three"
    assert len(engine.begun) == 2


@pytest.mark.parametrize(
    ("text", "error"),
    [("", TextEmpty), ("  \n", TextEmpty), ("* * .", TextEmpty), ("x" * 100_000, TextTooLong)],
)
async def test_what_cannot_be_spoken_is_said_before_the_first_sound(
    speaking: SpeakingService, engine: ToneEngine, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await anext(speaking.speak(text, MANNER))
    assert engine.begun == []
    assert speaking.speaking == 0


async def test_a_phrase_is_said_again_without_the_engine(
    speaking: SpeakingService, engine: ToneEngine
) -> None:
    owner = uuid4()
    first = await said(speaking.speak("Hi there.", MANNER, owner=owner))
    again = await said(speaking.speak("Hi there.", MANNER, owner=owner))
    assert len(engine.begun) == 1
    assert first == again
    assert counted(speaking)["parley_phrases_totalyes"] == 1


async def test_forgotten_phrases_are_made_anew(
    speaking: SpeakingService, engine: ToneEngine
) -> None:
    await said(speaking.speak("Hi there.", MANNER))
    speaking.forget_phrases()
    await said(speaking.speak("Hi there.", MANNER))
    assert len(engine.begun) == 2


async def test_what_the_engine_ignores_does_not_make_another_phrase(
    speaking: SpeakingService, engine: ToneEngine
) -> None:
    await said(speaking.speak("Hi.", await speaking.manner_of(VoiceSettings(top_k=3))))
    await said(speaking.speak("Hi.", await speaking.manner_of(VoiceSettings(top_k=4))))
    assert len(engine.begun) == 1
    await said(speaking.speak("Hi.", await speaking.manner_of(VoiceSettings(speed=1.2))))
    assert len(engine.begun) == 2


async def test_what_one_organization_says_another_does_not_find(
    speaking: SpeakingService, engine: ToneEngine
) -> None:
    for owner in (uuid4(), uuid4(), None):
        await said(speaking.speak("Hi there.", MANNER, owner=owner))
    assert len(engine.begun) == 3


async def test_words_are_said_as_the_organization_has_them_pronounced(
    engine: ToneEngine, executor: Executor
) -> None:
    """And a phrase that was kept is no longer right when that has changed."""
    owner, lexicon = uuid4(), EMPTY

    async def pronounced(asked: UUID, language: str) -> Lexicon:
        assert (asked, language) == (owner, "en-us")
        return lexicon

    speaking = service_of(engine, executor, pronounced=pronounced)
    await said(speaking.speak("Hi there.", MANNER, owner=owner))
    lexicon = Lexicon([Pronunciation("there", sounds="ðo")])
    await said(speaking.speak("Hi there.", MANNER, owner=owner))
    assert engine.sounds == [["a", "a"], ["a", "ðo"]]


async def test_a_phrase_that_was_cut_off_is_not_kept(
    speaking: SpeakingService, engine: ToneEngine
) -> None:
    chunks = speaking.speak("Hi there.", MANNER)
    await anext(chunks)
    await chunks.aclose()
    assert engine.ended == 1
    assert len(await said(speaking.speak("Hi there.", MANNER))) == 2
    assert len(engine.begun) == 2


async def test_what_was_warmed_is_there(speaking: SpeakingService, engine: ToneEngine) -> None:
    owner = uuid4()
    await speaking.warm(["Hi.", "Bye."], MANNER, owner=owner)
    engine.begun.clear()
    await said(speaking.speak("Bye.", MANNER, owner=owner))
    assert engine.begun == []


async def test_whoever_warms_takes_nobodys_place_and_gives_way(
    engine: ToneEngine, executor: Executor
) -> None:
    speaking = service_of(engine, executor)
    engine.gate.clear()
    async with asyncio.TaskGroup() as group:
        warming = group.create_task(speaking.warm(["Hi there.", "Bye."], MANNER))
        await engine.at_gate.acquire()
        callers = [group.create_task(said(speaking.speak("To you", MANNER))) for _ in range(2)]
        for _ in callers:
            await engine.at_gate.acquire()
        engine.gate.set()
        await warming
    assert [len(caller.result()) for caller in callers] == [2, 2]
    assert sorted(text for text, _ in engine.begun) == ["Hi there", "To you", "To you"]


async def test_one_more_than_there_is_room_for_is_told_when_to_come_back(
    speaking: SpeakingService,
) -> None:
    voices = [speaking.speak(LONG, MANNER) for _ in range(2)]
    for voice in voices:
        await anext(voice)
    assert speaking.speaking == 2
    with pytest.raises(SpeakersBusy) as busy:
        await anext(speaking.speak(LONG, MANNER))
    assert busy.value.details["retry_after_s"] > 0
    await voices[0].aclose()
    third = speaking.speak(LONG, MANNER)
    await anext(third)
    for voice in (*voices, third):
        await voice.aclose()
    assert speaking.speaking == 0
    assert counted(speaking)["parley_speech_refusals_total"] == 1


async def test_a_kept_phrase_is_said_though_there_is_no_room(speaking: SpeakingService) -> None:
    await speaking.warm(["Hi."], MANNER)
    voices = [speaking.speak(LONG, MANNER) for _ in range(2)]
    for voice in voices:
        await anext(voice)
    assert len(await said(speaking.speak("Hi.", MANNER))) == 1
    for voice in voices:
        await voice.aclose()


async def test_closing_it_stops_the_engine(speaking: SpeakingService, engine: ToneEngine) -> None:
    chunks = speaking.speak(LONG, MANNER)
    await anext(chunks)
    await chunks.aclose()
    assert (len(engine.begun), engine.ended, speaking.speaking) == (1, 1, 0)


async def test_cancelling_it_while_it_waits_stops_the_engine(
    speaking: SpeakingService, engine: ToneEngine
) -> None:
    engine.gate.clear()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(said(speaking.speak(LONG, MANNER)))
        await engine.waiting.wait()
        task.cancel()
    assert (engine.ended, speaking.speaking) == (1, 0)


async def test_an_engine_that_fails_leaves_its_place(
    speaking: SpeakingService, engine: ToneEngine
) -> None:
    engine.fails_at["two"] = RuntimeError("broken")
    with pytest.raises(RuntimeError, match="broken"):
        await said(speaking.speak(LONG, MANNER))
    assert (engine.ended, speaking.speaking) == (1, 0)


async def test_what_is_measured(speaking: SpeakingService) -> None:
    await said(speaking.speak(LONG, MANNER))
    found = counted(speaking)
    assert found["parley_spoken_characters_total"] == len(LONG)
    assert found["parley_speech_first_sound_seconds_count"] == 1
    assert found["parley_speech_real_time_factor_count"] == 1
    assert found["parley_speaking"] == 0


async def test_the_files_sound_as_long_as_the_words(speaking: SpeakingService) -> None:
    sound = sound_of("mp3", 16000)
    pieces = speaking.encoded(speaking.speak(LONG, MANNER), sound)
    data = as_whole_file(sound, [piece async for piece in pieces])
    limits = DecodeLimits(max_duration_s=100, deadline_s=100)
    heard = decode_audio(io.BytesIO(data), sample_rate=16000, limits=limits)
    assert heard.size / 16000 == pytest.approx(120 * WORD_S, abs=0.1)


async def test_a_thousand_texts_leave_nothing(engine: ToneEngine, executor: Executor) -> None:
    speaking = service_of(engine, executor, cache_bytes=100_000)

    async def memory_after(count: int) -> int:
        for number in range(count):
            await said(speaking.speak(f"Text {number} that is spoken.", MANNER))
        engine.begun.clear()
        engine.sounds.clear()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = await memory_after(200)
        after = await memory_after(1000)
    finally:
        tracemalloc.stop()
    assert after - before < 300_000  # of 50 MB of sound
