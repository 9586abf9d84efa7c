"""Telephone calls until they are answered, and what the telephone company tells of them."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import msgspec

from app.calls.agents.domain import Agent, AgentNotFound
from app.calls.agents.service import Agents
from app.calls.customers.service import Customers
from app.calls.events import CallEnded
from app.calls.sessions.calls import Calls
from app.calls.sessions.domain import (
    Call,
    CallAsked,
    CallContents,
    CallNotFound,
    CallsRefused,
    CallState,
)
from app.calls.telephony import twiml
from app.calls.telephony.callbacks import (
    Answered,
    Progress,
    Ringing,
    answered_of,
    progress_of,
    ringing_of,
)
from app.calls.telephony.telephone import MACHINE_PATH, STATUS_PATH, Telephone
from app.calls.telephony.tickets import Purpose, Ticket
from app.calls.telephony.twilio_api import OutgoingCall
from app.core import inbox
from app.core.db import Database, Tx
from app.core.errors import AppError, Unprocessable
from app.core.events import Publication
from app.core.jobs import JobKind, Jobs
from app.core.phone_numbers import PhoneNumberInvalid, e164
from app.core.scope import OrgScope, Scope

log = logging.getLogger(__name__)

ACTOR = "telephone"
STATUS, ANSWERED = "twilio-status", "twilio-amd"
"""Sources of facts in the inbox."""


class NobodyToCall(Unprocessable):
    def __init__(self) -> None:
        super().__init__(
            "to: say whom to call, by to, phone_number or the customer_id of one who has a number",
            field="to",
        )


class MachineAnswered(msgspec.Struct, frozen=True):
    call_id: UUID
    sid: str
    takes_message: bool


class HangUp(msgspec.Struct, frozen=True):
    sid: str


HANG_UP = JobKind("calls.hang_up", HangUp, max_attempts=4)
MACHINE_ANSWERED = JobKind("calls.machine_answered", MachineAnswered, max_attempts=4)
"""Nobody waits longer at the other end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCallAsked:
    """`field` is the one that `number` came in."""

    agent_id: UUID
    number: str = ""
    field: str = "to"
    customer_id: UUID | None = None


