"""Calls of an organization: what is on record of them, their recordings, and how they are ended."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from app.api.access import OPEN, permitted
from app.api.gateway.auth import TENANT
from app.api.gateway.bot_call_answers import (
    CALLS_PATH,
    CallAnswer,
    CallPage,
    CallResult,
    CallTranscript,
    RecordingAddress,
    answer_of,
    result_of,
    summary_of,
    turns_of,
)
from app.api.ranges import Part, RangeNotSatisfiable, part_of
from app.calls.sessions.domain import MOST_LISTED, CallQuery, CallQueryInvalid, CallState
from app.calls.sessions.recording import MEDIA_TYPE
from app.calls.sessions.recordings import Recording
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.principals import Permission

AnyRequest = Request[Any, Any, Any]

ONE = f"{CALLS_PATH}/{{call_id:uuid}}"
RECORDINGS_PATH = "/bot/api/recordings"
ACTOR = "recording"
SEEN = permitted(Permission.READ)
ENDED = permitted(Permission.CALL)
CHANGED = permitted(Permission.WRITE)
PageSize = Annotated[int, QueryParameter(ge=1, le=MOST_LISTED)]
Offset = Annotated[int, QueryParameter(ge=0, le=1_000_000)]
HEARD = {
    200: ResponseSpec(
        bytes, generate_examples=False, description="Ogg/Opus, stereo", media_type=MEDIA_TYPE
    )
}
When = Annotated[str | None, QueryParameter(max_length=40)]


def _query(
    agent_id: FromQuery[UUID | None] = None,
    customer_id: FromQuery[UUID | None] = None,
    since: When = None,
    until: When = None,
    status: FromQuery[CallState | None] = None,
    limit: PageSize = 100,
    offset: Offset = 0,
) -> CallQuery:
    return CallQuery(
        agent_id=agent_id,
        customer_id=customer_id,
        since=_moment("since", since),
        until=_moment("until", until),
        state=status,
        limit=limit,
        offset=offset,
    )


QUERY = {"wanted": Provide(_query, sync_to_thread=False)}


@get(CALLS_PATH, opt=SEEN, dependencies=TENANT | QUERY)
async def list_calls(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    wanted: NamedDependency[CallQuery],
    view: FromQuery[Literal["full", "summary"]] = "full",
) -> list[CallAnswer] | CallPage:
    """The newest first. As a summary without what was said, and with how many there are."""
    records = runtime.calling.calls.records
    async with runtime.database.transaction(tenant) as tx:
        calls = await records.list(tx, wanted)
        if view == "summary":
            return CallPage([summary_of(call) for call in calls], await records.count(tx, wanted))
        turns = await records.turns_of(tx, [call.id for call in calls])
    return [answer_of(call, turns.get(call.id, ())) for call in calls]


@get(ONE, opt=SEEN, dependencies=TENANT)
async def get_call(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    call_id: FromPath[UUID],
) -> CallAnswer:
    """With all that was said in it, as far as it was heard."""
    async with runtime.database.transaction(tenant) as tx:
        call = await runtime.calling.calls.records.get(tx, call_id)
        return answer_of(call, await runtime.calling.calls.records.turns(tx, call_id))


@get(f"{ONE}/transcript", opt=SEEN, dependencies=TENANT)
async def get_transcript(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    call_id: FromPath[UUID],
) -> CallTranscript:
    """Of a call under way, what was said until a few seconds ago."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.calling.calls.records.get(tx, call_id)
        turns = await runtime.calling.calls.records.turns(tx, call_id)
    return CallTranscript(call_id, turns_of(turns))


@get(f"{ONE}/result", opt=SEEN, dependencies=TENANT)
async def get_result(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    call_id: FromPath[UUID],
) -> CallResult:
    """What came of the call: to be asked until it is `ready`."""
    async with runtime.database.transaction(tenant) as tx:
        return result_of(await runtime.calling.calls.records.get(tx, call_id))


@post(f"{ONE}/end", opt=ENDED, dependencies=TENANT, status_code=200)
async def end_call(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    call_id: FromPath[UUID],
) -> CallResult:
    """Hangs up within seconds; a call that is over is a 409."""
    return result_of(await runtime.calling.calls.end(tenant, call_id))


@delete(ONE, opt=CHANGED, dependencies=TENANT)
async def delete_call(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    call_id: FromPath[UUID],
) -> None:
    """With its transcript and its recording; a call that is not over is a 409."""
    await runtime.calling.calls.delete(tenant, call_id)


@get(f"{ONE}/audio", opt=SEEN, dependencies=TENANT, responses=HEARD)
async def get_audio(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    call_id: FromPath[UUID],
) -> Response[bytes] | Stream:
    """The recording: the caller on the left, the agent on the right."""
    return _audio(request, await _recording(runtime, tenant, call_id))


@get(f"{ONE}/audio/url", opt=SEEN, dependencies=TENANT)
async def get_audio_url(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    call_id: FromPath[UUID],
) -> RecordingAddress:
    """An address of the recording that needs no token, for a few minutes."""
    await _recording(runtime, tenant, call_id)
    ticket = runtime.calling.calls.recordings.ticket(tenant.org_id, call_id)
    return RecordingAddress(f"{str(request.base_url).rstrip('/')}{RECORDINGS_PATH}/{ticket}")


@get(f"{RECORDINGS_PATH}/{{ticket:str}}", opt=OPEN, responses=HEARD)
async def get_recording(
    request: AnyRequest, runtime: NamedDependency[Runtime], ticket: FromPath[str]
) -> Response[bytes] | Stream:
    """By an address that was made for it."""
    org_id, call_id = runtime.calling.calls.recordings.opened(ticket)
    return _audio(request, await _recording(runtime, OrgScope(org_id, ACTOR), call_id))


async def _recording(runtime: Runtime, scope: OrgScope, call_id: UUID) -> Recording:
    async with runtime.database.transaction(scope) as tx:
        call = await runtime.calling.calls.records.get(tx, call_id)
    return await runtime.calling.calls.recordings.find(call)


def _audio(request: AnyRequest, recording: Recording) -> Response[bytes] | Stream:
    headers = {"accept-ranges": "bytes", "cache-control": "private, no-store"}
    try:
        part = part_of(request.headers.get("range", ""), recording.size)
    except RangeNotSatisfiable:
        headers["content-range"] = f"bytes */{recording.size}"
        return Response(b"", status_code=416, headers=headers)
    if part:
        headers["content-range"] = part.content_range
    wanted = part or Part(0, recording.size, recording.size)
    headers["content-length"] = str(wanted.end - wanted.first)
    return Stream(
        recording.read(wanted.first, wanted.end),
        status_code=206 if part else 200,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def _moment(field: str, text: str | None) -> datetime | None:
    """A date, or a time; one without a zone is UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CallQueryInvalid(f"{field}: it is no date or time", field=field) from None
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)


ROUTES = (
    list_calls,
    get_call,
    get_transcript,
    get_result,
    end_call,
    delete_call,
    get_audio,
    get_audio_url,
    get_recording,
)
