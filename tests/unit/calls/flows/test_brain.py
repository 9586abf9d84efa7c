"""A graph asked as a language model is."""

from datetime import datetime
from uuid import uuid4

from app.calls.flows.brain import GraphThinker
from app.calls.flows.documents import appointment
from app.calls.flows.turns import Position
from app.core.scope import OrgScope
from app.llm.conversation import (
    Chunk,
    Finished,
    Message,
    Prompt,
    TextChunk,
    Thinker,
    TokenUsage,
    ToolCall,
)
from tests.unit.calls.flows.transcripts import WEDNESDAY, helpdesk

SCOPE = OrgScope(uuid4(), "test")
AT_TIME = Position(
    "time", "en", {"name": "Tom", "service": "checkup", "day": "2026-11-20", "phone": "9845012345"}
)


def now() -> datetime:
    return WEDNESDAY


async def answer(thinker: Thinker, *messages: Message) -> list[Chunk]:
    return [chunk async for chunk in thinker.stream(SCOPE, Prompt(messages))]


def text(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


async def test_it_begins_by_itself_and_answers_what_is_said_last() -> None:
    brain = GraphThinker(appointment(), now)
    first = await answer(brain)
    assert text(first).startswith("Hello")
    assert text(first).endswith("What is your name?")
    assert first[-1] == Finished("end", TokenUsage(), "graph", "appointment")
    said = [Message("assistant", text(first)), Message("user", "I'm Tom, a cleaning")]
    assert text(await answer(brain, *said)) == "All right, a cleaning. On which day?"
    assert brain.position is not None
    assert brain.position.slots == {"name": "Tom", "service": "cleaning"}


async def test_another_goes_on_from_its_position() -> None:
    brain = GraphThinker(appointment(), now, position=AT_TIME)
    assert text(await answer(brain, Message("user", "half past three"))) == (
        "So that is a check-up for Tom, Friday, November 20 at 3:30 PM; "
        "your number is 9 8 4 5 0 1 2 3 4 5. Is that right?"
    )


async def test_no_words_are_silence_and_digits_are_keys() -> None:
    brain = GraphThinker(appointment(), now, position=Position("service", "en"))
    assert "Are you still there?" in text(await answer(brain, Message("user", " ")))
    await answer(brain, Message("user", "2"))
    assert brain.position is not None
    assert brain.position.slots == {"service": "cleaning"}
    brain = GraphThinker(helpdesk(), now, position=Position("pin", "en", {"born": "1984-05-05"}))
    called = await answer(brain, Message("user", "1234#"))
    assert isinstance(called[0], ToolCall)
    assert called[0].arguments == {"born": "1984-05-05", "pin": "1234"}


async def test_devanagari_is_answered_in_hindi() -> None:
    brain = GraphThinker(appointment(), now, position=Position("name", "en"))
    assert "किसलिए" in text(await answer(brain, Message("user", "मेरा नाम रवि है")))


async def test_tools_are_called_and_heard_as_those_of_a_model() -> None:
    brain = GraphThinker(helpdesk(), now, position=Position("count", "en", {"article": "ab123"}))
    called = await answer(brain, Message("user", "three"))
    call = called[1]
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("place_order", {"article": "ab123", "count": 3})
    assert called[-1] == Finished("tools", TokenUsage(), "graph", "helpdesk")
    given = Message("tool", "done", call_id=call.id)
    assert text(await answer(brain, given)).startswith("3 of ab123 are ordered.")


async def test_a_tool_that_was_cut_off_is_called_again() -> None:
    brain = GraphThinker(helpdesk(), now, position=Position("pin", "en", {"born": "1984-05-05"}))
    called = await answer(brain, Message("user", "1234#"))
    assert await answer(brain, Message("user", "are you there?")) == called
    given = Message("tool", "20", call_id="")
    assert text(await answer(brain, given)).startswith("You have 20 rupees.")
    assert await answer(brain, given) == [Finished("end", TokenUsage(), "graph", "helpdesk")]


async def test_a_failed_tool_is_a_failed_tool() -> None:
    at_work = Position("look_up", "en", {"born": "1984-05-05", "pin": "1234"})
    brain = GraphThinker(helpdesk(), now, position=at_work)
    failed = await answer(brain, Message("tool", "20", is_error=True))
    assert text(failed) == "That is not the code. Please key in your code."


async def test_hanging_up_and_handing_over_are_tools() -> None:
    brain = GraphThinker(appointment(), now, position=AT_TIME)
    ended = await answer(brain, Message("user", "goodbye"))
    assert [(chunk.name, chunk.arguments) for chunk in ended if isinstance(chunk, ToolCall)] == [
        ("end_call", {"reason": "cancelled"})
    ]
    brain = GraphThinker(appointment(), now, position=AT_TIME)
    handed = await answer(brain, Message("user", "operator"))
    assert [(chunk.name, chunk.arguments) for chunk in handed if isinstance(chunk, ToolCall)] == [
        ("transfer_call", {"to": "reception"})
    ]
    assert (await answer(brain, Message("user", "hello?")))[:-1] == handed[-2:-1]


async def test_a_caller_who_cuts_in_is_answered_from_where_the_question_led() -> None:
    brain = GraphThinker(appointment(), now, position=Position("name", "en"))
    stream = brain.stream(SCOPE, Prompt([Message("user", "Tom")]))
    await anext(stream)
    await stream.aclose()
    assert text(await answer(brain, Message("user", "cleaning"))) == "Which day suits you?"
