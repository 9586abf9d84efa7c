"""The door to customers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, UnsetType

from app.calls.customers import store
from app.calls.customers.batches import Batch
from app.calls.customers.domain import (
    MOST_CUSTOMERS,
    CountryCodeSet,
    Customer,
    CustomerAdded,
    CustomerChanged,
    CustomerDeleted,
    CustomerDetails,
    CustomerNotFound,
    CustomerQuery,
    CustomersAgentNotFound,
    CustomersFull,
    CustomersImported,
    PhoneNumberTaken,
    details_of,
)
from app.calls.customers.importing import Draft, ImportAsked, RowFault, opened_file
from app.calls.customers.sealing import CustomerSealing
from app.calls.customers.store import CustomerRow, Kept
from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database, Tx, forbid_in_transaction
from app.core.events import Events
from app.core.jobs import JobKind, Jobs
from app.core.phone_numbers import checked_country_code
from app.core.scope import OrgScope, Scope

IsAgent = Callable[[Tx, UUID], Awaitable[bool]]

_READ_AT_ONCE = 500
_IMPORTED_AT_ONCE = 50


class RotateCustomers(msgspec.Struct, frozen=True):
    pass


ROTATE = JobKind("calls.rotate_customers", RotateCustomers, cron="57 3 * * *")


class Imported(msgspec.Struct, frozen=True):
    created: int
    updated: int
    skipped: int
    errors: list[RowFault]


class Customers:
    def __init__(
        self, database: Database, events: Events, jobs: Jobs, keys: KeyRing, is_agent: IsAgent
    ) -> None:
        self._database = database
        self._events = events
        self._jobs = jobs
        self._sealing = CustomerSealing(keys)
        self._is_agent = is_agent
        jobs.register(ROTATE, self._rotate)

    async def create(
        self, tx: Tx, fields: Mapping[str, Any], agent_id: UUID | None = None
    ) -> Customer:
        """`fields`: of `CustomerDetails`, as JSON has them."""
        await self._check_agent(tx, agent_id)
        if await store.count(tx) >= MOST_CUSTOMERS:
            raise CustomersFull(f"There are {MOST_CUSTOMERS} customers, which is the most")
        at = utc_now()
        row = CustomerRow(id=uuid4(), agent_id=agent_id, created_at=at, changed_at=at)
        details = details_of(fields, await store.find_country_code(tx))
        await self._put(tx, row, details)
        await self._events.publish(tx, CustomerAdded(customer_id=row.id))
        return _shown(row, details)

    async def get(self, tx: Tx, customer_id: UUID) -> Customer:
        row = await self._found(tx, customer_id)
        return _shown(row, self._sealing.open(row.id, row.sealed))

    async def find_by_phone(self, tx: Tx, phone_number: str) -> Customer | None:
        """`phone_number` as E.164 writes it."""
        hashes = self._sealing.phone_hashes(tx.org_id, phone_number)
        for row in await store.with_phones(tx, hashes):
            return _shown(row, self._sealing.open(row.id, row.sealed))
        return None

    async def list(self, scope: OrgScope, query: CustomerQuery) -> list[Customer]:
        """The newest first. What is looked for in what is encrypted is looked for in all of it.
        Those that cannot be opened are there without their details."""
        forbid_in_transaction()
        if not query.is_of_content:
            async with self._database.transaction(scope) as tx:
                kept = await store.page(tx, query.agent_id, offset=query.offset, limit=query.limit)
            return [*await asyncio.to_thread(self._opened, kept, query)]
        found: list[Customer] = []
        most, last = query.offset + query.limit, None
        while len(found) < most:
            async with self._database.transaction(scope) as tx:
                kept = await store.page(tx, query.agent_id, limit=_READ_AT_ONCE, after=last)
            found += await asyncio.to_thread(self._opened, kept, query)
            if len(kept) < _READ_AT_ONCE:
                break
            last = kept[-1]
        return found[query.offset : most]

    async def change(
        self,
        tx: Tx,
        customer_id: UUID,
        changes: Mapping[str, Any],
        agent_id: UUID | UnsetType | None = UNSET,
    ) -> Customer:
        row = await self._found(tx, customer_id, lock=True)
        if agent_id is UNSET:
            agent_id = row.agent_id
        elif agent_id != row.agent_id:
            await self._check_agent(tx, agent_id)
        old = self._sealing.open(row.id, row.sealed)
        fields = msgspec.to_builtins(old) | dict(changes)
        details = details_of(fields, await store.find_country_code(tx))
        if (details, agent_id) == (old, row.agent_id):
            return _shown(row, old)
        row.agent_id, row.changed_at = agent_id, utc_now()
        await self._put(tx, row, details)
        await self._events.publish(tx, CustomerChanged(customer_id=row.id))
        return _shown(row, details)

    async def delete(self, tx: Tx, customer_id: UUID) -> None:
        if not await store.remove(tx, customer_id):
            raise CustomerNotFound("Customer not found")
        await self._events.publish(tx, CustomerDeleted(customer_id=customer_id))

    async def import_file(self, scope: OrgScope, file: BinaryIO, asked: ImportAsked) -> Imported:
        """Row by row: what is wrong in one keeps no other out."""
        forbid_in_transaction()
        async with self._database.transaction(scope) as tx:
            await self._check_agent(tx, asked.agent_id)
            code = await store.find_country_code(tx)
            room = MOST_CUSTOMERS - await store.count(tx)
        rows = (await asyncio.to_thread(opened_file, file, asked.mapping)).rows(code)
        created = updated = skipped = 0
        faults: list[RowFault] = []
        at = utc_now()
        while part := await asyncio.to_thread(_taken, rows):
            drafts = [row for row in part if isinstance(row, Draft)]
            faults += [row for row in part if isinstance(row, RowFault)]
            async with self._database.transaction(scope) as tx:
                batch = Batch(self._sealing, tx.org_id, asked, at, room - created)
                await self._import_batch(tx, batch, drafts)
            created, updated = created + batch.created, updated + batch.updated
            skipped += batch.skipped
            faults += batch.faults
        return Imported(created, updated, skipped, sorted(faults, key=lambda each: each.row))

    async def country_code(self, tx: Tx) -> str:
        return await store.find_country_code(tx)

    async def set_country_code(self, tx: Tx, code: str) -> str:
        """Where national numbers are dialled; empty: they are refused."""
        digits = checked_country_code(code)
        await store.put_country_code(tx, digits)
        await self._events.publish(tx, CountryCodeSet(country_code=digits))
        return digits

    async def rotate_soon(self, tx: Tx) -> None:
        """Asked at each start, since the master key may have changed before it."""
        await self._jobs.enqueue(tx, ROTATE, RotateCustomers(), key="all")

    async def _import_batch(self, tx: Tx, batch: Batch, drafts: Sequence[Draft]) -> None:
        hashes = await asyncio.to_thread(batch.hashes, drafts)
        there = await store.with_phones(tx, hashes)
        await asyncio.to_thread(batch.take, drafts, there)
        await tx.session.flush()
        batch.settle(await store.add_all(tx, batch.new))
        if batch.created or batch.updated:
            done = CustomersImported(created=batch.created, updated=batch.updated)
            await self._events.publish(tx, done)

    async def _put(self, tx: Tx, row: CustomerRow, details: CustomerDetails) -> None:
        hashes: list[bytes] = []
        if details.phone_number:
            hashes = self._sealing.phone_hashes(tx.org_id, details.phone_number)
            others = await store.with_phones(tx, hashes)
            if any(other.id != row.id for other in others):
                raise _number_taken()
        row.sealed = self._sealing.seal(row.id, details)
        row.phone_hash = hashes[0] if hashes else None
        if not await store.put(tx, row):
            raise _number_taken()

    async def _found(self, tx: Tx, customer_id: UUID, *, lock: bool = False) -> CustomerRow:
        row = await store.find(tx, customer_id, lock=lock)
        if row is None:
            raise CustomerNotFound("Customer not found")
        return row

    async def _check_agent(self, tx: Tx, agent_id: UUID | None) -> None:
        if agent_id and not await self._is_agent(tx, agent_id):
            raise CustomersAgentNotFound("agent_id: Agent not found")

    def _opened(self, kept: Sequence[Kept], query: CustomerQuery) -> Sequence[Customer]:
        opened = [
            (each, self._sealing.opened(each.id, each.sealed) or CustomerDetails()) for each in kept
        ]
        return [_shown(each, details) for each, details in opened if query.finds(details)]

    async def _rotate(self, scope: Scope, _: RotateCustomers) -> None:
        await self._sealing.rotate(self._database, scope)


def _taken(rows: Iterator[Draft | RowFault]) -> Sequence[Draft | RowFault]:
    return [*islice(rows, _IMPORTED_AT_ONCE)]


def _shown(row: CustomerRow | Kept, details: CustomerDetails) -> Customer:
    return Customer(row.id, details, row.agent_id, row.created_at, row.changed_at)


def _number_taken() -> PhoneNumberTaken:
    return PhoneNumberTaken("phone_number: another customer has it", field="phone_number")
