"""What is worth another try, and when."""

import math

import pytest

from app.core.errors import AppError, UpstreamTimeout
from app.core.http import OutboundBlocked, OutboundTimedOut
from app.llm.answering import ModelTimedOut
from app.llm.conversation import ModelFailed, ModelOverloaded, ModelRefused, PromptTooLong
from app.llm.retries import LONGEST_WAIT_S, WAITS_S, is_passing, wait_before_again_s

PASSING = [
    ModelFailed("x"),
    ModelOverloaded("x"),
]
SLOW = [OutboundTimedOut("host"), ModelTimedOut("x")]
LASTING = [
    ModelRefused("x"),
    PromptTooLong("x"),
    OutboundBlocked("host", "x"),
]


def least(fault: AppError, tried: int) -> float | None:
    return wait_before_again_s(fault, tried, chance=lambda: 0.0)


def most(fault: AppError, tried: int) -> float | None:
    return wait_before_again_s(fault, tried, chance=lambda: 1.0)


@pytest.mark.parametrize("fault", PASSING, ids=type)
def test_what_passes_is_tried_again_ever_later_and_not_for_ever(fault: AppError) -> None:
    assert is_passing(fault)
    for tried, longest_s in enumerate(WAITS_S, start=1):
        assert (least(fault, tried), most(fault, tried)) == (longest_s / 2, longest_s)
    assert most(fault, len(WAITS_S) + 1) is None


@pytest.mark.parametrize("fault", LASTING, ids=type)
def test_what_lasts_is_not_tried_again(fault: AppError) -> None:
    assert not is_passing(fault)
    assert most(fault, 1) is None


@pytest.mark.parametrize("fault", SLOW, ids=type)
def test_who_was_waited_for_in_vain_is_not_waited_for_again(fault: UpstreamTimeout) -> None:
    assert is_passing(fault)
    assert most(fault, 1) is None


@pytest.mark.parametrize(
    ("asked_s", "waits_s"),
    [(0, WAITS_S[0]), (2, 2.0), (LONGEST_WAIT_S, LONGEST_WAIT_S), (4, None), (math.inf, 0.25)],
)
def test_it_comes_back_when_it_was_told_to_unless_that_is_long(
    asked_s: float, waits_s: float | None
) -> None:
    assert most(ModelOverloaded("x", retry_after_s=asked_s), 1) == waits_s
