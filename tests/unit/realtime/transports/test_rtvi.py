"""What a browser is told of a session, and what it may say to it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from app.realtime.conversation import Line
from app.realtime.events import (
    Began,
    Ended,
    Said,
    Saying,
    SessionEvent,
    SoundMade,
    StateChanged,
    Thought,
    Understanding,
    VoiceChanged,
    Withdrawn,
)
from app.realtime.transports.rtvi import Chat, ClientReady, HangUp, Interrupt, Message, Typed

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
pytestmark = pytest.mark.inventory("EX-046")


@pytest.fixture
def chat() -> Chat:
    return Chat(("parley", "1.2.3"), lambda: NOW)


def said(chat: Chat, kind: str, data: Any = None, message_id: str = "m1") -> Any:
    """What comes of a message of the client."""
    message = {"label": "rtvi-ai", "type": kind, "id": message_id, "data": data}
    return chat.received(json.dumps(message))


def told(chat: Chat, *events: SessionEvent) -> list[Message]:
    return [message for event in events for message in chat.told(event)]


def types(messages: Sequence[Message]) -> list[str]:
    return [message["type"] for message in messages]


def fault(answer: tuple[Any, Sequence[Message]]) -> str:
    command, [message] = answer
    assert command is None
    assert (message["type"], message["id"], message["label"]) == ("error-response", "m1", "rtvi-ai")
    return message["data"]["error"]


@pytest.mark.parametrize(
    ("version", "answered"), [("2.1.0", "2.1.0"), ("2.2.0", "2.1.0"), ("1.4.1", "1.4.1")]
)
def test_who_is_ready_is_answered_in_a_version_that_it_speaks(
    chat: Chat, version: str, answered: str
) -> None:
    command, [ready] = said(chat, "client-ready", {"version": version, "about": {"library": "x"}})
    assert command == ClientReady()
    assert ready == {
        "label": "rtvi-ai",
        "type": "bot-ready",
        "id": "m1",
        "data": {
            "version": answered,
            "about": {"library": "parley", "library_version": "1.2.3"},
        },
    }


@pytest.mark.parametrize("data", [{"version": "3.0.0"}, {"version": "0.4"}, None, {}])
def test_who_speaks_no_version_of_ours_is_told_and_may_go_on(chat: Chat, data: Any) -> None:
    answer = said(chat, "client-ready", data)
    if data == {} or data is None:
        assert answer[0] == ClientReady()
    assert types(answer[1]) == ["error-response", "bot-ready"]
    assert "2.1.0" in answer[1][0]["data"]["error"]


def test_a_turn_is_told_in_the_order_in_which_it_happens(chat: Chat) -> None:
    messages = told(
        chat,
        VoiceChanged(is_voice=True, at_s=1.0),
        Understanding("book a", is_final=False, at_s=1.5),
        Understanding("Book a table.", is_final=True, at_s=2.2),
        VoiceChanged(is_voice=False, at_s=2.0),
        Said(Line("user", "Book a table.", 2.5)),
        StateChanged("thinking", 2.5),
        Thought(2.55),
        Saying("For how many?", 2.6),
        StateChanged("speaking", 2.75),
        Saying("And when?", 2.8),
        Said(Line("agent", "For how many? And when?", 4.0)),
        StateChanged("listening", 4.0),
    )
    assert types(messages) == [
        "user-started-speaking",
        "user-transcription",
        "user-transcription",
        "user-stopped-speaking",
        "user-llm-text",
        "bot-llm-started",
        *("bot-llm-text", "bot-tts-started", "bot-tts-text", "bot-output"),
        *("bot-started-speaking", "metrics"),
        *("bot-llm-text", "bot-tts-text", "bot-output"),
        *("bot-transcription", "bot-output", "bot-output"),
        *("bot-tts-stopped", "bot-stopped-speaking", "bot-llm-stopped"),
    ]
    assert all(message["label"] == "rtvi-ai" for message in messages)
    interim, final = (each["data"] for each in messages if each["type"] == "user-transcription")
    assert interim == {
        "text": "book a",
        "user_id": "",
        "timestamp": "2026-05-04T03:02:01.000+00:00",
        "final": False,
    }
    assert (final["text"], final["final"]) == ("Book a table.", True)
    texts = [each["data"]["text"] for each in messages if each["type"] == "bot-llm-text"]
    assert "".join(texts) == "For how many? And when?"


def test_a_browser_is_told_where_the_time_before_an_answer_went(chat: Chat) -> None:
    [measured] = metrics(
        told(
            chat,
            Understanding("Book a table.", is_final=True, at_s=2.2),
            VoiceChanged(is_voice=False, at_s=2.0),
            Said(Line("user", "Book a table.", 2.5)),
            StateChanged("thinking", 2.5),
            Thought(2.55),
            Saying("For how many?", 2.6),
            SoundMade(2.7),
            StateChanged("speaking", 2.75),
        )
    )
    assert measured == {
        "ttfb": [
            {"processor": "voice-to-voice", "value": 0.75},
            {"processor": "llm", "value": 0.05},
            {"processor": "tts", "value": 0.1},
        ],
        "processing": [
            {"processor": "asr", "value": 0.2},
            {"processor": "endpointing", "value": 0.3},
            {"processor": "llm", "value": 0.05},
            {"processor": "sentence", "value": 0.05},
            {"processor": "tts", "value": 0.1},
            {"processor": "held", "value": 0.05},
        ],
    }


def metrics(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [message["data"] for message in messages if message["type"] == "metrics"]


def test_a_turn_that_was_typed_waited_for_no_voice(chat: Chat) -> None:
    [measured] = metrics(
        told(
            chat,
            Said(Line("user", "two please", 1.0)),
            StateChanged("thinking", 1.0),
            Thought(1.25),
            Saying("Two.", 1.5),
            SoundMade(2.0),
            StateChanged("speaking", 2.0),
        )
    )
    assert [(each["processor"], each["value"]) for each in measured["processing"]] == [
        ("llm", 0.25),
        ("sentence", 0.25),
        ("tts", 0.5),
        ("held", 0.0),
    ]
    assert [each["processor"] for each in measured["ttfb"]] == ["llm", "tts"]


def test_nobody_waits_for_what_is_said_unasked(chat: Chat) -> None:
    """Nor for a prompt that comes long after a cough."""
    unasked = (
        StateChanged("thinking", 9.0),
        Saying("Are you there?", 9.0),
        StateChanged("speaking", 9.1),
    )
    assert metrics(told(chat, *unasked)) == []
    cough = (VoiceChanged(is_voice=True, at_s=1.0), VoiceChanged(is_voice=False, at_s=1.2))
    assert metrics(told(chat, StateChanged("listening", 10.0), *cough, *unasked)) == []


def test_how_something_was_said_stands_beside_it(chat: Chat) -> None:
    labels = {"emotion": "EMOTION_ANGRY"}
    [message] = told(chat, Understanding("No!", is_final=True, at_s=0.0, labels=labels))
    assert message["data"]["metadata"] == labels


def test_the_client_learns_under_which_id_the_call_is_on_record(chat: Chat) -> None:
    [message] = told(chat, Began("b7e1"))
    assert message["type"] == "server-message"
    assert message["data"] == {"type": "call-started", "call_id": "b7e1"}


def test_a_client_learns_that_a_turn_was_not_all(chat: Chat) -> None:
    [message] = told(chat, Withdrawn(Line("user", "Book a table.", 0.0)))
    assert (message["type"], message["data"]) == ("server-message", {"type": "turn-withdrawn"})


def test_the_end_is_told_with_its_reason(chat: Chat) -> None:
    [message] = told(chat, Ended("silence"))
    assert message["type"] == "server-message"
    assert message["data"] == {"type": "call-ended", "reason": "silence"}


@pytest.mark.parametrize(
    ("kind", "data", "command"),
    [
        ("send-text", {"content": " two please "}, Typed("two please")),
        ("send-text", {"content": "x", "options": {"audio_response": True}}, Typed("x")),
        ("dtmf", {"buttons": ["1", "2", "#"]}, Typed("12#")),
        ("dtmf", {"button": "5"}, Typed("5")),
        ("disconnect-bot", {}, HangUp()),
    ],
)
def test_what_a_client_asks_for_becomes_a_command(
    chat: Chat, kind: str, data: Any, command: object
) -> None:
    assert said(chat, kind, data) == (command, [])


def test_what_is_appended_is_answered_where_a_user_says_it_now(chat: Chat) -> None:
    now = {"role": "user", "content": "hello", "run_immediately": True}
    command, [result] = said(chat, "append-to-context", now)
    assert command == Typed("hello")
    assert (result["type"], result["id"]) == ("append-to-context-result", "m1")
    assert "now" in fault(said(chat, "append-to-context", now | {"role": "assistant"}))
    assert "now" in fault(said(chat, "append-to-context", now | {"run_immediately": False}))


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        ("send-text", {"content": "  "}, "no text"),
        ("send-text", {"content": "x" * 4001}, "4000"),
        ("send-text", {"content": 5}, "Invalid send-text"),
        ("send-text", None, "Invalid send-text"),
        ("send-text", {"content": "a", "options": {"run_immediately": False}}, "now"),
        ("dtmf", {"buttons": ["A"]}, "0 to 9"),
        ("dtmf", {"buttons": []}, "0 to 9"),
        ("dtmf", {"buttons": ["1"] * 65}, "0 to 9"),
        ("client-message", {"t": "custom", "d": 1}, "No application answers custom"),
        ("client-message", {"d": 1}, "Invalid client-message"),
        ("send-file", {}, "Unsupported type send-file"),
        ("x" * 5000, {}, "Unsupported type " + "x" * 100),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_reason(
    chat: Chat, kind: str, data: Any, why: str
) -> None:
    answered = fault(said(chat, kind, data))
    assert why in answered
    assert len(answered) < 300


def test_a_button_that_interrupts_is_answered(chat: Chat) -> None:
    command, [response] = said(chat, "client-message", {"t": "interrupt"})
    assert command == Interrupt()
    assert (response["type"], response["id"]) == ("server-response", "m1")
    assert response["data"] == {"t": "interrupt", "d": None}


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", '{"type": 5}', '"x"', "[" * 100_000, '{"type":"a","id":{}}']
)
def test_what_is_no_message_is_an_error(chat: Chat, text: str) -> None:
    command, [message] = chat.received(text)
    assert command is None
    assert (message["type"], message["data"]["fatal"]) == ("error", False)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "signalling", "message": {"type": "trackStatus", "receiver_index": 0}},
        {"type": "send-text", "label": "another", "data": {"content": "x"}},
    ],
)
def test_messages_of_others_are_passed_over(chat: Chat, message: dict[str, Any]) -> None:
    assert chat.received(json.dumps(message)) == (None, [])


def test_what_ends_a_call_at_once_is_fatal(chat: Chat) -> None:
    message = chat.failed("No voice is free")
    assert (message["type"], message["label"]) == ("error", "rtvi-ai")
    assert message["data"] == {
        "error": "No voice is free",
        "message": "No voice is free",
        "fatal": True,
    }
