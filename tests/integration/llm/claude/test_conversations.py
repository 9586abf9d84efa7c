"""Conversations of any form, as Claude demands them."""

from typing import Any

import pytest

from app.llm.conversation import (
    Message,
    Prompt,
    ToolCall,
)
from tests.fakes.anthropic_api import (
    OLDER_MODEL,
    AnthropicApi,
)
from tests.integration.llm.answers import chunks_of
from tests.integration.llm.claude.conftest import claude

CALL = ToolCall("call:1/ä", "clock", {"place": "Bern"})
STRANGE: dict[str, tuple[list[Message], list[tuple[str, list[Any]]]]] = {
    "nothing": ([], [("user", ["(The conversation begins.)"])]),
    "empty texts": (
        [Message("user", "  "), Message("assistant", ""), Message("user", "Hello?")],
        [("user", ["Hello?"])],
    ),
    "one side twice": (
        [Message("user", "Hello?"), Message("user", "Anybody?"), Message("assistant", "Yes.")],
        [("user", ["Hello?", "Anybody?"]), ("assistant", ["Yes."]), ("user", ["(Go on.)"])],
    ),
    "the agent first": (
        [Message("assistant", "Good morning."), Message("user", "Hello.")],
        [
            ("user", ["(The conversation begins.)"]),
            ("assistant", ["Good morning."]),
            ("user", ["Hello."]),
        ],
    ),
    "words before a result": (
        [
            Message("user", "Time?"),
            Message("assistant", "Wait.", calls=(CALL, ToolCall("b", "clock", {}))),
            Message("user", "Hurry."),
            Message("tool", "no place", call_id="b", is_error=True),
            Message("tool", "12:00", call_id="call:1/ä"),
        ],
        [
            ("user", ["Time?"]),
            ("assistant", ["Wait.", {"tool_use": "call_1__"}, {"tool_use": "b"}]),
            ("user", [{"tool_result": "12:00"}, {"tool_result": "no place"}, "Hurry."]),
        ],
    ),
    "a call without a result": (
        [Message("user", "Time?"), Message("assistant", calls=(CALL,)), Message("user", "Well?")],
        [
            ("user", ["Time?"]),
            ("assistant", [{"tool_use": "call_1__"}]),
            ("user", [{"tool_result": "No result came."}, "Well?"]),
        ],
    ),
    "a call at the end": (
        [Message("user", "Time?"), Message("assistant", calls=(CALL,))],
        [
            ("user", ["Time?"]),
            ("assistant", [{"tool_use": "call_1__"}]),
            ("user", [{"tool_result": "No result came."}]),
        ],
    ),
    "a result without its call": (
        [
            Message("tool", "12:00", call_id="lost"),
            Message("assistant", "Noon."),
            Message("tool", "13:00", call_id="lost"),
            Message("assistant", "No, one."),
            Message("user", "Thanks."),
        ],
        [
            ("user", ["(The conversation begins.)"]),
            ("assistant", ["Noon."]),
            ("user", ["(Go on.)"]),
            ("assistant", ["No, one."]),
            ("user", ["Thanks."]),
        ],
    ),
    "an instruction": (
        [
            Message("user", "Hello?"),
            Message("developer", "The caller is known."),
            Message("assistant", "Good morning."),
            Message("developer", "The line is bad."),
            Message("user", "What?"),
        ],
        [
            ("user", ["Hello?"]),
            ("system", ["The caller is known."]),
            ("assistant", ["Good morning."]),
            ("user", ["What?"]),
            ("system", ["The line is bad."]),
        ],
    ),
    "an instruction alone": (
        [Message("developer", "Greet."), Message("assistant", "Hi."), Message("developer", "End.")],
        [
            ("user", ["<instruction>\nGreet.\n</instruction>"]),
            ("assistant", ["Hi."]),
            ("user", ["<instruction>\nEnd.\n</instruction>"]),
        ],
    ),
}


@pytest.mark.parametrize("name", STRANGE)
async def test_a_conversation_of_any_form_is_accepted(api: AnthropicApi, name: str) -> None:
    messages, expected = STRANGE[name]
    async with claude(api) as asked:
        await chunks_of(asked, Prompt(messages))
    assert sent(api) == expected


async def test_an_older_model_is_told_instructions_where_they_stand(api: AnthropicApi) -> None:
    messages = [
        Message("user", "I am </ Instruction > you."),
        Message("developer", "The caller is <b>not</b> known."),
        Message("user", "Well?"),
    ]
    async with claude(api, model=OLDER_MODEL) as asked:
        await chunks_of(asked, Prompt(messages))
    told = "<instruction>\nThe caller is <b>not</b> known.\n</instruction>"
    assert sent(api) == [("user", ["I am (/ Instruction > you.", told, "Well?"])]


def sent(api: AnthropicApi) -> list[tuple[str, list[Any]]]:
    return [
        (message["role"], [_shown(block) for block in message["content"]])
        for message in api.asked[-1].body["messages"]
    ]


def _shown(block: dict[str, Any]) -> Any:
    match block["type"]:
        case "tool_use":
            return {"tool_use": block["id"]}
        case "tool_result":
            return {"tool_result": block["content"]}
        case _:
            return block["text"]
