"""The assistant: one thing that is said, or a conversation that the client holds."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody

from app.api.access import TOKEN
from app.api.gateway.agent_answers import (
    Processed,
    chat_end,
    chat_error,
    chat_events,
    processed_answer,
    route_end,
    route_error,
    route_events,
)
from app.api.server_events import EVENTS, ServerEvents
from app.api.thinking import events_of, person_of, streamed, thinking_scope, thought
from app.core.errors import InvalidInput
from app.llm.conversation import Message, Role
from app.llm.preferences import Language
from app.runtime import Runtime

AnyRequest = Request[Any, Any, Any]
DeviceId = Annotated[str | None, HeaderParameter(name="X-Device-Id")]
Text = Annotated[str, msgspec.Meta(max_length=1_000_000, pattern="^[^\\0]*$")]

ClientRole = Literal["user", "assistant", "system", "developer"]

_ROLES: dict[ClientRole, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "developer",
    "developer": "developer",
}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """`user_id`: who speaks; else the header X-Device-Id says it."""

    transcript: Annotated[Text, msgspec.Meta(min_length=1)]
    user_id: str | None = None
    language: Language = ""


class ChatMessage(msgspec.Struct, frozen=True):
    """`system` and `developer` are instructions of the client."""

    role: ClientRole
    content: Annotated[Text, msgspec.Meta(min_length=1)]


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    messages: Annotated[tuple[ChatMessage, ...], msgspec.Meta(max_length=1000)] = ()
    user_id: str | None = None
    language: Language = ""


@post("/agent/process", opt=TOKEN, status_code=200)
async def process(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    data: JSONBody[Said],
    device: DeviceId = None,
) -> Processed:
    """Answers what a user says, in the light of what that one said before."""
    person = person_of(request, data.user_id, device, data.language)
    scope = thinking_scope(request, runtime)
    steps = runtime.assistant.process(scope, person, data.transcript)
    return processed_answer(await thought(request, runtime, steps))


@post("/agent/route/stream", opt=TOKEN, status_code=200, operation_class=EVENTS)
async def route_stream(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    data: JSONBody[Said],
    device: DeviceId = None,
) -> ServerEvents:
    """The same as events, while the answer is made."""
    person = person_of(request, data.user_id, device, data.language)
    scope = thinking_scope(request, runtime)
    steps = runtime.assistant.process(scope, person, data.transcript)
    events = events_of(streamed(request, runtime, steps), route_events, route_end)
    return ServerEvents(request, events, route_error)


@post("/agent/voice-agent/chat/stream", opt=TOKEN, status_code=200, operation_class=EVENTS)
async def chat_stream(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    data: JSONBody[Chat],
    device: DeviceId = None,
) -> ServerEvents:
    """Goes on with a conversation: events while the answer is made."""
    person = person_of(request, data.user_id, device, data.language)
    scope = thinking_scope(request, runtime)
    steps = runtime.assistant.chat(scope, person, _conversation(data))
    events = events_of(streamed(request, runtime, steps), chat_events, chat_end)
    return ServerEvents(request, events, chat_error)


def _conversation(chat: Chat) -> list[Message]:
    if not chat.messages:
        raise InvalidInput("No messages provided", field="messages")
    if chat.messages[-1].role != "user":
        raise InvalidInput("messages: the last one must be of the user", field="messages")
    return [Message(_ROLES[message.role], message.content) for message in chat.messages]


ROUTES = (process, route_stream, chat_stream)
