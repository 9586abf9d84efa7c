"""What of a sound counts as heard, with a far end that buffers and one that does not."""

import asyncio

import numpy as np

from app.core.audio.convert import Samples
from app.realtime.playout import Playout
from tests.virtual_time import virtual_time

RATE = 1000


def tone(seconds: float, value: float = 1.0) -> Samples:
    return np.full(round(seconds * RATE), value, np.float32)


@virtual_time
async def test_what_waits_at_the_far_end_was_not_heard() -> None:
    playout = Playout(RATE)
    await playout.play(tone(0.5))
    playout.take(300)
    playout.sent_ahead(100)
    assert playout.played_s == 0.2
    assert playout.given_s == 0.5


@virtual_time
async def test_what_was_cleared_at_the_far_end_is_never_heard() -> None:
    playout = Playout(RATE)
    cleared: list[float] = []
    playout.cleared = lambda: cleared.append(playout.played_s)
    await playout.play(tone(0.5))
    playout.take(300)
    playout.sent_ahead(100)
    playout.clear()
    assert cleared == [0.2]
    assert playout.played_s == playout.given_s == 0.2
    await playout.play(tone(0.1))
    assert playout.given_s == 0.3


@virtual_time
async def test_it_is_drained_when_the_far_end_is() -> None:
    playout = Playout(RATE)
    await playout.play(tone(0.1))
    draining = asyncio.ensure_future(playout.drained())  # noqa: TID251
    playout.take(100)
    playout.sent_ahead(100)
    await asyncio.sleep(1)
    assert not draining.done()
    playout.sent_ahead(0)
    await draining


@virtual_time
async def test_sound_is_taken_without_the_silence_behind_it_and_across_pieces() -> None:
    playout = Playout(RATE)
    for piece in (tone(0.01, 1), tone(0.01, 2), tone(0.01, 3)):
        await playout.play(piece)
    assert playout.take_sound(15).tolist() == [1] * 10 + [2] * 5
    assert playout.take_sound(50).tolist() == [2] * 5 + [3] * 10
    assert playout.take_sound(50).size == 0
    assert playout.take(2).tolist() == [0, 0]


@virtual_time
async def test_what_is_murmured_is_mixed_in_and_never_counts() -> None:
    playout = Playout(RATE)
    playout.murmur(tone(0.03, 5))
    assert playout.take(20).tolist() == [5] * 20
    await playout.play(tone(0.02, 1))
    assert playout.take_sound(15).tolist() == [6] * 10 + [1] * 5
    assert playout.played_s == 0.015
    assert playout.given_s == 0.02


@virtual_time
async def test_what_is_murmured_does_not_begin_a_reply_and_ends_with_it() -> None:
    playout = Playout(RATE)
    started: list[float] = []
    playout.started = lambda: started.append(playout.played_s)
    playout.murmur(tone(0.1, 5))
    playout.take(20)
    assert started == []
    await playout.play(tone(0.1))
    playout.take(20)
    assert started == [0.0]
    playout.clear()
    assert playout.take(20).tolist() == [0] * 20


@virtual_time
async def test_the_background_is_under_everything_even_while_it_is_held() -> None:
    playout = Playout(RATE)
    playout.background = lambda count: np.full(count, 0.5, np.float32)
    assert playout.take_sound(10).tolist() == [0.5] * 10
    await playout.play(tone(0.015, 1))
    assert playout.take(10).tolist() == [1.5] * 10
    playout.is_held = True
    assert playout.take(10).tolist() == [0.5] * 10
    playout.is_held = False
    assert playout.take(10).tolist() == [1.5] * 5 + [0.5] * 5
    assert playout.played_s == 0.015


@virtual_time
async def test_what_was_said_is_heard_though_the_background_still_waits_far_away() -> None:
    playout = Playout(RATE)
    playout.background = lambda count: np.zeros(count, np.float32)
    await playout.play(tone(0.1))
    playout.take_sound(100)
    playout.sent_ahead(100)
    assert playout.played_s == 0
    playout.take_sound(60)
    playout.sent_ahead(100)
    assert playout.played_s == 0.06
    playout.take_sound(60)
    playout.sent_ahead(100)
    await playout.drained()
    assert playout.played_s == 0.1


@virtual_time
async def test_whoever_records_is_told_of_all_that_is_taken_and_of_what_is_never_heard() -> None:
    playout, taken, back = Playout(RATE), list[list[float]](), list[int]()
    playout.taken = lambda sound: taken.append(sound.tolist())
    playout.taken_back = back.append
    await playout.play(tone(0.015, 1))
    playout.take(10)
    playout.take(10)
    playout.take_sound(10)
    assert taken == [[1.0] * 10, [1.0] * 5 + [0.0] * 5]
    assert not playout.is_idle
    playout.take(10)
    assert (taken.pop(), playout.is_idle) == ([0.0] * 10, True)
    await playout.play(tone(0.03, 2))
    playout.take_sound(20)
    assert not playout.is_idle
    playout.sent_ahead(12)
    playout.clear()
    assert taken[2:] == [[2.0] * 20]
    assert back == [12]
