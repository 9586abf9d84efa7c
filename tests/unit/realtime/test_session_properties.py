"""Whatever happens in whatever order: a session ends when it is hung up, and remembers what was
heard."""

from itertools import accumulate, pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.realtime.events import StateChanged
from tests.unit.realtime.simulated import FRAME_S, converse
from tests.virtual_time import run_virtual

TENTHS = st.integers(0, 25).map(lambda tenths: tenths / 10)
WORDS = st.sampled_from(
    [
        "",
        "Yes.",
        "Mm-hmm.",
        "I would like to",
        "What are your hours?",
        "from nine to five",
        "Okay thanks, bye.",
    ]
)
ANSWERS = st.sampled_from(
    [
        "We are open from nine to five.",
        "Your order was shipped. It arrives tomorrow before noon.",
        "fail",
        "It is 4 in stock.",
        "One moment. fail",
        "Goodbye!",
        "Goodbye for now. end",
        "Let me ask. transfer",
        "end",
        "3 Sure.",
    ]
)


@st.composite
def acts(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One after the other, the last of them hanging up."""
    gaps = draw(st.lists(TENTHS, max_size=9))
    happens: list[dict[str, Any]] = []
    at = 0.0
    for gap in gaps:
        at = round(at + gap + 0.1, 1)
        if draw(st.integers(0, 4)) == 0:
            happens.append({"at": at, "types": "12#"})
            continue
        until = round(at + draw(TENTHS), 1)
        act = {"at": at, "until": until, "user": draw(WORDS), "final": draw(TENTHS)}
        if draw(st.integers(0, 4)) == 0:
            act["shows"] = draw(WORDS)
        happens.append(act)
        at = until
    return [*happens, {"at": round(at + draw(TENTHS), 1), "hangs_up": True}]


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    places = draw(st.lists(TENTHS, max_size=4).map(lambda gaps: list(accumulate(gaps))))
    return {
        "happens": draw(acts()),
        "agent": draw(st.lists(ANSWERS, min_size=1, max_size=5)),
        "greeting": draw(st.sampled_from(["", "Hello, this is Parley. How can I help you?"])),
        "goodbye": draw(st.sampled_from(["", "Goodbye."])),
        "filler": draw(st.sampled_from(["", "One moment please."])),
        "filler_s": 1.5,
        "silence_s": draw(st.sampled_from([2, 60])),
        "closes": draw(st.booleans()),
        "adapts": draw(st.booleans()),
        "yields": draw(st.booleans()),
        "ahead_s": draw(st.sampled_from([0, 0.5])),
        "mouth_fails_at": draw(st.sampled_from(["", "", "nine", "Sorry,", "Hello", "*"])),
        "stalls": list(zip(places[::2], places[1::2], strict=False)),
        "bursts": draw(st.booleans()),
    }


@settings(max_examples=60, deadline=None)
@given(scenario=scenarios())
def test_every_session_ends_and_remembers_what_was_heard(scenario: dict[str, Any]) -> None:
    held = run_virtual(converse(scenario))
    hung_up_s = scenario["happens"][-1]["at"]
    assert held.told[-1][1] is held.ended
    assert held.told[-1][0] <= hung_up_s + FRAME_S
    if held.ended.reason == "hung_up":
        assert held.told[-1][0] >= hung_up_s - FRAME_S
    assert held.agent_words == held.played
    assert not held.stale
    assert held.tasks_left == 0
    states = [event.state for _, event in held.told if isinstance(event, StateChanged)]
    assert all(before != after for before, after in pairwise(states))
