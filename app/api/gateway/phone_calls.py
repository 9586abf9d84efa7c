"""Telephone calls: made for whoever may make calls, taken and told of by Twilio."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, JSONBody

from app.api.access import BY_SIGNATURE, CALL
from app.api.gateway.auth import TENANT
from app.calls.sessions.phoning import PhoneCallAsked
from app.calls.telephony.telephone import MACHINE_PATH, STATUS_PATH, VOICE_PATH
from app.core.errors import InvalidInput
from app.core.scope import OrgScope
from app.runtime import Runtime

XML = "text/xml"

Number = Annotated[str, msgspec.Meta(max_length=64)]
Form = Mapping[str, str]


class StartCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom: `to`, `phone_number` or `to_number`, which are the same, or a customer who has a
    number."""

    agent_id: UUID
    to: Number | None = None
    phone_number: Number | None = None
    to_number: Number | None = None
    customer_id: UUID | None = None

    def asked(self) -> PhoneCallAsked:
        names = ("to", "phone_number", "to_number")
        said = {name: number for name in names if (number := getattr(self, name))}
        first = next(iter(said), "phone_number")
        for name, number in said.items():
            if number != said[first]:
                raise InvalidInput(f"{name}: {first} says another number", field=name)
        return PhoneCallAsked(
            agent_id=self.agent_id,
            number=said.get(first, ""),
            field=first,
            customer_id=self.customer_id,
        )


class StartedCall(msgspec.Struct, frozen=True, kw_only=True):
    """`id` and `call_id` are ours, `call_sid` Twilio's."""

    id: UUID
    call_id: UUID
    status: str
    agent_id: UUID
    customer_id: UUID | None
    call_sid: str | None


async def form_of_twilio(
    request: Request[Any, Any, Any], runtime: NamedDependency[Runtime]
) -> Form:
    """A dependency. Raises where Twilio did not sign it."""
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["path"] + (f"?{query}" if query else "")
    url = runtime.settings.server.public_url.rstrip("/") + path
    headers = {name.lower(): value for name, value in request.headers.items()}
    return runtime.calling.phone.signatures.fields(url, await request.body(), headers)


SIGNED = {"form": Provide(form_of_twilio)}


@post("/bot/api/calls/start", opt=CALL, dependencies=TENANT, status_code=201)
async def start_call(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], data: JSONBody[StartCall]
) -> StartedCall:
    """Calls somebody, whom the agent speaks with. What becomes of it is in the call's record."""
    call = await runtime.calling.phone.calls.start(tenant, data.asked())
    return StartedCall(
        id=call.id,
        call_id=call.id,
        status=call.state.value,
        agent_id=call.agent_id,
        customer_id=call.customer_id,
        call_sid=call.provider_id,
    )


@post(VOICE_PATH, opt=BY_SIGNATURE, dependencies=SIGNED, status_code=200, media_type=XML)
async def twilio_voice(
    runtime: NamedDependency[Runtime], form: NamedDependency[Form]
) -> Response[str]:
    """For the webhook of a number at Twilio: what is to be done with a call that comes in."""
    return Response(await runtime.calling.phone.calls.answer(form), media_type=XML)


@post(STATUS_PATH, opt=BY_SIGNATURE, dependencies=SIGNED, status_code=204)
async def twilio_status(
    runtime: NamedDependency[Runtime],
    form: NamedDependency[Form],
    organization: FromQuery[UUID | None] = None,
    call: FromQuery[UUID | None] = None,
) -> None:
    """How far a call is. Of calls that came in, their streams say it."""
    if organization and call:
        await runtime.calling.phone.calls.note_status(organization, call, form)


@post(MACHINE_PATH, opt=BY_SIGNATURE, dependencies=SIGNED, status_code=204)
async def twilio_amd(
    runtime: NamedDependency[Runtime],
    form: NamedDependency[Form],
    organization: FromQuery[UUID | None] = None,
    call: FromQuery[UUID | None] = None,
) -> None:
    """Whether a person or a machine answered a call that we made."""
    if organization and call:
        await runtime.calling.phone.calls.note_answered(organization, call, form)


ROUTES = (start_call, twilio_voice, twilio_status, twilio_amd)
