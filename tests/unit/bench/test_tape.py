"""What is measured on a tape of both ends of a call."""

import numpy as np
import pytest

from app.bench.tape import Exchange, Tape, exchanges
from app.core.audio.convert import Samples

RATE = 1000
FRAME = 20
QUIET: Samples = np.zeros(FRAME, np.float32)
LOUD: Samples = np.full(FRAME, 0.5, np.float32)


def tape_of(said: str, heard: str, late_s: dict[int, float] | None = None) -> Tape:
    """A frame a letter, `x` where it is loud; `late_s`: of those heard, by their number."""
    tape = Tape(RATE, 0.0)
    frame_s = FRAME / RATE
    for number, letter in enumerate(said):
        tape.said(LOUD if letter == "x" else QUIET, (number + 1) * frame_s)
    for number, letter in enumerate(heard):
        now_s = number * frame_s + (late_s or {}).get(number, 0.0)
        tape.heard(LOUD if letter == "x" else QUIET, now_s)
    return tape


def found(tape: Tape) -> list[Exchange]:
    return exchanges(tape.stereo, tape.rate)


def test_the_wait_is_from_the_last_sample_said_to_the_first_heard() -> None:
    (only,) = found(tape_of("..xx" + "." * 40, "." * 30 + "xxxx" + "." * 10))
    assert only.waited_s == pytest.approx(26 * 0.02, abs=0.002)
    assert only.span_s == pytest.approx(4 * 0.02, abs=0.002)
    assert not only.is_cut_in


def test_every_utterance_has_its_own_answer_and_a_pause_divides_none() -> None:
    said = "xx" + "." * 20 + "xx" + "." * 100 + "xxx" + "." * 100
    heard = "." * 60 + "x" + "." * 100 + "x" + "." * 70
    first, second = found(tape_of(said, heard))
    assert first.waited_s == pytest.approx((60 - 24) * 0.02, abs=0.002)
    assert second.waited_s == pytest.approx((161 - 127) * 0.02, abs=0.002)


def test_an_agent_that_speaks_before_the_caller_has_finished_cuts_in() -> None:
    said = "xx" + "." * 20 + "xx" + "." * 60
    (only,) = found(tape_of(said, "." * 12 + "xxx" + "." * 60))
    assert only.is_cut_in


def test_who_is_not_answered_has_not_waited() -> None:
    (only,) = found(tape_of("xx" + "." * 60, "." * 60))
    assert (only.waited_s, only.span_s) == (None, None)


def test_sound_that_comes_late_is_a_gap_in_the_answer() -> None:
    heard = "." * 10 + "xxxxxx" + "." * 10
    (even,) = found(tape_of("x" + "." * 40, heard))
    late = dict.fromkeys(range(13, 30), 0.1)
    (late_one,) = found(tape_of("x" + "." * 40, heard, late))
    assert even.span_s is not None
    assert late_one.span_s == pytest.approx(even.span_s + 0.1, abs=0.002)


def test_a_frame_that_comes_early_is_not_lost_and_silence_makes_up_for_what_came_late() -> None:
    """The second answer is heard when it comes, though the first had come late."""
    heard = "." * 5 + "xx" + "." * 60 + "x" + "." * 5
    late = dict.fromkeys(range(5, 9), 0.06)
    tape = tape_of("x" + "." * 80, heard, late)
    loud = np.flatnonzero(tape.stereo[1] > 0)
    assert loud.size == 3 * FRAME
    assert loud[0] == 5 * FRAME + 60
    assert loud[-1] == 68 * FRAME - 1
