"""As many voices as can speak without a gap."""

import pytest

from app.tts.admission import ROOM, Admission, Pace


def made(pace: Pace, pieces: int, *, took_s: float, made_s: float) -> None:
    now_s = 0.0
    for _ in range(pieces):
        pace.begin(now_s)
        now_s += took_s
        pace.end(now_s, made_s)


def test_nothing_is_known_before_enough_sound_was_made() -> None:
    pace = Pace()
    made(pace, 2, took_s=0.1, made_s=1.0)
    assert pace.measured is None
    made(pace, 1, took_s=0.1, made_s=1.0)
    assert pace.measured == pytest.approx(10)


def test_the_pace_is_that_of_all_together() -> None:
    """Two wait at once: each second counts once."""
    pace = Pace()
    pace.begin(0.0)
    pace.begin(0.0)
    pace.end(1.0, 2.0)
    pace.end(2.0, 2.0)
    assert pace.measured == pytest.approx(2.0)


def test_time_in_which_nobody_waits_does_not_count() -> None:
    pace = Pace()
    pace.begin(0.0)
    pace.end(1.0, 2.0)
    pace.begin(100.0)
    pace.end(101.0, 2.0)
    assert pace.measured == pytest.approx(2.0)


def test_what_came_to_nothing_does_not_count() -> None:
    pace = Pace()
    made(pace, 4, took_s=0.5, made_s=1.0)
    pace.begin(50.0)
    pace.end(90.0, 0.0)
    assert pace.measured == pytest.approx(2.0)


def test_old_pieces_are_forgotten() -> None:
    pace = Pace()
    made(pace, 100, took_s=1.0, made_s=1.0)
    made(pace, 64, took_s=0.1, made_s=1.0)
    assert pace.measured == pytest.approx(10)


@pytest.mark.parametrize(
    ("times_as_fast", "room"),
    [(10.0, int(10 * ROOM)), (2.0, 1), (0.5, 1), (1000.0, 20)],
)
def test_there_is_room_for_what_the_pace_allows(times_as_fast: float, room: int) -> None:
    admission = Admission(20)
    assert admission.room_for == 20
    made(admission.pace, 4, took_s=1 / times_as_fast, made_s=1.0)
    assert admission.room_for == room
    admission.speaking = room - 1
    assert admission.has_room
    admission.speaking = room
    assert not admission.has_room
