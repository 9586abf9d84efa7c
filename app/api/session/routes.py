"""Voice sessions and bare /health and /status, in the words of the session family's document."""

from typing import Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery

from app.api.access import CALL, OPEN
from app.api.session.bodies import stamp
from app.api.thinking import thinking_scope
from app.core.clock import utc_now
from app.core.errors import Unprocessable
from app.core.scope import OrgScope
from app.runtime import Runtime

CALLER = {"tenant": Provide(thinking_scope, sync_to_thread=False)}
LONGEST_USER_ID = 200


class Health(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    timestamp: str
    status: Literal["healthy"] = "healthy"
    service: Literal["pipecat"] = "pipecat"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    active_sessions: int
    timestamp: str
    status: Literal["running"] = "running"
    service: Literal["pipecat"] = "pipecat"


class Created(msgspec.Struct, frozen=True, kw_only=True):
    session_id: UUID
    user_id: str
    status: Literal["created"] = "created"


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """`transcript`: what the user said last."""

    session_id: UUID
    user_id: str
    created_at: str
    last_activity: str
    transcript: str
    turn_count: int
    is_speaking_user: bool
    is_speaking_assistant: bool


class Interrupted(msgspec.Struct, frozen=True, kw_only=True):
    session_id: UUID
    status: Literal["interrupted"] = "interrupted"


@get("/health", opt=OPEN)
async def health(runtime: NamedDependency[Runtime]) -> Health:
    """The process is alive. Says nothing on what it depends on: ask /ready."""
    return Health(version=runtime.version, timestamp=stamp(utc_now()))


@get("/status", opt=OPEN)
async def status(runtime: NamedDependency[Runtime]) -> Status:
    return Status(
        version=runtime.version,
        active_sessions=runtime.calling.voice_sessions.connected,
        timestamp=stamp(utc_now()),
    )


@post("/api/v1/session/create", opt=CALL, dependencies=CALLER, status_code=200)
async def create(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user_id: FromQuery[str] = "",
) -> Created:
    """A session that somebody may connect to, within an hour. `user_id`: whoever will speak."""
    if not 0 < len(user_id) <= LONGEST_USER_ID or not user_id.isprintable():
        sentence = f"user_id: it must have 1 to {LONGEST_USER_ID} printable characters"
        raise Unprocessable(sentence, field="user_id")
    session = runtime.calling.voice_sessions.create(tenant, user_id)
    return Created(session_id=session.id, user_id=user_id)


@get("/api/v1/session/{voice_session_id:uuid}/info", opt=CALL, dependencies=CALLER)
async def info(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    voice_session_id: FromPath[UUID],
) -> Info:
    session = runtime.calling.voice_sessions.get(tenant, voice_session_id)
    return Info(
        session_id=session.id,
        user_id=session.user_id,
        created_at=stamp(session.created_at),
        last_activity=stamp(session.last_activity),
        transcript=session.transcript,
        turn_count=session.turn_count,
        is_speaking_user=session.is_user_speaking,
        is_speaking_assistant=session.is_agent_speaking,
    )


@post(
    "/api/v1/session/{voice_session_id:uuid}/interrupt",
    opt=CALL,
    dependencies=CALLER,
    status_code=200,
)
async def interrupt(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    voice_session_id: FromPath[UUID],
) -> Interrupted:
    """What is being said stops; where nothing is, that is as well."""
    runtime.calling.voice_sessions.get(tenant, voice_session_id).interrupt()
    return Interrupted(session_id=voice_session_id)


ROUTES = (health, status, create, info, interrupt)
