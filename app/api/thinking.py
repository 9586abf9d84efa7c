"""What every route that thinks does around it: says for whom, counts the tokens, holds a slot of
the organization's for a stream, and stops where nobody reads any more."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from litestar import Request
from litestar.di import NamedDependency

from app.api.callers import own_scope
from app.api.leaving import while_there
from app.api.server_events import Event
from app.core.errors import InvalidInput
from app.core.scope import OrgScope
from app.llm.assistant import Answer, Person, Step
from app.llm.conversation import Finished
from app.runtime import Runtime
from app.tenancy.domain.keys import refuse_unprintable
from app.tenancy.domain.principals import Permission, PermissionMissing, Principal, SignedIn
from app.tenancy.domain.quota import Slot
from app.tenancy.domain.usage import Amounts

AnyRequest = Request[Any, Any, Any]
Steps = AsyncGenerator[Step, None]

DEV_PORT = "development port"


def thinking_scope(request: AnyRequest, runtime: NamedDependency[Runtime]) -> OrgScope:
    """The development ports ask for no token: there it is the default organization."""
    if "principal" in request.scope["state"]:
        return own_scope(request)
    return OrgScope(runtime.default_organization, actor=DEV_PORT)


def person_of(
    request: AnyRequest, user_id: str | None, device: str | None, language: str = ""
) -> Person:
    """An API key speaks for any user of its organization, whom it names. A signed-in user speaks
    for itself, and an admin for the others too."""
    named = user_id or device or ""
    refuse_unprintable("user_id" if user_id else "X-Device-Id", named, least=0)
    signed_in: SignedIn | None = request.scope["state"].get("signed_in")
    if signed_in is None:
        return Person(named, language)
    own = str(signed_in.user_id)
    principal: Principal = request.scope["state"]["principal"]
    if user_id and user_id != own and Permission.SETTINGS not in principal.permissions:
        raise PermissionMissing("user_id: only an admin may name another user", field="user_id")
    return Person(user_id or own, language)


def somebody(person: Person) -> Person:
    if not person.user_id:
        raise InvalidInput("user_id: say it, or the header X-Device-Id", field="user_id")
    return person


def paying_user(request: AnyRequest) -> str:
    """Whom what is used is counted for; nobody on a development port."""
    principal: Principal | None = request.scope["state"].get("principal")
    return principal.user_id if principal else ""


def sees_only(request: AnyRequest) -> str | None:
    """The one user whose words may be seen; None: of all of them."""
    principal: Principal | None = request.scope["state"].get("principal")
    if "signed_in" not in request.scope["state"] or principal is None:
        return None
    return None if Permission.SETTINGS in principal.permissions else principal.user_id


async def thought(request: AnyRequest, runtime: Runtime, steps: Steps) -> Answer:
    """The whole of it."""
    return await while_there(request, _whole(counted(request, runtime, steps)))


async def _whole(steps: Steps) -> Answer:
    answer = Answer()
    async with aclosing(steps):
        async for step in steps:
            answer.note(step)
    return answer


async def events_of(
    steps: Steps, shown: Callable[[Step], list[Event]], end: Callable[[Answer], list[Event]]
) -> AsyncGenerator[Event, None]:
    answer = Answer()
    async with aclosing(steps):
        async for step in steps:
            answer.note(step)
            for event in shown(step):
                yield event
    for event in end(answer):
        yield event


async def counted(request: AnyRequest, runtime: Runtime, steps: Steps) -> Steps:
    """The development ports count nothing."""
    principal: Principal | None = request.scope["state"].get("principal")
    async with aclosing(steps):
        async for step in steps:
            if principal and isinstance(step, Finished):
                tokens = step.usage.input_tokens + step.usage.output_tokens
                amounts = Amounts(llm_tokens=tokens)
                runtime.usage.add(principal, request.scope["path_template"], amounts)
            yield step


async def streamed(request: AnyRequest, runtime: Runtime, steps: Steps) -> Steps:
    """Counted, and in a slot of the organization's for as long as it lasts."""
    if "principal" not in request.scope["state"]:
        async with aclosing(steps):
            async for step in steps:
                yield step
        return
    slot = runtime.quotas.slot(own_scope(request), Slot.STREAM)
    async with slot, aclosing(counted(request, runtime, steps)) as paid:
        async for step in paid:
            yield step
