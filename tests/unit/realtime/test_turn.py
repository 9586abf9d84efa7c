"""Conversations as lists of what happens when, and what is decided then."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.realtime.turn import (
    Agent,
    GoOn,
    Hold,
    Interrupt,
    Reply,
    Turn,
    TurnRules,
    Withdraw,
)
from app.realtime.words import small_words
from tests.unit.realtime.talk import WAIT_S, Talk, made_to_speak


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def speaking(talk: Talk) -> Talk:
    return made_to_speak(talk)


def test_silence_after_words_is_answered(talk: Talk) -> None:
    talk.says(0, "Hello there.", until_s=1.0)
    talk.at(5)
    assert talk.decided == [(1.6, Reply("Hello there."))]
    assert talk.turn.agent is Agent.THINKING


def test_unfinished_words_are_given_more_time(talk: Talk) -> None:
    talk.says(0, "I would like to", until_s=1.0)
    talk.says(2.2, "cancel my order.", until_s=3.0)
    talk.at(5)
    assert talk.decided == [(3.6, Reply("I would like to cancel my order."))]


def test_a_late_final_is_waited_for(talk: Talk) -> None:
    talk.at(0).voice()
    talk.at(0.5).heard("My name", is_final=False)
    talk.voice(until_s=1.0)
    talk.at(1.8).heard("My name is Ada.")
    talk.at(5)
    assert talk.decided == [(1.8, Reply("My name is Ada."))]


def test_what_was_shown_is_answered_where_the_final_never_comes(talk: Talk) -> None:
    talk.at(0).voice()
    talk.at(0.5).heard("My name is Ada", is_final=False)
    talk.voice(until_s=1.0)
    talk.at(5)
    assert talk.decided == [(2.0, Reply("My name is Ada"))]


def test_noise_without_words_is_no_turn(talk: Talk) -> None:
    talk.says(0, "", until_s=0.3)
    talk.at(9)
    assert talk.decisions == []


def test_a_long_sentence_cut_in_two_is_one_turn(talk: Talk) -> None:
    talk.at(0).voice()
    talk.at(6.0).heard("I called last week about the blue one")
    talk.voice(until_s=8.0)
    talk.at(8.2).heard("that never came.")
    talk.at(12)
    assert talk.decisions == [Reply("I called last week about the blue one that never came.")]


def test_who_goes_on_before_the_reply_is_heard_said_one_thing(talk: Talk) -> None:
    talk.says(0, "Book a table.", until_s=1.0)
    talk.at(1.9).voice()
    talk.at(2.3).heard("For four", is_final=False)
    talk.voice(until_s=2.8)
    talk.at(3.0).heard("For four people.")
    talk.at(9)
    assert talk.decided == [
        (1.6, Reply("Book a table.")),
        (1.9, Hold()),
        (2.3, Withdraw("Book a table.")),
        (3.4, Reply("Book a table. For four people.")),
    ]


def test_a_cough_while_thinking_delays_the_reply_and_no_more(talk: Talk) -> None:
    talk.says(0, "Book a table.", until_s=1.0)
    talk.says(1.9, "", until_s=2.1)
    talk.at(9)
    assert talk.decided == [(1.6, Reply("Book a table.")), (1.9, Hold()), (2.3, GoOn())]


def test_a_sign_of_listening_does_not_make_the_agent_think_again(talk: Talk) -> None:
    talk.says(0, "Book a table.", until_s=1.0)
    talk.says(1.9, "Okay.", until_s=2.2)
    talk.at(9)
    assert talk.decided == [(1.6, Reply("Book a table.")), (1.9, Hold()), (2.4, GoOn())]


def test_words_interrupt(speaking: Talk) -> None:
    speaking.at(3.0).voice()
    speaking.at(3.5).heard("Wait, what about", is_final=False)
    speaking.voice(until_s=4.2)
    speaking.at(4.4).heard("Wait, what about Sunday?")
    speaking.at(9)
    assert speaking.decided == [
        (3.2, Hold()),
        (3.5, Interrupt()),
        (4.8, Reply("Wait, what about Sunday?")),
    ]


@pytest.mark.parametrize(
    ("language", "sign"),
    [("en", "Mm-hmm."), ("en-GB", "Yeah, okay."), ("en", "uh"), ("hi", "Haan ji."), ("hi", "हाँ।")],
)
def test_a_sign_of_listening_lets_the_agent_go_on(language: str, sign: str) -> None:
    speaking = made_to_speak(Talk(language))
    speaking.says(3.0, sign, until_s=3.5)
    speaking.at(6.0).agent_ends()
    speaking.at(12)
    assert speaking.decided == [(3.2, Hold()), (3.7, GoOn())]


def test_a_cough_too_short_to_hold_goes_unnoticed(speaking: Talk) -> None:
    speaking.says(3.0, "", until_s=3.1)
    speaking.at(9)
    assert speaking.decisions == []


def test_our_own_voice_come_back_is_not_the_user(speaking: Talk) -> None:
    speaking.at(3.0).voice()
    speaking.at(3.6).heard("open from nine", is_final=False)
    speaking.voice(until_s=4.0)
    speaking.at(4.2).heard("We're open from nine to five.")
    speaking.at(6.0).agent_ends()
    speaking.at(9)
    assert speaking.decided == [(3.2, Hold()), (4.2, GoOn())]


def test_an_echo_that_is_recognized_late_is_no_turn(speaking: Talk) -> None:
    speaking.at(5.5).voice()
    speaking.at(6.0).agent_ends()
    speaking.voice(until_s=6.1)
    speaking.at(6.4).heard("five on weekdays")
    speaking.at(12)
    assert Reply("five on weekdays") not in speaking.decisions


def test_a_voice_without_words_holds_only_for_a_while(speaking: Talk) -> None:
    speaking.at(3.0).voice()
    speaking.at(9)
    assert speaking.decided == [(3.2, Hold()), (5.2, GoOn())]


def test_words_that_come_after_all_still_interrupt(speaking: Talk) -> None:
    speaking.at(3.0).voice()
    speaking.at(6.0).heard("Stop it", is_final=False)
    assert speaking.decisions == [Hold(), GoOn(), Interrupt()]


def test_a_yes_with_the_last_word_is_an_answer(speaking: Talk) -> None:
    speaking.says(5.4, "Yes.", until_s=5.7, final_s=0.1)
    speaking.at(6.0).agent_ends()
    speaking.at(9)
    assert speaking.decisions[-1] == Reply("Yes.")


def test_the_answer_after_a_sign_of_listening_is_all_that_is_answered(speaking: Talk) -> None:
    speaking.says(3.0, "Mm-hmm.", until_s=3.4)
    speaking.at(6.0).agent_ends()
    speaking.says(6.5, "Thanks, goodbye.", until_s=7.5)
    speaking.at(12)
    assert speaking.decisions[-1] == Reply("Thanks, goodbye.")


def test_a_typed_text_interrupts_and_is_answered_at_once(speaking: Talk) -> None:
    speaking.at(3.0).typed("Sunday?")
    assert speaking.decided == [(3.0, Interrupt()), (3.0, Reply("Sunday?"))]


def test_a_button_stops_what_is_said_and_asks_nothing(speaking: Talk) -> None:
    before = len(speaking.decided)
    speaking.at(3.0).silenced()
    speaking.at(10)
    assert speaking.decided[before:] == [(3.0, Interrupt())]


def test_a_button_stops_a_thought_and_its_question_is_not_answered_again(talk: Talk) -> None:
    talk.silenced()
    talk.at(1).typed("One table.")
    talk.at(1.2).silenced()
    talk.at(9)
    assert talk.decisions == [Reply("One table."), Interrupt()]
    talk.says(10, "For two.", until_s=11)
    talk.at(15)
    assert talk.decisions[-1] == Reply("For two.")


def test_two_typed_texts_in_a_row_are_answered_together(talk: Talk) -> None:
    talk.at(1).typed("One table.")
    talk.at(1.2).typed("For two.")
    assert talk.decisions == [
        Reply("One table."),
        Withdraw("One table."),
        Reply("One table. For two."),
    ]


def test_after_a_reply_that_failed_the_user_is_heard_again(talk: Talk) -> None:
    talk.says(0, "Hello.", until_s=1.0)
    talk.at(2.0).agent_ends()
    talk.says(3.0, "Anybody there?", until_s=4.0)
    talk.at(9)
    assert talk.decisions == [Reply("Hello."), Reply("Anybody there?")]


def test_a_final_that_comes_after_the_question_was_answered_changes_it(talk: Talk) -> None:
    talk.at(0).voice()
    talk.at(0.5).heard("Are you open", is_final=False)
    talk.voice(until_s=1.0)
    talk.at(2.2).heard("Are you open tonight", is_final=False)
    talk.at(2.4).heard("Are you open tonight?")
    talk.at(9)
    assert talk.decided == [
        (2.0, Reply("Are you open")),
        (2.4, Withdraw("Are you open")),
        (2.4, Reply("Are you open tonight?")),
    ]


def test_a_late_final_of_the_same_words_changes_nothing(talk: Talk) -> None:
    talk.at(0).voice()
    talk.at(0.5).heard("Are you open", is_final=False)
    talk.voice(until_s=1.0)
    talk.at(2.4).heard("Are you open?")
    talk.at(9)
    assert talk.decisions == [Reply("Are you open")]


def test_a_late_final_does_not_interrupt_its_own_answer(talk: Talk) -> None:
    talk.at(0).voice()
    talk.at(0.5).heard("Are you open", is_final=False)
    talk.voice(until_s=1.0)
    talk.at(2.5).agent_sounds("Until ten.")
    talk.at(2.6).heard("Are you open tonight?")
    talk.at(9)
    assert talk.decisions == [Reply("Are you open")]


def test_what_was_answered_and_was_no_speech_is_taken_back(talk: Talk) -> None:
    talk.at(0).voice()
    talk.at(0.5).heard("Thanks for watching", is_final=False)
    talk.voice(until_s=1.0)
    talk.at(2.4).heard("")
    talk.at(9)
    assert talk.decisions == [Reply("Thanks for watching"), Withdraw("Thanks for watching")]


def test_keys_do_not_take_half_a_sentence_with_them(talk: Talk) -> None:
    talk.at(0).voice()
    talk.at(0.5).heard("I want to", is_final=False)
    talk.typed("1")
    talk.at(1.0).heard("I want to reach somebody", is_final=False)
    talk.voice(until_s=1.5)
    talk.at(1.7).heard("I want to reach somebody.")
    talk.at(9)
    assert talk.decisions == [Reply("1"), Withdraw("1"), Reply("1 I want to reach somebody.")]


def test_an_answer_is_due_only_while_the_floor_is_the_users(talk: Talk) -> None:
    talk.at(0).voice()
    talk.at(0.5).heard("I would like to", is_final=False)
    assert talk.turn.answer_due_s is None
    talk.voice(until_s=1.0)
    assert talk.turn.answer_due_s == 2.5
    talk.at(9)
    assert talk.turn.agent is Agent.THINKING
    assert talk.turn.answer_due_s is None


def test_an_agent_that_does_not_yield_is_heard_out_and_answers_then() -> None:
    talk = Talk()
    talk.turn = Turn(small_words("en"), lambda _: WAIT_S, TurnRules(yields=False))
    made_to_speak(talk)
    talk.says(2.5, "Wait, what about Sunday?", until_s=3.5)
    talk.at(6.0).agent_ends()
    talk.at(9)
    assert talk.decisions == [Reply("Wait, what about Sunday?")]


def test_nothing_is_due_while_nobody_said_anything(talk: Talk) -> None:
    assert talk.turn.due_s is None
    talk.says(0, "", until_s=0.5)
    talk.at(9)
    assert talk.turn.due_s is None


STEP = st.sampled_from(["voice", "silence", "interim", "final", "noise", "typed", "sound", "end"])


@given(steps=st.lists(st.tuples(st.floats(0, 3), STEP), max_size=30))
def test_whatever_happens_nothing_stays_due_and_every_reply_is_of_words(
    steps: list[tuple[float, str]],
) -> None:
    talk = Talk()
    for after_s, step in steps:
        talk.at(talk.now_s + after_s)
        match step:
            case "voice":
                talk.voice()
            case "silence" if talk.turn.is_voice:
                talk.voice(until_s=talk.now_s)
            case "interim" | "final":
                talk.heard("please stop", is_final=step == "final")
            case "noise":
                talk.heard("")
            case "typed":
                talk.typed("five")
            case "sound" if talk.turn.agent is Agent.THINKING:
                talk.agent_sounds("We are open.")
            case "end" if talk.turn.agent is not Agent.QUIET:
                talk.agent_ends()
            case _:
                pass
    talk.at(talk.now_s + 60)
    for before, after in pairwise([None, *talk.decisions]):
        assert not isinstance(after, Reply) or after.text
        assert not (isinstance(before, Hold) and isinstance(after, Hold))
        assert not isinstance(after, GoOn) or isinstance(before, Hold)
