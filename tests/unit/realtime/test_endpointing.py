"""How long each phrase is waited for."""

import pytest

from app.realtime.endpointing import Evidence, Patience, is_open_question, silence_needed_s
from app.realtime.words import is_echo, small_words

PATIENCE = Patience(short_s=0.3, usual_s=0.6, long_s=1.4)


@pytest.mark.parametrize(
    ("language", "text", "asked", "needed_s"),
    [
        ("en", "Two tickets, please.", "", 0.3),
        ("en", "two tickets please", "", 0.6),
        ("en", "I would like to", "", 1.4),
        ("en", "I would like to.", "", 1.4),
        ("en", "My number is 555,", "", 1.4),
        ("en", "Well, um", "", 1.4),
        ("en", "Which one is it for?", "", 0.3),
        ("en", "yes", "Is that right?", 0.3),
        ("en", "yes", "Tell me what happened?", 1.0),
        ("en", "It broke.", "What happened?", 1.0),
        ("en", "It broke when I opened the box yesterday.", "What happened?", 0.3),
        ("hi", "मुझे एक टिकट चाहिए और", "", 1.4),
        ("hi", "मुझे एक टिकट चाहिए।", "", 0.3),
        ("es", "quisiera una mesa para", "", 1.4),
        ("de", "ich will aber", "", 1.4),
        ("xx", "whatever to", "", 0.6),
    ],
)
def test_words_say_how_long_to_wait(language: str, text: str, asked: str, needed_s: float) -> None:
    evidence = Evidence(text, small_words(language), asked)
    assert silence_needed_s(evidence, PATIENCE) == needed_s


def test_a_voice_that_did_not_fall_is_waited_for() -> None:
    closed = Evidence("Two tickets.", small_words("en"), over=0.05)
    assert silence_needed_s(closed, PATIENCE) == PATIENCE.long_s
    assert silence_needed_s(Evidence("Two tickets.", closed.words, over=0.9), PATIENCE) == 0.3


@pytest.mark.parametrize(
    ("asked", "is_open"),
    [
        ("How can I help you today?", True),
        ("I see. Why did you cancel?", True),
        ("Can you tell me what happened?", True),
        ("How many people?", False),
        ("What is your name?", False),
        ("Tell me. Is it Monday?", False),
        ("Here is how it works.", False),
        ("", False),
    ],
)
def test_questions_that_ask_to_tell(asked: str, is_open: bool) -> None:
    assert is_open_question(asked) is is_open


@pytest.mark.parametrize(
    ("heard", "is_ours"),
    [
        ("open from nine to five", True),
        ("We're open from nine to five.", True),
        ("nine", False),
        ("we are opening from nine to five on week", True),
        ("open form nein to five", True),
        ("no", False),
        ("we are on holiday in May", False),
        ("are you open on Sunday", False),
        ("", False),
    ],
)
def test_an_echo_is_known_by_its_words(heard: str, is_ours: bool) -> None:
    assert is_echo(heard, "We are open from nine to five on weekdays.") is is_ours


def test_patience_is_in_order() -> None:
    with pytest.raises(ValueError, match="must hold"):
        Patience(short_s=1.0, usual_s=0.5)
