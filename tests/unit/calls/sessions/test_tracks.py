"""Where the sound of each side lies in a recording, to the sample."""

import numpy as np
import pytest

from app.calls.sessions.tracks import Tracks
from app.core.audio.convert import Samples

RATE = 1000
FRAME = 20


def sound(value: float, count: int) -> Samples:
    return np.full(count, value, np.float32)


def places(track: Samples, value: float) -> tuple[int, int]:
    """The first, and the one after the last; all between have it."""
    (found,) = np.nonzero(track == np.float32(value))
    assert found.size == found[-1] + 1 - found[0]
    return int(found[0]), int(found[-1]) + 1


def whole(tracks: Tracks, blocks: list[Samples]) -> Samples:
    return np.concatenate([*blocks, tracks.rest()], axis=1)


def test_an_answer_lies_where_it_was_taken_in_what_was_heard() -> None:
    """Both sides at a pace of 20 ms, out of step and with jitter."""
    tracks, blocks = Tracks(RATE, began_s=50.0), list[Samples]()
    for number in range(400):
        at_s = 50.0 + number * 0.02 + (0.004 if number % 2 else 0.0)
        loud = 1.0 if 100 <= number < 150 else 0.0
        tracks.heard(sound(loud, FRAME), at_s + 0.02)
        spoken = 0.5 if 200 <= number < 250 else 0.0
        tracks.said(sound(spoken, FRAME), at_s + 0.025)
        if (block := tracks.block(at_s + 0.025)) is not None:
            blocks.append(block)
    assert len(blocks) > 3
    caller, agent = whole(tracks, blocks)
    heard_from, heard_until = places(caller, 1.0)
    said_from, said_until = places(agent, 0.5)
    assert heard_until - heard_from == said_until - said_from == 50 * FRAME
    assert abs((said_from - heard_from) - (100 * FRAME + 5)) <= FRAME


@pytest.mark.parametrize("stalls_s", [0.09, 0.12, 0.3])
def test_a_side_that_came_out_of_step_comes_back_while_nothing_is_said(stalls_s: float) -> None:
    """Whether the line then skips what it missed or takes it in a burst."""
    tracks, now_s = Tracks(RATE, began_s=0.0), 0.0
    for number in range(500):
        due_s = number * 0.02
        now_s = max(now_s, due_s + (stalls_s if number % 100 == 20 else 0.0))
        if number >= 450:
            tracks.said(sound(0.5, FRAME), now_s)
        elif now_s - due_s <= 0.1:
            tracks.idled(sound(0.0, FRAME), now_s)
        tracks.heard(sound(1.0 if number >= 450 else 0.0, FRAME), now_s)
    caller, agent = tracks.rest()
    assert abs(places(agent, 0.5)[0] - places(caller, 1.0)[0]) <= RATE // 20


def test_what_waited_until_the_call_began_shifts_nothing() -> None:
    """It was said before: only what comes then is recorded, at its own moment."""
    tracks = Tracks(RATE, began_s=50.0, waited_s=0.5)
    for _ in range(25):
        tracks.heard(sound(0.2, FRAME), 50.04)
    for number in range(2, 100):
        at_s = 50.0 + number * 0.02
        spoken = sound(0.5 if 50 <= number < 60 else 0.0, FRAME)
        (tracks.said if spoken.any() else tracks.idled)(spoken, at_s)
        tracks.heard(sound(1.0 if 50 <= number < 60 else 0.0, FRAME), at_s + 0.02)
    caller, agent = tracks.rest()
    assert abs(places(caller, 1.0)[0] - 50 * FRAME) <= FRAME
    assert abs(places(agent, 0.5)[0] - 50 * FRAME) <= RATE // 20


def test_sound_that_did_not_wait_is_recorded_however_fast_it_comes() -> None:
    tracks = Tracks(RATE, began_s=0.0, waited_s=0.1)
    for _ in range(25):
        tracks.heard(sound(0.2, FRAME), 0.0)
    assert places(tracks.rest()[0], 0.2) == (0, 400)


def test_what_was_sent_ahead_and_never_heard_is_not_recorded() -> None:
    tracks = Tracks(RATE, began_s=0.0)
    tracks.heard(sound(0.1, 1000), 1.0)
    tracks.said(sound(0.5, 300), 1.0)
    tracks.heard(sound(0.1, 100), 1.1)
    tracks.unsaid(200)
    tracks.said(sound(0.7, 50), 1.4)
    tracks.heard(sound(0.1, 400), 1.5)
    caller, agent = tracks.rest()
    assert places(caller, 0.1) == (0, 1500)
    assert places(agent, 0.5) == (1000, 1100)
    assert places(agent, 0.7)[0] == 1400


def test_sound_that_was_lost_on_the_way_leaves_its_gap() -> None:
    tracks = Tracks(RATE, began_s=0.0)
    tracks.heard(sound(0.1, 500), 0.5)
    tracks.said(sound(0.5, 200), 2.0)
    tracks.heard(sound(0.2, 500), 3.0)
    caller, agent = tracks.rest()
    assert places(caller, 0.1) == (0, 500)
    assert places(caller, 0.2) == (2500, 3000)
    assert places(agent, 0.5) == (2000, 2200)


def test_a_line_that_begins_late_is_silent_until_then() -> None:
    tracks = Tracks(RATE, began_s=0.0)
    tracks.said(sound(0.5, 100), 0.2)
    tracks.heard(sound(0.1, 20), 0.6)
    caller, agent = tracks.rest()
    assert places(caller, 0.1) == (580, 600)
    assert places(agent, 0.5) == (200, 300)


def test_sound_taken_without_a_pause_is_recorded_without_one() -> None:
    """Though it is sent in bursts, ahead of its time."""
    tracks = Tracks(RATE, began_s=0.0)
    for number in range(10):
        tracks.said(sound(0.5, 100), 0.5 + number * 0.08)
    assert places(tracks.rest()[1], 0.5) == (500, 1500)


def test_a_line_that_falls_silent_is_recorded_at_the_same_pace() -> None:
    tracks, blocks = Tracks(RATE, began_s=0.0), list[Samples]()
    tracks.heard(sound(0.1, 1000), 1.0)
    for number in range(100):
        at_s = 1.0 + number * 0.1
        tracks.said(sound(0.5, 100), at_s)
        if (block := tracks.block(at_s)) is not None:
            blocks.append(block)
    tracks.heard(sound(0.2, 100), 11.0)
    caller, agent = whole(tracks, blocks)
    assert len(blocks) == 9
    assert places(caller, 0.2) == (10_900, 11_000)
    assert places(agent, 0.5) == (1000, 11_000)
