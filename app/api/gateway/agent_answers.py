"""The answers of `/agent`: whole ones, and the events of a stream."""

from typing import Any, Literal

import msgspec

from app.api.server_events import Event
from app.core.errors import AppError
from app.llm.assistant import Answer, Step, Understood
from app.llm.commands import Command
from app.llm.conversation import Finished, Switched, TextChunk, ToolCall
from app.llm.tools.loop import ToolAnswered
from app.llm.tools.tool import ToolsMissing

Mode = Literal["answer", "command"]


class TokensAnswer(msgspec.Struct, frozen=True):
    input_tokens: int = 0
    output_tokens: int = 0


class SwitchAnswer(msgspec.Struct, frozen=True):
    """Another provider answered, since the first could not."""

    failed: str
    provider: str
    reason: str


class Processed(msgspec.Struct, frozen=True, kw_only=True):
    """`processed_text` is what to show or say: the answer; for the command `repeat` the last one
    again, and for other commands nothing. `model` is null where none was asked. `earlier`
    messages of the user's history were given to the model."""

    mode: Mode
    processed_text: str
    is_command: bool
    command: Command | None
    model: str | None
    finish_reason: str | None
    usage: TokensAnswer
    earlier: int
    provider_switches: list[SwitchAnswer]


def processed_answer(answer: Answer) -> Processed:
    finished, command = answer.finished, answer.understood.command
    return Processed(
        mode=mode_of(command),
        processed_text=answer.text,
        is_command=command is not None,
        command=command,
        model=label_of(finished) if finished else None,
        finish_reason=finished.reason if finished else None,
        usage=tokens_of(finished),
        earlier=answer.understood.earlier,
        provider_switches=[switch_answer(each) for each in answer.switches],
    )


def mode_of(command: Command | None) -> Mode:
    return "command" if command else "answer"


def label_of(finished: Finished) -> str:
    return f"{finished.provider} {finished.model}"


def tokens_of(finished: Finished | None) -> TokensAnswer:
    if finished is None:
        return TokensAnswer()
    return TokensAnswer(finished.usage.input_tokens, finished.usage.output_tokens)


def switch_answer(switched: Switched) -> SwitchAnswer:
    return SwitchAnswer(switched.failed, switched.provider, switched.reason)


def chat_events(step: Step) -> list[Event]:
    """Of `/voice-agent/chat/stream`, but for the last."""
    match step:
        case TextChunk(text):
            return [{"type": "text_chunk", "content": text}]
        case ToolCall():
            return [{"type": "tool_call", **msgspec.structs.asdict(step)}]
        case ToolAnswered():
            return [{"type": "tool_result", **_result(step)}]
        case ToolsMissing(server, reason):
            return [{"type": "tools_missing", "server": server, "reason": reason}]
        case Switched():
            return [{"type": "provider_switched", **_switch(step)}]
        case Understood(dropped=dropped) if dropped:
            return [{"type": "messages_dropped", "oldest": dropped}]
        case _:
            return []


def chat_end(answer: Answer) -> list[Event]:
    return [{"type": "done", **_end(answer)}]


def chat_error(error: AppError) -> Event:
    return {"type": "error", "message": error.message, "code": error.code}


def route_events(step: Step) -> list[Event]:
    """Of `/agent/route/stream`, whose clients look at `event`."""
    match step:
        case Understood(command, earlier):
            found = {"event": "mode_detected", "mode": mode_of(command), "command": command}
            return [found, {"event": "memory", "messages": earlier}]
        case TextChunk(text):
            return [{"event": "chunk", "content": text}]
        case _:
            return [_renamed(event) for event in chat_events(step)]


def route_end(answer: Answer) -> list[Event]:
    return [{"event": "done", **_end(answer)}]


def route_error(error: AppError) -> Event:
    return _renamed(chat_error(error))


def feedback_events(step: Step) -> list[Event]:
    """Of `/live-assist/process/stream`."""
    match step:
        case Understood():
            return [{"type": "status", "data": {"status": "thinking"}}]
        case TextChunk(text):
            return [{"type": "feedback_chunk", "data": text}]
        case Switched():
            return [{"type": "provider_switched", "data": _switch(step)}]
        case _:
            return []


def feedback_end(answer: Answer) -> list[Event]:
    return [{"type": "feedback", "data": answer.text}, {"type": "done", "data": _end(answer)}]


def feedback_error(error: AppError) -> Event:
    return {"type": "error", "data": {"message": error.message, "code": error.code}}


def _renamed(event: Event) -> Event:
    return {"event": event["type"], **{k: v for k, v in event.items() if k != "type"}}


def _switch(switched: Switched) -> dict[str, str]:
    return msgspec.structs.asdict(switch_answer(switched))


def _result(answered: ToolAnswered) -> dict[str, Any]:
    return {
        "id": answered.call_id,
        "name": answered.name,
        "result": answered.text,
        "is_error": answered.is_error,
        "took_s": round(answered.took_s, 3),
    }


def _end(answer: Answer) -> dict[str, Any]:
    finished = answer.finished
    return {
        "model": label_of(finished) if finished else None,
        "finish_reason": finished.reason if finished else None,
        "usage": tokens_of(finished),
    }
