"""Sentences to chunks, with the real weights."""

import gc
import os
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.core.audio.resample import resample
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry
from app.tts import measures
from app.tts.domain import VoiceUnknown
from app.tts.engines.kokoro.engine import KokoroEngine
from app.tts.speech import SAMPLE_RATE, Manner, Sentence, SpeechChunk
from tests.integration.tts.kokoro.spoken import PANGRAM, QUESTION, sentence

USUAL = Manner(voice="af_heart", language="en-us")
AUDIBLE = 0.02


async def spoken(engine: KokoroEngine, manner: Manner, *sentences: Sentence) -> list[SpeechChunk]:
    async with aclosing(engine.speak(sentences, manner)) as chunks:
        return [chunk async for chunk in chunks]


def joined(chunks: list[SpeechChunk]) -> np.ndarray:
    return np.concatenate([chunk.samples for chunk in chunks])


async def test_it_begins_at_once_and_tells_when_each_word_is_heard(engine: KokoroEngine) -> None:
    chunks = await spoken(engine, USUAL, sentence(PANGRAM))
    sound = joined(chunks)
    loud = np.abs(sound) > AUDIBLE * np.abs(sound).max()
    assert np.argmax(loud) < 0.06 * SAMPLE_RATE
    assert chunks[0].samples.size < 0.6 * SAMPLE_RATE
    words = [word for chunk in chunks for word in chunk.words]
    assert [word.text for word in words] == PANGRAM.split()
    for word in words:
        middle = sound[int(word.start_s * SAMPLE_RATE) : int(word.end_s * SAMPLE_RATE)]
        assert np.abs(middle).max() > 5 * AUDIBLE * np.abs(sound).max(), word
        assert "".join(each.sound for each in word.sounds) == word.text.rstrip(",.")
        assert word.sounds[0].start_s == word.start_s
        assert word.sounds[-1].end_s == word.end_s
    for word, after in pairwise(words):
        assert word.end_s <= after.start_s
    comma, after = next((word, after) for word, after in pairwise(words) if "," in word.text)
    pause = sound[int(comma.end_s * SAMPLE_RATE) : int((after.start_s - 0.03) * SAMPLE_RATE)]
    assert pause.size > 0.02 * SAMPLE_RATE
    assert np.sqrt(np.mean(pause**2)) < 0.1 * np.sqrt(np.mean(sound**2))
    begun = 0.0
    for chunk in chunks:
        end = begun + chunk.samples.size / SAMPLE_RATE
        assert all(begun <= word.start_s < end for word in chunk.words)
        begun = end


async def test_sentences_follow_each_other_with_the_pauses_asked_for(engine: KokoroEngine) -> None:
    one = joined(await spoken(engine, USUAL, sentence(QUESTION)))
    chunks = await spoken(engine, USUAL, sentence(QUESTION, pause_s=0.5), sentence(QUESTION))
    sound = joined(chunks)
    assert np.array_equal(sound[: one.size], one)
    assert not sound[one.size : one.size + SAMPLE_RATE // 2].any()
    words = [word for chunk in chunks for word in chunk.words]
    assert [word.text for word in words] == QUESTION.split() * 2
    first, second = words[0], words[len(words) // 2]
    assert second.start_s > one.size / SAMPLE_RATE + 0.5
    said = sound[int(second.start_s * SAMPLE_RATE) :]
    assert np.abs(said[: int(0.2 * SAMPLE_RATE)]).max() > 0.1 * np.abs(sound).max()
    assert second.end_s - second.start_s == pytest.approx(first.end_s - first.start_s)


async def test_settings_are_heard(engine: KokoroEngine) -> None:
    async def pitch_spread_and_seconds(**changes: float | str) -> tuple[float, float]:
        settings = {"voice": "af_heart", "language": "en-us", **changes}
        sound = joined(await spoken(engine, Manner(**settings), sentence(PANGRAM)))  # pyright: ignore[reportArgumentType]
        pitch = measures.pitch_hz(resample(sound, SAMPLE_RATE, measures.SAMPLE_RATE))
        low, high = np.percentile(np.log2(pitch[pitch > 0]), (20, 80))
        return float(high - low), sound.size / SAMPLE_RATE

    spread, seconds = await pitch_spread_and_seconds()
    fast = await pitch_spread_and_seconds(speed=1.5)
    wide = await pitch_spread_and_seconds(exaggeration=1.0)
    flat = await pitch_spread_and_seconds(instruct="monotone")
    assert fast[1] == pytest.approx(seconds / 1.5, rel=0.12)
    assert wide[0] > 1.2 * spread
    assert flat[0] < 0.75 * spread
    assert engine.ignores == {"temperature", "top_k"}


async def test_the_same_is_said_the_same_way(engine: KokoroEngine) -> None:
    one, other = [await spoken(engine, USUAL, sentence(QUESTION)) for _ in range(2)]
    assert np.array_equal(joined(one), joined(other))
    assert [chunk.words for chunk in one] == [chunk.words for chunk in other]


async def test_nothing_to_say_is_silence_and_an_unknown_voice_an_error(
    engine: KokoroEngine,
) -> None:
    assert await spoken(engine, USUAL) == []
    assert await spoken(engine, USUAL, Sentence((), pause_s=1.0)) == []
    with pytest.raises(VoiceUnknown):
        await spoken(engine, Manner(voice="nobody", language="en-us"), sentence(QUESTION))


async def test_who_stops_listening_stops_the_work(
    engine: KokoroEngine, executor: Executor, models: ModelRegistry
) -> None:
    speaking = engine.speak([sentence(PANGRAM)] * 20, USUAL)
    await anext(speaking)
    await speaking.aclose()
    assert executor.occupancy()[Lane.REALTIME] == 0
    (state,) = [state for state in models.snapshot().models if state.id == "kokoro"]
    assert state.leases == 0


async def test_the_longest_text_is_said_in_pieces(engine: KokoroEngine) -> None:
    long = " ".join(["bˈiː bˈiː bˈiː,"] * 35)
    manner = Manner(voice="af_heart", language="en-us", speed=2.0)
    words = [word for chunk in await spoken(engine, manner, sentence(long)) for word in chunk.words]
    assert len(words) == 105
    assert all(word.end_s <= after.start_s for word, after in pairwise(words))


async def test_memory_stays_flat(engine: KokoroEngine) -> None:
    def resident_bytes() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    short = sentence("jˈɛs.")
    for _ in range(10):
        await spoken(engine, USUAL, short)
    before = resident_bytes()
    for _ in range(60):
        await spoken(engine, USUAL, short)
    assert resident_bytes() - before < 24 * 2**20
