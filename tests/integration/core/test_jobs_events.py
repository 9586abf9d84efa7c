"""Jobs and events on a real queue: written with the change, run afterwards, effects once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from psycopg import AsyncConnection
from sqlalchemy import select

from app.core.db import Database, Tx
from app.core.events import DELIVER, Delivery, Event, Events, OutboxRow, Publication, Told
from app.core.jobs import KEPT, PURGE, JobFinal, JobKind, Jobs, PurgeEnded
from app.core.metrics import Metrics
from app.core.scope import OrgScope, Scope
from app.core.tracing import Tracing
from app.tenancy.store.rows import OutboundRuleRow
from tests.integration.tenancy.people import until


class Greet(msgspec.Struct, frozen=True):
    name: str


class Greeted(Event, frozen=True):
    name: str


GREET = JobKind("test.greet", Greet, max_attempts=3)


@pytest.fixture
async def jobs(app_url: str) -> AsyncGenerator[Jobs]:
    jobs = Jobs(app_url, Metrics("test"), Tracing(None, "test"))
    await jobs.open()
    yield jobs
    await jobs.close()


@asynccontextmanager
async def working(jobs: Jobs) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(jobs.run_worker(drain_s=1))
        yield
        worker.cancel()


class Seen:
    """Collects what ran, and lets a test wait for it."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[object] = asyncio.Queue()

    async def run(self, scope: Scope, payload: Greet) -> None:
        self.items.put_nowait((scope, payload.name))

    async def next(self) -> object:
        async with asyncio.timeout(20):
            return await self.items.get()


async def test_a_job_runs_in_the_scope_that_enqueued_it(
    database: Database, jobs: Jobs, org_a: OrgScope
) -> None:
    seen = Seen()
    jobs.register(GREET, seen.run)
    async with database.transaction(org_a) as tx:
        await jobs.enqueue(tx, GREET, Greet("Ada"))
    async with working(jobs):
        assert await seen.next() == (org_a, "Ada")


async def test_a_job_of_a_transaction_that_failed_does_not_exist(
    database: Database, jobs: Jobs, org_a: OrgScope
) -> None:
    seen = Seen()
    jobs.register(GREET, seen.run)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(org_a) as tx:
            await jobs.enqueue(tx, GREET, Greet("lost"))
            raise ZeroDivisionError
    async with database.transaction(org_a) as tx:
        await jobs.enqueue(tx, GREET, Greet("kept"))
    async with working(jobs):
        assert await seen.next() == (org_a, "kept")
    assert seen.items.empty()


async def test_a_key_is_enqueued_once_and_leaves_the_transaction_usable(
    database: Database, jobs: Jobs, org_a: OrgScope
) -> None:
    seen = Seen()
    jobs.register(GREET, seen.run)
    async with database.transaction(org_a) as tx:
        await jobs.enqueue(tx, GREET, Greet("once"), key=str(org_a.org_id))
        await jobs.enqueue(tx, GREET, Greet("twice"), key=str(org_a.org_id))
        await jobs.enqueue(tx, GREET, Greet("other"))
    async with working(jobs):
        assert [await seen.next(), await seen.next()] == [(org_a, "once"), (org_a, "other")]
    assert seen.items.empty()


async def test_a_job_that_fails_runs_again_and_one_that_is_final_does_not(
    database: Database, jobs: Jobs, org_a: OrgScope
) -> None:
    attempts: list[str] = []
    done = asyncio.Event()

    async def run(_: Scope, payload: Greet) -> None:
        attempts.append(payload.name)
        if payload.name == "final":
            raise JobFinal("no use")
        if attempts.count("flaky") == 2:
            done.set()
        else:
            raise ConnectionError("try again")

    jobs.register(GREET, run)
    async with database.transaction(org_a) as tx:
        await jobs.enqueue(tx, GREET, Greet("final"))
        await jobs.enqueue(tx, GREET, Greet("flaky"))
    async with working(jobs), asyncio.timeout(30):
        await done.wait()
    assert sorted(attempts) == ["final", "flaky", "flaky"]


