"""Telephone calls that were answered: whose stream it is, what is said over it, and whom the call
is handed on to."""

import asyncio
import logging
from contextlib import aclosing
from functools import partial
from uuid import UUID

from app.calls.agents.domain import Agent
from app.calls.agents.service import Agents
from app.calls.sessions.calls import Calls
from app.calls.sessions.casting import Casting
from app.calls.telephony import twiml
from app.calls.telephony.telephone import ORGANIZATION, TICKET, Telephone
from app.calls.telephony.tickets import Purpose, Ticket, TicketRefused
from app.core.aio import TaskScope
from app.core.db import Database
from app.core.errors import AppError
from app.core.phone_numbers import PhoneNumberInvalid, e164
from app.core.scope import OrgScope
from app.realtime.conversation import Mouth, TransferCall
from app.realtime.line import Line
from app.realtime.sentences import spoken_sentences
from app.realtime.transports.twilio import TwilioLine, Wire, first_facts
from app.realtime.transports.twilio_messages import StreamFacts

log = logging.getLogger(__name__)

ACTOR = "telephone"
START_S = 10.0
"""So long a socket may be open and say nothing of its stream."""


class PhoneStreams:
    def __init__(
        self,
        database: Database,
        agents: Agents,
        casting: Casting,
        calls: Calls,
        telephone: Telephone,
    ) -> None:
        self._database = database
        self._agents = agents
        self._casting = casting
        self._calls = calls
        self._telephone = telephone

    async def carry(self, wire: Wire) -> None:
        """From the first message to the last. Raises `TicketRefused` where nobody asked for it."""
        try:
            async with asyncio.timeout(START_S):
                facts = await first_facts(wire)
        except TimeoutError:
            raise TicketRefused("The stream does not start") from None
        if facts is None:
            return
        scope, ticket = await self._admitted(facts)
        line = TwilioLine(wire, facts.stream_sid)
        if ticket.purpose is Purpose.LEAVE_MESSAGE:
            await line.held(partial(self._leave_message, scope, ticket.call_id))
        else:
            await line.held(partial(self._talk, scope, ticket.call_id, facts.call_sid))

    async def _admitted(self, facts: StreamFacts) -> tuple[OrgScope, Ticket]:
        given = facts.custom_parameters
        try:
            scope = OrgScope(UUID(given.get(ORGANIZATION, "")), ACTOR)
        except ValueError:
            raise TicketRefused("The stream names no organization") from None
        async with self._database.transaction(scope) as tx:
            return scope, await self._telephone.tickets.redeem(tx, given.get(TICKET, ""))

    async def _talk(self, scope: OrgScope, call_id: UUID, sid: str, line: Line) -> None:
        held = await self._calls.hold(scope, call_id, line)
        if isinstance(held.ended.act, TransferCall):
            await self._hand_on(sid, held.ended.act.to)

    async def _hand_on(self, sid: str, to: str) -> None:
        try:
            dial = twiml.dial(e164(to), self._telephone.api.number)
            await self._telephone.api.redirect(sid, dial)
        except PhoneNumberInvalid:
            log.warning("a call was to be handed on to what is no telephone number")
        except AppError as error:
            log.warning("a call could not be handed on: %s", error.code)

    async def _leave_message(self, scope: OrgScope, call_id: UUID, line: Line) -> None:
        agent = await self._agent(scope, call_id)
        async with self._casting.cast(scope, agent, line.playout.sample_rate) as cast:
            await leave_message(cast.mouth, agent.settings.behavior.voicemail, line)

    async def _agent(self, scope: OrgScope, call_id: UUID) -> Agent:
        """As it was when the call began."""
        async with self._database.transaction(scope) as tx:
            call = await self._calls.records.get(tx, call_id)
            version = await self._agents.find_version(tx, call.agent_id, call.agent_version)
        assert version, "calls keep the versions that they refer to"
        at = version.made_at
        return Agent(call.agent_id, version.number, version.settings, at, at)


async def leave_message(mouth: Mouth, message: str, line: Line) -> None:
    """Until all of it was heard, or the machine hangs up."""
    async with TaskScope() as scope:
        scope.spawn("leave a message", _spoken(mouth, message, line))
        async for _ in line.sounds():
            pass
        await scope.cancel()


async def _spoken(mouth: Mouth, message: str, line: Line) -> None:
    for sentence in spoken_sentences(message):
        async with aclosing(mouth.speak(sentence)) as pieces:
            async for piece in pieces:
                await line.playout.play(piece.sound)
    await line.playout.drained()
    await line.close()
