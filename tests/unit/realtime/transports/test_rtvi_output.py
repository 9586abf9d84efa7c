"""What a browser is told of an answer as it is spoken: how much of it was heard."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from app.realtime.conversation import Line
from app.realtime.events import Heard, Said, Saying, SessionEvent, StateChanged, Withdrawn
from app.realtime.transports.rtvi import Chat, Message

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
pytestmark = pytest.mark.inventory("EX-046")


@pytest.fixture
def chat() -> Chat:
    return Chat(("parley", "1.2.3"), lambda: NOW)


def told(chat: Chat, *events: SessionEvent) -> list[Message]:
    return [message for event in events for message in chat.told(event)]


def outputs(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [message["data"] for message in messages if message["type"] == "bot-output"]


REPLY = (
    StateChanged("thinking", 0.0),
    Saying("One two.", 0.0),
    Saying("Three four.", 0.0),
    Saying("Five.", 0.0),
)


def test_a_sentence_is_told_word_by_word_as_it_is_heard(chat: Chat) -> None:
    told(chat, *REPLY)
    progress = [
        [(each["segment_id"], each["spoken_progress"]["accumulated_text"]) for each in outputs(got)]
        for got in (
            told(chat, Heard("One")),
            told(chat, Heard("One")),
            told(chat, Heard("One two. Three")),
            told(chat, Said(Line("agent", "One two. Three four.", 1.0, is_cut=True))),
        )
    ]
    assert progress == [[(1, "One")], [], [(1, "One two."), (2, "Three")], [(2, "Three four.")]]


def test_of_a_reply_that_was_cut_only_what_was_heard_is_spoken(chat: Chat) -> None:
    new = outputs(told(chat, *REPLY))
    assert [(each["segment_id"], each["spoken_status"]) for each in new] == [
        (1, "new"),
        (2, "new"),
        (3, "new"),
    ]
    heard = outputs(told(chat, Said(Line("agent", "One two. Three", 1.0, is_cut=True))))
    assert [
        (each["segment_id"], each["spoken_status"], each["spoken_progress"]) for each in heard
    ] == [
        (1, "completed", {"accumulated_text": "One two.", "remaining_text": ""}),
        (2, "in-progress", {"accumulated_text": "Three", "remaining_text": " four."}),
    ]


def test_an_older_client_gets_the_output_that_it_knows(chat: Chat) -> None:
    chat.received(
        '{"label": "rtvi-ai", "type": "client-ready", "id": "m1", "data": {"version": "1.2.0"}}'
    )
    messages = told(chat, *REPLY, Said(Line("agent", "One two. Three", 1.0, is_cut=True)))
    assert outputs(messages) == [
        {"text": "One two.", "aggregated_by": "sentence", "segment_id": 1, "spoken": False},
        {"text": "Three four.", "aggregated_by": "sentence", "segment_id": 2, "spoken": False},
        {"text": "Five.", "aggregated_by": "sentence", "segment_id": 3, "spoken": False},
        {"text": "One two.", "aggregated_by": "sentence", "segment_id": 1, "spoken": True},
        {"text": "Three", "aggregated_by": "sentence", "segment_id": 2, "spoken": True},
    ]


def test_a_reply_that_nobody_heard_is_no_part_of_the_next(chat: Chat) -> None:
    told(chat, *REPLY, Withdrawn(Line("user", "hm", 0.0)), StateChanged("listening", 0.5))
    messages = told(
        chat,
        StateChanged("thinking", 1.0),
        Saying("Six.", 1.0),
        Said(Line("agent", "Six.", 2.0)),
    )
    assert [each["segment_id"] for each in outputs(messages)] == [4, 4]


def test_an_interruption_ends_the_sound_before_the_next_thought_begins(chat: Chat) -> None:
    told(chat, *REPLY, StateChanged("speaking", 0.2))
    assert [each["type"] for each in told(chat, StateChanged("thinking", 1.0))] == [
        "bot-tts-stopped",
        "bot-stopped-speaking",
        "bot-llm-stopped",
        "bot-llm-started",
    ]
