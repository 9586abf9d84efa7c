"""The time budget and the guarded source, on a clock of the test."""

import io

import pytest

from app.core.audio import guard
from app.core.audio.errors import AudioTooSlow
from app.core.audio.guard import ByteSource, TimeBudget


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(guard, "time", clock)
    return clock


def test_only_time_spent_decoding_counts(clock: Clock) -> None:
    budget = TimeBudget(10)
    with budget.spending():
        clock.now += 6
        budget.check()
    clock.now += 1000  # the consumer thinks about the block
    with budget.spending():
        clock.now += 3
        budget.check()
        clock.now += 2
        with pytest.raises(AudioTooSlow) as refused:
            budget.check()
    assert refused.value.details == {"deadline_s": 10}


def test_a_read_after_the_deadline_ends_the_file_and_is_reported(clock: Clock) -> None:
    budget = TimeBudget(10)
    source = ByteSource(io.BytesIO(b"abc" * 100), budget)
    with budget.spending():
        assert source.read(3) == b"abc"
        clock.now += 11
        assert source.read(3) == b""
        with pytest.raises(AudioTooSlow):
            source.check()


def test_a_stream_that_returns_more_than_asked_never_reaches_libav() -> None:
    class Generous(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return b"x" * ((size or 0) + 1)

    source = ByteSource(Generous(), TimeBudget(10))
    assert source.read(16) == b""
    with pytest.raises(BufferError):
        source.check()
