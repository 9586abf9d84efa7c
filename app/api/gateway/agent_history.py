"""What is kept of users: what they said to the assistant, and how they want to be answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, delete, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, JSONBody

from app.api.access import TOKEN
from app.api.gateway.agent import DeviceId
from app.api.gateway.bodies import Done
from app.api.thinking import person_of, sees_only, somebody, thinking_scope
from app.core.scope import OrgScope
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


def _user(
    request: AnyRequest, user_id: FromQuery[str | None] = None, device: DeviceId = None
) -> str:
    """Whose it is: the one that is named, or the caller."""
    return somebody(person_of(request, user_id, device)).user_id


OF_USER = {
    "tenant": Provide(thinking_scope, sync_to_thread=False),
    "user": Provide(_user, sync_to_thread=False),
}


@get("/agent/histories", opt=TOKEN)
async def list_histories(request: AnyRequest, runtime: NamedDependency[Runtime]) -> HistoriesAnswer:
    """Whose words are kept; who said something last comes first."""
    async with runtime.database.transaction(thinking_scope(request, runtime)) as tx:
        found = await runtime.dialogues.list(tx, user_id=sees_only(request))
    return HistoriesAnswer(found)


@get("/agent/history", opt=TOKEN, dependencies=OF_USER)
async def get_history(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user: NamedDependency[str],
) -> HistoryAnswer:
    """What is kept of what a user said and was answered."""
    async with runtime.database.transaction(tenant) as tx:
        kept = await runtime.dialogues.get(tx, user)
    exchanges = [
        ExchangeAnswer(each.id, each.said_at, **msgspec.structs.asdict(each.exchange))
        for each in kept
    ]
    return HistoryAnswer(user, exchanges)


@delete("/agent/history", opt=TOKEN, dependencies=OF_USER, status_code=200)
async def delete_history(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user: NamedDependency[str],
) -> Deleted:
    """Nothing of it is left but, in the audit log, that there was one."""
    async with runtime.database.transaction(tenant) as tx:
        return Deleted(deleted=await runtime.dialogues.delete(tx, user))


@get("/agent/preferences", opt=TOKEN, dependencies=OF_USER)
async def get_preferences(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user: NamedDependency[str],
) -> Preferences:
    """How a user wants to be answered."""
    async with runtime.database.transaction(tenant) as tx:
        return await runtime.preferences.get(tx, user)


@put("/agent/preferences", opt=TOKEN, dependencies=OF_USER)
async def put_preferences(
    runtime: NamedDependency[Runtime],
    data: JSONBody[Preferences],
    tenant: NamedDependency[OrgScope],
    user: NamedDependency[str],
) -> Preferences:
    """In the place of those that the user had."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.preferences.put(tx, user, data)
    return data


@delete("/agent/preferences", opt=TOKEN, dependencies=OF_USER, status_code=200)
async def delete_preferences(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user: NamedDependency[str],
) -> Deleted:
    """The user is answered like everybody then."""
    async with runtime.database.transaction(tenant) as tx:
        return Deleted(deleted=int(await runtime.preferences.delete(tx, user)))


ROUTES = (
    list_histories,
    get_history,
    delete_history,
    get_preferences,
    put_preferences,
    delete_preferences,
)
