"""The fitter in a small world in which voices, sounds and vectors are known."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import numpy as np
import pytest

from app.core.audio.resample import resample
from app.inference.executor import Executor, LaneSize
from app.tts.fitting import (
    FASTEST,
    PROSODY,
    SLOWEST,
    TIMBRE,
    Phrases,
    StockVoices,
    VoiceFitter,
    directions,
)
from app.tts.reference import Reference
from tests.unit.tts.fitting.sounds import Choir

PHRASES = Phrases(search=(0, 1, 2), judge=(5, 6))


@pytest.fixture
def choir() -> Choir:
    return Choir(6)


@pytest.fixture
async def executor() -> AsyncGenerator[Executor]:
    size = LaneSize(1, 8)
    executor = Executor(realtime=size, batch=size, forbid_in_transaction=lambda: None)
    yield executor
    await executor.close()


@pytest.fixture
def fitter(choir: Choir, executor: Executor) -> VoiceFitter:
    stock = StockVoices(choir.names, choir.packs)
    return VoiceFitter(stock, choir.embed, choir.say, PHRASES, executor)


@pytest.fixture
def reference(choir: Choir) -> Reference:
    """Somebody between voices, who is none of them."""
    pack = 0.5 * choir.packs[1] + 0.35 * choir.packs[2] + 0.15 * choir.packs[4]
    heard = resample(choir.say(pack, 9), 24000, 16000)
    return Reference(choir.embed(heard), 150 * 2 ** float(pack[29, 128]), 4.0)


async def test_the_fitted_voice_is_nearer_than_any_stock_voice(
    fitter: VoiceFitter, choir: Choir, reference: Reference
) -> None:
    told: list[float] = []
    fitted = await fitter.fit(reference, evaluations=150, progress=told.append)
    assert fitted.stock_likeness.similarity < 0.9
    assert fitted.likeness.similarity > fitted.stock_likeness.similarity + 0.05
    assert fitted.likeness.pitch_hz == pytest.approx(reference.pitch_hz, rel=0.1)
    assert fitted.nearest_stock in ("v1", "v2")
    assert fitted.pack.shape == (510, 256)
    assert fitted.pack.dtype == np.float32
    assert told == sorted(told)
    assert told[-1] > 0.9


async def test_the_same_recording_makes_the_same_voice(
    fitter: VoiceFitter, reference: Reference
) -> None:
    first, second = [await fitter.fit(reference, evaluations=30) for _ in range(2)]
    assert np.array_equal(first.pack, second.pack)


async def test_a_stock_voice_is_taken_where_nothing_nearer_is_found(
    fitter: VoiceFitter, choir: Choir
) -> None:
    heard = resample(
        np.concatenate([choir.say(choir.packs[3], phrase) for phrase in PHRASES.judge]),
        24000,
        16000,
    )
    pitch_hz = 150 * 2 ** float(choir.packs[3, 25, 128])
    fitted = await fitter.fit(Reference(choir.embed(heard), pitch_hz, 4.0), evaluations=1)
    assert fitted.nearest_stock == "v3"
    assert fitted.likeness.similarity >= fitted.stock_likeness.similarity


async def test_the_pace_is_that_of_the_reference_within_reason(
    fitter: VoiceFitter, reference: Reference
) -> None:
    slow = await fitter.fit(replace(reference, syllables_per_s=0.1), evaluations=1)
    fast = await fitter.fit(replace(reference, syllables_per_s=50.0), evaluations=1)
    assert (slow.speed, fast.speed) == (SLOWEST, FASTEST)
    pace = slow.likeness.syllables_per_s
    same = await fitter.fit(replace(reference, syllables_per_s=pace), evaluations=1)
    assert same.speed == pytest.approx(1.0)


async def test_the_stock_voices_are_heard_once(
    fitter: VoiceFitter, choir: Choir, reference: Reference
) -> None:
    choir.spoken = 0
    await fitter.fit(reference, evaluations=1)
    first = choir.spoken
    await fitter.fit(reference, evaluations=1)
    assert choir.spoken - first == first - 2 * len(choir.names)


async def test_cancelled_it_stops_with_the_phrase_under_way(
    fitter: VoiceFitter, choir: Choir, reference: Reference
) -> None:
    begun = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        fitting = group.create_task(
            fitter.fit(reference, evaluations=100_000, progress=lambda _: begun.set())
        )
        await begun.wait()
        fitting.cancel()
    spoken = choir.spoken
    await asyncio.sleep(0.3)
    assert choir.spoken <= spoken + 1


def test_directions_mix_voices_without_making_them_louder(choir: Choir) -> None:
    for half in (TIMBRE, PROSODY):
        rows = directions(choir.packs[:, :, half], 16)
        assert rows.shape == (5, 6)
        assert np.abs(rows.sum(axis=1)).max() < 1e-9
    means = choir.packs[:, :, PROSODY].mean(axis=1)
    moved = directions(choir.packs[:, :, PROSODY], 16)[0] @ means
    assert abs(moved[0]) == pytest.approx(means[:, 0].std(ddof=1), rel=0.05)
