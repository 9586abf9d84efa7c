"""What of a conversation fits into a model."""

import pytest

from app.llm.conversation import Message, PromptTooLong
from app.llm.room import newest_that_fit

LONG = "x" * 300
"""100 tokens, and a little for the message around it."""


def user(text: str = LONG) -> Message:
    return Message("user", text)


def assistant() -> Message:
    return Message("assistant", LONG)


def test_what_fits_is_left_as_it_is() -> None:
    messages = [assistant(), user(), assistant(), user()]
    fitting = newest_that_fit(messages, 1000)
    assert (fitting.messages, fitting.dropped) == (messages, 0)


def test_the_oldest_go_first_and_an_answer_with_its_question() -> None:
    messages = [user("1" * 300), assistant(), user("2" * 300), assistant(), user()]
    fitting = newest_that_fit(messages, 450)
    assert (fitting.messages, fitting.dropped) == (messages[2:], 2)
    assert newest_that_fit(messages, 340).messages == messages[2:]
    fitting = newest_that_fit(messages, 320)
    assert (fitting.messages, fitting.dropped) == (messages[-1:], 4)


def test_instructions_stay_wherever_they_stand() -> None:
    first, second = Message("developer", "Be kind."), Message("developer", "Be brief.")
    messages = [first, user(), assistant(), second, user(), assistant(), user()]
    fitting = newest_that_fit(messages, 150)
    assert (fitting.messages, fitting.dropped) == ([first, second, messages[-1]], 4)


def test_the_last_message_must_fit() -> None:
    with pytest.raises(PromptTooLong, match="than the 100 tokens") as refused:
        newest_that_fit([user("hello"), user()], 100)
    assert refused.value.details == {"most_tokens": 100}
    with pytest.raises(PromptTooLong, match="than the 0 tokens"):
        newest_that_fit([user()], -5)


def test_other_scripts_need_more_room() -> None:
    hindi = [user("नमस्ते " * 20), user("Hello.")]
    assert newest_that_fit(hindi, 120).dropped == 1
    assert newest_that_fit(hindi, 320).dropped == 0
