"""A conversation in the strict form that some owners demand: two sides in turn, the user first and
last, every call answered at once and nothing empty. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from app.llm.conversation import Message, ToolCall

BEGIN = "(The conversation begins.)"
GO_ON = "(Go on.)"
NO_RESULT = "No result came."

_TAG = re.compile(r"<(?=\s*/?\s*instruction)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    call: ToolCall
    text: str = NO_RESULT
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class UserTurn:
    """`results` are those of the calls of the turn before, in their order. `said` is of the user
    and of the developer."""

    results: list[Result] = field(default_factory=list[Result])
    said: list[Message] = field(default_factory=list[Message])


@dataclass(frozen=True, slots=True)
class ModelTurn:
    texts: list[str]
    calls: list[ToolCall]


Turn = UserTurn | ModelTurn


def turns(messages: Sequence[Message]) -> list[Turn]:
    """A call without a result gets an error for one; a result without its call is left out."""
    found: list[Turn] = []
    pending: list[ToolCall] = []
    kept = (message for message in messages if _says_something(message))
    for is_model, run in groupby(kept, lambda message: message.role == "assistant"):
        if is_model:
            turn = _model_turn(run)
            found += [turn] if found else [_said(BEGIN), turn]
            pending = turn.calls
        else:
            turn = _user_turn(run, pending)
            found.append(turn if turn.results or turn.said else _said(GO_ON if found else BEGIN))
            pending = []
    if pending:
        found.append(_user_turn((), pending))
    if not found:
        return [_said(BEGIN)]
    return found if isinstance(found[-1], UserTurn) else [*found, _said(GO_ON)]


def as_user_text(message: Message) -> str:
    """For owners that know no instruction within a conversation: it is marked, and what a user or
    a tool says cannot pass for one."""
    if message.role == "developer":
        return f"<instruction>\n{message.text}\n</instruction>"
    return _TAG.sub("(", message.text)


def _says_something(message: Message) -> bool:
    return message.role == "tool" or bool(message.calls or message.text.strip())


def _said(text: str) -> UserTurn:
    return UserTurn(said=[Message("user", text)])


def _model_turn(run: Iterable[Message]) -> ModelTurn:
    texts, calls = list[str](), list[ToolCall]()
    for message in run:
        if message.text.strip():
            texts.append(message.text)
        calls += message.calls
    return ModelTurn(texts, calls)


def _user_turn(run: Iterable[Message], calls: Sequence[ToolCall]) -> UserTurn:
    said, answers = list[Message](), dict[str, Message]()
    for message in run:
        if message.role == "tool":
            answers[message.call_id] = message
        else:
            said.append(message)
    return UserTurn([_result(call, answers.get(call.id)) for call in calls], said)


def _result(call: ToolCall, answer: Message | None) -> Result:
    if answer is None:
        return Result(call)
    return Result(call, as_user_text(answer), answer.is_error)