async def test_a_job_that_failed_is_kept_for_a_month(
    app_url: str, database: Database, jobs: Jobs, org_a: OrgScope
) -> None:
    async def run(_: Scope, payload: Greet) -> None:
        raise JobFinal(payload.name)

    async def failed() -> set[str]:
        rows = await connection.execute(
            "SELECT args->'payload'->>'name' FROM procrastinate_jobs WHERE status = 'failed'"
        )
        return {name for (name,) in await rows.fetchall()} & {"old", "new"}

    async def both_failed() -> bool:
        return await failed() == {"old", "new"}

    async def old_is_gone() -> bool:
        return "old" not in await failed()

    jobs.register(GREET, run)
    async with await AsyncConnection.connect(app_url, autocommit=True) as connection, working(jobs):
        async with database.transaction(org_a) as tx:
            await jobs.enqueue(tx, GREET, Greet("old"))
            await jobs.enqueue(tx, GREET, Greet("new"))
        await until(both_failed)
        await connection.execute(
            "UPDATE procrastinate_events SET at = at - %s FROM procrastinate_jobs AS job"
            " WHERE job_id = job.id AND job.args->'payload'->>'name' = 'old'",
            [KEPT + timedelta(hours=1)],
        )
        async with database.transaction(org_a) as tx:
            await jobs.enqueue(tx, PURGE, PurgeEnded())
        await until(old_is_gone)
        assert await failed() == {"new"}


@pytest.fixture
def events(database: Database, jobs: Jobs) -> Events:
    return Events(database, jobs)


async def publish(database: Database, events: Events, scope: OrgScope, name: str) -> UUID:
    async with database.transaction(scope) as tx:
        return await events.publish(tx, Greeted(name=name))


def recorder(seen: asyncio.Queue[str]) -> Told[Greeted]:
    async def record(tx: Tx, event: Greeted, _: Publication) -> None:
        tx.session.add(OutboundRuleRow(rule=event.name))
        seen.put_nowait(event.name)

    return record


async def test_every_subscriber_gets_an_event_in_its_organization(
    database: Database, jobs: Jobs, events: Events, org_a: OrgScope
) -> None:
    seen: asyncio.Queue[str] = asyncio.Queue()
    events.subscribe("first", Greeted, recorder(seen))

    async def also(_: Tx, event: Greeted, __: Publication) -> None:
        seen.put_nowait(f"also {event.name}")

    events.subscribe("second", Greeted, also)
    await publish(database, events, org_a, "ada.local")
    async with working(jobs), asyncio.timeout(20):
        assert {await seen.get(), await seen.get()} == {"ada.local", "also ada.local"}
    async with database.transaction(org_a) as tx:
        assert (await tx.session.scalars(select(OutboundRuleRow.rule))).all() == ["ada.local"]


async def test_a_witness_writes_in_the_transaction_of_the_fact_and_with_it_alone(
    database: Database, events: Events, org_a: OrgScope
) -> None:
    async def write_down(tx: Tx, event: Greeted, publication: Publication) -> None:
        tx.session.add(OutboundRuleRow(rule=f"{event.name}, {publication.at.tzinfo}"))

    events.witness(Greeted, write_down)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(org_a) as tx:
            await events.publish(tx, Greeted(name="bob.local"))
            raise ZeroDivisionError
    await publish(database, events, org_a, "ada.local")
    async with database.transaction(org_a) as tx:
        rules = (await tx.session.scalars(select(OutboundRuleRow.rule))).all()
    assert rules == ["ada.local, UTC"]


async def test_a_second_delivery_has_no_second_effect(
    database: Database, jobs: Jobs, events: Events, org_a: OrgScope
) -> None:
    seen: asyncio.Queue[str] = asyncio.Queue()
    events.subscribe("first", Greeted, recorder(seen))
    event_id = await publish(database, events, org_a, "ada.local")
    async with database.transaction(org_a) as tx:
        await jobs.enqueue(tx, DELIVER, Delivery(event_id, "first/Greeted"))
    await publish(database, events, org_a, "last.local")
    async with working(jobs), asyncio.timeout(20):
        names = [await seen.get(), await seen.get()]
    assert sorted(names) == ["ada.local", "last.local"]
    assert seen.empty()


async def test_an_event_of_a_transaction_that_failed_was_never_published(
    database: Database, events: Events, org_a: OrgScope
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(org_a) as tx:
            await events.publish(tx, Greeted(name=str(uuid4())))
            raise ZeroDivisionError
    async with database.transaction(org_a) as tx:
        assert (await tx.session.scalars(select(OutboxRow))).all() == []
