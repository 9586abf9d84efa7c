"""Numbers and tickets in a real database, behind the wall."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.calls.agents import store as agents
from app.calls.agents.store import AgentRow
from app.calls.telephony import tickets
from app.calls.telephony.numbers import (
    NumberNotFound,
    NumbersAgentNotFound,
    NumberTaken,
    PhoneNumbers,
)
from app.calls.telephony.tickets import Purpose, StreamTickets, Ticket, TicketRefused
from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.phone_numbers import PhoneNumberInvalid
from app.core.scope import OrgScope
from tests.fakes.twilio_api import new_number


async def new_agent(database: Database, scope: OrgScope) -> UUID:
    agent_id, at = uuid4(), utc_now()
    async with database.transaction(scope) as tx:
        tx.session.add(AgentRow(id=agent_id, version=1, created_at=at, changed_at=at))
    return agent_id


@pytest.fixture
def numbers(database: Database) -> PhoneNumbers:
    return PhoneNumbers(database, agents.is_there)


async def test_a_number_rings_at_its_organization_and_agent(
    database: Database, numbers: PhoneNumbers, org_a: OrgScope
) -> None:
    first, second = [await new_agent(database, org_a) for _ in range(2)]
    number = new_number()
    assert await numbers.rings_at(number) is None
    for agent_id in (first, second):
        async with database.transaction(org_a) as tx:
            await numbers.put(tx, f"{number[:2]} ({number[2:5]}) {number[5:]}", agent_id)
        found = await numbers.rings_at(number)
        assert found
        assert (found[0].org_id, found[1]) == (org_a.org_id, agent_id)
    async with database.transaction(org_a) as tx:
        assert [each.number for each in await numbers.list(tx)] == [number]
        await numbers.delete(tx, number)
    assert await numbers.rings_at(number) is None


async def test_the_agent_must_be_the_organization_s(
    database: Database, numbers: PhoneNumbers, org_a: OrgScope, org_b: OrgScope
) -> None:
    theirs = await new_agent(database, org_a)
    with pytest.raises(NumbersAgentNotFound):
        async with database.transaction(org_b) as tx:
            await numbers.put(tx, new_number(), theirs)


async def test_a_number_is_one_organization_s(
    database: Database, numbers: PhoneNumbers, org_a: OrgScope, org_b: OrgScope
) -> None:
    number = new_number()
    theirs = await new_agent(database, org_a)
    async with database.transaction(org_a) as tx:
        await numbers.put(tx, number, theirs)
    ours = await new_agent(database, org_b)
    with pytest.raises(NumberTaken):
        async with database.transaction(org_b) as tx:
            await numbers.put(tx, number, ours)
    with pytest.raises(NumberNotFound):
        async with database.transaction(org_b) as tx:
            await numbers.delete(tx, number)
    found = await numbers.rings_at(number)
    assert found
    assert found[1] == theirs


async def test_what_is_no_number_rings_nowhere(
    database: Database, numbers: PhoneNumbers, org_a: OrgScope
) -> None:
    assert await numbers.rings_at("anonymous") is None
    assert await numbers.rings_at("") is None
    with pytest.raises(PhoneNumberInvalid):
        async with database.transaction(org_a) as tx:
            await numbers.put(tx, "911", uuid4())


KEYS = KeyRing([b"k" * 32])


async def issued(database: Database, scope: OrgScope, ticket: Ticket) -> str:
    async with database.transaction(scope) as tx:
        return await StreamTickets(KEYS).issue(tx, ticket)


async def redeemed(database: Database, scope: OrgScope, token: str) -> Ticket:
    async with database.transaction(scope) as tx:
        return await StreamTickets(KEYS).redeem(tx, token)


async def test_a_ticket_opens_one_stream_once(database: Database, org_a: OrgScope) -> None:
    ticket = Ticket(uuid4(), Purpose.LEAVE_MESSAGE)
    token = await issued(database, org_a, ticket)
    assert await redeemed(database, org_a, token) == ticket
    with pytest.raises(TicketRefused):
        await redeemed(database, org_a, token)


async def test_of_many_who_come_with_a_ticket_at_once_one_gets_in(
    database: Database, org_a: OrgScope
) -> None:
    token = await issued(database, org_a, Ticket(uuid4(), Purpose.TALK))
    outcomes = await asyncio.gather(
        *(redeemed(database, org_a, token) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Ticket) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, TicketRefused) for outcome in outcomes) == 4


async def test_a_ticket_is_its_organization_s_alone(
    database: Database, org_a: OrgScope, org_b: OrgScope
) -> None:
    token = await issued(database, org_a, Ticket(uuid4(), Purpose.TALK))
    for stranger, presented in ((org_b, token), (org_a, f"{token}x"), (org_a, "")):
        with pytest.raises(TicketRefused):
            await redeemed(database, stranger, presented)
    await redeemed(database, org_a, token)


async def test_a_ticket_expires(
    database: Database, org_a: OrgScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = Ticket(uuid4(), Purpose.TALK)
    early, late = [await issued(database, org_a, ticket) for _ in range(2)]

    def at(minutes: float) -> None:
        moment: datetime = utc_now() + timedelta(minutes=minutes)
        monkeypatch.setattr(tickets, "utc_now", lambda: moment)

    at(4.9)
    await redeemed(database, org_a, early)
    at(5.1)
    with pytest.raises(TicketRefused):
        await redeemed(database, org_a, late)
