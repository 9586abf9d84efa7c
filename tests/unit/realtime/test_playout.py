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
