"""What is kept of users: what they said to the assistant, and how they want to be answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from app.api.access import TOKEN
from app.api.gateway.agent import DeviceId
from app.api.gateway.bodies import Done
from app.api.thinking import person_of, sees_only, somebody, thinking_scope
from app.llm.dialogues import History
from app.llm.preferences import Preferences
from app.runtime import Runtime

AnyRequest = Request[Any, Any, Any]


class ExchangeAnswer(msgspec.Struct, frozen=True):
    id: UUID
    said_at: datetime
    said: str
    answered: str
    tools: tuple[str, ...]


class HistoryAnswer(msgspec.Struct, frozen=True):
    """The oldest first."""

    user_id: str
    exchanges: list[ExchangeAnswer]


class HistoriesAnswer(msgspec.Struct, frozen=True):
    histories: list[History]


class Deleted(Done, frozen=True, kw_only=True):
    deleted: int


@get("/agent/histories", opt=TOKEN)
async def list_histories(request: AnyRequest, runtime: NamedDependency[Runtime]) -> HistoriesAnswer:
    """Whose words are kept; who said something last comes first."""
    async with runtime.database.transaction(thinking_scope(request, runtime)) as tx:
        found = await runtime.dialogues.list(tx, user_id=sees_only(request))
    return HistoriesAnswer(found)


@get("/agent/history", opt=TOKEN)
async def get_history(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    user_id: FromQuery[str | None] = None,
    device: DeviceId = None,
) -> HistoryAnswer:
    """What is kept of what a user said and was answered."""
    person = somebody(person_of(request, user_id, device))
    async with runtime.database.transaction(thinking_scope(request, runtime)) as tx:
        kept = await runtime.dialogues.get(tx, person.user_id)
    exchanges = [
        ExchangeAnswer(each.id, each.said_at, **msgspec.structs.asdict(each.exchange))
        for each in kept
    ]
    return HistoryAnswer(person.user_id, exchanges)


@delete("/agent/history", opt=TOKEN, status_code=200)
async def delete_history(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    user_id: FromQuery[str | None] = None,
    device: DeviceId = None,
) -> Deleted:
    """Nothing of it is left but, in the audit log, that there was one."""
    person = somebody(person_of(request, user_id, device))
    async with runtime.database.transaction(thinking_scope(request, runtime)) as tx:
        return Deleted(deleted=await runtime.dialogues.delete(tx, person.user_id))


@get("/agent/preferences", opt=TOKEN)
async def get_preferences(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    user_id: FromQuery[str | None] = None,
    device: DeviceId = None,
) -> Preferences:
    """How a user wants to be answered."""
    person = somebody(person_of(request, user_id, device))
    async with runtime.database.transaction(thinking_scope(request, runtime)) as tx:
        return await runtime.preferences.get(tx, person.user_id)


@put("/agent/preferences", opt=TOKEN)
async def put_preferences(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    data: JSONBody[Preferences],
    user_id: FromQuery[str | None] = None,
    device: DeviceId = None,
) -> Preferences:
    """In the place of those that the user had."""
    person = somebody(person_of(request, user_id, device))
    async with runtime.database.transaction(thinking_scope(request, runtime)) as tx:
        await runtime.preferences.put(tx, person.user_id, data)
    return data


@delete("/agent/preferences", opt=TOKEN, status_code=200)
async def delete_preferences(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    user_id: FromQuery[str | None] = None,
    device: DeviceId = None,
) -> Deleted:
    """The user is answered like everybody then."""
    person = somebody(person_of(request, user_id, device))
    async with runtime.database.transaction(thinking_scope(request, runtime)) as tx:
        return Deleted(deleted=int(await runtime.preferences.delete(tx, person.user_id)))


ROUTES = (
    list_histories,
    get_history,
    delete_history,
    get_preferences,
    put_preferences,
    delete_preferences,
)
