"""When one more call is refused, and what is said then."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from app.calls.sessions.admission import CallAdmission
from app.calls.sessions.domain import CallsRefused


@dataclass
class Machine:
    """What is asked of streams, voices and the loop."""

    has_room: bool = True
    room_for: int = 3
    usual_s: float = 0.001


def admission(machine: Machine) -> CallAdmission:
    asked = cast("Any", machine)
    return CallAdmission(asked, asked, asked)


def test_a_call_is_admitted_where_there_is_room() -> None:
    admission(Machine()).check(2)


@pytest.mark.parametrize(
    ("machine", "live", "reason"),
    [
        (Machine(), 3, "3 calls are under way"),
        (Machine(has_room=False), 0, "as many streams"),
        (Machine(usual_s=0.2), 0, "machine is busy"),
    ],
)
def test_a_call_that_would_have_gaps_is_refused_with_the_reason(
    machine: Machine, live: int, reason: str
) -> None:
    with pytest.raises(CallsRefused, match=f"(?i){reason}") as refused:
        admission(machine).check(live)
    assert refused.value.details["retry_after_s"] > 0


def test_a_process_that_stops_takes_no_more() -> None:
    closed = admission(Machine())
    closed.is_closed = True
    with pytest.raises(CallsRefused, match="being stopped"):
        closed.check(0)
