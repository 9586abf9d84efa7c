"""From a file to spans of speech, with the real decoder, the real weights, the real lanes."""

import asyncio
import io
import threading
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.asr.domain import SpanRules, SpeechSpan
from app.asr.engines.silero import FRAME_SAMPLES, SAMPLE_RATE, SileroVad
from app.asr.service import SpeechService
from app.core.audio.convert import Samples, int16_from_float
from app.core.audio.decode import decode_audio
from app.core.audio.errors import AudioUnreadable
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry
from tests.integration.asr.conftest import NO_LIMITS

TICKS_PER_S = 100


def wav(samples: Samples, sample_rate: int = SAMPLE_RATE) -> io.BytesIO:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sample_rate)
        out.writeframes(int16_from_float(samples).tobytes())
    file.seek(0)
    return file


def silence() -> Samples:
    return np.zeros(10 * SAMPLE_RATE, np.float32)


def noise() -> Samples:
    return np.random.default_rng(0).normal(0, 0.1, 10 * SAMPLE_RATE).astype(np.float32)


def tone() -> Samples:
    return (0.5 * np.sin(np.arange(10 * SAMPLE_RATE) * 0.17)).astype(np.float32)


def clicks() -> Samples:
    sound = silence()
    sound[::4000] = 0.9
    return sound


@pytest.mark.parametrize("sound", [silence, noise, tone, clicks])
@pytest.mark.parametrize("sample_rate", [8000, 16000, 48000])
async def test_what_is_not_speech(
    speech: SpeechService, sound: Callable[[], Samples], sample_rate: int
) -> None:
    assert await speech.find_speech(wav(sound(), sample_rate), SpanRules()) == []


async def test_what_cannot_be_decoded_is_the_decoders_sentence(
    speech: SpeechService, models: ModelRegistry
) -> None:
    with pytest.raises(AudioUnreadable):
        await speech.find_speech(io.BytesIO(b"this is not sound" * 100), SpanRules())
    assert {state.leases for state in models.snapshot().models} == {0}


class EndlessWav(io.RawIOBase):
    """A stream that cannot seek and never ends."""

    def __init__(self) -> None:
        self.wanted = threading.Event()
        self._head = wav(silence()).read()[:40] + b"\xff\xff\xff\xff"

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head[:size], self._head[size:]
        if not head:
            self.wanted.set()
        return head or bytes(size)


async def test_who_leaves_stops_the_work(
    speech: SpeechService, executor: Executor, models: ModelRegistry
) -> None:
    endless = EndlessWav()
    async with asyncio.TaskGroup() as tasks:
        search = tasks.create_task(speech.find_speech(endless, SpanRules()))
        await asyncio.to_thread(endless.wanted.wait)
        search.cancel()
    await executor.close()
    assert executor.occupancy()[Lane.BATCH] == 0
    assert {state.leases for state in models.snapshot().models} == {0}


async def test_live_streams_are_answered_while_the_batch_lane_is_taken(
    speech: SpeechService, executor: Executor
) -> None:
    go = threading.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(executor.run(Lane.BATCH, go.wait))
        async with speech.listen() as live:
            assert len(await live.push(np.zeros(10 * FRAME_SAMPLES + 1, np.float32))) == 10
        go.set()


async def listened(speech: SpeechService, sound: Samples, piece_samples: int) -> list[float]:
    async with speech.listen() as live:
        found: list[float] = []
        for start in range(0, sound.size, piece_samples):
            found += await live.push(sound[start : start + piece_samples])
    return found


async def test_live_streams_do_not_hear_each_other(speech: SpeechService) -> None:
    sounds = [sound()[: 2 * SAMPLE_RATE] for sound in (noise, tone, clicks, silence)]
    alone = [await listened(speech, sound, 320) for sound in sounds]
    together = await asyncio.gather(
        *(listened(speech, sound, 160 * (1 + index)) for index, sound in enumerate(sounds))
    )
    np.testing.assert_allclose(together, alone, atol=1e-4)


@pytest.mark.shared
async def test_known_words_are_found(speech: SpeechService, shared_data: Path) -> None:
    """Pauses that a person hears in the recording lie between the spans."""
    spans = await speech.find_speech(
        shared_data / "english_test_fixtures" / "jfk.flac", SpanRules()
    )
    assert len(spans) in (4, 5)
    assert spans[0].start_s == pytest.approx(0.3, abs=0.2)
    assert all(span.end_s <= 11.0 for span in spans)
    assert not any(span.start_s < 2.7 < span.end_s for span in spans), "... my fellow Americans |"
    assert any(span.start_s < 6.5 < span.end_s for span in spans), "what your country can do"


@pytest.mark.shared
@pytest.mark.parametrize("name", ["coffee-shop", "dograh_office", "pipecat_office"])
async def test_places_are_not_speech(speech: SpeechService, shared_data: Path, name: str) -> None:
    spans = await speech.find_speech(shared_data / "noise_ambience" / f"{name}.opus", SpanRules())
    assert sum(span.end_s - span.start_s for span in spans) < 1


@pytest.mark.shared
async def test_agrees_with_people_about_meetings(speech: SpeechService, shared_data: Path) -> None:
    """AMI: more overlap and backchannels than any call. What is missed is laughter and mumbling."""
    agreement: dict[str, float] = {}
    false_alarms: dict[str, float] = {}
    for recording in sorted((shared_data / "diar_pyannote_ami").glob("*.flac")):
        found = ticks(await speech.find_speech(recording, SpanRules()))
        truth = ticks(spans_of_rttm(recording.with_suffix(".rttm")))
        agreement[recording.stem] = float((found == truth).mean())
        false_alarms[recording.stem] = float((found & ~truth).mean())
    assert agreement["sample"] > 0.95
    assert sum(agreement.values()) / len(agreement) > 0.85
    assert max(false_alarms.values()) < 0.03


@pytest.mark.shared
async def test_live_and_recorded_find_the_same_in_real_speech(
    speech: SpeechService, vad: SileroVad, shared_data: Path
) -> None:
    path = shared_data / "english_test_fixtures" / "jfk.flac"
    sound = decode_audio(path, sample_rate=SAMPLE_RATE, limits=NO_LIMITS)
    live = await listened(speech, sound, 320)
    recorded = np.concatenate(list(vad.probabilities([sound])))
    np.testing.assert_allclose(live, recorded[: len(live)], atol=1e-4)


def ticks(spans: list[SpeechSpan]) -> np.ndarray:
    """Speech or not, for each hundredth of the thirty seconds."""
    mask = np.zeros(30 * TICKS_PER_S, bool)
    for span in spans:
        mask[int(span.start_s * TICKS_PER_S) : int(span.end_s * TICKS_PER_S)] = True
    return mask


def spans_of_rttm(path: Path) -> list[SpeechSpan]:
    rows = [line.split() for line in path.read_text().splitlines()]
    return [SpeechSpan(float(row[3]), float(row[3]) + float(row[4])) for row in rows]
