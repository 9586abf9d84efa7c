"""The limiter in one process, on a clock of its own."""

import pytest

from app.core.limits import Limit, LocalLimiter, site_of

MINUTE = Limit(3, per_s=60)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000_000_020.0

    def __call__(self) -> float:
        return self.now_s


async def test_what_is_over_the_limit_is_refused_until_the_window_ends() -> None:
    clock = Clock()
    limiter = LocalLimiter(clock)
    answers = [await limiter.take("ada", MINUTE) for _ in range(5)]
    assert [taken.allowed for taken in answers] == [True, True, True, False, False]
    assert [taken.remaining for taken in answers] == [2, 1, 0, 0, 0]
    assert {taken.reset_at for taken in answers} == {1_000_000_080}
    clock.now_s = answers[0].reset_at
    assert (await limiter.take("ada", MINUTE)).allowed


async def test_keys_and_windows_do_not_share_a_count() -> None:
    limiter = LocalLimiter(Clock())
    hour = Limit(1, per_s=3600)
    assert (await limiter.take("ada", hour)).allowed
    assert (await limiter.take("bob", hour)).allowed
    assert (await limiter.take("ada", MINUTE)).allowed
    assert not (await limiter.take("ada", hour)).allowed


@pytest.mark.parametrize(
    ("limit", "said"),
    [(Limit(10, 60), "10/minute"), (Limit(5, 1), "5/second"), (Limit(7, 90), "7/90 s")],
)
def test_a_limit_is_said_as_the_documents_say_it(limit: Limit, said: str) -> None:
    assert str(limit) == said


async def test_made_up_keys_share_counts_once_there_are_too_many() -> None:
    clock = Clock()
    limiter = LocalLimiter(clock, most_keys=100)
    early = await limiter.take("early", MINUTE)
    for number in range(150_000):
        await limiter.take(f"made-up-{number}", MINUTE)
    (_, counts) = limiter._windows[60]
    assert len(counts) <= 100 + 65_536
    assert (await limiter.take("early", MINUTE)).remaining == early.remaining - 1
    refused = [not (await limiter.take(f"late-{number}", MINUTE)).allowed for number in range(100)]
    assert any(refused)
    clock.now_s = early.reset_at
    assert (await limiter.take("late-1", MINUTE)).remaining == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("unix:socket", "unix:other", False),
    ],
)
def test_an_ipv6_caller_is_counted_by_its_network(one: str, other: str, same: bool) -> None:
    assert (site_of(one) == site_of(other)) is same
