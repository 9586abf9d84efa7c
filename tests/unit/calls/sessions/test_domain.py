"""Where a call may go from where it stands."""

from itertools import product

import pytest

from app.calls.sessions.domain import CallState, CallStateConflict

ALLOWED = {
    "queued": "ringing in_progress failed no_answer busy cancelled",
    "ringing": "in_progress failed no_answer busy cancelled",
    "in_progress": "completed failed",
}


@pytest.mark.parametrize(("before", "after"), [*product(CallState, CallState)])
def test_a_call_goes_only_where_it_can(before: CallState, after: CallState) -> None:
    if after.value in ALLOWED.get(before.value, "").split():
        before.check_before(after)
        return
    with pytest.raises(CallStateConflict, match=f"{before.value}: it cannot become {after.value}"):
        before.check_before(after)


def test_what_nothing_follows_is_over() -> None:
    assert {state.value for state in CallState if not state.is_over} == ALLOWED.keys()
