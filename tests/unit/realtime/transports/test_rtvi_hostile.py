"""Whatever somebody sends through the data channel."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given, strategies

from app.realtime.transports.rtvi import Chat

NOW = datetime(2026, 5, 4, tzinfo=UTC)
FIELDS = (
    *("t", "d", "content", "options", "run_immediately", "role", "version", "buttons", "button"),
)
KINDS = (
    *("client-ready", "disconnect-bot", "client-message", "send-text", "dtmf"),
    *("append-to-context", "ui-event", "signalling", "x"),
)
ANYTHING = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.floats() | strategies.text(),
    lambda some: (
        strategies.lists(some, max_size=4)
        | strategies.dictionaries(strategies.sampled_from(FIELDS) | strategies.text(), some)
    ),
    max_leaves=12,
)


@given(
    kind=strategies.sampled_from(KINDS),
    message_id=strategies.text() | strategies.integers(),
    data=ANYTHING,
)
def test_whatever_stands_in_a_message_it_is_obeyed_or_answered(
    kind: str, message_id: str | int, data: Any
) -> None:
    """And what is answered can be sent."""
    chat = Chat(("parley", "1"), lambda: NOW)
    message = {"label": "rtvi-ai", "type": kind, "id": message_id, "data": data}
    command, answers = chat.received(json.dumps(message))
    assert command or answers
    for answer in answers:
        assert len(msgspec.json.encode(answer)) < 2000 + 6 * len(str(message_id))


@given(strategies.text())
def test_whatever_comes_that_is_no_message_is_an_error(text: str) -> None:
    command, answers = Chat(("parley", "1"), lambda: NOW).received(text)
    assert command is None
    assert [each["type"] for each in answers] == ["error"]
