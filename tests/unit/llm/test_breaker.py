"""When a provider is left alone, and when it is asked again."""

import pytest

from app.llm.breaker import FAILURES, FIRST_REST_S, LONGEST_REST_S, Breaker


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.admits()
        breaker.failed()


def test_failures_on_end_open_it(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    assert breaker.state == "closed"
    fail(breaker, 1)
    assert breaker.state == "open"
    assert not breaker.admits()
    assert breaker.retry_after_s == FIRST_REST_S


def test_a_success_between_begins_the_count_again(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    breaker.succeeded()
    fail(breaker, FAILURES - 1)
    assert breaker.state == "closed"


def test_after_a_rest_one_alone_is_admitted_as_a_trial(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, FAILURES)
    clock.now_s += FIRST_REST_S
    assert breaker.state == "half_open"
    assert breaker.admits()
    assert not breaker.admits()
    breaker.succeeded()
    assert breaker.state == "closed"
    assert breaker.admits()
    assert breaker.admits()


def test_a_trial_that_fails_doubles_the_rest_up_to_a_limit(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, FAILURES)
    rests = list[float]()
    for _ in range(8):
        rests.append(breaker.retry_after_s)
        clock.now_s += breaker.retry_after_s
        fail(breaker, 1)
    assert rests[:3] == [FIRST_REST_S, 2 * FIRST_REST_S, 4 * FIRST_REST_S]
    assert rests[-1] == LONGEST_REST_S
    breaker.succeeded()
    fail(breaker, FAILURES)
    assert breaker.retry_after_s == FIRST_REST_S


def test_a_trial_that_nothing_is_heard_of_makes_room_for_another(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, FAILURES)
    clock.now_s += FIRST_REST_S
    assert breaker.admits()
    clock.now_s += FIRST_REST_S
    assert breaker.admits()


def test_those_who_began_before_it_opened_prolong_nothing(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, FAILURES)
    clock.now_s += 1
    for _ in range(50):
        breaker.failed()
    assert breaker.retry_after_s == FIRST_REST_S - 1
