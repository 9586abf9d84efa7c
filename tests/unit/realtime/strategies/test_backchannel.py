"""When somebody who listens gives a sign."""

import pytest

from app.realtime.strategies.backchannel import Backchannel, BackchannelRules

pytestmark = pytest.mark.inventory("WH-275")
RULES = BackchannelRules(spoken_s=4, pause_s=0.3, room_s=0.7, every_s=10)


@pytest.fixture
def backchannel() -> Backchannel:
    return Backchannel(("Mm-hmm.", "Uh-huh."), RULES)


def speaks(backchannel: Backchannel, from_s: float, until_s: float) -> None:
    backchannel.voice_began(from_s)
    backchannel.voice_ended(until_s)


def test_a_pause_after_long_speech_is_answered_with_a_sign(backchannel: Backchannel) -> None:
    speaks(backchannel, 0, 5)
    assert backchannel.due_s == 5.3
    assert backchannel.tick(5.2, 6.5) == ""
    assert backchannel.tick(5.3, 6.5) == "Mm-hmm."
    assert backchannel.tick(5.4, 6.5) == ""


def test_what_was_said_in_pieces_counts_together(backchannel: Backchannel) -> None:
    speaks(backchannel, 0, 3)
    assert backchannel.due_s is None
    speaks(backchannel, 4, 5.5)
    assert backchannel.tick(5.8, 7) == "Mm-hmm."


def test_no_sign_where_the_turn_is_about_to_be_answered(backchannel: Backchannel) -> None:
    speaks(backchannel, 0, 5)
    assert backchannel.tick(5.3, 5.6) == ""


def test_no_sign_where_the_floor_is_not_the_users(backchannel: Backchannel) -> None:
    speaks(backchannel, 0, 5)
    assert backchannel.tick(5.3, None) == ""


def test_who_goes_on_at_once_made_no_pause(backchannel: Backchannel) -> None:
    speaks(backchannel, 0, 5)
    backchannel.voice_began(5.2)
    assert backchannel.due_s is None
    assert backchannel.tick(5.3, 9) == ""


def test_a_sign_is_rare_and_not_always_the_same(backchannel: Backchannel) -> None:
    speaks(backchannel, 0, 5)
    assert backchannel.tick(5.3, 9) == "Mm-hmm."
    speaks(backchannel, 6, 15)
    assert backchannel.due_s is None
    speaks(backchannel, 15.5, 16)
    assert backchannel.tick(16.3, 18) == "Uh-huh."


def test_an_answer_begins_the_count_anew(backchannel: Backchannel) -> None:
    speaks(backchannel, 0, 5)
    backchannel.floor_taken()
    assert backchannel.due_s is None
    speaks(backchannel, 9, 11)
    assert backchannel.due_s is None


def test_a_language_without_signs_has_none() -> None:
    backchannel = Backchannel(())
    speaks(backchannel, 0, 9)
    assert backchannel.tick(9.3, 12) == ""
