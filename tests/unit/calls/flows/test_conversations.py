"""Whole conversations, read from a text that a person can check."""

import pytest

from app.calls.flows.documents import appointment
from tests.unit.calls.flows.transcripts import (
    HERE,
    Conversation,
    conversations,
    graph,
    helpdesk,
    played,
)

CONVERSATIONS = list(conversations((HERE / "conversations.txt").read_text("utf-8")))


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda item: item.title)
def test_it_goes_as_it_is_written(conversation: Conversation) -> None:
    assert list(played(conversation, graph(conversation.graph))) == list(conversation.lines)


def test_there_are_as_many_as_promised() -> None:
    assert len({conversation.title for conversation in CONVERSATIONS}) == len(CONVERSATIONS)
    assert len(CONVERSATIONS) >= 50


def test_every_kind_of_capture_is_spoken_of() -> None:
    kinds = {
        type(slot.capture).__name__
        for flow in (appointment(), helpdesk())
        for slot in flow.slots.values()
    }
    assert kinds == {
        "Choice", "Pattern", "Number", "Digits", "Phone", "Date", "Time", "Name", "Text", "YesNo",
    }  # fmt: skip


def test_the_example_says_what_answers() -> None:
    greeting = appointment().states["greeting"].say
    assert "automated assistant" in greeting["en"][0]
    assert "without a language model" in greeting["en"][0]
    assert "बिना भाषा मॉडल" in greeting["hi"][0]