class Phoning:
    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        agents: Agents,
        customers: Customers,
        calls: Calls,
        telephone: Telephone,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._agents = agents
        self._customers = customers
        self._calls = calls
        self._records = calls.records
        self._telephone = telephone
        jobs.register(MACHINE_ANSWERED, self._meet_machine)
        jobs.register(HANG_UP, self._hang_up)

    async def start(self, scope: OrgScope, asked: PhoneCallAsked) -> Call:
        """Raises where it cannot be made; the record of it says so too."""
        async with self._database.transaction(scope) as tx:
            agent = await self._agents.get(tx, asked.agent_id)
            wanted = await self._asked(tx, asked)
            self._telephone.api.require_set_up()
            self._calls.admit()
            call = await self._records.add(tx, agent, wanted)
            outgoing = await self._outgoing(tx, agent, call)
        try:
            sid = await self._telephone.api.call(outgoing)
        except AppError:
            async with self._database.transaction(scope) as tx:
                await self._records.move(tx, call.id, CallState.FAILED, reason="not_placed")
            raise
        async with self._database.transaction(scope) as tx:
            await self._records.set_provider(tx, call.id, sid)
            call = await self._records.get(tx, call.id)
        if call.state.is_over:  # somebody called it off meanwhile
            await self._telephone.api.hang_up(sid)
        return call

    async def answer(self, fields: Mapping[str, str]) -> str:
        """A number of ours rings. The TwiML for it."""
        ringing = ringing_of(fields)
        found = await self._telephone.numbers.rings_at(ringing.to_number)
        if found is None:
            log.warning("a telephone number rings at no organization; see docs/calling.md")
            return twiml.reject("rejected", "This number rings at no organization")
        try:
            self._calls.admit()
            async with self._database.transaction(found[0]) as tx:
                call = await self._records.find_by_provider(tx, ringing.sid)
                call = call or await self._rings(tx, found[1], ringing)
                return await self._telephone.connected(tx, Ticket(call.id, Purpose.TALK))
        except (AgentNotFound, CallsRefused) as error:
            log.warning("a telephone call was not taken: %s", error.message)
            return twiml.reject("busy", error.message)

    async def note_status(self, org_id: UUID, call_id: UUID, fields: Mapping[str, str]) -> None:
        name, progress = progress_of(fields)
        async with self._database.transaction(OrgScope(org_id, ACTOR)) as tx:
            call = await self._records.get(tx, call_id)
            if await inbox.receive(tx, STATUS, name):
                await self._follow(tx, call, progress)

    async def note_answered(self, org_id: UUID, call_id: UUID, fields: Mapping[str, str]) -> None:
        """By a person or by a machine."""
        name, answered = answered_of(fields)
        async with self._database.transaction(OrgScope(org_id, ACTOR)) as tx:
            await self._records.get(tx, call_id)
            if not await inbox.receive(tx, ANSWERED, name):
                return
            await self._records.write(tx, call_id, partial(_answered_by, answered))
            if answered.is_machine:
                job = MachineAnswered(call_id, answered.sid, answered.takes_message)
                await self._jobs.enqueue(tx, MACHINE_ANSWERED, job)

    async def note_ended(self, tx: Tx, ended: CallEnded, _: Publication) -> None:
        """A call that somebody calls off still rings."""
        if ended.status != CallState.CANCELLED:
            return
        with suppress(CallNotFound):
            call = await self._records.get(tx, ended.call_id)
            if call.provider_id:
                await self._jobs.enqueue(tx, HANG_UP, HangUp(call.provider_id))

    async def _hang_up(self, _: Scope, asked: HangUp) -> None:
        await self._telephone.api.hang_up(asked.sid)

    async def _asked(self, tx: Tx, asked: PhoneCallAsked) -> CallAsked:
        number, customer_id = "", asked.customer_id
        if asked.number:
            number = await self._dialled(tx, asked)
        if customer_id:
            customer = await self._customers.get(tx, customer_id)
            number = number or customer.details.phone_number or ""
        elif number and (known := await self._customers.find_by_phone(tx, number)):
            customer_id = known.id
        if not number:
            raise NobodyToCall
        return CallAsked(
            direction="outbound",
            customer_id=customer_id,
            from_number=self._telephone.api.number,
            to_number=number,
        )

    async def _dialled(self, tx: Tx, asked: PhoneCallAsked) -> str:
        try:
            return e164(asked.number, await self._customers.country_code(tx))
        except PhoneNumberInvalid as error:
            fault = error.message.partition(": ")[2]
            raise PhoneNumberInvalid(fault, asked.field) from None

    async def _outgoing(self, tx: Tx, agent: Agent, call: Call) -> OutgoingCall:
        telephone = self._telephone
        return OutgoingCall(
            to=call.contents.to_number,
            twiml=await telephone.connected(tx, Ticket(call.id, Purpose.TALK)),
            status_url=telephone.callback_url(STATUS_PATH, tx.org_id, call.id),
            machine_url=telephone.callback_url(MACHINE_PATH, tx.org_id, call.id),
            detection="DetectMessageEnd" if agent.settings.behavior.voicemail else "Enable",
        )

    async def _rings(self, tx: Tx, agent_id: UUID, ringing: Ringing) -> Call:
        agent = await self._agents.get(tx, agent_id)
        caller = await self._known(tx, ringing.from_number)
        asked = CallAsked(
            direction="inbound",
            customer_id=caller,
            from_number=ringing.from_number,
            to_number=ringing.to_number,
            provider_id=ringing.sid,
        )
        return await self._records.add(tx, agent, asked)

    async def _known(self, tx: Tx, number: str) -> UUID | None:
        """Who hides the number is nobody."""
        try:
            customer = await self._customers.find_by_phone(tx, e164(number))
        except PhoneNumberInvalid:
            return None
        return customer.id if customer else None

    async def _follow(self, tx: Tx, call: Call, progress: Progress) -> None:
        """A call that is answered is its stream's, which tells more; callbacks may come late."""
        state = CallState(progress.status)
        if state is CallState.COMPLETED:
            state = CallState.FAILED  # somebody answered, and no stream came
        waits = call.state in (CallState.QUEUED, CallState.RINGING)
        if waits and state not in (call.state, CallState.QUEUED, CallState.IN_PROGRESS):
            await self._records.move(tx, call.id, state, reason=progress.error_code)

    async def _meet_machine(self, scope: Scope, met: MachineAnswered) -> None:
        """It is left a message where its agent has one, and hung up on where not."""
        assert isinstance(scope, OrgScope)
        async with self._database.transaction(scope) as tx:
            call = await self._records.get(tx, met.call_id)
            version = await self._agents.find_version(tx, call.agent_id, call.agent_version)
            message = ""
            if met.takes_message and version and version.settings.behavior.voicemail:
                ticket = Ticket(call.id, Purpose.LEAVE_MESSAGE)
                message = await self._telephone.connected(tx, ticket)
        if message:
            await self._telephone.api.redirect(met.sid, message)
        else:
            await self._telephone.api.hang_up(met.sid)


def _answered_by(answered: Answered, contents: CallContents) -> CallContents:
    metadata = contents.metadata | {"answered_by": answered.by}
    return msgspec.structs.replace(contents, metadata=metadata)
