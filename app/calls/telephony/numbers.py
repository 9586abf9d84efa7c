"""Which organization, and which of its agents, a telephone number rings at."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.calls.telephony import store
from app.core.clock import utc_now
from app.core.db import Database, Tx
from app.core.errors import Conflict, NotFound
from app.core.phone_numbers import PhoneNumberInvalid, e164
from app.core.scope import OrgScope, system_scope

ACTOR = "telephone"

IsAgent = Callable[[Tx, UUID], Awaitable[bool]]


class NumberNotFound(NotFound):
    pass


class NumbersAgentNotFound(NotFound):
    """The agent that is to answer it."""


class NumberTaken(Conflict):
    """It rings at another organization."""

    code = "phone_number_taken"


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    number: str
    agent_id: UUID


class PhoneNumbers:
    def __init__(self, database: Database, is_agent: IsAgent) -> None:
        self._database = database
        self._is_agent = is_agent

    async def list(self, tx: Tx) -> Sequence[PhoneNumber]:
        return [PhoneNumber(row.number, row.agent_id) for row in await store.numbers(tx)]

    async def put(self, tx: Tx, number: str, agent_id: UUID) -> PhoneNumber:
        number = e164(number)
        if not await self._is_agent(tx, agent_id):
            raise NumbersAgentNotFound("agent_id: the organization has no such agent")
        if not await store.put_number(tx, number, agent_id, utc_now()):
            raise NumberTaken(
                "phone_number: it rings at another organization", field="phone_number"
            )
        return PhoneNumber(number, agent_id)

    async def delete(self, tx: Tx, number: str) -> None:
        if not await store.remove_number(tx, e164(number)):
            raise NumberNotFound("Phone number not found")

    async def rings_at(self, number: str) -> tuple[OrgScope, UUID] | None:
        """The organization and the agent. Of all that calls do, this alone asks across
        organizations."""
        try:
            number = e164(number)
        except PhoneNumberInvalid:
            return None
        async with self._database.transaction(system_scope("inbound number")) as tx:
            row = await store.find_number(tx, number)
        return (OrgScope(row.org_id, ACTOR), row.agent_id) if row else None
